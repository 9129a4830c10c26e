package paycools_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"paydesk/client"
	"paydesk/client/sandbox/book"
	"paydesk/client/sandbox/fault"
	"paydesk/client/sandbox/paycools"
	"paydesk/client/sandbox/protocol"
)

const listPath = "/api/v1/record/paymentList"

// records are those of a statement.
func (a answer) records() []protocol.Object {
	var out []protocol.Object
	list, _ := a.Data["records"].([]any)
	for _, item := range list {
		object, _ := item.(protocol.Object)
		out = append(out, object)
	}
	return out
}

// webPayment is the parameters of section 10.1.
func webPayment(no string) flat {
	return flat{
		"appName": "Sandbox Shop", "mchOrderId": no, "amount": "150050", "channelCode": "GCASH_QR", "email": "juan@example.ph", "mobile": "09171234567",
		"customerName": "Juan dela Cruz", "callbackUrl": "http://127.0.0.1:9/pay", "redirectUrl": "http://shop.example/?o=1&p=2", "remark": "size M",
	}
}

func TestWebPayment(t *testing.T) {
	b := open(t)
	a := b.want("1000", "/api/v1/payment", webPayment("N1"))
	number, _ := a.Data["transactionId"].(string)
	if !strings.HasPrefix(number, "C1") || a.Data["redirectUrl"] != "http://127.0.0.1/_pay/paycools/"+number || a.Data["transactionStatus"] != "PENDING" ||
		a.Data["transactionAmount"] != json.Number("150050") || a.Data["expiresTime"] != "2026-11-22 17:31:00" {
		t.Errorf("%s", a.Raw.Body)
	}
	o := b.theOrder("N1")
	if !o.Page || o.Plan != book.Failed || !o.DueAt.Equal(now.Add(time.Minute)) || o.NotifyURL != "http://127.0.0.1:9/pay" || o.Brand != "GCash" {
		t.Errorf("%+v", o)
	}
	want := protocol.Object{
		"mchOrderId": "N1", "transactionId": number, "amount": json.Number("150050"), "transactionStatus": "PENDING", "createTime": "2026-11-22 17:30:00",
		"returnTime": "", "appName": "Sandbox Shop", "customerName": "Juan dela Cruz", "channelCode": "GCASH_QR", "email": "juan@example.ph",
		"mobile": "09171234567", "remark": "size M", "callbackUrl": "http://127.0.0.1:9/pay",
	}
	a = b.want("1000", "/api/v1/payment/"+number, flat{"transactionId": number})
	for name, value := range want {
		if a.Data[name] != value {
			t.Errorf("%s is %v, want %v", name, a.Data[name], value)
		}
	}
	if len(a.Data) != len(want) {
		t.Errorf("%s", a.Raw.Body)
	}
	b.want("1012", "/api/v1/payment", webPayment("N1"))
	b.want("1008", "/api/v1/payment/N1", flat{})
	b.want("1008", "/api/v1/payment/C404", flat{})
}

// TestWordsOfPayments covers section 9: only a checkout can be closed.
func TestWordsOfPayments(t *testing.T) {
	for status, words := range map[client.OrderStatus][2]string{
		client.OrderPaid: {"COMPLETE", "COMPLETE"}, client.OrderPending: {"PENDING", "PENDING"}, client.OrderFailed: {"FAILED", "FAILED"}, client.OrderClosed: {"FAILED", "CLOSED"},
	} {
		b := open(t)
		b.order(book.Order{OrderNo: "W", Status: status})
		b.order(book.Order{OrderNo: "K", Status: status, InternalNo: "CH7"})
		web, checkout := b.want("1000", "/api/v1/payment/CW", flat{}), b.want("1", "/api/v2/checkout/query", flat{"mchOrderId": "K"})
		if web.Data["transactionStatus"] != words[0] || checkout.Data["status"] != words[1] {
			t.Errorf("%s: %s %s", status, web.Raw.Body, checkout.Raw.Body)
		}
		if failed := words[0] == "FAILED"; (web.Data["failedCode"] == json.Number("-10000")) != failed {
			t.Errorf("%s: %s", status, web.Raw.Body)
		}
		if paid := status == client.OrderPaid || status == client.OrderFailed; (checkout.Data["transactionId"] == "CK") != paid {
			t.Errorf("%s: %s", status, checkout.Raw.Body)
		}
		group := b.want("10000", "/open-api/payment/query", flat{"transactionId": "CW"})
		if group.Data["transactionStatus"] != strings.Replace(words[0], "COMPLETE", "COMPLETED", 1) {
			t.Errorf("%s: %s", status, group.Raw.Body)
		}
		b.want("1008", "/api/v2/checkout/query", flat{"mchOrderId": "W"})
	}
}

func TestWebPaymentRefusals(t *testing.T) {
	good := webPayment("N1")
	for _, c := range []struct{ name, value, code string }{
		{"appName", "", "1009"},
		{"appName", "Shop 24", "1009"},
		{"appName", strings.Repeat("x", 101), "1009"},
		{"mchOrderId", "", "1009"},
		{"mchOrderId", "N-1", "1009"},
		{"amount", "99", "1009"},
		{"amount", "0", "1009"},
		{"amount", "1500.50", "1009"},
		{"amount", "5000001", "1007"},
		{"channelCode", "", "1009"},
		{"channelCode", "BITCOIN", "1011"},
		{"channelCode", "PH_GCASH_DIRECT_DEBIT", "1011"},
		{"email", "", "1009"},
		{"email", "juan", "1009"},
		{"mobile", "", "1009"},
		{"mobile", "0917123456", "1009"},
		{"mobile", "+6391712345", "1009"},
		{"callbackUrl", "", "1009"},
		{"redirectUrl", "", "1009"},
		{"redirectUrl", "http://x/" + strings.Repeat("x", 92), "1009"},
		{"redirectUrl", "javascript:alert(1)", "1009"},
	} {
		b := open(t)
		if b.want(c.code, "/api/v1/payment", good.with(c.name, c.value)); b.theOrder("N1").OrderNo != "" {
			t.Errorf("%s %q: an order was made", c.name, c.value)
		}
	}
	b := open(t)
	b.want("1000", "/api/v1/payment", good.with("amount", "100"))
	b.want("1000", "/api/v1/payment", good.with("amount", "5000000").with("mchOrderId", "N2"))
	b.strikes[fault.StayPending] = true
	b.want("1000", "/api/v1/payment", good.with("mchOrderId", "N3"))
	if o := b.theOrder("N3"); o.Plan != book.Stay || !o.DueAt.IsZero() || !o.ExpiresAt.IsZero() {
		t.Errorf("%+v", o)
	}
}

func checkoutOf(no string) flat {
	return flat{"mchOrderId": no, "currency": "PHP", "amount": "150050", "notifyUrl": "http://127.0.0.1:9/pay", "redirectUrl": "http://shop.example/", "userId": "U-7"}
}

// TestCheckout covers section 10.5 in both dialects.
func TestCheckout(t *testing.T) {
	b := open(t)
	a := b.want("1", "/api/v2/checkout/generate", checkoutOf("K1").with("countryCode", "PH").with("brandNew", "x").with("expireSeconds", "600"))
	id, _ := a.Data["checkoutId"].(string)
	address, _ := a.Data["checkoutUrl"].(string)
	if !strings.HasPrefix(id, "CH1") || !strings.HasPrefix(address, "http://127.0.0.1/_pay/paycools/C1") || a.Data["status"] != "PENDING" || a.Data["expiresTime"] != "2026-11-22T17:30:10+08:00" {
		t.Errorf("%s", a.Raw.Body)
	}
	b.want("1012", "/api/v2/checkout/generate", checkoutOf("K1"))
	a = b.want("1", "/api/v2/checkout/query", flat{"mchOrderId": "K1"})
	if a.Data["checkoutId"] != id || a.Data["amount"] != json.Number("150050") || a.Data["currency"] != "PHP" || a.Data["transactionId"] != nil || a.Data["userId"] != "U-7" {
		t.Errorf("%s", a.Raw.Body)
	}
	if a = b.want("1", "/api/v2/checkout/close", flat{"mchOrderId": "K1"}); a.Data["status"] != "CLOSED" || b.theOrder("K1").Status != client.OrderClosed {
		t.Errorf("%s", a.Raw.Body)
	}
	b.want("1", "/api/v2/checkout/close", flat{"mchOrderId": "K1"})
	b.want("1008", "/api/v2/checkout/close", flat{"mchOrderId": "K404"})
	b.want("1009", "/api/v2/checkout/close", flat{})
	b.order(book.Order{OrderNo: "K2", InternalNo: "CH2"})
	b.want("1009", "/api/v2/checkout/close", flat{"mchOrderId": "K2"})
	b.want("10000", "/open-api/payment/checkout/generate", checkoutOf("K3"))
	if a = b.want("10000", "/open-api/payment/query", flat{"mchOrderId": "K3"}); a.Data["status"] != "PENDING" || b.theOrder("K3").Dialect != paycools.GROUP {
		t.Errorf("%s", a.Raw.Body)
	}
	b.want("21006", "/open-api/payment/query", flat{"mchOrderId": "K3", "transactionId": "C1"})
	b.want("21002", "/open-api/payment/query", flat{})
	for name, value := range map[string]string{"currency": "HKD", "amount": "1", "notifyUrl": "", "redirectUrl": "x", "countryCode": "ph", "expireSeconds": "59", "email": "x"} {
		b.want("1009", "/api/v2/checkout/generate", checkoutOf("K9").with(name, value))
	}
}

// TestNestedMembersOfCheckout are taken in param, which is signed as its text.
func TestNestedMembersOfCheckout(t *testing.T) {
	b := open(t)
	param := `{"mchOrderId":"K1","currency":"PHP","amount":150050,"notifyUrl":"http://127.0.0.1:9/","redirectUrl":"http://x/","timestamp":"` + stamp(now) +
		`","channelCodeList":["MAYA_QR","GCASH_QR"],"goodsDetails":[{"name":"tea"}],"billingAddress":{"city":"Cebu"}}`
	send := func(param string) answer {
		body, _ := json.Marshal(map[string]string{"appId": paycools.AppID, "param": param, "sign": b.sign("appId=" + paycools.AppID + "&param=" + param)})
		return b.send(b.raw("POST", "/api/v2/checkout/generate", "", string(body)))
	}
	if a := send(param); !a.Accepted || b.theOrder("K1").Method != "MAYA_QR" {
		t.Errorf("%s", a.Raw.Body)
	}
	for _, bad := range []string{strings.Replace(param, `["MAYA_QR",`, `[1,`, 1), strings.Replace(param, `"K1"`, `["K2"]`, 1), "no object", strings.Replace(param, `"GCASH_QR"]`, `"x"]`, 1)} {
		bad = strings.Replace(bad, "K1", "K2", 1)
		a := send(bad)
		if ok := strings.Contains(bad, `"MAYA_QR","x"]`) && !strings.Contains(bad, `["K2"]`); a.Accepted != ok || (!ok && a.Code != "1009") {
			t.Errorf("%s: %s", bad, a.Raw.Body)
		}
	}
	unknown := strings.NewReplacer("MAYA_QR", "BITCOIN", "K1", "K3").Replace(param)
	if a := send(unknown); a.Code != "1011" {
		t.Errorf("%s", a.Raw.Body)
	}
}

// TestStatementByDay covers section 8: days of the gateway's zone, small pages,
// decimal pesos.
func TestStatementByDay(t *testing.T) {
	b := openWith(t, nil)
	midnight := time.Date(2026, 11, 20, 16, 0, 0, 0, time.UTC) // in Manila
	for i := range 23 {
		b.order(book.Order{OrderNo: fmt.Sprintf("D%02d", i), CreatedAt: midnight.Add(time.Duration(i) * time.Hour), Amount: pesos(500_10)})
	}
	b.order(book.Order{OrderNo: "BEFORE", CreatedAt: midnight.Add(-time.Second)})
	b.order(book.Order{OrderNo: "AFTER", CreatedAt: midnight.Add(24 * time.Hour)})
	b.order(book.Order{OrderNo: "LATE", CreatedAt: midnight.Add(-time.Hour), PaidAt: midnight.Add(time.Minute), Status: client.OrderFailed})
	day := flat{"createDate": "2026-11-21", "page": "1"}
	var seen []string
	for page := 1; page <= 4; page++ {
		got := b.want("1000", listPath, day.with("page", fmt.Sprint(page))).records()
		if want := []int{10, 10, 3, 0}[page-1]; len(got) != want {
			t.Errorf("page %d has %d records", page, len(got))
		}
		for _, r := range got {
			no, _ := r["merchantOrderId"].(string)
			seen = append(seen, no)
		}
	}
	if len(seen) != 23 || !slices.IsSorted(seen) || seen[0] != "D00" {
		t.Errorf("%v", seen)
	}
	first := b.call(listPath, day).records()[0]
	want := protocol.Object{
		"merchantOrderId": "D00", "transactionId": "CD00", "paymentMethod": "EWALLET", "paymentChannel": "GCASH_QR", "amount": json.Number("500.10"),
		"fee": json.Number("10.00"), "status": "COMPLETE", "createTime": "2026-11-21 00:00:00", "completeTime": "2026-11-21 00:01:00", "appName": "Sandbox Shop", "name": "", "mobile": "",
	}
	for name, value := range want {
		if first[name] != value {
			t.Errorf("%s is %v, want %v", name, first[name], value)
		}
	}
	completed := b.want("1000", listPath, flat{"completeDate": "2026-11-21", "page": "1", "status": "FAILED"}).records()
	if len(completed) != 1 || completed[0]["merchantOrderId"] != "LATE" || completed[0]["status"] != "FAILED" {
		t.Errorf("%v", completed)
	}
	b.set("statement_amounts", "text")
	if got := b.call(listPath, day).records()[0]["amount"]; got != "500.10" {
		t.Errorf("%v", got)
	}
	b.set("statement_amounts", "cents")
	if got := b.call(listPath, day).records()[0]["amount"]; got != json.Number("50010") {
		t.Errorf("%v", got)
	}
	b.set("zone", "+00:00")
	if got := b.call(listPath, day).records()[0]["merchantOrderId"]; got != "D08" {
		t.Errorf("in another zone the day begins with %v", got)
	}
}

func TestPagesOfStatements(t *testing.T) {
	b := openWith(t, nil)
	for i := range 5 {
		b.order(book.Order{OrderNo: fmt.Sprintf("D%d", i)})
	}
	b.set("page_size", "2")
	b.set("first_page", "0")
	b.set("last_page", "repeats")
	read := func(page string) string {
		var out []string
		for _, r := range b.want("1000", listPath, flat{"createDate": "2026-11-22", "page": page}).records() {
			out = append(out, fmt.Sprint(r["merchantOrderId"]))
		}
		return strings.Join(out, " ")
	}
	for page, want := range map[string]string{"0": "D0 D1", "1": "D2 D3", "2": "D4", "3": "D4", "99": "D4"} {
		if got := read(page); got != want {
			t.Errorf("page %s: %s", page, got)
		}
	}
	for _, f := range []flat{
		{"createDate": "2026-11-22"},
		{"page": "1"},
		{"createDate": "22.11.2026", "page": "1"},
		{"createDate": "2026-11-22", "page": "-1"},
		{"createDate": "2026-11-22", "page": "1", "status": "PAID"},
		{"createDate": "2026-11-22", "page": "1.5"},
	} {
		b.want("1009", listPath, f)
	}
	b.set("first_page", "1")
	b.want("1009", listPath, flat{"createDate": "2026-11-22", "page": "0"})
	b.want("1009", "/api/v1/record/payoutList", flat{"page": "1"})
	if a := b.want("1000", "/api/v1/record/payoutList", flat{"createDate": "2026-11-22", "page": "1"}); len(a.records()) != 0 || a.Data["records"] == nil {
		t.Errorf("%s", a.Raw.Body)
	}
}

func TestBalanceFollowsTheBook(t *testing.T) {
	b := openWith(t, nil)
	b.order(book.Order{OrderNo: "A"})
	b.order(book.Order{OrderNo: "B", Status: client.OrderFailed})
	b.want("1000", refundPath, refundOf("RF1", "CA", "1250"))
	if a := b.want("1000", "/api/v1/account/checkBalance", flat{}); a.Data["balance"] != json.Number("100000") {
		t.Errorf("%s", a.Raw.Body)
	}
	b.settle("RF1", client.RefundSuccess)
	if a := b.want("1000", "/api/v1/account/checkBalance", flat{}); a.Data["balance"] != json.Number("98750") {
		t.Errorf("%s", a.Raw.Body)
	}
	b.set("funds", "empty")
	if a := b.want("1000", "/api/v1/account/checkBalance", flat{}); a.Data["balance"] != json.Number("0") {
		t.Errorf("%s", a.Raw.Body)
	}
}

// TestCodes covers section 10.4.
func TestCodes(t *testing.T) {
	good := flat{"appName": "Sandbox Shop", "mchOrderId": "Q1", "channelCode": "QRPH_DYNAMIC_QR", "amount": "2000", "customerName": "Ana", "expireSeconds": "600"}
	b := open(t)
	a := b.want("1000", "/api/v1/qrcode", good)
	if id, _ := a.Data["qrcodeId"].(string); !strings.HasPrefix(id, "QR1") || a.Data["status"] != "ACTIVE" || a.Data["expireTime"] != "2026-11-22 17:30:10" {
		t.Errorf("%s", a.Raw.Body)
	}
	b.want("1012", "/api/v1/qrcode", good)
	b.want("1000", "/api/v1/qrcode/update", good.with("amount", "3000"))
	if a = b.want("1000", "/api/v1/qrcode/Q1", flat{}); a.Data["amount"] != json.Number("3000") {
		t.Errorf("%s", a.Raw.Body)
	}
	days := flat{"startDate": "2026-11-22", "endDate": "2026-11-22"}
	if a = b.want("1000", "/api/v1/qrcode/Q1/payments", days); len(a.List) != 0 {
		t.Errorf("%s", a.Raw.Body)
	}
	paid := b.theOrder("Q1")
	paid.Status, paid.PaidAt = client.OrderPaid, now
	b.order(paid)
	if a = b.want("1000", "/api/v1/qrcode/Q1/payments", days); a.item(0)["transactionAmount"] != json.Number("3000") || a.item(0)["transactionStatus"] != "COMPLETE" {
		t.Errorf("%s", a.Raw.Body)
	}
	b.want("1009", "/api/v1/qrcode/update", good)
	b.want("1009", "/api/v1/qrcode/cancel", flat{"mchOrderId": "Q1"})
	b.want("1000", "/api/v1/qrcode", good.with("mchOrderId", "Q2"))
	if a = b.want("1000", "/api/v1/qrcode/cancel", flat{"mchOrderId": "Q2"}); a.Data["status"] != "INACTIVE" {
		t.Errorf("%s", a.Raw.Body)
	}
	b.want("1008", "/api/v1/qrcode/Q404", flat{})
	b.want("1008", "/api/v1/qrcode/update", good.with("mchOrderId", "Q404"))
	b.want("1009", "/api/v1/qrcode/Q1/payments", flat{"startDate": "today", "endDate": "2026-11-22"})
	for _, c := range []struct{ name, value, code string }{
		{"amount", "1999", "1009"},
		{"amount", "null", "1020"},
		{"amount", "5000001", "1007"},
		{"channelCode", "QRPH_STATIC_QR", "1011"},
		{"channelCode", "GCASH_QR", "1011"},
		{"expireSeconds", "59", "1009"},
		{"expireSeconds", "3601", "1009"},
		{"customerName", "", "1009"},
	} {
		f := good.with("mchOrderId", "Q3").with(c.name, c.value)
		if c.value == "null" {
			delete(f, c.name)
		}
		b.want(c.code, "/api/v1/qrcode", f)
	}
}
