package paycools

import (
	"cmp"
	"encoding/json"
	"strings"
	"time"

	"paydesk/client"
	"paydesk/client/sandbox/book"
	"paydesk/client/sandbox/protocol"
)

// balance answers paycools: section 8: what came in without what went back.
func (s *speaker) balance(call) (result, error) {
	sum := pesos(0)
	if s.switches.Is(funds, "enough") {
		s.book.View(func(state *book.State) {
			state.EachOrder(Gateway, func(o book.Order) {
				if o.Status == client.OrderPaid {
					done, _ := state.Refunded(o)
					sum.Minor += o.Amount.Minor - done.Minor
				}
			})
		})
	}
	return result{data: protocol.Members{{Name: "balance", Value: cents(sum)}}, echo: "balance"}, nil
}

// listing is what a statement asks for.
type listing struct {
	created, completed time.Time // days; zero: any
	page               int64
	word               string
}

// readListing reads the parameters of a statement (paycools: section 8).
func (s *speaker) readListing(c call) (listing, error) {
	f := &fields{params: c.params}
	l := listing{
		created: f.date("createDate", false, s.zone()), completed: f.date("completeDate", false, s.zone()), word: f.text("status", false, 16),
	}
	l.page, _ = f.whole("page", true)
	switch first := int64(s.switches.Number(firstPage)); {
	case f.err != nil:
	case l.created.IsZero() && l.completed.IsZero():
		f.wrong("createDate", "or completeDate is needed")
	case l.word != "" && l.word != wordPending && l.word != "COMPLETE" && l.word != wordFailed:
		f.wrong("status", "must be PENDING, COMPLETE or FAILED")
	case l.page < first:
		f.wrong("page", "is below the first page")
	default:
		l.page -= first
	}
	return l, f.err
}

// within reports whether a time lies on a day; any time is on no day at all.
func within(at, day time.Time) bool {
	return day.IsZero() || (!at.Before(day) && at.Before(day.AddDate(0, 0, 1)))
}

// paymentList answers paycools: section 8: the payments of a day, page by page.
func (s *speaker) paymentList(c call) (result, error) {
	want, err := s.readListing(c)
	if err != nil {
		return result{}, err
	}
	var found []book.Order
	s.book.View(func(state *book.State) {
		state.EachOrder(Gateway, func(o book.Order) {
			if !within(o.CreatedAt, want.created) || !within(o.PaidAt, want.completed) {
				return
			}
			if want.word == "" || statementWord(o) == want.word {
				found = append(found, o)
			}
		})
	})
	size := max(s.switches.Number(pageSize), 1)
	last := int64(max(len(found)-1, 0) / size)
	if want.page > last && s.switches.Is(lastPage, "repeats") {
		want.page = last
	}
	records := []protocol.Members{}
	if want.page <= last {
		from := int(want.page) * size
		for _, o := range found[from:min(from+size, len(found))] {
			records = append(records, s.record(o))
		}
	}
	return result{data: protocol.Members{{Name: "records", Value: records}}, echo: "amount"}, nil
}

// statementWord is a payment's state in a statement, which knows no closing.
func statementWord(o book.Order) string {
	switch o.Status {
	case client.OrderPaid:
		return "COMPLETE"
	case client.OrderFailed, client.OrderClosed:
		return wordFailed
	default:
		return wordPending
	}
}

// record is one line of a statement.
func (s *speaker) record(o book.Order) protocol.Members {
	word := statementWord(o)
	if o.Status == client.OrderPaid {
		word = s.complete(PH)
	}
	if o.Status == client.OrderClosed {
		word = s.orderWord(o, PH)
	}
	way, _ := channelOf(o.Method)
	return protocol.Members{
		{Name: "merchantOrderId", Value: o.OrderNo},
		{Name: "transactionId", Value: o.GatewayOrderNo},
		{Name: "paymentMethod", Value: way.method},
		{Name: "paymentChannel", Value: o.Method},
		{Name: "amount", Value: s.major(o.Amount)},
		{Name: "fee", Value: s.major(fee(o.Amount))},
		{Name: "name", Value: o.Extra[extraName]},
		{Name: "mobile", Value: o.Extra[extraMobile]},
		{Name: "status", Value: word},
		{Name: "appName", Value: cmp.Or(o.Extra[extraApp], shopName)},
		{Name: "createTime", Value: s.stamp(o.CreatedAt)},
		{Name: "completeTime", Value: s.stamp(o.PaidAt)},
	}
}

// major is an amount of a statement: decimal pesos, unless the switch wants it
// otherwise.
func (s *speaker) major(m client.Money) any {
	switch s.switches.Get(statementAmounts) {
	case "text":
		return m.Major()
	case "cents":
		return cents(m)
	default:
		return json.Number(m.Major())
	}
}

// payoutList answers paycools: section 8. The sandbox pays nothing out.
func (s *speaker) payoutList(c call) (result, error) {
	if _, err := s.readListing(c); err != nil {
		return result{}, err
	}
	return result{data: protocol.Members{{Name: "records", Value: []protocol.Members{}}}}, nil
}

// How a token ended (paycools: section 9).
const (
	endedByMerchant = "MCH_CANCEL"
	endedByTime     = "EXPIRED"
)

// tokens answers paycools: section 11: the authorisations of one user.
func (s *speaker) tokens(c call) (result, error) {
	f := &fields{params: c.params}
	user, only := f.text("userId", true, mostOld), f.text("payToken", false, mostText)
	if f.err != nil {
		return result{}, f.err
	}
	list := []protocol.Members{}
	s.book.View(func(state *book.State) {
		for _, t := range state.TokensOf(Gateway, user) {
			if only == "" || only == t.Token {
				list = append(list, s.tokenData(t, c.Now))
			}
		}
	})
	return result{data: protocol.Members{{Name: "userId", Value: user}, {Name: "tokenList", Value: list}}, echo: "userId"}, nil
}

// spelt is a member name of tokens in the spelling that the switch names
// (paycools: section 12 no. 18).
func (s *speaker) spelt(name string) string {
	if s.switches.Is(tokenSpelling, "lower") {
		return strings.ToLower(name)
	}
	return name
}

// tokenWord is a token's state with how and when it ended.
func (s *speaker) tokenWord(t book.Token, now time.Time) (word, how string, at time.Time) {
	active := s.switches.Get(tokenWords)
	switch t.StatusAt(now) {
	case client.TokenActive:
		return active, "", time.Time{}
	case client.TokenExpired:
		return "IN" + active, endedByTime, t.ExpiresAt
	default:
		how = t.Reason
		if how == "" {
			how = endedByMerchant
		}
		return "IN" + active, how, t.RemovedAt
	}
}

// tokenData is a token as the list carries it.
func (s *speaker) tokenData(t book.Token, now time.Time) protocol.Members {
	word, how, at := s.tokenWord(t, now)
	return protocol.Members{
		{Name: s.spelt("channelCode"), Value: t.Method},
		{Name: s.spelt("payToken"), Value: t.Token},
		{Name: "tokenStatus", Value: word},
		{Name: "expiresTime", Value: s.stamp(t.ExpiresAt)},
		{Name: "inactiveTime", Value: s.stamp(at)},
		{Name: "inactiveType", Value: how},
		{Name: "userLoginId", Value: t.Account},
	}
}

// cancelToken ends an authorisation for ever (paycools: section 11).
func (s *speaker) cancelToken(c call) (result, error) {
	f := &fields{params: c.params}
	user, no := f.text("userId", false, mostOld), f.text("payToken", true, mostText)
	if f.err != nil {
		return result{}, f.err
	}
	var data protocol.Members
	err := s.book.Update(c.Now, "token cancelled", func(tx *book.Tx) error {
		t, ok := tx.Token(Gateway, no)
		if !ok || (user != "" && t.UserID != user) {
			return refuse(codeNotFound, "payToken is not found")
		}
		if t.Status == client.TokenRemoved {
			if code := s.switches.Get(cancelledToken); code != "accept" {
				return refuse(code, "payToken was cancelled before")
			}
		} else {
			t.Status, t.RemovedAt, t.Reason = client.TokenRemoved, c.Now, endedByMerchant
			tx.PutToken(t)
			tx.PutNotice(book.Notice{Gateway: Gateway, Kind: book.TokenNotice, No: t.Token, URL: t.NotifyURL, Token: &t, At: c.Now, NextAt: c.Host})
		}
		word, _, _ := s.tokenWord(t, c.Now)
		data = protocol.Members{
			{Name: "userId", Value: t.UserID}, {Name: s.spelt("payToken"), Value: t.Token}, {Name: "tokenStatus", Value: word},
		}
		return nil
	})
	return result{data: data, echo: s.spelt("payToken")}, err
}
