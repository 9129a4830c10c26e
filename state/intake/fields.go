package intake

import (
	"fmt"
	"strings"
	"unicode"

	"paydesk/client"
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
	fieldCount
)

// names are paydesk's own names of the fields (product: section 2, JSON).
var names = [fieldCount]string{
	"order_no", "gateway_order_no", "channel_no", "user_id", "amount", "currency", "status", "method", "brand", "card", "note", "created_at", "paid_at",
}

// synonyms are what exports and merchants call the fields, folded.
var synonyms = [fieldCount]string{
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

// byName finds a field by its folded name.
var byName = func() map[string]field {
	table := map[string]field{}
	for f, list := range synonyms {
		for name := range strings.FieldsSeq(list) {
			table[name] = field(f)
		}
		table[fold(names[f])] = field(f)
	}
	return table
}()

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

func fieldOf(name string) field {
	if f, ok := byName[fold(name)]; ok {
		return f
	}
	return fieldNone
}

// columnFields finds what each column means. paydesk's own name wins over a
// synonym; two synonyms of one field are refused, because only the person
// knows which of them is meant.
func columnFields(header []string) ([]field, error) {
	fields := make([]field, len(header))
	column := map[field]int{}
	for i, name := range header {
		f := fieldOf(name)
		fields[i] = f
		if f == fieldNone {
			continue
		}
		other, twice := column[f]
		own := fold(name) == fold(names[f])
		switch {
		case !twice:
			column[f] = i
		case own && fold(header[other]) != fold(names[f]):
			fields[other], column[f] = fieldNone, i
		case !own && fold(header[other]) == fold(names[f]):
			fields[i] = fieldNone
		default:
			return nil, &client.Error{
				Class: client.ClassInput, Code: "header",
				Message: fmt.Sprintf("columns %s and %s both mean %s", shown(header[other]), shown(name), names[f]),
				Hint:    fmt.Sprintf("rename the right one to %s", names[f]),
			}
		}
	}
	for _, f := range []field{fieldOrderNo, fieldAmount} {
		if _, ok := column[f]; !ok {
			return nil, &client.Error{
				Class: client.ClassInput, Code: "header", Message: "no column is called " + names[f] + "; the columns are " + list(header),
				Hint: "name the columns in the first line, for example order_no,amount,currency,status,user_id,created_at",
			}
		}
	}
	return fields, nil
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
