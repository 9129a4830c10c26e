package intake

import (
	"strings"
	"time"

	"paydesk/client"
)

// Amounts says what the amounts of a file count.
type Amounts string

// What amounts can count.
const (
	Major Amounts = "major" // units of the currency: 58.00
	Cents Amounts = "cents" // hundredths of it: 5800
)

// preset is how the files of one source name their columns, count their amounts
// and word their states.
type preset struct {
	name    string
	gateway bool // a gateway's: what it does not name may go by general names, and its unknown words are kept
	byName  map[string]place
	places  [fieldCount][]string // the names, best first, for messages

	// Amounts. Where always is not set, an amount column by the gateway's own
	// field name counts what the number column says by its own exact name, and any
	// other caption counts what captions says; what neither tells is unclear.
	always   Amounts
	bare     []string           // exact field names of amounts
	numbers  map[string]Amounts // exact field names of order numbers
	captions map[string]Amounts // folded

	words    map[string]client.OrderStatus // folded; beside the general ones
	telling  map[string]bool               // folded words that say more than the state they stand for: kept as a note
	kinds    map[string]bool               // folded kinds of lines; true: an order
	currency string                        // the only one of the gateway; "": several
	zone     *time.Location                // of times that name none
}

// place is a name's field and how good a name it is: the lower rank wins.
type place struct {
	field field
	rank  int
}

// fallbackRank is that of a general name inside a gateway's file.
const fallbackRank = 1000

// newPreset fills the tables of names: columns lists the folded names of each
// field, best first.
func newPreset(p preset, columns map[field]string) *preset {
	p.byName = map[string]place{}
	for f, list := range columns {
		for name := range strings.FieldsSeq(list) {
			p.places[f] = append(p.places[f], name)
			p.byName[name] = place{f, len(p.places[f])}
		}
	}
	if p.zone == nil {
		p.zone = time.UTC
	}
	return &p
}

// place finds what a name means here.
func (p *preset) place(name string) (place, bool) {
	folded := fold(name)
	if at, ok := p.byName[folded]; ok {
		return at, true
	}
	if !p.gateway {
		return place{}, false
	}
	at, ok := general.byName[folded]
	switch at.field {
	case fieldUser, fieldChannelNo, fieldMethod, fieldBrand, fieldCard, fieldNote, fieldCreated, fieldPaid:
		return place{at.field, fallbackRank}, ok
	default: // a number, an amount or a state must be called as the gateway calls it
		return place{}, false
	}
}

// amounts is what an amount column counts beside a number column; "" when that
// cannot be told from their names.
func (p *preset) amounts(number, amount string) Amounts {
	if p.always != "" {
		return p.always
	}
	amount = strings.TrimSpace(amount)
	for _, name := range p.bare {
		if name == amount {
			return p.numbers[strings.TrimSpace(number)]
		}
	}
	return p.captions[fold(amount)]
}

// presetOf finds a preset by its name.
func presetOf(name string) (*preset, bool) {
	for _, p := range presets {
		if p.name == name {
			return p, true
		}
	}
	if name == "checus" { // a white label: same portal, same files (payermax: section 1)
		return presetOf("payermax")
	}
	return nil, false
}

// Presets lists the names of the presets.
func Presets() []string { return []string{"payermax", "checus", "paycools", "easylink", "paydesk"} }

// general is a merchant's own list: paydesk's names, and those that exports and
// merchants give the fields. Two names of one field are a mistake there.
var general = func() *preset {
	p := newPreset(preset{always: Major}, nil)
	for f, list := range synonyms {
		for name := range strings.FieldsSeq(list) {
			p.byName[name] = place{field(f), 2}
		}
		p.byName[fold(names[f])] = place{field(f), 1}
		p.places[f] = []string{names[f]}
	}
	return p
}()

// presets are the tables by name.
var presets = []*preset{payerMax, payCools, easyLink, ownList}

// ownList is what paydesk prints and nothing else.
var ownList = func() *preset {
	columns := map[field]string{}
	for f, name := range names {
		columns[field(f)] = fold(name)
	}
	return newPreset(preset{name: "paydesk", always: Major}, columns)
}()

// payerMax reads the payin report of the portal by its published headers, one of
// which is misspelt there, or by the words with which its Chinese pages describe
// them, and what /orderQuery answers (payermax: sections 5.2 and 14). Amounts
// are in major units everywhere. The portal writes times in UTC unless another
// zone was chosen; its files by SFTP are in UTC+8. Refunds and disputes stand in
// the same report as lines of their own. Nothing says that the report's Trade
// Order ID is the tradeToken by which the interface names the same order, so it is
// a further number to find the order by and never contradicts that one.
var payerMax = newPreset(preset{
	name: "payermax", gateway: true, always: Major,
	words: map[string]client.OrderStatus{
		"pending": client.OrderPending, "success": client.OrderPaid, "failed": client.OrderFailed, "closed": client.OrderClosed,
		"cbrequest": client.OrderPaid, "cbreversed": client.OrderPaid, // a dispute is about a paid order
		"交易成功": client.OrderPaid, "交易失败": client.OrderFailed, "交易关单": client.OrderClosed,
	},
	telling: map[string]bool{"cbrequest": true, "cbreversed": true},
	kinds: map[string]bool{
		"payment": true, "paylink": true, "subscription": true, "collection": true, "merchantinitiatedpayment": true,
		"refund": false, "chargeback": false, "chargebackassist": false, "chargebackalert": false, "adjustmentincrease": false, "adjustmentdecrease": false,
	},
}, map[field]string{
	fieldOrderNo:   "merchanttxnid outtradeno 商户订单号",
	fieldGatewayNo: "tradetoken",
	fieldChannelNo: "tradeorderid 平台订单号 channelno thirdchannelno",
	fieldUser:      "userid 用户id",
	fieldAmount:    "txnamount totalamount 交易金额",
	fieldCurrency:  "txncurrency currency 交易币种",
	fieldStatus:    "txnstatus status 交易状态",
	fieldMethod:    "paymentmethodtype 支付方式类型",
	fieldBrand:     "tragetorgcardorg targetorgcardorg targetorg cardorg 目标机构卡组",
	fieldNote:      "reference",
	fieldCreated:   "txncreatetime createtime 交易创建时间",
	fieldPaid:      "txncompletetime completetime confirmpaytime 交易完成时间",
	fieldKind:      "transactiontype 交易类型",
})

// payCools reads the records of its payment statement and the answers of its
// payment queries by their field names. The captions of the portal's file are
// not published: its pages only say that the file counts amounts as the statement
// does, in decimal pesos, so it is read by the words with which they describe the
// statement's fields. Everything but the statement counts cents (paycools:
// sections 2, 8 and 12 no. 10), and which of the two a dump is shows in how it
// spells the merchant's number.
var payCools = newPreset(preset{
	name: "paycools", gateway: true, currency: "PHP", zone: time.FixedZone("Asia/Manila", 8*3600),
	bare:     []string{"amount", "transactionAmount"},
	numbers:  map[string]Amounts{"merchantOrderId": Major, "mchOrderId": Cents},
	captions: map[string]Amounts{"amount": Major, "transactionamount": Major, "amountphp": Major, "交易金额": Major, "代收金额": Major},
	words: map[string]client.OrderStatus{
		"pending": client.OrderPending, "complete": client.OrderPaid, "completed": client.OrderPaid, "success": client.OrderPaid,
		"failed": client.OrderFailed, "closed": client.OrderClosed,
	},
}, map[field]string{
	fieldOrderNo:   "merchantorderid mchorderid 商户订单id 商户订单号",
	fieldGatewayNo: "transactionid paycools交易id 交易id",
	fieldChannelNo: "checkoutid",
	fieldAmount:    "amount transactionamount amountphp 交易金额 代收金额",
	fieldCurrency:  "currency currencycode 币种",
	fieldStatus:    "status transactionstatus 交易状态 代收状态",
	fieldMethod:    "channelcode paymentchannel paymentmethod 支付渠道 支付方式",
	fieldNote:      "remark 备注",
	fieldCreated:   "createtime transactioncreatetime 交易创建时间",
	fieldPaid:      "completetime returntime transactioncompletetime transactionreturntime 交易完成时间",
})

// easyLink reads the answers of the payment query and rows of the gateway's
// table by their field names, which count cents; the list of the open-source
// merchant portal by its captions, which show major units; and the English words
// of EasyLink's guide, which do not tell (easylink: sections 2 and 6). What
// EasyLink's own portal calls its columns is not published.
var easyLink = newPreset(preset{
	name: "easylink", gateway: true, currency: "HKD", zone: time.FixedZone("Asia/Hong_Kong", 8*3600),
	bare:    []string{"amount"},
	numbers: map[string]Amounts{"mchOrderNo": Cents, "mch_order_no": Cents},
	captions: map[string]Amounts{
		"支付金额": Major, "支付金额元": Major, "支付金额港元": Major, "支付金额hkd": Major, "支付金額": Major, "支付金額元": Major, "支付金額港元": Major, "支付金額hkd": Major,
		"amounthkd": Major, "paymentamounthkd": Major,
		"支付金额分": Cents, "支付金额单位分": Cents, "支付金額分": Cents, "支付金額單位分": Cents, "amountcents": Cents, "amountunitcents": Cents,
	},
	words: map[string]client.OrderStatus{
		"0": client.OrderPending, "1": client.OrderPending, "2": client.OrderPaid, "3": client.OrderFailed, "4": client.OrderClosed, "5": client.OrderPaid, "6": client.OrderClosed,
		"订单生成": client.OrderPending, "支付中": client.OrderPending, "支付成功": client.OrderPaid, "支付失败": client.OrderFailed,
		"已撤销": client.OrderClosed, "已退款": client.OrderPaid, "订单关闭": client.OrderClosed,
		"訂單生成": client.OrderPending, "支付失敗": client.OrderFailed, "已撤銷": client.OrderClosed, "訂單關閉": client.OrderClosed,
	},
	telling: map[string]bool{"4": true, "5": true, "已退款": true, "已撤销": true, "已撤銷": true},
}, map[field]string{
	fieldOrderNo:   "mchorderno 商户订单号 商戶訂單號 merchantorderno",
	fieldGatewayNo: "payorderid 支付订单号 支付訂單號 paymentorderno",
	fieldChannelNo: "channelorderno 渠道订单号 渠道訂單號",
	fieldUser:      "channeluser 用户标识 用戶標識",
	fieldAmount: "amount 支付金额 支付金额元 支付金额港元 支付金额hkd 支付金额分 支付金额单位分 支付金額 支付金額元 支付金額港元 支付金額hkd 支付金額分 支付金額單位分 " +
		"amounthkd paymentamounthkd amountcents amountunitcents amountofpayment paymentamount",
	fieldCurrency: "currency 货币代码 貨幣代碼 currencycode",
	fieldStatus:   "state orderstate 支付状态 支付狀態 订单状态 訂單狀態 status paymentstatus",
	fieldMethod:   "waycode 支付方式 wayname wayofpayment",
	fieldNote:     "extparam extraparam subject 商品标题 商品標題 producttitle",
	fieldCreated:  "createdat 创建时间 创建日期 創建時間 創建日期",
	fieldPaid:     "successtime 支付成功时间 支付成功時間",
})
