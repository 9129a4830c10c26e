package paycools

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"paydesk/client"
)

const recordOne = `{"merchantOrderId":"SO20261122000001","transactionId":"C120261122010000001","paymentMethod":"EWALLET","paymentChannel":"GCASH_QR","amount":500.1,` +
	`"fee":"5.00","name":"Juan","mobile":"09171234567","status":"COMPLETE","appName":"Sandbox Shop","createTime":"2026-11-22 17:01:07","completeTime":"2026-11-22 17:01:22"}`

func someDay() client.Day { return client.Day{Year: 2026, Month: time.November, Day: 22} }

func first(n int) *int { return &n }

func TestStatementOnTheWire(t *testing.T) { // paycools: section 8
	s := newStub(t, ok(`{"records":[`+recordOne+`]}`))
	g := connect(t, s.server.URL, func(c *Config) { c.StatementFirst = first(1) })
	got, err := g.Statement(t.Context(), someDay(), 1)
	if err != nil {
		t.Fatal(err)
	}
	want := client.Order{
		OrderNo: "SO20261122000001", GatewayOrderNo: "C120261122010000001", Amount: php(50010), Status: client.OrderPaid, Method: "GCASH_QR",
		CreatedAt: manila("2026-11-22 17:01:07"), PaidAt: manila("2026-11-22 17:01:22"),
	}
	if len(got.Orders) != 1 || got.Orders[0] != want || len(got.Faults) != 0 || got.Day != someDay() || got.Page != 1 || got.Empty() {
		t.Errorf("%+v", got)
	}
	r := s.last()
	if r.method != "POST" || r.path != "/api/v1/record/paymentList" ||
		!strings.HasPrefix(string(r.body), `{"appId":"paycoolsTestApp0001","createDate":"2026-11-22","page":1,"timestamp":"1795339800000","sign":"`) {
		t.Errorf("sent %s %s", r.path, r.body)
	}
	if x := got.Exchange; x.Operation != "paymentList" || x.Verified || !strings.Contains(string(x.Answer), "C120261122010000001") {
		t.Errorf("evidence %+v", x)
	}
	if zone := g.StatementZone().String(); zone != "PHT" {
		t.Error(zone)
	}
	g = connect(t, s.server.URL, func(c *Config) { c.StatementFirst, c.StatementDate = first(0), ByCompletion })
	if _, err := g.Statement(t.Context(), someDay(), 3); err != nil || s.last().data.Text("completeDate") != "2026-11-22" || s.last().data.Text("page") != "2" {
		t.Errorf("sent %s, %v", s.last().body, err)
	}
}

func TestStatementAmounts(t *testing.T) { // covers I11; paycools: section 12 no. 10
	for text, want := range map[string]int64{
		"500.1": 50010, `"500.10"`: 50010, "500": 50000, `"0.01"`: 1, "5.001E+2": 50010, `"500.1000"`: 50010, "0": 0, "90071992547409.93": 9007199254740993,
		"500.101": -1, "-5": -1, `"1,000.00"`: -1, `"PHP 5"`: -1, `""`: -1, "null": -1, "1e30": -1,
	} {
		s := newStub(t, ok(`{"records":[`+with(t, recordOne, "500.1", text)+`]}`))
		g := connect(t, s.server.URL, func(c *Config) { c.StatementFirst = first(1) })
		got, err := g.Statement(t.Context(), someDay(), 1)
		switch {
		case err != nil:
			t.Errorf("%s: %v", text, err)
		case want < 0:
			if len(got.Orders) != 0 || len(got.Faults) != 1 || got.Faults[0].Record != 1 || got.Faults[0].OrderNo != "SO20261122000001" || client.ClassOf(got.Faults[0].Err) != client.ClassInput {
				t.Errorf("%s: %+v", text, got)
			}
		case len(got.Orders) != 1 || got.Orders[0].Amount != php(want):
			t.Errorf("%s: %+v", text, got)
		}
	}
}

// TestStatementFaults reads a page on which only some records are whole.
func TestStatementFaults(t *testing.T) {
	s := newStub(t, ok(`{"records":[7,{"amount":"1.00"},`+with(t, recordOne, `"merchantOrderId":"SO20261122000001"`, `"merchantOrderId":null`)+`,`+recordOne+`]}`))
	g := connect(t, s.server.URL, func(c *Config) { c.StatementFirst = first(1) })
	got, err := g.Statement(t.Context(), someDay(), 1)
	if err != nil || len(got.Orders) != 2 || len(got.Faults) != 2 || got.Faults[0].Record != 1 || got.Faults[1].Record != 2 {
		t.Fatalf("%+v, %v", got, err)
	}
	// A payment that the merchant did not number is known by the gateway's.
	if got.Orders[0].OrderNo != "C120261122010000001" || got.Orders[1].OrderNo != "SO20261122000001" {
		t.Errorf("%+v", got.Orders)
	}
}

func TestStatementForms(t *testing.T) {
	for data, want := range map[string]int{
		`[` + recordOne + `]`: 1, `[]`: 0, `null`: 0, `{}`: 0, `{"records":null}`: 0, `{"records":[]}`: 0, `{"records":"none"}`: -1, `"none"`: -1, `7`: -1,
	} {
		s := newStub(t, ok(data))
		g := connect(t, s.server.URL, func(c *Config) { c.StatementFirst = first(1) })
		got, err := g.Statement(t.Context(), someDay(), 1)
		if want < 0 {
			fault(t, err, client.ClassUnknown, "records")
			continue
		}
		if err != nil || len(got.Orders) != want || got.Empty() != (want == 0) {
			t.Errorf("%s: %+v, %v", data, got, err)
		}
	}
	g, s := gatewayWith(t, code(1008)) // nothing on that day
	if got, err := g.Statement(t.Context(), someDay(), 1); err != nil || !got.Empty() || got.Exchange.Code != "1008" {
		t.Errorf("%+v, %v", got, err)
	}
	sent := len(s.requests())
	for _, page := range []int{0, -1} {
		if _, err := g.Statement(t.Context(), someDay(), page); client.ClassOf(err) != client.ClassInput {
			t.Error(err)
		}
	}
	if _, err := g.Statement(t.Context(), client.Day{}, 1); client.ClassOf(err) != client.ClassInput || len(s.requests()) != sent {
		t.Error(err)
	}
	g, _ = dialectWith(t, GROUP, ok("[]"))
	_, err := g.Statement(t.Context(), someDay(), 1)
	fault(t, err, client.ClassUnsupported, "statement")
}

// lister is the double of a statement: so many records a day on pages of three,
// counted from zero or one, with its manners at pages that are not there.
type lister struct {
	t          *testing.T
	from       int
	perDay     map[string]int
	clampAbove bool   // behind the last page comes the last page again
	clampZero  bool   // page 0 is answered as page 1
	refuseZero string // code for page 0
}

func (l lister) answer(r received) answer {
	if r.path != "/api/v1/record/paymentList" {
		return code(1008)
	}
	page, err := strconv.Atoi(r.data.Text("page"))
	if err != nil {
		l.t.Error(err)
	}
	day := r.data.Text("createDate")
	count := l.perDay[day]
	pages := (count + 2) / 3
	index := page - l.from
	switch {
	case index < 0 && l.refuseZero != "":
		return code(l.refuseZero)
	case index < 0 && l.clampZero:
		index = 0
	case index >= pages && l.clampAbove && pages > 0:
		index = pages - 1
	}
	var records []string
	for n := index * 3; n >= 0 && n < min(index*3+3, count); n++ {
		no := strings.ReplaceAll(day, "-", "") + fmt.Sprintf("%04d", n)
		records = append(records, strings.NewReplacer("SO20261122000001", "SO"+no, "C120261122010000001", "C"+no).Replace(recordOne))
	}
	return ok(`{"records":[` + strings.Join(records, ",") + `]}`)
}

// TestStatementIsReadWhole reads three days from every kind of gateway that the
// documents leave possible.
func TestStatementIsReadWhole(t *testing.T) { // paycools: section 8
	perDay := map[string]int{"2026-11-20": 7, "2026-11-22": 3, "2026-11-23": 1}
	for name, l := range map[string]lister{
		"from 1, empty at both ends": {from: 1}, "from 1, repeats the last": {from: 1, clampAbove: true}, "from 1, 0 is 1": {from: 1, clampZero: true},
		"from 1, refuses 0": {from: 1, refuseZero: "1009"}, "from 1, unknown code for 0": {from: 1, refuseZero: "1503"}, "from 1, not found for 0": {from: 1, refuseZero: "1008"},
		"from 0": {from: 0}, "from 0, repeats the last": {from: 0, clampAbove: true},
	} {
		t.Run(name, func(t *testing.T) {
			l.t, l.perDay = t, perDay
			s := newStub(t)
			s.script = l.answer
			g := connect(t, s.server.URL)
			seen := map[string]int{}
			var at client.StatementPosition
			read := func(g *Gateway, from client.StatementPosition, limit int) error {
				return client.ReadStatement(t.Context(), g, from, someDay().Next(1), func(page client.StatementPage, next client.StatementPosition) error {
					for _, o := range page.Orders {
						seen[o.OrderNo]++
					}
					at = next
					if limit--; limit == 0 {
						return http.ErrAbortHandler
					}
					return nil
				})
			}
			if err := read(g, client.StatementPosition{Day: someDay().Next(-3)}, 0); err != nil || len(seen) != 11 {
				t.Fatalf("%v, %v", seen, err)
			}
			for no, n := range seen {
				if n != 1 {
					t.Errorf("%s was read %d times", no, n)
				}
			}
			// Interrupted after each page and taken up by another process, it is the same.
			clear(seen)
			at = client.StatementPosition{Day: someDay().Next(-3)}
			for range 20 {
				if err := read(connect(t, s.server.URL), at, 1); err == nil {
					break
				}
			}
			if len(seen) != 11 {
				t.Errorf("resumed: %v", seen)
			}
			for no, n := range seen {
				if n != 1 {
					t.Errorf("resumed: %s was read %d times", no, n)
				}
			}
		})
	}
}

func TestStatementTrouble(t *testing.T) {
	s := newStub(t)
	s.script = func(r received) answer {
		if r.data.Text("page") == "0" {
			return answer{status: 503, body: "busy"}
		}
		return ok(`{"records":[` + recordOne + `]}`)
	}
	// That page 0 could not be had says nothing about how pages are counted.
	_, err := connect(t, s.server.URL).Statement(t.Context(), someDay(), 1)
	fault(t, err, client.ClassUnknown, "http-503")
	g, s := gatewayWith(t, code(1013))
	_, err = g.Statement(t.Context(), someDay(), 1)
	fault(t, err, client.ClassRate, "1013")
	if len(s.requests()) != 3 {
		t.Errorf("%d requests", len(s.requests()))
	}
}

func TestFindOrderInTheStatement(t *testing.T) { // paycools: section 10.2
	s := newStub(t)
	s.script = lister{t: t, from: 1, perDay: map[string]int{"2026-11-18": 4, "2026-11-20": 7, "2026-11-22": 3}}.answer
	g := connect(t, s.server.URL)
	got, err := g.QueryOrder(t.Context(), "SO202611200005") // the day before yesterday
	want := client.Order{
		OrderNo: "SO202611200005", GatewayOrderNo: "C202611200005", Amount: php(50010), Status: client.OrderPaid, Method: "GCASH_QR",
		CreatedAt: manila("2026-11-22 17:01:07"), PaidAt: manila("2026-11-22 17:01:22"),
	}
	if err != nil || got.Order != want || got.Exchange.Operation != "paymentList" {
		t.Errorf("%+v, %v", got.Order, err)
	}
	if got, err := g.QueryOrder(t.Context(), "C202611220002"); err != nil || got.Order.OrderNo != "SO202611220002" {
		t.Errorf("by the gateway's number: %+v, %v", got.Order, err)
	}
	_, err = g.QueryOrder(t.Context(), "SO202611180001")
	if e := fault(t, err, client.ClassNotFound, "order"); !strings.Contains(e.Message, "last 3 days") || e.Exchange == nil {
		t.Errorf("%+v", e)
	}
	ref := client.OrderRef{OrderNo: "SO202611180001", Placed: someDay().Next(-4)}
	if got, err = g.FindOrder(t.Context(), ref); err != nil || got.Order.GatewayOrderNo != "C202611180001" {
		t.Errorf("on its day: %+v, %v", got.Order, err)
	}
	ref.OrderNo = "SO202611180009"
	_, err = g.FindOrder(t.Context(), ref)
	if e := fault(t, err, client.ClassNotFound, "order"); !strings.Contains(e.Message, "2026-11-18") {
		t.Errorf("%+v", e)
	}
	before := len(s.requests())
	g = connect(t, s.server.URL, func(c *Config) { c.LookBack = -1 })
	_, err = g.QueryOrder(t.Context(), "SO202611200005")
	if fault(t, err, client.ClassNotFound, "order"); len(s.requests()) != before+1 {
		t.Errorf("%d requests", len(s.requests())-before)
	}
}

// TestOneNumberManyPayments meets a static code, whose payments have one number.
func TestOneNumberManyPayments(t *testing.T) {
	s := newStub(t)
	s.script = func(r received) answer {
		if r.path != "/api/v1/record/paymentList" || r.data.Text("page") != "1" {
			return code(1008)
		}
		return ok(`{"records":[` + recordOne + `,` + with(t, recordOne, "C120261122010000001", "C2") + `]}`)
	}
	_, err := connect(t, s.server.URL).QueryOrder(t.Context(), "SO20261122000001")
	fault(t, err, client.ClassInput, "order_no")
	if got, err := connect(t, s.server.URL).QueryOrder(t.Context(), "C2"); err != nil || got.Order.GatewayOrderNo != "C2" {
		t.Errorf("%+v, %v", got.Order, err)
	}
}

func TestStatementSearchIsBounded(t *testing.T) {
	s := newStub(t)
	n := 0
	s.script = func(r received) answer {
		if r.path != "/api/v1/record/paymentList" {
			return code(1008)
		}
		n++
		return ok(`{"records":[` + with(t, recordOne, "SO20261122000001", fmt.Sprintf("X%d", n)) + `]}`)
	}
	g := connect(t, s.server.URL, func(c *Config) { c.StatementFirst = first(1) })
	_, err := g.QueryOrder(t.Context(), "SO1")
	if fault(t, err, client.ClassNotFound, "order"); n != searchPages {
		t.Errorf("%d pages were read", n)
	}
}

func TestBalance(t *testing.T) { // paycools: section 8
	for data, want := range map[string]client.Money{
		`{"balance":50010}`: php(50010), `{"balance":"0"}`: php(0), `{"balance":-500}`: php(-500),
	} {
		g, s := gatewayWith(t, ok(data))
		got, err := g.Balance(t.Context())
		if err != nil || got.Balance != want || got.Exchange.Operation != "balance" || s.last().path != "/api/v1/account/checkBalance" || s.last().method != "GET" {
			t.Errorf("%s: %+v, %v", data, got.Balance, err)
		}
	}
	for _, data := range []string{`{"balance":500.10}`, `{"balance":null}`, `{}`, `null`, `{"balance":"9223372036854775808"}`} {
		g, _ := gatewayWith(t, ok(data))
		_, err := g.Balance(t.Context())
		fault(t, err, client.ClassUnknown, "amount")
	}
	g, _ := dialectWith(t, GROUP, ok("{}"))
	_, err := g.Balance(t.Context())
	fault(t, err, client.ClassUnsupported, "balance")
	g, _ = gatewayWith(t, code(1001))
	_, err = g.Balance(t.Context())
	fault(t, err, client.ClassAuth, "1001")
}
