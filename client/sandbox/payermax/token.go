package payermax

import (
	"strings"
	"time"

	"paydesk/client"
	"paydesk/client/sandbox/book"
	"paydesk/client/sandbox/protocol"
)

// The scopes of saved cards; one without a scope is of the first.
const (
	scopeAcquire = "tokenAcq"
	scopeMIT     = "tokenMit"
)

// inquireTokens answers payermax: section 5.5.
func (s *speaker) inquireTokens(c call) (result, error) {
	f := &fields{data: c.data}
	user, scope := f.text("userId", true, 64), f.text("tokenScope", true, 16)
	only, method := f.text("paymentTokenID", false, 64), f.text("paymentMethodType", false, 32)
	target, brand := f.text("targetOrg", false, 32), f.text("cardOrg", false, 32)
	f.text("referralCode", false, 32)
	if f.err == nil && scope != scopeAcquire && scope != scopeMIT {
		f.wrong("tokenScope", "must be "+scopeAcquire+" or "+scopeMIT)
	}
	if f.err != nil {
		return result{}, f.err
	}
	list := []protocol.Members{}
	s.book.View(func(state *book.State) {
		for _, t := range state.TokensOf(Gateway, user) {
			hidden := t.StatusAt(c.Now) == client.TokenRemoved && s.switches.Is(listRemoved, "no")
			if hidden || scopeOf(t) != scope || (only != "" && t.Token != only) || (method != "" && t.Method != method) ||
				(target != "" && t.Brand != target) || (brand != "" && !strings.EqualFold(t.Brand, brand)) {
				continue
			}
			list = append(list, s.tokenData(t, c.Now))
		}
	})
	data := protocol.Members{{Name: "tokenList", Value: list}}
	if len(list) == 0 {
		switch s.switches.Get(emptyTokens) {
		case "null":
			data.Set("tokenList", nil)
		case "no-data":
			return result{none: true}, nil
		}
	}
	return result{data: data, echo: "userId"}, nil
}

func scopeOf(t book.Token) string {
	if t.Scope == "" {
		return scopeAcquire
	}
	return t.Scope
}

// tokenData is a saved card as the list and the callback carry it.
func (s *speaker) tokenData(t book.Token, now time.Time) protocol.Members {
	code, target, brand := "N", "", t.Brand
	if t.NeedsCode {
		code = "Y"
	}
	if t.Method != cardMethod {
		target, brand = t.Brand, ""
	}
	return protocol.Members{
		{Name: "paymentTokenID", Value: t.Token},
		{Name: "userId", Value: t.UserID},
		{Name: "tokenScope", Value: scopeOf(t)},
		{Name: "paymentTokenExpiry", Value: stamp(t.ExpiresAt)},
		{Name: "paymentTokenStatus", Value: tokenWord(t.StatusAt(now))},
		{Name: "cardInfo", Value: t.Card},
		{Name: "ifCVV", Value: code},
		{Name: "brand", Value: brand},
		{Name: "paymentMethodType", Value: t.Method},
		{Name: "targetOrg", Value: target},
		{Name: "accountDisplay", Value: t.Account},
	}
}

// removeToken answers payermax: section 5.6. Removal is for ever.
func (s *speaker) removeToken(c call) (result, error) {
	f := &fields{data: c.data}
	user, no, reason := f.text("userId", true, 64), f.text("paymentTokenID", true, 64), f.text("removeReason", false, 256)
	if f.err != nil {
		return result{}, f.err
	}
	var data protocol.Members
	err := s.book.Update(c.Now, "token removed", func(tx *book.Tx) error {
		t, ok := tx.Token(Gateway, no)
		if !ok || t.UserID != user {
			return refuse(codeParams, "paymentTokenID is unknown")
		}
		data = protocol.Members{
			{Name: "userId", Value: t.UserID}, {Name: "paymentTokenID", Value: t.Token}, {Name: "paymentTokenStatus", Value: tokenWord(client.TokenRemoved)},
		}
		if t.Status == client.TokenRemoved {
			if code := s.switches.Get(removedToken); code != codeAccepted {
				return refuse(code, "paymentTokenID was removed before")
			}
			return nil
		}
		t.Status, t.RemovedAt, t.Reason = client.TokenRemoved, c.Now, reason
		tx.PutToken(t)
		tx.PutNotice(book.Notice{
			Gateway: Gateway, Kind: book.TokenNotice, No: t.Token, URL: t.NotifyURL, Token: &t, At: c.Now, NextAt: c.Host,
		})
		return nil
	})
	return result{data: data, echo: "paymentTokenID"}, err
}
