package paycools

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"paydesk/client"
	"paydesk/client/internal/strict"
	"paydesk/client/internal/wire"
)

// unknownPage says that it is not known yet whether pages count from 0 or 1.
const unknownPage = -1

// StatementZone implements client.Statements.
func (g *Gateway) StatementZone() *time.Location { return g.zone }

// Statement implements client.Statements (paycools: section 8). Amounts there are
// decimal major units; they are read from their text, digit by digit. The
// gateway tells neither the size of a page nor their number, and not even whether
// the first one is 0 or 1: that is found out with the first page that is asked
// for. A day on which nothing is known is an empty page.
func (g *Gateway) Statement(ctx context.Context, of client.Day, page int) (client.StatementPage, error) {
	if !g.has(opStatement) {
		return client.StatementPage{}, unsupported("statement", noStatement)
	}
	if page < 1 {
		return client.StatementPage{}, inputError("page", "is "+strconv.Itoa(page), "1 or more")
	}
	if of == (client.Day{}) {
		return client.StatementPage{}, inputError("day", "is missing", "a date such as 2026-11-21")
	}
	first := int(g.firstPage.Load())
	if first == unknownPage && page > 1 {
		// A reading that is resumed: the day's first page tells how they count.
		if _, err := g.learnFirstPage(ctx, of); err != nil {
			return client.StatementPage{}, err
		}
		if first = int(g.firstPage.Load()); first == unknownPage {
			first = 1
		}
	}
	if first != unknownPage {
		return g.statementPage(ctx, of, page, page-1+first)
	}
	return g.learnFirstPage(ctx, of)
}

// learnFirstPage asks for page 1 and once for page 0. They count from 0 only when
// page 0 is there and is another page: a gateway that counts from 1 may refuse 0,
// answer nothing, or answer its first page. The result is the day's first page.
func (g *Gateway) learnFirstPage(ctx context.Context, of client.Day) (client.StatementPage, error) {
	one, err := g.statementPage(ctx, of, 1, 1)
	if err != nil {
		return one, err
	}
	zero, err := g.statementPage(ctx, of, 1, 0)
	switch {
	case err != nil && pageRefused(err):
		g.firstPage.Store(1)
		return one, nil
	case err != nil:
		return zero, err
	case zero.Empty() && one.Empty():
		return one, nil // the day tells nothing
	case zero.Empty() || overlap(zero, one):
		g.firstPage.Store(1)
		return one, nil
	}
	g.firstPage.Store(0)
	return zero, nil
}

// pageRefused reports whether the gateway itself did not want that page; with
// which code is not documented.
func pageRefused(err error) bool {
	x, class := client.ExchangeOf(err), client.ClassOf(err)
	return x != nil && x.HTTPStatus == http.StatusOK && x.Code != "" && (class == client.ClassRefused || class == client.ClassUnknown)
}

// overlap reports whether two pages have a payment in common.
func overlap(a, b client.StatementPage) bool {
	seen := map[string]bool{}
	for _, o := range a.Orders {
		seen[o.OrderNo+"|"+o.GatewayOrderNo] = true
	}
	for _, o := range b.Orders {
		if seen[o.OrderNo+"|"+o.GatewayOrderNo] {
			return true
		}
	}
	return a.Digest == b.Digest
}

// statementPage asks for one page by the gateway's own count.
func (g *Gateway) statementPage(ctx context.Context, of client.Day, page, number int) (client.StatementPage, error) {
	out := client.StatementPage{Day: of, Page: page}
	r, err := g.call(ctx, request{op: opStatement, fields: []field{
		{g.doubts.StatementDate, of.String()}, {"page", json.Number(strconv.Itoa(number))},
	}})
	out.Exchange = r.exchange
	if client.ClassOf(err) == client.ClassNotFound {
		return out, nil
	}
	if err != nil {
		return out, err
	}
	records, ok := statementRecords(r.data)
	if !ok {
		return out, r.fail(opStatement, client.ClassUnknown, "records", "the answer's data holds no list of records", nil)
	}
	if len(records) == 0 {
		return out, nil
	}
	text, err := strict.Encode(strict.Sorted(records))
	if err != nil {
		return out, encodeError(err)
	}
	out.Digest = wire.Hash(text)
	for i, item := range records {
		o, err := g.readRecord(item)
		if err != nil {
			out.Faults = append(out.Faults, client.StatementFault{Record: i + 1, OrderNo: o.OrderNo, Err: err})
			continue
		}
		out.Orders = append(out.Orders, o)
	}
	return out, nil
}

// statementRecords is the list in an answer's data; nothing at all is an empty
// one.
func statementRecords(data any) (records []any, ok bool) {
	switch v := data.(type) {
	case nil:
		return nil, true
	case []any:
		return v, true
	case object:
		list, ok := v.Get("records").([]any)
		return list, ok || v.Get("records") == nil
	}
	return nil, false
}

// readRecord reads one record. The order of the error is as far as it could be
// read.
func (g *Gateway) readRecord(item any) (client.Order, error) {
	data, ok := item.(object)
	if !ok {
		return client.Order{}, inputError("record", "is no object", "a payment")
	}
	o := g.readOrder(data)
	if o.OrderNo == "" {
		// A payment that the merchant did not number, such as to a static code.
		o.OrderNo = o.GatewayOrderNo
	}
	if o.OrderNo == "" {
		return o, inputError("merchantOrderId", "and transactionId are missing", "at least one of them")
	}
	var err error
	if o.Amount, err = g.readMajor(data.Text("amount")); err != nil {
		return o, &client.Error{
			Class: client.ClassInput, Code: "amount", Err: err,
			Message: fmt.Sprintf("amount is %.40q; right is a decimal number of %s", client.MaskCards(data.Text("amount")), g.currency),
		}
	}
	return o, nil
}

// searchPages bounds how much of the statement one look-up reads.
const searchPages = 20

// searchDays lists the days in which an order is looked for, likeliest first.
func (g *Gateway) searchDays(ref client.OrderRef) []client.Day {
	today := client.DayOf(g.wire.Now(), g.zone)
	if ref.Placed != (client.Day{}) {
		days := []client.Day{ref.Placed}
		if next := ref.Placed.Next(1); !today.Before(next) {
			days = append(days, next) // placed a little before midnight
		}
		return days
	}
	var days []client.Day
	for n := range max(g.doubts.LookBack, 0) {
		days = append(days, today.Next(-n))
	}
	return days
}

// searched says where FindOrder has looked, for people.
func (g *Gateway) searched(ref client.OrderRef) string {
	days := g.searchDays(ref)
	switch {
	case !g.has(opStatement) || len(days) == 0:
		return ""
	case ref.Placed != (client.Day{}):
		return fmt.Sprintf(", and its statement of %s does not list it", ref.Placed)
	}
	return fmt.Sprintf(", and its statements of the last %d days do not list it", len(days))
}

// findInStatement looks for an order in the statement by either number.
func (g *Gateway) findInStatement(ctx context.Context, ref client.OrderRef) (client.OrderAnswer, error) {
	days := g.searchDays(ref)
	if !g.has(opStatement) || len(days) == 0 {
		return client.OrderAnswer{}, unsupported("order", noStatement)
	}
	var last client.StatementPage
	pages := 0
	for _, of := range days {
		seen := ""
		for page := 1; pages < searchPages; page++ {
			got, err := g.Statement(ctx, of, page)
			if err != nil {
				return client.OrderAnswer{Exchange: got.Exchange}, err
			}
			pages++
			last = got
			if got.Empty() || got.Digest == seen {
				break
			}
			seen = got.Digest
			if answer, found, err := pick(got, ref); found || err != nil {
				return answer, err
			}
		}
	}
	return client.OrderAnswer{Exchange: last.Exchange}, &client.Error{
		Class: client.ClassNotFound, Code: "order", Message: "paymentList: the statement does not list the order", Exchange: &last.Exchange,
	}
}

// pick finds an order on a page. A static code's payments may all have one number
// of the merchant's: which of them is meant cannot be told.
func pick(page client.StatementPage, ref client.OrderRef) (answer client.OrderAnswer, found bool, err error) {
	answer.Exchange = page.Exchange
	for _, o := range page.Orders {
		same := ref.OrderNo != "" && (sameNumber(o.OrderNo, ref.OrderNo) || sameNumber(o.GatewayOrderNo, ref.OrderNo))
		if ref.GatewayOrderNo != "" {
			same = sameNumber(o.GatewayOrderNo, ref.GatewayOrderNo)
		}
		if !same {
			continue
		}
		if found {
			return client.OrderAnswer{Exchange: page.Exchange}, false, &client.Error{
				Class: client.ClassInput, Code: "order_no", Message: fmt.Sprintf("the statement of %s has several payments with number %.80q", page.Day, ref.OrderNo),
				Hint: "give PayCools' own number of the one that is meant", Exchange: &page.Exchange,
			}
		}
		answer.Order, found = o, true
	}
	return answer, found, nil
}

// Balance implements client.Balances (paycools: section 8): ClassUnsupported
// where the dialect does not tell it.
func (g *Gateway) Balance(ctx context.Context) (client.BalanceAnswer, error) {
	if !g.has(opBalance) {
		return client.BalanceAnswer{}, unsupported("balance", noBalance)
	}
	r, err := g.call(ctx, request{op: opBalance})
	answer := client.BalanceAnswer{Exchange: r.exchange}
	if err != nil {
		return answer, err
	}
	text := r.object().Text("balance")
	// Unlike an amount, a balance may be below zero.
	whole, err := client.ParseWire(text, g.currency, 0)
	if err != nil {
		return answer, r.amountFault(opBalance, text, err)
	}
	exp, _ := g.Decimals(g.currency)
	answer.Balance = client.Money{Minor: whole.Minor, Currency: g.currency, Exp: exp}
	return answer, nil
}
