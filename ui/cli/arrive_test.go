package cli_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// payments makes n paid orders at a gateway, some on each of the last days.
func (s *stage) payments(gateway, currency string, n, days int) {
	s.t.Helper()
	now := time.Now().UTC()
	for i := range n {
		at := now.AddDate(0, 0, -(i % days)).Add(-time.Minute)
		body := fmt.Sprintf(`{"gateway":%q,"order_no":"ST%04d","amount":"%d.%02d","currency":%q,"created_at":%q,"paid_at":%q}`,
			gateway, i, 100+i, i%100, currency, at.Format(time.RFC3339), at.Add(time.Second).Format(time.RFC3339))
		if _, err := s.box.call(http.MethodPost, "orders", body); err != nil {
			s.t.Fatal(err)
		}
	}
}

// counted is the last line of an import or a statement.
type counted struct {
	Added, Changed, Same, Differs, Bad, Skipped, Days, Pages int
	Resumed                                                  bool
}

// count runs a verb with --json that must succeed and returns its last line and
// the differences before it.
func (s *stage) count(args ...string) (last counted, differences []string) {
	s.t.Helper()
	code, out, errs := s.run(append(args, "--json")...)
	if code != 0 {
		s.t.Fatalf("%v: exit %d\n%s%s", args, code, out, errs)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil {
		s.t.Fatal(err)
	}
	return last, lines[:len(lines)-1]
}

// orders is what the ledger has of a profile.
func (s *stage) orders(profile string) map[string]truthOrder {
	s.t.Helper()
	_, out, _ := s.run("order", "list", "--profile", profile, "--json")
	found := map[string]truthOrder{}
	for line := range strings.Lines(out) {
		var o truthOrder
		if err := json.Unmarshal([]byte(line), &o); err != nil {
			s.t.Fatal(err)
		}
		found[o.OrderNo] = o
	}
	return found
}

// truthOrder is an order as the gateway, or the ledger, prints it.
type truthOrder struct {
	Gateway        string `json:"gateway"`
	OrderNo        string `json:"order_no"`
	GatewayOrderNo string `json:"gateway_order_no"`
	Amount         string `json:"amount"`
	Currency       string `json:"currency"`
	Status         string `json:"status"`
}

// truths is what a gateway of the sandbox holds.
func (s *stage) truths(gateway string) (list []truthOrder) {
	s.t.Helper()
	raw, err := s.box.call(http.MethodGet, "orders", "")
	if err != nil {
		s.t.Fatal(err)
	}
	var all []truthOrder
	if err := json.Unmarshal(raw, &all); err != nil {
		s.t.Fatal(err)
	}
	for _, o := range all {
		if o.Gateway == gateway {
			list = append(list, o)
		}
	}
	return list
}

// A statement that is killed, and one that is interrupted, goes on behind the
// last page that is stored; every payment is there once.
func TestStatementGoesOnWhereItStopped(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.payments("paycools", "PHP", 66, 3)
	from := time.Now().UTC().AddDate(0, 0, -3).Format(time.DateOnly)
	args := []string{"order", "statement", "--profile", "paycools-sandbox", "--from", from}
	s.faults(`["paycools/statement:delay=150ms"]`)
	for _, sig := range []os.Signal{os.Kill, os.Interrupt, syscall.SIGTERM} {
		cmd := s.command(args...)
		told, err := cmd.StderrPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		var seen strings.Builder
		lines := bufio.NewScanner(told)
		for lines.Scan() {
			seen.WriteString(lines.Text() + "\n")
			if strings.Contains(lines.Text(), "page ") && strings.Contains(lines.Text(), "added") {
				_ = cmd.Process.Signal(sig)
			}
		}
		_ = cmd.Wait()
		if sig == os.Kill {
			continue
		}
		if code := cmd.ProcessState.ExitCode(); code != 130 || !strings.Contains(seen.String(), "going on at") ||
			!strings.Contains(seen.String(), "interrupted after ") || !strings.Contains(seen.String(), "the same command goes on there: --from "+from+" --to ") {
			t.Errorf("%v: exit %d\n%s", sig, code, seen.String())
		}
	}
	s.faults(`[]`)
	last, differences := s.count(args...)
	if !last.Resumed || last.Pages == 0 || last.Differs+last.Bad+last.Same > 0 || len(differences) > 0 {
		t.Errorf("%+v %v", last, differences)
	}
	ledger := s.orders("paycools-sandbox")
	for i := range 66 {
		if o := ledger[fmt.Sprintf("ST%04d", i)]; o.Amount != fmt.Sprintf("%d.%02d", 100+i, i%100) || o.Status != "paid" || o.Currency != "PHP" {
			t.Errorf("ST%04d: %+v", i, o)
		}
	}
	again, differences := s.count(append(args, "--afresh")...)
	if again.Resumed || again.Added+again.Changed+again.Differs > 0 || again.Same != len(ledger) || len(differences) > 0 {
		t.Errorf("%+v %v, %d orders", again, differences, len(ledger))
	}
}

// What the statement and an export say of the same payments does not differ; a
// file that counts in the wrong unit does, and the ledger keeps its own.
func TestStatementAndExportOfTheSamePayments(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.payments("paycools", "PHP", 12, 2)
	statement := []string{"order", "statement", "--profile", "paycools-sandbox", "--from", time.Now().UTC().AddDate(0, 0, -2).Format(time.DateOnly)}
	if last, _ := s.count(statement...); last.Added < 12 || last.Pages < 2 {
		t.Fatalf("%+v", last)
	}
	ledger := s.orders("paycools-sandbox")
	lists := map[string]*strings.Builder{}
	add := func(name, format string, args ...any) {
		if lists[name] == nil {
			lists[name] = &strings.Builder{}
		}
		fmt.Fprintf(lists[name], format, args...)
	}
	add("statement.csv", "merchantOrderId,transactionId,amount,fee,status\n")
	add("query.csv", "mchOrderId,transactionId,amount,transactionStatus\n")
	add("wrong.csv", "merchantOrderId,transactionId,amount,status\n")
	for no, o := range ledger {
		cents := strings.ReplaceAll(o.Amount, ".", "")
		word := map[string]string{"paid": "COMPLETE", "pending": "PENDING", "failed": "FAILED", "closed": "CLOSED"}[o.Status]
		add("statement.csv", "%s,%s,%s,0.50,%s\n", no, o.GatewayOrderNo, o.Amount, word)
		add("query.csv", "%s,%s,%s,%s\n", no, o.GatewayOrderNo, cents, word)
		add("wrong.csv", "%s,%s,%s,%s\n", no, o.GatewayOrderNo, cents, word)
	}
	path := func(name string) string {
		at := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(at, []byte(lists[name].String()), 0o600); err != nil {
			t.Fatal(err)
		}
		return at
	}
	imported := func(name string) (counted, []string) {
		return s.count("order", "import", path(name), "--profile", "paycools-sandbox")
	}
	if last, _ := imported("statement.csv"); last.Changed != len(ledger) || last.Differs+last.Added+last.Bad > 0 { // the fee became a note
		t.Errorf("%+v", last)
	}
	if last, _ := imported("statement.csv"); last.Same != len(ledger) || last.Differs+last.Added+last.Changed > 0 {
		t.Errorf("%+v", last)
	}
	if last, _ := imported("query.csv"); last.Same != len(ledger) || last.Differs+last.Added+last.Changed > 0 {
		t.Errorf("%+v", last)
	}
	last, differences := imported("wrong.csv")
	if last.Differs != len(ledger) || len(differences) != len(ledger) || last.Added+last.Changed > 0 {
		t.Errorf("%+v", last)
	}
	var first struct {
		Difference struct {
			OrderNo string `json:"order_no"`
			Field   string `json:"field"`
			Ledger  string `json:"ledger"`
			Given   string `json:"given"`
			Hint    string `json:"hint"`
		} `json:"difference"`
	}
	if err := json.Unmarshal([]byte(differences[0]), &first); err != nil {
		t.Fatal(err)
	}
	d := first.Difference
	if d.Field != "amount" || d.Ledger != ledger[d.OrderNo].Amount+" PHP" || !strings.HasSuffix(d.Given, ".00 PHP") || !strings.Contains(d.Hint, "exactly a hundred times") {
		t.Errorf("%+v", d)
	}
	if after := s.orders("paycools-sandbox"); after[d.OrderNo].Amount != ledger[d.OrderNo].Amount {
		t.Errorf("the ledger has %s now", after[d.OrderNo].Amount)
	}
	if _, out, errs := s.run("order", "import", path("wrong.csv"), "--profile", "paycools-sandbox"); !strings.Contains(errs, d.OrderNo+": amount is "+d.Ledger+" in the ledger, "+d.Given+" in the file; exactly a hundred times") ||
		!strings.HasPrefix(out, "0 added, 0 changed, 0 the same") {
		t.Errorf("%s%s", out, errs)
	}

	// A statement that counts wrongly differs from the ledger too.
	if _, err := s.box.call(http.MethodPost, "switches", `{"paycools/statement_amounts":"cents"}`); err != nil {
		t.Fatal(err)
	}
	if last, differences = s.count(statement...); last.Differs != len(ledger) || len(differences) != len(ledger) {
		t.Errorf("%+v %v", last, differences)
	}
}
