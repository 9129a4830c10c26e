package book_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"paydesk/client"
	"paydesk/client/sandbox/book"
)

var at = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

func hkd(minor int64) client.Money { return client.Money{Minor: minor, Currency: "HKD", Exp: 2} }

func order(no string) book.Order {
	return book.Order{Gateway: "g", OrderNo: no, GatewayOrderNo: "T" + no, UserID: "U-1", Amount: hkd(10_000), Status: client.OrderPaid, CreatedAt: at}
}

func refund(no, of string, status client.RefundStatus) book.Refund {
	return book.Refund{Gateway: "g", RefundNo: no, GatewayRefundNo: "TI" + no, OrderNo: of, Amount: hkd(2_500), Status: status, CreatedAt: at}
}

// put makes one decision or fails the test.
func put(t *testing.T, b *book.Book, fn func(tx *book.Tx)) {
	t.Helper()
	if err := b.Update(at, "test", func(tx *book.Tx) error { fn(tx); return nil }); err != nil {
		t.Fatal(err)
	}
}

// newBook makes a book of one order in a file.
func newBook(t *testing.T) (*book.Book, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "book.ndjson")
	if err := book.Create(path, []book.Entry{{At: at, Why: "past", Orders: []book.Order{order("A1")}}}); err != nil {
		t.Fatal(err)
	}
	return open(t, path), path
}

func open(t *testing.T, path string) *book.Book {
	t.Helper()
	b, err := book.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b
}

// picture is what a test compares: everything there is in the book.
type picture struct {
	Orders  []book.Order
	Refunds []book.Refund
	Tokens  []book.Token
	Notices int
	Moved   map[string]int
	Offset  time.Duration
}

func look(b *book.Book) (p picture) {
	b.View(func(s *book.State) {
		p = picture{Orders: s.Orders(), Refunds: s.Refunds(), Tokens: s.Tokens(), Notices: len(s.Notices()), Moved: map[string]int{}, Offset: s.Offset()}
		for _, r := range p.Refunds {
			p.Moved[r.RefundNo] = s.Moved(r.Gateway, r.RefundNo)
		}
	})
	return p
}

func TestFindsByEitherNumberWithoutCase(t *testing.T) {
	b, _ := newBook(t)
	put(t, b, func(tx *book.Tx) { tx.PutRefund(refund("R1", "A1", client.RefundPending)) })
	b.View(func(s *book.State) {
		if _, ok := s.Order("g", "a1"); !ok {
			t.Error("order not found in small letters")
		}
		if _, ok := s.Order("other", "A1"); ok {
			t.Error("another gateway's order was found")
		}
		if o, ok := s.OrderByGatewayNo("g", "ta1"); !ok || o.OrderNo != "A1" {
			t.Error("order not found by the gateway's number")
		}
		if r, ok := s.RefundByGatewayNo("g", "TIR1"); !ok || r.RefundNo != "R1" {
			t.Error("refund not found by the gateway's number")
		}
		if done, reserved := s.Refunded(order("A1")); done.Minor != 0 || reserved.Minor != 2_500 {
			t.Errorf("refunded %v, reserved %v", done, reserved)
		}
	})
}

func TestRefusedDecisionChangesNothing(t *testing.T) {
	b, path := newBook(t)
	before, _ := os.ReadFile(path)
	no := errors.New("no")
	err := b.Update(at, "refused", func(tx *book.Tx) error {
		tx.PutRefund(refund("R1", "A1", client.RefundPending))
		tx.Move(refund("R1", "A1", client.RefundPending))
		return no
	})
	if !errors.Is(err, no) {
		t.Fatalf("error %v", err)
	}
	put(t, b, func(*book.Tx) {}) // a decision without changes
	after, _ := os.ReadFile(path)
	if string(before) != string(after) || len(look(b).Refunds) != 0 {
		t.Error("something was written")
	}
}

// TestMovesAreCountedFromDecisions shows that the figure is no flag: a second
// move of the same refund would be seen, now and after a restart.
func TestMovesAreCountedFromDecisions(t *testing.T) {
	b, path := newBook(t)
	r := refund("R1", "A1", client.RefundSuccess)
	for range 2 {
		put(t, b, func(tx *book.Tx) { tx.PutRefund(r); tx.Move(r) })
	}
	if got := look(b).Moved["R1"]; got != 2 {
		t.Fatalf("moved %d times", got)
	}
	_ = b.Close()
	if got := look(open(t, path)).Moved["R1"]; got != 2 {
		t.Errorf("moved %d times after a restart", got)
	}
}

// TestDeathAtEveryByte cuts the file at every length that a death can leave:
// the book then holds exactly the decisions whose line is whole, and takes new
// ones. covers F1
func TestDeathAtEveryByte(t *testing.T) {
	b, path := newBook(t)
	pictures := []picture{look(b)}
	offset := 3 * time.Minute
	token := book.Token{Gateway: "g", Token: "K1", UserID: "U-1", Status: client.TokenActive}
	for _, step := range []func(tx *book.Tx){
		func(tx *book.Tx) { tx.PutRefund(refund("R1", "A1", client.RefundPending)) },
		func(tx *book.Tx) {
			r := refund("R1", "A1", client.RefundSuccess)
			tx.PutRefund(r)
			tx.Move(r)
			tx.PutNotice(book.Notice{Gateway: "g", Kind: book.RefundNotice, No: "R1", Refund: &r, NextAt: at})
		},
		func(tx *book.Tx) { tx.SetOffset(offset); tx.PutToken(token) },
	} {
		put(t, b, step)
		pictures = append(pictures, look(b))
	}
	_ = b.Close()
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for n := strings.IndexByte(string(whole), '\n') + 1; n <= len(whole); n++ {
		if err := os.WriteFile(path, whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		b := open(t, path)
		want := pictures[strings.Count(string(whole[:n]), "\n")-1]
		if diff := cmp.Diff(want, look(b)); diff != "" {
			t.Fatalf("cut at byte %d: %s", n, diff)
		}
		if n%64 != 0 && whole[n-1] != '\n' {
			_ = b.Close()
			continue // syncing thousands of decisions takes its time
		}
		put(t, b, func(tx *book.Tx) { tx.PutOrder(order("A2")) })
		_ = b.Close()
		b = open(t, path)
		if again := look(b); len(again.Orders) != 2 {
			t.Fatalf("cut at byte %d: the next decision is lost", n)
		}
		_ = b.Close()
	}
}

func TestLastLineOfRubbishIsDropped(t *testing.T) {
	b, path := newBook(t)
	_ = b.Close()
	whole, _ := os.ReadFile(path)
	for _, rubbish := range []string{"\x00\x00\x00\n", "{\"seq\":2", "{}\n", "null\n"} {
		if err := os.WriteFile(path, append([]byte(string(whole)), rubbish...), 0o600); err != nil {
			t.Fatal(err)
		}
		b := open(t, path)
		if p := look(b); len(p.Orders) != 1 {
			t.Errorf("%q: %d orders", rubbish, len(p.Orders))
		}
		_ = b.Close()
		if after, _ := os.ReadFile(path); string(after) != string(whole) {
			t.Errorf("%q stayed in the file", rubbish)
		}
	}
}

func TestDamageInTheMiddleIsSaid(t *testing.T) {
	b, path := newBook(t)
	put(t, b, func(tx *book.Tx) { tx.PutOrder(order("A2")) })
	put(t, b, func(tx *book.Tx) { tx.PutOrder(order("A3")) })
	_ = b.Close()
	whole, _ := os.ReadFile(path)
	lines := strings.SplitAfter(string(whole), "\n")
	if err := os.WriteFile(path, []byte(lines[0]+lines[2]), 0o600); err != nil {
		t.Fatal(err)
	}
	// A missing line at the end is a torn one; with more behind it, it is damage.
	if err := os.WriteFile(path, []byte(lines[0]+lines[2]+lines[2]), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := book.Open(path); client.ClassOf(err) != client.ClassStorage {
		t.Errorf("error %v", err)
	}
}

func TestOneProcessAtATime(t *testing.T) {
	_, path := newBook(t)
	if _, err := book.Open(path); !errors.Is(err, book.ErrInUse) {
		t.Errorf("error %v", err)
	}
}

func TestCreateLeavesNothingHalf(t *testing.T) {
	b, path := newBook(t)
	_ = b.Close()
	if err := book.Create(path, nil); client.ClassOf(err) != client.ClassStorage {
		t.Errorf("a second book: %v", err)
	}
	files, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".*"))
	if len(files) != 0 {
		t.Errorf("left behind: %v", files)
	}
}

func TestClosedBookRefuses(t *testing.T) {
	b, _ := newBook(t)
	_ = b.Close()
	if err := b.Update(at, "late", func(tx *book.Tx) error { tx.PutOrder(order("A2")); return nil }); client.ClassOf(err) != client.ClassStorage {
		t.Errorf("error %v", err)
	}
}

func TestWatcherSeesCommittedDecisionsOnly(t *testing.T) {
	b, _ := newBook(t)
	var seen []string
	b.Watch(func(e book.Entry) { seen = append(seen, e.Why) })
	put(t, b, func(tx *book.Tx) { tx.PutOrder(order("A2")) })
	_ = b.Update(at, "refused", func(tx *book.Tx) error { tx.PutOrder(order("A3")); return errors.New("no") })
	if diff := cmp.Diff([]string{"test"}, seen); diff != "" {
		t.Error(diff)
	}
}
