package desk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/time/rate"

	"paydesk/client"
	"paydesk/state/desk/link"
	"paydesk/state/feed"
	"paydesk/state/ledger"
)

// Imported counts what came of a list of orders.
type Imported struct {
	Added, Changed, Same, Differs int
	Differences                   []Difference // at most MostDifferences of one list; the journal has all
}

// MostDifferences bounds what one batch tells in full.
const MostDifferences = 1000

// Difference is what a list says otherwise than the ledger, which keeps its own.
type Difference struct {
	OrderNo string
	Field   string // "amount", "currency", "status", "gateway_order_no"
	Ledger  string
	Given   string
	Hint    string // what may be behind it; may be ""
}

// origin is where a list of orders comes from.
type origin struct {
	source string // SourceImport or SourceStatement
	label  string // the file, or the day
	repeat bool   // several payments may carry one number of the merchant's
}

// Import stores orders from a file, in one decision per batch. What a gateway
// has said is never overwritten by a file: a differing amount, number or status
// is returned and journalled, and the ledger keeps its own.
func (d *Desk) Import(ctx context.Context, profile, file string, orders []client.Order) (Imported, error) {
	p, err := d.Profile(profile)
	if err != nil {
		return Imported{}, err
	}
	var done Imported
	err = d.update(ctx, func(tx ledger.Tx) error {
		done = Imported{}
		if err := d.takeAll(tx, p, origin{source: SourceImport, label: file}, orders, &done); err != nil {
			return err
		}
		return d.append(tx, p.Name, "order.imported", file, done.line())
	}, feed.Change{Kind: feed.Orders, Profile: p.Name})
	return done, err
}

func (i Imported) line() detail {
	return detail{"added": i.Added, "changed": i.Changed, "same": i.Same, "differs": i.Differs}
}

func (d *Desk) takeAll(tx ledger.Tx, p Profile, from origin, orders []client.Order, done *Imported) error {
	for _, o := range orders {
		if err := d.takeOne(tx, p, from, o, done); err != nil {
			return err
		}
	}
	return nil
}

// takeOne stores one order of a list, or notes in what it differs.
func (d *Desk) takeOne(tx ledger.Tx, p Profile, from origin, o client.Order, done *Imported) error {
	old, err := rowOf(tx, p.Name, &o, from.repeat)
	if errors.Is(err, ledger.ErrAmbiguous) {
		return d.differs(tx, p, from, Difference{OrderNo: o.OrderNo, Field: "order_no", Ledger: "belongs to more than one order", Given: o.OrderNo}, done)
	}
	if err != nil {
		return err
	}
	if old.ID == 0 {
		done.Added++
		_, err = tx.PutOrder(ledger.Order{Order: o, Profile: p.Name, Gateway: p.Gateway, Source: from.source, UpdatedAt: d.clock()})
		return err
	}
	if diff, differs := difference(old, o, from.source); differs {
		return d.differs(tx, p, from, diff, done)
	}
	next := fill(old, o)
	if statusMoves(old, o.Status, from.source) {
		next.Status = o.Status
	}
	if next == old {
		done.Same++
		return nil
	}
	done.Changed++
	next.UpdatedAt = d.clock()
	_, err = tx.PutOrder(next)
	return err
}

// differs notes a difference; the ledger keeps its own.
func (d *Desk) differs(tx ledger.Tx, p Profile, from origin, diff Difference, done *Imported) error {
	done.Differs++
	if len(done.Differences) < MostDifferences {
		done.Differences = append(done.Differences, diff)
	}
	return d.append(tx, p.Name, "order."+from.source+"-differs", diff.OrderNo, detail{
		from.source: from.label, "field": diff.Field, "ledger": diff.Ledger, "given": diff.Given,
	})
}

// rowOf finds the ledger's row of an order, first by the gateway's number, and
// the zero row when there is none. Where several payments may carry one number of
// the merchant's (client.Capabilities.OrderNosRepeat), only the first is known by
// it, each other by the gateway's number, and o is renamed so.
func rowOf(tx ledger.Tx, profile string, o *client.Order, repeat bool) (ledger.Order, error) {
	for _, no := range []string{o.GatewayOrderNo, o.OrderNo} {
		if no == "" {
			continue
		}
		row, err := tx.Order(profile, no)
		switch {
		case errors.Is(err, ledger.ErrNotFound):
			continue
		case err != nil:
			return row, err
		case !repeat || row.GatewayOrderNo == "" || o.GatewayOrderNo == "" || sameNo(row.GatewayOrderNo, o.GatewayOrderNo):
			return row, nil
		}
		o.Note = strings.TrimSpace("number " + o.OrderNo + " " + o.Note)
		o.OrderNo = o.GatewayOrderNo
		return ledger.Order{}, nil
	}
	return ledger.Order{}, nil
}

// difference finds the first thing in which a list contradicts the ledger.
func difference(old ledger.Order, o client.Order, source string) (Difference, bool) {
	diff := Difference{OrderNo: old.OrderNo}
	switch {
	case source == SourceImport && differentNumber("", o.GatewayOrderNo, old.GatewayOrderNo) != "":
		diff.Field, diff.Ledger, diff.Given = "gateway_order_no", old.GatewayOrderNo, o.GatewayOrderNo
	case old.Amount.Currency != o.Amount.Currency:
		diff.Field, diff.Ledger, diff.Given = "currency", old.Amount.Currency, o.Amount.Currency
	case old.Amount != o.Amount:
		diff.Field, diff.Ledger, diff.Given = "amount", old.Amount.String(), o.Amount.String()
		if a, b := old.Amount.Minor, o.Amount.Minor; a*100 == b || b*100 == a {
			diff.Hint = "exactly a hundred times: one of them counts in the smallest unit" // paycools: section 12, point 10
		}
	case o.Status != old.Status && o.Status != client.OrderUnknown && !statusMoves(old, o.Status, source):
		diff.Field, diff.Ledger, diff.Given = "status", string(old.Status), string(o.Status)
		diff.Hint = "look the order up: only the gateway's own answer settles it"
	default:
		return diff, false
	}
	return diff, true
}

// statusMoves reports whether a list may change an order's status: a file that of
// an order from a file, a gateway's statement that of an unfinished one too.
func statusMoves(old ledger.Order, to client.OrderStatus, source string) bool {
	if to == client.OrderUnknown || to == old.Status {
		return false
	}
	open := old.Status == client.OrderPending || old.Status == client.OrderUnknown
	return old.Source == SourceImport || source == SourceStatement && open
}

// fill adds what a list knows and the ledger does not.
func fill(old ledger.Order, o client.Order) ledger.Order {
	next := old
	add := func(now *string, more string) {
		if *now == "" {
			*now = more
		}
	}
	add(&next.GatewayOrderNo, o.GatewayOrderNo)
	add(&next.ChannelNo, o.ChannelNo)
	add(&next.UserID, o.UserID)
	add(&next.Method, o.Method)
	add(&next.Brand, o.Brand)
	add(&next.Card, o.Card)
	next.Note = addNote(next.Note, o.Note)
	addTime := func(now *time.Time, more time.Time) {
		if now.IsZero() {
			*now = more
		}
	}
	addTime(&next.CreatedAt, o.CreatedAt)
	addTime(&next.PaidAt, o.PaidAt)
	return next
}

// mostNote bounds a note, in characters.
const mostNote = 1024

// addNote adds what a list notes about an order, once.
func addNote(now, more string) string {
	switch {
	case now == "":
		return more
	case more == "" || strings.Contains(now, more) || utf8.RuneCountInString(now)+utf8.RuneCountInString(more) > mostNote:
		return now
	default:
		return now + "; " + more
	}
}

// statementOperation is the evidence's name of a statement (paycools: section 8).
const statementOperation = "paymentList"

// Page is one page of a statement that is stored.
type Page struct {
	Day      client.Day
	Number   int // counts from 1
	Imported Imported
	Faults   []client.StatementFault
	Resumed  bool // reading went on where an earlier one of the same range was interrupted
}

// StatementZone is the zone in which the days of a profile's statement begin and
// end; ClassUnsupported where its gateway has none.
func (d *Desk) StatementZone(ctx context.Context, profile string) (*time.Location, error) {
	s, _, err := d.statements(ctx, profile)
	if err != nil {
		return nil, err
	}
	return s.StatementZone(), nil
}

func (d *Desk) statements(ctx context.Context, profile string) (client.Statements, client.Gateway, error) {
	g, err := d.Gateway(ctx, profile)
	if err != nil {
		return nil, nil, err
	}
	s, ok := client.As[client.Statements](g)
	if can := g.Capabilities().Statement; !can.OK || !ok {
		return nil, nil, unsupported("statement", can.Reason)
	}
	return s, g, nil
}

// Statement reads a gateway's statement of the days from…to, both included,
// stores its orders page by page, each in one decision, and tells took of each
// page that is stored. What the ledger has is never overwritten silently: see
// Import. An interrupted reading of the same days goes on behind the last page
// that was stored, unless afresh is set. Errors: ClassUnsupported, the gateway's,
// the ledger's, or took's own, after which the reading can be resumed.
func (d *Desk) Statement(ctx context.Context, profile string, from, to client.Day, afresh bool, took func(Page) error) error {
	p, err := d.Profile(profile)
	if err != nil {
		return err
	}
	s, g, err := d.statements(ctx, profile)
	if err != nil {
		return err
	}
	name := fmt.Sprintf("statement %s..%s", from, to)
	at, resumed := client.StatementPosition{Day: from}, false
	if !afresh {
		if at, resumed, err = d.bookmark(ctx, p.Name, name, at); err != nil {
			return err
		}
	}
	can := g.Capabilities()
	budget := rate.NewLimiter(rate.Limit(can.RequestsPerSecond), max(can.Burst, 1))
	if p.Environment == Sandbox || can.RequestsPerSecond == 0 {
		budget.SetLimit(rate.Inf)
	}
	err = client.ReadStatement(ctx, paced{s, budget}, at, to, func(page client.StatementPage, next client.StatementPosition) error {
		link.Note(g, nil)
		done, err := d.takePage(ctx, p, name, page, next, can.OrderNosRepeat)
		if err != nil {
			return err
		}
		return took(Page{Day: page.Day, Number: page.Page, Imported: done, Faults: page.Faults, Resumed: resumed})
	})
	if err != nil {
		d.recordFailure(ctx, p, name, "order.statement-failed", err)
		return unanswered(err)
	}
	return d.update(ctx, func(tx ledger.Tx) error { return tx.PutBookmark(p.Name, name, "") })
}

// paced is a statement that is read within the gateway's budget.
type paced struct {
	client.Statements
	budget *rate.Limiter
}

func (p paced) Statement(ctx context.Context, day client.Day, page int) (client.StatementPage, error) {
	if err := p.budget.Wait(ctx); err != nil {
		return client.StatementPage{}, err
	}
	return p.Statements.Statement(ctx, day, page)
}

// takePage stores one page together with the place behind it.
func (d *Desk) takePage(ctx context.Context, p Profile, name string, page client.StatementPage, next client.StatementPosition, repeat bool) (Imported, error) {
	place, err := json.Marshal(next)
	if err != nil {
		return Imported{}, fmt.Errorf("desk: bookmark: %w", err)
	}
	day := page.Day.String()
	var done Imported
	err = d.update(ctx, func(tx ledger.Tx) error {
		done = Imported{}
		if err := d.takeAll(tx, p, origin{source: SourceStatement, label: day, repeat: repeat}, page.Orders, &done); err != nil {
			return err
		}
		if err := tx.PutBookmark(p.Name, name, string(place)); err != nil {
			return err
		}
		line := done.line()
		line["page"], line["unreadable"], line["answer_sha256"] = page.Page, len(page.Faults), page.Exchange.AnswerHash
		return d.append(tx, p.Name, "order.statement", day, line)
	}, feed.Change{Kind: feed.Orders, Profile: p.Name})
	return done, err
}

// bookmark is where an interrupted reading goes on.
func (d *Desk) bookmark(ctx context.Context, profile, name string, start client.StatementPosition) (at client.StatementPosition, resumed bool, err error) {
	place, err := d.store.Bookmark(ctx, profile, name)
	if errors.Is(err, ledger.ErrNotFound) {
		return start, false, nil
	}
	if err != nil {
		return start, false, storageError(err)
	}
	if json.Unmarshal([]byte(place), &at) != nil {
		return start, false, nil
	}
	return at, true, nil
}
