package intake

import (
	"strings"
	"unicode"
)

// field is what a column means.
type field int

const (
	fieldNone field = iota - 1
	fieldOrderNo
	fieldGatewayNo
	fieldChannelNo
	fieldUser
	fieldAmount
	fieldCurrency
	fieldStatus
	fieldMethod
	fieldBrand
	fieldCard
	fieldNote
	fieldCreated
	fieldPaid
	fieldNamed // how many have a name of paydesk's own
	fieldKind  = fieldNamed
	fieldCount = fieldNamed + 1
)

// names are paydesk's own names of the fields (product: section 2, JSON).
var names = [fieldNamed]string{
	"order_no", "gateway_order_no", "channel_no", "user_id", "amount", "currency", "status", "method", "brand", "card", "note", "created_at", "paid_at",
}

// fieldName is a field's name for messages.
func fieldName(f field) string {
	if f == fieldKind {
		return "kind"
	}
	return names[f]
}

// synonyms are what exports and merchants call the fields, folded.
var synonyms = [fieldNamed]string{
	"orderno outtradeno merchantorderno merchantordernumber merchantorderid merchanttxnid merchanttxnno merchanttransactionid " +
		"merchanttransactionno mchorderno ordernumber orderid order outorderno merchantreference",
	"gatewayorderno tradetoken platformorderno payorderid transactionid transactionno txnid tradeno tradeorderno payermaxorderno checusorderno",
	"channelno thirdchannelno channelorderno channeltxnid channeltransactionid",
	"userid user customerid customer buyerid memberid payerid",
	"amount totalamount orderamount transactionamount txnamount price orderprice",
	"currency ordercurrency currencycode pricecurrency transactioncurrency txncurrency",
	"status orderstatus tradestatus paymentstatus transactionstatus txnstatus state",
	"method paymentmethod paymentmethodtype paymethod paytype waycode",
	"brand cardorg cardbrand targetorg",
	"card cardnumber cardno cardinfo maskedcard cardlast4 last4 maskedcardnumber",
	"note subject remark remarks reference comment comments memo description",
	"createdat created createtime createdtime creationtime ordertime orderdate placed placedat",
	"paidat paid paytime paidtime paymenttime completetime completedat completedtime confirmpaytime finishtime successtime",
}

// fold leaves letters and digits in lower case: "Merchant Txn ID" and
// "merchant_txn_id" are one.
func fold(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, name)
}

// cardParts and cardNames are how columns of card data are called, folded, as a
// part of the name and as all of it.
var (
	cardParts = []string{
		"cardnumber", "cardno", "cardnum", "primaryaccountnumber", "卡号", "卡號", "cvv", "cvc", "cvn", "securitycode", "cardverification", "安全码", "安全碼",
		"expiry", "cardexp", "expmonth", "expyear", "expirationmonth", "expirationyear", "有效期", "trackdata", "track1", "track2", "pinblock",
	}
	cardNames = []string{"pan", "cid", "exp", "expdate", "expirationdate"}
)

// ofCard reports whether a column is called as if it held a card's number, its
// date or its code, which are never kept (S16).
func ofCard(name string) bool {
	folded := fold(name)
	for _, part := range cardParts {
		if strings.Contains(folded, part) {
			return true
		}
	}
	for _, whole := range cardNames {
		if folded == whole {
			return true
		}
	}
	return false
}

// list names the columns of a header, at most a dozen.
func list(header []string) string {
	var out []string
	for i, name := range header {
		if i == 12 {
			out = append(out, "…")
			break
		}
		out = append(out, shown(name))
	}
	return strings.Join(out, ", ")
}
