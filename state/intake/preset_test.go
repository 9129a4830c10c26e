package intake

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"paydesk/client"
)

// export is a believable file of one gateway.
type export struct {
	name, gateway, preset string
	text                  string
	format                Format
	amounts               Amounts
	want                  []client.Order
	mapping               string // field ← column, of the ones that matter
	notes                 string
}

func money(minor int64, currency string) client.Money {
	exp, _ := decimals(currency)
	return client.Money{Minor: minor, Currency: currency, Exp: exp}
}

func at(hour, minute, second int) time.Time {
	return time.Date(2026, 11, 20, hour, minute, second, 0, time.UTC)
}

// exports are files as the portals and interfaces of the gateways write them.
var exports = []export{
	{
		name: "payin report", gateway: "payermax",
		text: "\ufeffAppID,Txn Create Time,Txn Complete Time,User ID,Transaction Type,OriginalMerchant Txn ID,Merchant Txn ID,Trade Order ID,Txn Status,Country,Txn Amount,Txn Currency,Payment Amount,Payment Currency,Payment Method Type,Payment Method,Traget Org/Card Org,Txn Fee,Failure Reason\r\n" +
			"app1,2026/11/20 9:31:00,2026/11/20 9:32:07.0,341678574,PAYMENT,,PO1,T20261120001,SUCCESS,HK,58.00,HKD,58.00,HKD,CARD,VISA,VISA,-1.20,\r\n" +
			"app1,2026-11-20 09:31:00,31:00.0,,PAY_LINK,,PO2,T20261120002,FAILED,ID,10000,IDR,,,EWALLET,DANA,DANA,,do not honor\r\n" +
			"app1,2026-11-20 09:40:00,2026-11-20 09:45:00,341678574,REFUND,PO1,RF1,T20261120003,SUCCESS,HK,20.00,HKD,,,CARD,VISA,VISA,,\r\n" +
			"app1,2026-11-20 09:40:00,2026-11-20 09:45:00,341678574,CHARGE_BACK,PO1,CB1,T20261120004,CB Request,HK,58.00,HKD,,,CARD,VISA,VISA,,\r\n",
		want: []client.Order{
			{
				OrderNo: "PO1", ChannelNo: "T20261120001", UserID: "341678574", Amount: money(5800, "HKD"), Status: client.OrderPaid, Method: "CARD", Brand: "VISA",
				CreatedAt: at(9, 31, 0), PaidAt: at(9, 32, 7),
				Note: "AppID: app1; Country: HK; Payment Amount: 58.00; Payment Currency: HKD; Payment Method: VISA; Txn Fee: -1.20",
			},
			{
				OrderNo: "PO2", ChannelNo: "T20261120002", Amount: money(10000, "IDR"), Status: client.OrderFailed, Method: "EWALLET", Brand: "DANA", CreatedAt: at(9, 31, 0),
				Note: "Txn Complete Time: 31:00.0; AppID: app1; Country: ID; Payment Method: DANA; Failure Reason: do not honor",
			},
		},
		mapping: "order_no ← Merchant Txn ID, amount ← Txn Amount, currency ← Txn Currency, kind ← Transaction Type",
		notes:   "AppID, OriginalMerchant Txn ID, Country, Payment Amount, Payment Currency, Payment Method, Txn Fee, Failure Reason",
	},
	{
		name: "payin report in Chinese", gateway: "payermax", preset: "checus",
		text: "商户订单号;平台订单号;交易类型;交易状态;交易金额;交易币种;支付方式类型;目标机构/卡组;交易创建时间;交易完成时间;手续费\n" +
			"PO1;T1;PAYMENT;SUCCESS;58.5;HKD;CARD;VISA;2026-11-20 10:00:00;2026-11-20 10:01:00;-0.5\n" +
			"PO2;T2;PAYMENT;CB Request;58.5;HKD;CARD;VISA;2026-11-20 10:00:00;2026-11-20 10:01:00;\n",
		want: []client.Order{
			{OrderNo: "PO1", ChannelNo: "T1", Amount: money(5850, "HKD"), Status: client.OrderPaid, Method: "CARD", Brand: "VISA", CreatedAt: at(10, 0, 0), PaidAt: at(10, 1, 0), Note: "手续费: -0.5"},
			{OrderNo: "PO2", ChannelNo: "T2", Amount: money(5850, "HKD"), Status: client.OrderPaid, Method: "CARD", Brand: "VISA", CreatedAt: at(10, 0, 0), PaidAt: at(10, 1, 0), Note: "交易状态: CB Request"},
		},
		mapping: "order_no ← 商户订单号, channel_no ← 平台订单号, brand ← 目标机构/卡组",
		notes:   "手续费",
	},
	{
		name: "answers of orderQuery", gateway: "payermax", format: JSONLines,
		text: `{"outTradeNo":"PO1","tradeToken":"T1","totalAmount":58.50,"currency":"HKD","country":"HK","status":"SUCCESS","createTime":"2026-11-20T10:00:00.000Z","completeTime":"2026-11-20T10:01:00 +0000","paymentDetails":[{"cardInfo":{"cardNumber":"4111111111111111"}}]}` + "\n" +
			`{"outTradeNo":"PO2","tradeToken":"T2","totalAmount":"300","currency":"THB","status":"CLOSED"}` + "\n" +
			`{"outTradeNo":"PO3","totalAmount":1,"currency":"THB","status":"AUTHORISED"}` + "\n",
		want: []client.Order{
			{OrderNo: "PO1", GatewayOrderNo: "T1", Amount: money(5850, "HKD"), Status: client.OrderPaid, CreatedAt: at(10, 0, 0), PaidAt: at(10, 1, 0), Note: "country: HK"},
			{OrderNo: "PO2", GatewayOrderNo: "T2", Amount: money(30000, "THB"), Status: client.OrderClosed},
			{OrderNo: "PO3", Amount: money(100, "THB"), Status: client.OrderUnknown, Note: "status: AUTHORISED"},
		},
		mapping: "order_no ← outTradeNo, amount ← totalAmount",
		notes:   "country",
	},
	{
		name: "payment statement", gateway: "paycools",
		text: "merchantOrderId,transactionId,paymentMethod,paymentChannel,amount,fee,name,mobile,status,appName,createTime,completeTime\n" +
			"SO1,C1,QR Code,GCASH_QR,500.10,2.5,Ana Cruz,09171234567,COMPLETE,Shop,2026-11-20 18:00:00,2026-11-20 18:01:00\n" +
			"SO2,C2,,MAYA_QR,100,,,,FAILED,Shop,2026-11-20 18:00:00,2026-11-20 18:01:00\n",
		want: []client.Order{
			{
				OrderNo: "SO1", GatewayOrderNo: "C1", Amount: money(50010, "PHP"), Status: client.OrderPaid, Method: "GCASH_QR", CreatedAt: at(10, 0, 0), PaidAt: at(10, 1, 0),
				Note: "paymentMethod: QR Code; fee: 2.5; name: Ana Cruz; mobile: 09171234567; appName: Shop",
			},
			{OrderNo: "SO2", GatewayOrderNo: "C2", Amount: money(10000, "PHP"), Status: client.OrderFailed, Method: "MAYA_QR", CreatedAt: at(10, 0, 0), Note: "completeTime: 2026-11-20 18:01:00; appName: Shop"},
		},
		mapping: "order_no ← merchantOrderId, method ← paymentChannel, amount ← amount",
		notes:   "paymentMethod, fee, name, mobile, appName",
	},
	{
		name: "portal file by the words of the pages", gateway: "paycools",
		text: "Merchant order id\tTransaction ID\tTransaction amount\tTransaction fee\tTransaction Status\tTransaction Create Time\tTransaction Complete Time\n" +
			"SO1\tC1\t500.1\t2.50\tCOMPLETED\t2026-11-20 18:00:00\t2026-11-20 18:01:00\n",
		want: []client.Order{
			{OrderNo: "SO1", GatewayOrderNo: "C1", Amount: money(50010, "PHP"), Status: client.OrderPaid, CreatedAt: at(10, 0, 0), PaidAt: at(10, 1, 0), Note: "Transaction fee: 2.50"},
		},
		mapping: "order_no ← Merchant order id, amount ← Transaction amount",
		notes:   "Transaction fee",
	},
	{
		name: "answers of payment queries count cents", gateway: "paycools", format: JSONLines, amounts: Cents,
		text: `{"mchOrderId":"SO1","transactionId":"C1","amount":50010,"transactionStatus":"COMPLETE","createTime":"2026-11-20 18:00:00","returnTime":"2026-11-20 18:01:00","channelCode":"GCASH_QR","remark":"two tickets"}` + "\n" +
			`{"merchantOrderId":"SO2","transactionId":"C2","amount":500.1,"status":"PENDING"}` + "\n",
		want: []client.Order{
			{OrderNo: "SO1", GatewayOrderNo: "C1", Amount: money(50010, "PHP"), Status: client.OrderPaid, Method: "GCASH_QR", Note: "two tickets", CreatedAt: at(10, 0, 0), PaidAt: at(10, 1, 0)},
			{OrderNo: "SO2", GatewayOrderNo: "C2", Amount: money(50010, "PHP"), Status: client.OrderPending}, // a record of the statement among them
		},
		mapping: "order_no ← mchOrderId, paid_at ← returnTime",
	},
	{
		name: "rows of the gateway's table", gateway: "easylink", amounts: Cents,
		text: "pay_order_id,mch_no,mch_order_no,if_code,way_code,amount,currency,state,refund_amount,channel_order_no,created_at,success_time\n" +
			"P17,M1,EO1,wxpay,WX_H5,5800,hkd,2,0,4200001,2026-11-20 18:00:00,2026-11-20 18:01:00\n" +
			"P18,M1,EO2,alipay,ALI_H5,1,HKD,5,1,,1763661600000,\n",
		want: []client.Order{
			{
				OrderNo: "EO1", GatewayOrderNo: "P17", ChannelNo: "4200001", Amount: money(5800, "HKD"), Status: client.OrderPaid, Method: "WX_H5", CreatedAt: at(10, 0, 0), PaidAt: at(10, 1, 0),
				Note: "mch_no: M1; if_code: wxpay; refund_amount: 0",
			},
			{
				OrderNo: "EO2", GatewayOrderNo: "P18", Amount: money(1, "HKD"), Status: client.OrderPaid, Method: "ALI_H5", CreatedAt: time.UnixMilli(1763661600000).UTC(),
				Note: "state: 5; mch_no: M1; if_code: alipay; refund_amount: 1",
			},
		},
		mapping: "order_no ← mch_order_no, amount ← amount, status ← state",
		notes:   "mch_no, if_code, refund_amount",
	},
	{
		name: "answers of the payment query", gateway: "easylink", format: JSONLines, amounts: Cents,
		text: `{"payOrderId":"P17","mchNo":"M1","mchOrderNo":"EO1","wayCode":"UP_OP","amount":5800,"state":2,"subject":"two tickets","createdAt":1763632800000,"successTime":1763632860000}` + "\n" +
			`{"payOrderId":"P18","mchOrderNo":"EO2","amount":"100","currency":"HKD","state":"6","extParam":"ord-1","subject":"shoes"}` + "\n",
		want: []client.Order{
			{
				OrderNo: "EO1", GatewayOrderNo: "P17", Amount: money(5800, "HKD"), Status: client.OrderPaid, Method: "UP_OP", Note: "two tickets; mchNo: M1",
				CreatedAt: time.UnixMilli(1763632800000).UTC(), PaidAt: time.UnixMilli(1763632860000).UTC(),
			},
			{OrderNo: "EO2", GatewayOrderNo: "P18", Amount: money(100, "HKD"), Status: client.OrderClosed, Note: "ord-1; subject: shoes"},
		},
		mapping: "order_no ← mchOrderNo, status ← state",
		notes:   "mchNo",
	},
	{
		name: "list of the merchant portal", gateway: "easylink",
		text: "\ufeff\"支付订单号\",\"商户订单号\",\"支付金额\",\"退款金额\",\"手续费\",\"支付方式\",\"支付状态\",\"创建日期\"\r\n" +
			"\"P17\",\"EO1\",\"58\",\"0\",\"0.35\",\"WX_H5\",\"支付成功\",\"2026-11-20 18:00:00\"\r\n" +
			"\"P18\",\"EO2\",\"12.5\",\"12.5\",\"\",\"ALI_H5\",\"已退款\",\"2026-11-20 18:00:00\"\r\n" +
			"\"P19\",\"EO3\",\"12.50\",\"\",\"\",\"ALI_H5\",\"订单关闭\",\"2026-11-20 18:00:00\"\r\n",
		want: []client.Order{
			{OrderNo: "EO1", GatewayOrderNo: "P17", Amount: money(5800, "HKD"), Status: client.OrderPaid, Method: "WX_H5", CreatedAt: at(10, 0, 0), Note: "退款金额: 0; 手续费: 0.35"},
			{OrderNo: "EO2", GatewayOrderNo: "P18", Amount: money(1250, "HKD"), Status: client.OrderPaid, Method: "ALI_H5", CreatedAt: at(10, 0, 0), Note: "支付状态: 已退款; 退款金额: 12.5"},
			{OrderNo: "EO3", GatewayOrderNo: "P19", Amount: money(1250, "HKD"), Status: client.OrderClosed, Method: "ALI_H5", CreatedAt: at(10, 0, 0)},
		},
		mapping: "order_no ← 商户订单号, amount ← 支付金额",
		notes:   "退款金额, 手续费",
	},
	{
		name: "captions that name their unit", gateway: "easylink", amounts: Cents,
		text: "商户订单号,支付金额（分）,币种\nEO1,5800,HKD\n",
		want: []client.Order{
			{OrderNo: "EO1", Amount: money(5800, "HKD"), Status: client.OrderUnknown, Note: "币种: HKD"},
		},
		mapping: "amount ← 支付金额（分）",
		notes:   "币种",
	},
	{
		name: "what paydesk prints", gateway: "paycools", preset: "paydesk", format: JSONLines,
		text: `{"profile":"p","gateway":"paycools","order_no":"SO1","gateway_order_no":"C1","amount":"500.10","currency":"PHP","status":"paid","created_at":"2026-11-20T10:00:00Z","refunded":"0.00","refundable":"500.10","source":"statement","updated_at":"2026-11-20T11:00:00Z"}` + "\n",
		want: []client.Order{
			{OrderNo: "SO1", GatewayOrderNo: "C1", Amount: money(50010, "PHP"), Status: client.OrderPaid, CreatedAt: at(10, 0, 0)},
		},
		mapping: "order_no ← order_no",
	},
}

func TestPresets(t *testing.T) {
	for _, e := range exports {
		t.Run(e.gateway+" "+e.name, func(t *testing.T) {
			o := Options{Format: e.format, Decimals: decimals, Gateway: e.gateway, Preset: e.preset}
			if o.Format == "" {
				o.Format = CSV
			}
			file, err := Open(strings.NewReader(e.text), o)
			if err != nil {
				t.Fatal(err)
			}
			var got []client.Order
			for order, err := range file.Orders() {
				if err != nil {
					t.Error(err)
					continue
				}
				got = append(got, order)
			}
			if diff := cmp.Diff(e.want, got); diff != "" {
				t.Error(diff)
			}
			amounts := e.amounts
			if amounts == "" {
				amounts = Major
			}
			if file.Mapping.Amounts != amounts {
				t.Errorf("amounts count %s, want %s", file.Mapping.Amounts, amounts)
			}
			told := fmt.Sprint(columnsOf(file.Mapping))
			for want := range strings.SplitSeq(e.mapping, ", ") {
				if !strings.Contains(told, want) {
					t.Errorf("%s does not say %q", told, want)
				}
			}
			if notes := strings.Join(file.Mapping.Notes, ", "); notes != e.notes {
				t.Errorf("kept as notes: %s\nwant %s", notes, e.notes)
			}
		})
	}
}

func columnsOf(m Mapping) (told []string) {
	for _, c := range m.Columns {
		told = append(told, c.Field+" ← "+c.Name)
	}
	return told
}

// A report has lines that are no orders; a refund must never become one.
func TestOtherKindsOfLinesAreLeftOut(t *testing.T) {
	file, err := Open(strings.NewReader(exports[0].text+"app1,,,,VOUCHER,,V1,T9,SUCCESS,HK,1.00,HKD,,,,,,,\n"), Options{Format: CSV, Decimals: decimals, Gateway: "payermax"})
	if err != nil {
		t.Fatal(err)
	}
	var wrong []string
	for _, err := range file.Orders() {
		if err != nil {
			wrong = append(wrong, err.Error())
		}
	}
	if diff := cmp.Diff(map[string]int{"REFUND": 1, "CHARGE_BACK": 1}, file.Tally().Skipped); diff != "" {
		t.Error(diff)
	}
	if len(wrong) != 1 || !strings.Contains(wrong[0], `line 6: Transaction Type: "VOUCHER" is no known kind`) {
		t.Error(wrong)
	}
}

// What amounts count is never guessed: it is in the names, or it is asked for.
func TestAmountsThatCouldBeEither(t *testing.T) {
	for _, c := range []struct {
		gateway, header, row string
		columns              map[string]string
		given                Amounts
		want                 string // the amount, or a part of the error
	}{
		{gateway: "easylink", header: "Merchant Order No,Amount,Currency", row: "EO1,5800,HKD", want: "does not tell what its amounts count"},
		{gateway: "easylink", header: "Merchant Order No,Amount of payment", row: "EO1,5800", want: "does not tell what its amounts count"},
		{gateway: "easylink", header: "商户订单号,amount", row: "EO1,5800", want: "does not tell what its amounts count"},
		{gateway: "easylink", header: "mchOrderNo,Amount", row: "EO1,5800", want: "does not tell what its amounts count"},
		{gateway: "easylink", header: "mchOrderNo,amount", row: "EO1,5800", want: "58.00 HKD"},
		{gateway: "easylink", header: "mchOrderNo,amount", row: "EO1,58.00", want: "has a decimal point, but the amounts of this file count cents"},
		{gateway: "easylink", header: "mchOrderNo,amount", row: "EO1,58.00", given: Major, want: "58.00 HKD"},
		{gateway: "easylink", header: "Merchant Order No,Amount", row: "EO1,5800", given: Cents, want: "58.00 HKD"},
		{gateway: "easylink", header: "Merchant Order No,Amount", row: "EO1,5800", given: Major, want: "5800.00 HKD"},
		{gateway: "easylink", header: "mchOrderNo,Total", row: "EO1,5800", columns: map[string]string{"amount": "Total"}, want: "does not tell what its amounts count"},
		{gateway: "easylink", header: "Bill,Total", row: "EO1,5800", columns: map[string]string{"amount": "Total", "order_no": "Bill"}, want: "currency: is empty"}, // no file of the gateway
		{gateway: "easylink", header: "order_no,amount,currency", row: "EO1,58.00,HKD", want: "58.00 HKD"},
		{gateway: "paycools", header: "merchantOrderId,amount", row: "SO1,58", want: "58.00 PHP"},
		{gateway: "paycools", header: "mchOrderId,amount", row: "SO1,5800", want: "58.00 PHP"},
		{gateway: "paycools", header: "商户订单ID,amount", row: "SO1,5800", want: "does not tell what its amounts count"},
		{gateway: "paycools", header: "Merchant Order ID,Amount", row: "SO1,58", want: "58.00 PHP"},
		{gateway: "payermax", header: "outTradeNo,totalAmount,currency", row: "PO1,5800,USD", want: "5800.00 USD"},
		{gateway: "payermax", header: "outTradeNo,totalAmount,currency", row: "PO1,5800,USD", given: Cents, want: "58.00 USD"},
		{gateway: "payermax", header: "outTradeNo,totalAmount,currency", row: "PO1,1050,IDR", given: Cents, want: "too many decimals"},
		{gateway: "payermax", header: "outTradeNo,totalAmount,currency", row: "PO1,100000,IDR", given: Cents, want: "1000 IDR"},
		{gateway: "payermax", header: "outTradeNo,totalAmount,currency", row: `PO1,"1,000.00",USD`, want: "is not a plain decimal number"},
		{gateway: "easylink", header: "mchOrderNo,amount", row: `EO1,"5,800"`, want: "is not a plain decimal number"},
		{gateway: "payermax", header: "outTradeNo,totalAmount,currency", row: "PO1,5800,USD", given: "dollars", want: "right is major"},
	} {
		orders, problems, err := read(t, c.header+"\n"+c.row+"\n", Options{Format: CSV, Gateway: c.gateway, Columns: c.columns, Amounts: c.given})
		got := strings.Join(problems, "\n")
		if err != nil {
			if got = err.Error(); client.ClassOf(err) != client.ClassInput {
				t.Error(err)
			}
		} else if len(orders) > 0 {
			got = orders[0].Amount.String()
		}
		e, _ := err.(*client.Error)
		if e != nil && e.Code == "amounts" {
			got += e.Hint
		}
		if !strings.Contains(got, c.want) {
			t.Errorf("%s: %s %q: %s, want %s", c.gateway, c.header, c.given, got, c.want)
		}
	}
	// In JSON Lines each line tells for itself.
	orders, problems, err := read(t, `{"mchOrderNo":"EO1","amount":5800}`+"\n"+`{"merchantOrderNo":"EO2","amount":5800}`+"\n", Options{Format: JSONLines, Gateway: "easylink"})
	if err != nil || len(orders) != 1 || len(problems) != 1 || !strings.HasPrefix(problems[0], "line 2: amount: does not tell whether") {
		t.Error(orders, problems, err)
	}
	if _, _, err = read(t, `{"merchantOrderNo":"EO2","amount":5800}`+"\n", Options{Format: JSONLines, Gateway: "easylink"}); err == nil || !strings.Contains(err.Error(), "does not tell what its amounts count") {
		t.Error(err)
	}
}

func TestColumnsThatThePersonNames(t *testing.T) {
	text := "Bill No.,Merchant Txn ID,Sum,Cur,Word,CVV,Card Number\nB1,PO1,10,USD,SUCCESS,123,4111111111111111\n"
	file, err := Open(strings.NewReader(text), Options{Format: CSV, Decimals: decimals, Gateway: "payermax", Columns: map[string]string{
		"order_no": "Bill No.", "amount": "Sum", "currency": " Cur ", "status": "Word", "card": "Card Number",
	}})
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(file.Mapping.Preset, columnsOf(file.Mapping), file.Mapping.Notes, file.Mapping.Dropped); got !=
		"[order_no ← Bill No. amount ← Sum currency ← Cur status ← Word card ← Card Number] [Merchant Txn ID] [CVV]" {
		t.Error(got)
	}
	for order, err := range file.Orders() {
		if want := (client.Order{OrderNo: "B1", Amount: money(1000, "USD"), Status: client.OrderPaid, Card: "····1111", Note: "Merchant Txn ID: PO1"}); err != nil || order != want {
			t.Errorf("%+v %v", order, err)
		}
	}
	for _, c := range []struct {
		columns map[string]string
		preset  string
		want    string
	}{
		{columns: map[string]string{"number": "Bill No."}, want: `"number" is no field of an order`},
		{columns: map[string]string{"order_no": " "}, want: "the column of order_no is empty"},
		{columns: map[string]string{"order_no": "Bill No"}, want: `there is no column "Bill No" for order_no`},
		{columns: map[string]string{"order_no": "Sum", "amount": "Sum"}, want: `column "Sum" is given for amount and for order_no`},
		{columns: map[string]string{"note": "CVV"}, want: "never kept"},
		{columns: map[string]string{"kind": "Word"}, want: `"kind" is no field`},
		{preset: "stripe", want: `there is no preset "stripe"`},
		{preset: "paycools", want: "the file is none of paycools: no column is its order_no (merchantorderid"},
		{preset: "paydesk", want: "the file is none of paydesk"},
	} {
		_, err := Open(strings.NewReader(text), Options{Format: CSV, Decimals: decimals, Columns: c.columns, Preset: c.preset})
		if client.ClassOf(err) != client.ClassInput || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v %s: %v, want %s", c.columns, c.preset, err, c.want)
		}
	}
}

// Two general names of one thing are a mistake in a merchant's own list, and
// notes in a gateway's file.
func TestGeneralNamesInAGatewaysFile(t *testing.T) {
	text := "outTradeNo,totalAmount,currency,Customer ID,User,Remark,Description\nPO1,10,USD,U-1,U-2,first,second\n"
	orders, problems, err := read(t, text, Options{Format: CSV, Gateway: "payermax"})
	if err != nil || len(problems) > 0 || orders[0].UserID != "" || orders[0].Note != "Customer ID: U-1; User: U-2; Remark: first; Description: second" {
		t.Error(orders, problems, err)
	}
	if _, _, err = read(t, text, Options{Format: CSV}); err == nil || !strings.Contains(err.Error(), `columns "Customer ID" and "User" both mean user_id`) {
		t.Error(err)
	}
	orders, _, err = read(t, "outTradeNo,totalAmount,currency,Customer ID,Remark\nPO1,10,USD,U-1,first\n", Options{Format: CSV, Gateway: "payermax"})
	if err != nil || orders[0].UserID != "U-1" || orders[0].Note != "first" {
		t.Error(orders, err)
	}
	if _, _, err = read(t, "Txn Amount,Merchant Txn ID,Txn Amount,Txn Currency\n1,PO1,2,USD\n", Options{Format: CSV, Gateway: "payermax"}); err == nil || !strings.Contains(err.Error(), "both mean amount") {
		t.Error(err)
	}
}

// covers S16: unknown columns become notes, but no card data, masked and bounded.
func TestNotes(t *testing.T) {
	text := "order_no,amount,currency,note,status,Fee,Shop Name,PAN,Card Expiry,卡号,cvv2,Comment 4111111111111111,\n" +
		"P1,10,USD,own words,refunded,0.3,,4111111111111111,12/29,6225880137001234,123,paid with 4111 1111 1111 1111,unnamed\n" +
		"P2,10,USD,,paid,,\"two\r\nlines\ttab\",,,,,'=1+1,\n" +
		"P3,10,USD,,paid,,,,,,,,\n" +
		"P4,10,USD," + strings.Repeat("ü", 600) + ",paid,0.3,,,,,,,\n" +
		"P5,10,USD,\x1b[2J,paid,\x1b]0;t\x07,\u202eabc\xff,,,,,,\n"
	file, err := Open(strings.NewReader(text), Options{Format: CSV, Decimals: decimals})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(file.Mapping.Notes, "|") + " / " + strings.Join(file.Mapping.Dropped, "|"); got != "Fee|Shop Name|Comment ····1111 / PAN|Card Expiry|卡号|cvv2" {
		t.Error(got)
	}
	var notes []string
	for order, err := range file.Orders() {
		if err != nil {
			t.Fatal(err)
		}
		notes = append(notes, order.Note)
	}
	want := []string{
		"own words; status: refunded; Fee: 0.3; Comment ····1111: paid with ····1111; column 13: unnamed",
		"Shop Name: two lines tab; Comment ····1111: =1+1",
		"",
		strings.Repeat("ü", 511) + "…",
		"\x1b[2J; Fee: \x1b]0;t\x07; Shop Name: \u202eabc\uFFFD", // what steers a terminal is dealt with where it is shown
	}
	if diff := cmp.Diff(want, notes); diff != "" {
		t.Error(diff)
	}
	if file.Tally().Cut != 1 {
		t.Error("notes cut:", file.Tally().Cut)
	}

	lines := `{"order_no":"P1","amount":1,"currency":"USD","fee":0.3,"vip":true,"none":null,"nested":{"cvv":"123"},"list":[1],"cardNo":"4111111111111111","PAN":"4111111111111111","memo2":"4111-1111-1111-1111"}` + "\n"
	file, err = Open(strings.NewReader(lines), Options{Format: JSONLines, Decimals: decimals})
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(file.Mapping.Notes, file.Mapping.Nested, file.Mapping.Dropped); got != "[fee vip none memo2] [nested list] [PAN]" {
		t.Error(got)
	}
	for order, err := range file.Orders() {
		if err != nil || order.Note != "fee: 0.3; vip: true; memo2: ····1111" || order.Card != "····1111" {
			t.Errorf("%+v %v", order, err)
		}
	}
}

// The account's own currency and zone replace the preset's; a zone that the
// person names replaces both.
func TestCurrencyAndZoneOfAnAccount(t *testing.T) {
	text := "merchantOrderId,amount,createTime\nSO1,10,2026-11-20 10:00:00\n"
	jakarta := time.FixedZone("WIB", 7*3600)
	for _, c := range []struct {
		o    Options
		want string
	}{
		{Options{}, "10.00 PHP 2026-11-20T02:00:00Z"},
		{Options{AccountCurrency: "IDR", AccountZone: jakarta}, "10 IDR 2026-11-20T03:00:00Z"},
		{Options{AccountZone: jakarta, Location: time.UTC}, "10.00 PHP 2026-11-20T10:00:00Z"},
	} {
		c.o.Format, c.o.Gateway = CSV, "paycools"
		orders, problems, err := read(t, text, c.o)
		if err != nil || len(problems) > 0 {
			t.Fatal(problems, err)
		}
		if got := orders[0].Amount.String() + " " + orders[0].CreatedAt.Format(time.RFC3339); got != c.want {
			t.Errorf("%s, want %s", got, c.want)
		}
	}
	// A column that is there and says nothing is not filled.
	_, problems, err := read(t, "merchantOrderId,amount,currency\nSO1,10,\n", Options{Format: CSV, Gateway: "paycools"})
	if err != nil || len(problems) != 1 || !strings.Contains(problems[0], "currency: is empty") {
		t.Error(problems, err)
	}
}

func TestFilesThatAreNotUTF8(t *testing.T) {
	_, _, err := read(t, "\xc9\xcc\xbb\xa7\xb6\xa9\xb5\xa5\xba\xc5,amount\nP1,10\n", Options{Format: CSV}) // GB18030
	if client.ClassOf(err) != client.ClassInput || !strings.Contains(err.Error(), "not UTF-8") {
		t.Error(err)
	}
}
