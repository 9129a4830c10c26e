package intake

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"paydesk/client"
)

// decimals is a gateway's table: IDR has none, unlike ISO 4217.
func decimals(currency string) (uint8, bool) {
	if currency == "IDR" {
		return 0, true
	}
	return client.ISODecimals(currency)
}

// read collects what a file holds; whole is the error that ended it.
func read(t *testing.T, text string, o Options) (orders []client.Order, problems []string, whole error) {
	t.Helper()
	o.Decimals = decimals
	file, err := Open(strings.NewReader(text), o)
	if err != nil {
		return nil, nil, err
	}
	for order, err := range file.Orders() {
		bad, ok := errors.AsType[*Problem](err)
		switch {
		case ok:
			problems = append(problems, bad.Error())
		case err != nil:
			whole = err
		default:
			orders = append(orders, order)
		}
	}
	return orders, problems, whole
}

func numbers(orders []client.Order) string {
	var out []string
	for _, o := range orders {
		out = append(out, o.OrderNo)
	}
	return strings.Join(out, " ")
}

func TestEveryFieldOfCSV(t *testing.T) {
	orders, problems, err := read(t, "\ufefforder_no;gateway_order_no;channel_no;user_id;amount;currency;status;method;brand;card;note;created_at;paid_at\r\n"+
		"P1;T1;C1;U-1;58.5;hkd;SUCCESS;CARD;VISA;400000******4242;\"two; \"\"tickets\"\"\r\nplease\";2026-11-20T10:00:00+08:00;2026-11-20 10:01:00\r\n", Options{Format: CSV})
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	want := []client.Order{{
		OrderNo: "P1", GatewayOrderNo: "T1", ChannelNo: "C1", UserID: "U-1", Amount: client.Money{Minor: 5850, Currency: "HKD", Exp: 2},
		Status: client.OrderPaid, Method: "CARD", Brand: "VISA", Card: "····4242", Note: "two; \"tickets\"\nplease",
		CreatedAt: time.Date(2026, 11, 20, 2, 0, 0, 0, time.UTC), PaidAt: time.Date(2026, 11, 20, 10, 1, 0, 0, time.UTC),
	}}
	if diff := cmp.Diff(want, orders); diff != "" {
		t.Error(diff)
	}
}

func TestNamesOfColumns(t *testing.T) {
	for _, header := range []string{
		"order_no,amount,currency", "Merchant Txn ID,Order Amount,Currency", "outTradeNo,totalAmount,currency", "ORDER-NUMBER,TXN AMOUNT,Transaction Currency",
	} {
		orders, problems, err := read(t, header+"\nP1,10,USD\n", Options{Format: CSV})
		if err != nil || len(problems) > 0 || numbers(orders) != "P1" {
			t.Errorf("%s: %v %v %v", header, orders, problems, err)
		}
	}
	for header, want := range map[string]string{
		"number,value\n":              `no column is called order_no`,
		"order_no,currency\n":         `no column is called amount`,
		"outTradeNo,orderId,amount\n": `both mean order_no`,
		"amount,order_no,amount\n":    `both mean amount`,
		"":                            `the file is empty`,
		"\n \n":                       `the file is empty`,
		"\"order_no,amount\n":         `cannot be read`,
		"\xff\xfeo\x00":               `UTF-16`,
		"PK\x03\x04":                  `workbook`,
	} {
		_, _, err := read(t, header, Options{Format: CSV})
		if client.ClassOf(err) != client.ClassInput || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", header, err, want)
		}
	}
	// paydesk's own name wins over a synonym, in either order.
	for _, header := range []string{"order_no,orderId,amount,currency", "orderId,order_no,amount,currency"} {
		row := "P1,X,10,USD"
		if strings.HasPrefix(header, "orderId") {
			row = "X,P1,10,USD"
		}
		orders, _, err := read(t, header+"\n"+row+"\n", Options{Format: CSV})
		if err != nil || numbers(orders) != "P1" {
			t.Errorf("%s: %v %v", header, orders, err)
		}
	}
}

func TestBadLinesAreNamedAndTheRestIsRead(t *testing.T) {
	text := `order_no,amount,currency,status,user_id,created_at
P1,10,USD,paid,U-1,
,10,USD,paid,U-1,
P3,"1,000.00",USD,paid,U-1,
P4,-5,USD,paid,U-1,
P5,10.001,USD,paid,U-1,
P6,10.5,IDR,paid,U-1,
P7,0,USD,paid,U-1,
P8,10,XXX,paid,U-1,
P9,10,,paid,U-1,
P10,10,USD,odd,U-1,
P11,10,USD,paid,U-1,21/11/2026
P12,10,USD,paid
P13,10,USD,paid,"U-1",,,
P14,1e3,USD,paid,U-1,
1.64241E+12,10,USD,paid,U-1,
P16` + "\x1b" + `,10,USD,paid,U-1,
P17` + "\xff" + `,10,USD,paid,U-1,
P18,10,USD,paid,` + strings.Repeat("U", 65) + `,

P20,10,USD,,U-1,2026-11-21
`
	orders, problems, err := read(t, text, Options{Format: CSV})
	if err != nil {
		t.Fatal(err)
	}
	if got := numbers(orders); got != "P1 P13 P20" {
		t.Errorf("orders: %s", got)
	}
	want := []string{
		"line 3: order_no: is empty", `line 4: amount: "1,000.00" is not a plain`, `line 5: amount: "-5" is not a plain`, `line 6: amount: "10.001" has too many decimals; USD has 2`,
		`line 7: amount: "10.5" has too many decimals; IDR has 0`, `line 8: amount: "0" must be above zero`, `line 9: currency: "XXX" is no currency`,
		"line 10: currency: is empty", `line 11: status: "odd" is no known state`, `line 12: created_at: "21/11/2026" is no time`, "line 13: has 4 columns where the header has 6",
		`line 15: amount: "1e3" is not a plain`, `line 16: order_no: "1.64241E+12" was rounded`, `line 17: order_no: "P16\x1b" has invisible`,
		"line 18: order_no: \"P17\\xff\" is not valid UTF-8", "line 19: user_id: ",
	}
	if len(problems) != len(want) {
		t.Fatalf("%d problems, want %d:\n%s", len(problems), len(want), strings.Join(problems, "\n"))
	}
	for i := range want {
		if !strings.HasPrefix(problems[i], want[i]) {
			t.Errorf("problem %d: %s\nwant %s", i, problems[i], want[i])
		}
	}
	if orders[2].Status != client.OrderUnknown {
		t.Errorf("an order without a state is %s", orders[2].Status)
	}
}

// A quote that is opened and not closed costs its own line only.
func TestStrayQuotesSwallowNothing(t *testing.T) {
	var text strings.Builder
	text.WriteString("order_no,amount,currency,note\nP1,10,USD,\"never closed\n")
	for i := range 1000 {
		fmt.Fprintf(&text, "Q%d,10,USD,\n", i)
	}
	text.WriteString("P2,10,USD,\"a \"b\" c\"\nP3,10,USD,\"multi\nline\"\nP4,10,USD,5\" screen\nP5,10,USD,\"open at the end\n")
	orders, problems, err := read(t, text.String(), Options{Format: CSV})
	if err != nil {
		t.Fatal(err)
	}
	if len(orders) != 1002 {
		t.Errorf("%d orders", len(orders))
	}
	if got := strings.Join(problems, "\n"); !strings.Contains(got, "line 2: a quote is opened") || !strings.Contains(got, "line 1003: column 4: text follows") ||
		!strings.Contains(got, "line 1007: a quote is opened and never closed") || len(problems) != 3 {
		t.Error(got)
	}
	if last := orders[len(orders)-1]; last.Note != `5" screen` || orders[len(orders)-2].Note != "multi\nline" {
		t.Errorf("%+v", last)
	}
}

func TestLongLines(t *testing.T) {
	text := "order_no,amount,currency,note\nP1,10,USD," + strings.Repeat("x", LineLimit) + "\nP2,10,USD,ok\nP3,10,USD,\"" + strings.Repeat("y\n", LineLimit/2) + "\"\nP4,10,USD,\n"
	orders, problems, err := read(t, text, Options{Format: CSV})
	if err != nil || numbers(orders[:1])+" "+numbers(orders[len(orders)-1:]) != "P2 P4" || !strings.Contains(problems[0], "line 2: the line is longer than 1024 KiB") {
		t.Errorf("%d orders, %d problems, %v", len(orders), len(problems), err)
	}
	orders, problems, err = read(t, `{"order_no":"P1","amount":"1","currency":"USD","note":"`+strings.Repeat("x", LineLimit)+"\"}\n"+`{"order_no":"P2","amount":"1","currency":"USD"}`, Options{Format: JSONLines})
	if err != nil || numbers(orders) != "P2" || len(problems) != 1 {
		t.Error(orders, problems, err)
	}
}

func TestJSONLines(t *testing.T) {
	text := "\ufeff" + `{"outTradeNo":"P1","totalAmount":58.50,"currency":"HKD","status":"SUCCESS","extra":{"a":[1,"}"]},"user_id":null,"note":"caf\u00e9 \"x\"","created_at":1763632800}

{"order_no":"P2","amount":"10","currency":"USD","paid_at":"1763632800000"}
{"order_no":"P3","amount":1e2,"currency":"USD"}
{"order_no":"P4","amount":"10","amount":"20","currency":"USD"}
{"order_no":{"a":1},"amount":"10","currency":"USD"}
{"order_no":"P6","amount":true,"currency":"USD"}
[1]
{"order_no":"P8",
{"order_no":1234567890123456789,"amount":0.10000,"currency":"USD"}
`
	orders, problems, err := read(t, text, Options{Format: JSONLines})
	if err != nil {
		t.Fatal(err)
	}
	if got := numbers(orders); got != "P1 P2 1234567890123456789" {
		t.Error(got)
	}
	at := time.Date(2025, 11, 20, 10, 0, 0, 0, time.UTC)
	if o := orders[0]; o.Amount.Minor != 5850 || o.Note != `café "x"` || !o.CreatedAt.Equal(at) || o.UserID != "" {
		t.Errorf("%+v", o)
	}
	if !orders[1].PaidAt.Equal(at) || orders[2].Amount.Minor != 10 {
		t.Errorf("%+v", orders[1:])
	}
	want := []string{
		`line 4: amount: "1e2" is not a plain`, `line 5: amount: says the same as member "amount"`, "line 6: order_no: must be a text",
		"line 7: amount: must be a text", "line 8: is no JSON object", "line 9: is no JSON object",
	}
	for i := range want {
		if i >= len(problems) || !strings.HasPrefix(problems[i], want[i]) {
			t.Fatalf("%v", problems)
		}
	}
}

// covers S16, S18: card numbers are masked before anything is stored, and what
// keeps a spreadsheet from computing is taken off again.
func TestHostileValues(t *testing.T) {
	text := "order_no,amount,currency,card,note,method\n" +
		"P1,10,USD,4111 1111 1111 1111,card 4111-1111-1111-1111 was used,'=1+1\n" +
		"P2,10,USD,no digits,=HYPERLINK(\"http://x\"),'plain\n"
	orders, problems, err := read(t, text, Options{Format: CSV})
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	if o := orders[0]; o.Card != "····1111" || o.Note != "card ····1111 was used" || o.Method != "=1+1" {
		t.Errorf("%+v", o)
	}
	if o := orders[1]; o.Card != "" || o.Note != `=HYPERLINK("http://x")` || o.Method != "'plain" {
		t.Errorf("%+v", o)
	}
	_, problems, _ = read(t, "order_no,amount,currency\nP1,4111111111111111111111,USD\nP2,4111111111111111 x,USD\n", Options{Format: CSV})
	if len(problems) != 2 || strings.Contains(problems[1], "4111111111111111") {
		t.Error(problems)
	}
}

func TestTimeZone(t *testing.T) {
	hk := time.FixedZone("HKT", 8*3600)
	orders, _, err := read(t, "order_no,amount,currency,created_at,paid_at\nP1,10,USD,2026-11-20 10:00:00,2026-11-20T10:00:00Z\n", Options{Format: CSV, Location: hk})
	if err != nil || !orders[0].CreatedAt.Equal(time.Date(2026, 11, 20, 2, 0, 0, 0, time.UTC)) || !orders[0].PaidAt.Equal(time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)) {
		t.Error(orders, err)
	}
}

func TestAmountWithItsCurrency(t *testing.T) {
	orders, problems, err := read(t, "order_no,amount\nP1,58.00 HKD\nP2,10\n", Options{Format: CSV})
	if err != nil || len(orders) != 1 || orders[0].Amount != (client.Money{Minor: 5800, Currency: "HKD", Exp: 2}) || len(problems) != 1 {
		t.Error(orders, problems, err)
	}
}

func TestFormats(t *testing.T) {
	for name, want := range map[string]Format{"a.csv": CSV, "A.CSV": CSV, "x.ndjson": JSONLines, "x.jsonl": JSONLines, "x.xlsx": "", "x": ""} {
		if got, ok := FormatOf(name); got != want || ok != (want != "") {
			t.Errorf("%s: %s %v", name, got, ok)
		}
	}
	if _, _, err := read(t, "x", Options{Format: "xml"}); client.ClassOf(err) != client.ClassInput {
		t.Error(err)
	}
}

type broken struct{ io.Reader }

func (b broken) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if errors.Is(err, io.EOF) {
		err = errors.New("the cable was pulled")
	}
	return n, err
}

func TestReadErrorEndsTheFile(t *testing.T) {
	var orders int
	var last error
	file, err := Open(broken{strings.NewReader("order_no,amount,currency\nP1,10,USD\n")}, Options{Format: CSV, Decimals: decimals})
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range file.Orders() {
		if err == nil {
			orders++
		}
		last = err
	}
	if orders != 1 || client.ClassOf(last) != client.ClassInput {
		t.Error(orders, last)
	}
}

// Whatever a file holds: no panic, no order without number or with an amount
// that is not above zero, and every line is either read or named.
func FuzzOrders(f *testing.F) {
	f.Add("order_no,amount,currency\nP1,10,USD\n", true)
	f.Add("order_no;amount;currency\n\"P1\";\"1\"\"0\";USD\r\n\"", true)
	f.Add(`{"order_no":"P1","amount":10,"currency":"USD","x":{"y":["\""]}}`, false)
	f.Add("mchOrderNo,amount,state,Fee\nP1,100,2,1\n", true)
	f.Add(`{"mchOrderId":"P1","amount":10,"x":[],"y":true}`, false)
	f.Fuzz(func(t *testing.T, text string, csv bool) {
		gateway := []string{"", "payermax", "paycools", "easylink"}[len(text)%4]
		o := Options{Format: JSONLines, Decimals: decimals, Gateway: gateway}
		if csv {
			o.Format = CSV
		}
		file, err := Open(strings.NewReader(text), o)
		if err != nil {
			if client.ClassOf(err) != client.ClassInput {
				t.Fatal(err)
			}
			return
		}
		for order, err := range file.Orders() {
			if err != nil {
				if client.ClassOf(err) != client.ClassInput && client.ClassOf(err) != client.ClassBug {
					t.Fatal(err)
				}
				continue
			}
			if order.OrderNo == "" || order.Amount.Minor <= 0 || order.Amount.Currency == "" || utf8.RuneCountInString(order.Note) > maxNote {
				t.Fatalf("%+v", order)
			}
		}
	})
}

func BenchmarkCSV(b *testing.B) {
	var text strings.Builder
	text.WriteString("order_no,amount,currency,status,user_id,method,card,note,created_at,paid_at\n")
	for i := range 10000 {
		fmt.Fprintf(&text, "P%d,58.00,HKD,paid,U-%d,CARD,400000******4242,\"ticket %d\",2026-11-20T10:00:00Z,2026-11-20T10:00:15Z\n", i, i%500, i)
	}
	b.SetBytes(int64(text.Len()))
	for b.Loop() {
		n := 0
		file, err := Open(strings.NewReader(text.String()), Options{Format: CSV, Decimals: decimals, Gateway: "payermax"})
		if err != nil {
			b.Fatal(err)
		}
		for _, err := range file.Orders() {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
		if n != 10000 {
			b.Fatal(n)
		}
	}
}

// A portal's report: half of its columns are kept as notes.
func BenchmarkReport(b *testing.B) {
	var text strings.Builder
	text.WriteString("AppID,Txn Create Time,Txn Complete Time,User ID,Transaction Type,Merchant Txn ID,Trade Order ID,Txn Status,Country,Txn Amount,Txn Currency,Payment Method Type,Payment Method,Traget Org/Card Org,Txn Fee,Net Amount,Failure Reason\n")
	for i := range 10000 {
		fmt.Fprintf(&text, "b1de8a8f728840739fcb7ab49b02f4cd,2026-11-20 10:00:00,2026-11-20 10:00:15,U-%d,PAYMENT,P%d,T20261120%08d,SUCCESS,HK,58.00,HKD,CARD,VISA,VISA,-1.20,56.80,\n", i%500, i, i)
	}
	b.SetBytes(int64(text.Len()))
	for b.Loop() {
		n := 0
		file, err := Open(strings.NewReader(text.String()), Options{Format: CSV, Decimals: decimals, Gateway: "payermax"})
		if err != nil {
			b.Fatal(err)
		}
		for _, err := range file.Orders() {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
		if n != 10000 {
			b.Fatal(n)
		}
	}
}
