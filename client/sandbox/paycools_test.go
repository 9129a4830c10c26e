package sandbox_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"paydesk/client"
	"paydesk/client/internal/sign"
	"paydesk/client/sandbox"
)

// cools talks to the PayCools face of a sandbox with the keys that it wrote.
type cools struct {
	*merchant
}

func startPayCools(t *testing.T, opts sandbox.Options) (*sandbox.Sandbox, cools) {
	t.Helper()
	s, m := start(t, opts)
	m.base = s.Ready().URLs["paycools"]
	return s, cools{m}
}

func (p cools) file(name string) []byte {
	p.t.Helper()
	text, err := os.ReadFile(filepath.Join(p.dir, "keys", "paycools", name))
	if err != nil {
		p.t.Fatal(err)
	}
	return text
}

// coolsText is every member that is not empty as name=value, sorted.
func coolsText(members map[string]any) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if value := fmt.Sprint(members[name]); name != "sign" && members[name] != nil && value != "" {
			parts = append(parts, name+"="+value)
		}
	}
	return strings.Join(parts, "&")
}

func (p cools) sign(text string) string {
	p.t.Helper()
	key, err := sign.ParsePrivate(p.file("merchant_private_key.pem"))
	if err != nil {
		p.t.Fatal(err)
	}
	signature, err := sign.SignRSA(key, []byte(text))
	if err != nil {
		p.t.Fatal(err)
	}
	return signature
}

// reply is an answer of the gateway, or the error of the connection.
type reply struct {
	Status int
	Header http.Header
	Raw    string
	Code   string
	Data   any
	Err    error
}

// member is one member of the data, of the first element where it is a list.
func (r reply) member(name string) any {
	list, _ := r.Data.([]any)
	if len(list) > 0 {
		r.Data = list[0]
	}
	object, _ := r.Data.(map[string]any)
	return object[name]
}

func (p cools) do(method, path, query, body string) (r reply) {
	p.t.Helper()
	if query != "" {
		path += "?" + query
	}
	req, err := http.NewRequestWithContext(p.t.Context(), method, p.base+path, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := p.client.Do(req)
	if err != nil {
		return reply{Err: err}
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	r = reply{Status: resp.StatusCode, Header: resp.Header, Raw: string(raw), Err: err}
	var doc struct {
		Code json.Number
		Data any
	}
	d := json.NewDecoder(strings.NewReader(r.Raw))
	d.UseNumber()
	if d.Decode(&doc) == nil {
		r.Code, r.Data = doc.Code.String(), doc.Data
	}
	return r
}

// call sends a signed call of PH.
func (p cools) call(path string, members map[string]any) reply {
	p.t.Helper()
	all := map[string]any{"appId": "paycoolsSandboxApp01"}
	maps.Copy(all, members)
	all["sign"] = p.sign(coolsText(all))
	raw, err := json.Marshal(all)
	if err != nil {
		p.t.Fatal(err)
	}
	return p.do(http.MethodPost, path, "", string(raw))
}

// ask is call with everything in the query.
func (p cools) ask(path string, members map[string]any) reply {
	p.t.Helper()
	values := url.Values{"appId": {"paycoolsSandboxApp01"}}
	for name, value := range members {
		values.Set(name, fmt.Sprint(value))
	}
	all := map[string]any{}
	for name := range values {
		all[name] = values.Get(name)
	}
	values.Set("sign", p.sign(coolsText(all)))
	return p.do(http.MethodGet, path, values.Encode(), "")
}

// group sends a signed call of GROUP.
func (p cools) group(path string, members map[string]any) reply {
	p.t.Helper()
	param, err := json.Marshal(members)
	if err != nil {
		p.t.Fatal(err)
	}
	raw, err := json.Marshal(map[string]string{"appId": "paycoolsSandboxApp01", "param": string(param), "sign": p.sign(string(param))})
	if err != nil {
		p.t.Fatal(err)
	}
	return p.do(http.MethodPost, path, "", string(raw))
}

const coolsPayment = "C120260301010000001" // the fixed payment of 1500.50 PHP

// portal is the address that stands for that of the portal's settings.
const portal = "http://127.0.0.1/paycools-portal"

func refundMembers(no string, cents int) map[string]any {
	return map[string]any{
		"mchRefundOrderId": no, "originalTransactionId": coolsPayment, "refundAmount": cents, "refundCallbackUrl": portal, "refundReason": "damaged item",
	}
}

func (p cools) refund(no string, cents int) reply {
	p.t.Helper()
	return p.call("/api/payment/refund", refundMembers(no, cents))
}

func (p cools) refunds() reply {
	p.t.Helper()
	return p.ask("/api/refund/payments", map[string]any{"originalTransactionId": coolsPayment})
}

// digested reports whether a callback has the right digest, and what it says.
func (p cools) digested(body []byte) (says map[string]any, valid bool) {
	p.t.Helper()
	d := json.NewDecoder(strings.NewReader(string(body)))
	d.UseNumber()
	if err := d.Decode(&says); err != nil {
		p.t.Fatal(err)
	}
	return says, says["sign"] == sign.SignSHA1(coolsText(says), p.file("callback_secret.txt"))
}

// TestPayCoolsRefundFromEndToEnd settles one by itself, sees the callback and
// compares with the truth in paydesk's words.
func TestPayCoolsRefundFromEndToEnd(t *testing.T) {
	h := listen(t, `{"code":1,"msg":"success","message":"success","data":{}}`)
	_, p := startPayCools(t, sandbox.Options{Speed: 600, Notify: h.URL})
	if a := p.refund("RF1", 10050); a.Code != "1000" || a.member("refundStatus") != "PENDING" || a.Status != 200 {
		t.Fatalf("%+v", a)
	}
	until(t, "the settlement", func() bool { return p.refunds().member("refundStatus") == "COMPLETE" })
	r := find(p.get("refunds"), "refund_no", "RF1")
	if r["gateway"] != "paycools" || r["order_no"] != "SO20260228000001" || r["amount"] != "100.50" || r["currency"] != "PHP" || r["status"] != "success" || r["moved"] != 1.0 || len(r) != 8 {
		t.Errorf("%v", r)
	}
	if o := find(p.get("orders"), "gateway_order_no", coolsPayment); o["refunded"] != "100.50" || o["amount"] != "1500.50" || o["status"] != "paid" || o["user_id"] != "U-0420" || len(o) != 8 {
		t.Errorf("%v", o)
	}
	until(t, "the callback", func() bool { return len(h.all()) == 1 })
	says, valid := p.digested(h.all()[0].body)
	if !valid || says["eventName"] != "payment.refund.success" || says["refundStatus"] != "COMPLETE" || says["mchRefundOrderId"] != "RF1" || says["refundAmount"] != json.Number("10050") {
		t.Errorf("%s", h.all()[0].body)
	}
	sent := p.post(http.StatusOK, "callbacks/RF1/send", `{"tamper":"amount"}`)
	if says, valid = p.digested(h.all()[1].body); valid || says["refundAmount"] != json.Number("10051") || sent["acknowledged"] != true {
		t.Errorf("%v %s", sent, h.all()[1].body)
	}
}

// TestPayCoolsGroupDialect gets its callbacks in the dialect of its requests.
func TestPayCoolsGroupDialect(t *testing.T) {
	h := listen(t, `{"code":10000,"message":"Success"}`)
	_, p := startPayCools(t, sandbox.Options{Speed: 600, Notify: h.URL})
	members := refundMembers("RF1", 100)
	members["timestamp"] = time.Now().UnixMilli()
	if a := p.group("/open-api/payment/refund", members); a.Code != "10000" {
		t.Fatalf("%+v", a)
	}
	until(t, "the callback", func() bool { return len(h.all()) == 1 })
	var doc struct{ Param, Sign string }
	if err := json.Unmarshal(h.all()[0].body, &doc); err != nil {
		t.Fatal(err)
	}
	key, err := sign.ParsePublic(p.file("platform_public_key.pem"))
	if err != nil || sign.VerifyRSA(key, []byte(doc.Param), doc.Sign) != nil || !strings.Contains(doc.Param, `"refundStatus":"COMPLETED"`) {
		t.Errorf("%s", h.all()[0].body)
	}
}

// TestPayCoolsCapturedOverTheWire replays vectors at the moment that they name.
func TestPayCoolsCapturedOverTheWire(t *testing.T) {
	raw, err := os.ReadFile("paycools/testdata/captured.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Requests []struct{ ID, Method, Path, JSON, Sign, Query string } `json:"request_sign"`
		V2       []struct{ ID, Body string }                            `json:"request_sign_v2"`
		Rejects  []struct{ ID, Path, Body string }                      `json:"request_reject"`
	}
	if err := json.Unmarshal(raw, &file); err != nil || len(file.Requests) == 0 {
		t.Fatal(err)
	}
	_, p := startPayCools(t, sandbox.Options{})
	p.post(http.StatusOK, "clock", fmt.Sprintf(`{"offset":%q}`, time.Until(time.UnixMilli(1772323200123)).Round(time.Second)))
	for _, c := range file.Requests {
		body := strings.TrimSuffix(c.JSON, "}") + `,"sign":"` + c.Sign + `"}`
		if c.Path == "" {
			continue
		}
		if c.Query != "" {
			body = ""
		}
		if a := p.do(c.Method, c.Path, c.Query, body); a.Code != "1000" {
			t.Errorf("%s: %+v", c.ID, a)
		}
	}
	p.post(http.StatusOK, "switches", `{"paycools/checkout_code":"1000"}`)
	// Its number was taken by the web payment above.
	if a := p.do(http.MethodPost, "/api/v2/checkout/generate", "", file.V2[0].Body); a.Code != "1012" {
		t.Errorf("%+v", a)
	}
	for _, c := range file.Rejects {
		if a := p.do(http.MethodPost, c.Path, "", c.Body); a.Code != "1003" {
			t.Errorf("%s: %+v", c.ID, a)
		}
	}
}

// TestPayCoolsPages lets a payer pay, refuse, or come too late.
func TestPayCoolsPages(t *testing.T) {
	h := listen(t, `{"code":1}`)
	_, p := startPayCools(t, sandbox.Options{Speed: 60, Notify: h.URL})
	members := func(no string) map[string]any {
		return map[string]any{
			"appName": "Sandbox Shop", "mchOrderId": no, "amount": 150050, "channelCode": "MAYA_QR", "email": "a@example.ph", "mobile": "09171234567",
			"callbackUrl": portal, "redirectUrl": "http://shop.example/",
		}
	}
	choose := func(a reply, choice string) {
		t.Helper()
		address, _ := a.member("redirectUrl").(string)
		if address == "" {
			t.Fatalf("%+v", a)
		}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader("choice="+choice))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if status, text := fetch(t, p.merchant, req); status != 200 {
			t.Errorf("%d %s", status, text)
		}
	}
	choose(p.call("/api/v1/payment", members("W1")), "success")
	choose(p.call("/api/v1/payment", members("W2")), "failed")
	until(t, "two callbacks", func() bool { return len(h.all()) == 2 })
	events := map[string]bool{}
	for _, got := range h.all() {
		says, valid := p.digested(got.body)
		if events[fmt.Sprint(says["mchOrderId"], says["eventName"])] = true; !valid || says["channelCode"] != "MAYA_QR" {
			t.Errorf("%s", got.body)
		}
	}
	if !events["W1h5.payment.success"] || !events["W2h5.payment.failed"] {
		t.Errorf("%v", events)
	}
	if o := find(p.get("orders"), "order_no", "W1"); o["status"] != "paid" || o["amount"] != "1500.50" {
		t.Errorf("%v", o)
	}
	_, late := startPayCools(t, sandbox.Options{Speed: 100_000})
	late.call("/api/v1/payment", members("W3"))
	until(t, "the end of the link", func() bool { return find(late.get("orders"), "order_no", "W3")["status"] == "failed" })
	param := fmt.Sprintf(`{"mchOrderId":"K1","currency":"PHP","amount":100,"notifyUrl":%q,"redirectUrl":"http://x/","timestamp":%d}`, portal, time.Now().UnixMilli())
	body, _ := json.Marshal(map[string]string{"appId": "paycoolsSandboxApp01", "param": param, "sign": late.sign("appId=paycoolsSandboxApp01&param=" + param)})
	if a := late.do(http.MethodPost, "/api/v2/checkout/generate", "", string(body)); a.Code != "1" {
		t.Fatalf("%+v", a)
	}
	until(t, "the end of the checkout", func() bool { return find(late.get("orders"), "order_no", "K1")["status"] == "closed" })
}

// TestPayCoolsOrdersByHand have the gateway's currency unless told otherwise.
func TestPayCoolsOrdersByHand(t *testing.T) {
	_, p := startPayCools(t, sandbox.Options{})
	o := p.post(http.StatusOK, "orders", `{"gateway":"paycools"}`)
	if o["currency"] != "PHP" || o["amount"] != "100.00" || o["status"] != "paid" || o["gateway"] != "paycools" {
		t.Errorf("%v", o)
	}
	members := refundMembers("RF1", 100)
	members["originalTransactionId"] = o["gateway_order_no"]
	if a := p.call("/api/payment/refund", members); a.Code != "1000" {
		t.Errorf("%+v", a)
	}
	p.post(http.StatusBadRequest, "orders", `{"gateway":"paycools","currency":"HKD"}`)
	p.post(http.StatusNotFound, "refunds/RF1/settle?gateway=payermax", `{"status":"success"}`)
	if list := p.get("requests"); list[0]["query"] != nil || list[0]["code"] != "1000" {
		t.Errorf("%v", list)
	}
	p.refunds()
	if list := p.get("requests"); !strings.Contains(fmt.Sprint(list[1]["query"]), "originalTransactionId="+coolsPayment) {
		t.Errorf("%v", list[1])
	}
}

// TestPayCoolsShareOfTheOrders keeps the total, the times and the fixed orders.
func TestPayCoolsShareOfTheOrders(t *testing.T) {
	s, err := sandbox.Start(t.Context(), sandbox.Options{Orders: 300, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	count, fixed := map[string]int{}, map[string]bool{}
	var last time.Time
	for _, o := range s.Truth().Orders {
		count[o.Gateway]++
		fixed[o.OrderNo+" "+o.GatewayOrderNo] = true
		if o.CreatedAt.Before(last) {
			t.Errorf("order %s came before its elder", o.OrderNo)
		}
		last = o.CreatedAt
		if o.Gateway == "paycools" && (o.Amount.Currency != "PHP" || o.Method == "" || o.FailCode != "" && o.Status != client.OrderFailed) {
			t.Errorf("%+v", o)
		}
	}
	if count["payermax"] < 180 || count["paycools"] < 60 || count["payermax"]+count["paycools"]+count["easylink"] != 300 {
		t.Errorf("%v", count)
	}
	for _, no := range []string{"SO20260228000001 " + coolsPayment, "SO20260228000002 C1"} {
		if !fixed[no] {
			t.Errorf("order %s is not there", no)
		}
	}
	if set := s.Settings("paycools-sandbox"); set["refund_notify_url"] != portal || len(set) != 6 || len(s.Settings("checus-sandbox")) != 0 {
		t.Errorf("%v", set)
	}
}
