package paycools

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"paydesk/client"
)

// The gateway keeps no cards. What comes nearest are authorisations of direct
// debit, which a payer gives on a page of the wallet (paycools: section 11).

// Tokens implements client.Tokens: the authorisations of one user. A missing or
// null list is an empty one. ClassUnsupported where the account has no direct
// debit.
func (g *Gateway) Tokens(ctx context.Context, userID string) (client.TokensAnswer, error) {
	if !g.has(opTokenQuery) {
		return client.TokensAnswer{}, unsupported("tokens", noDirectDebit)
	}
	if err := checkPlain("user_id", userID, maxUser); err != nil {
		return client.TokensAnswer{}, err
	}
	r, err := g.call(ctx, request{op: opTokenQuery, fields: []field{{"userId", userID}}, keep: []string{userID}})
	answer := client.TokensAnswer{Exchange: r.exchange}
	switch {
	case client.ClassOf(err) == client.ClassNotFound:
		return answer, nil // a user of whom nothing is known has none
	case err != nil:
		return answer, err
	}
	tokens, err := g.readTokens(&r, userID)
	answer.Tokens = tokens
	return answer, err
}

// readTokens reads tokenList.
func (g *Gateway) readTokens(r *reply, userID string) ([]client.Token, error) {
	data, _ := r.data.(object)
	if owner := data.Text("userId"); owner != "" && owner != userID {
		return nil, r.contradict(opTokenQuery, "userId", owner, userID)
	}
	list, ok := data.Get("tokenList").([]any)
	if bare, isList := r.data.([]any); isList {
		list, ok = bare, true
	}
	if !ok && data.Get("tokenList") != nil || data == nil && r.data != nil && !ok {
		return nil, r.fail(opTokenQuery, client.ClassUnknown, "token-list", "the answer's tokenList is no list", nil)
	}
	var tokens []client.Token
	for _, item := range list {
		entry, ok := item.(object)
		if !ok {
			return nil, r.fail(opTokenQuery, client.ClassUnknown, "token-list", "the answer's tokenList holds something else than tokens", nil)
		}
		if owner := entry.Text("userId"); owner != "" && owner != userID {
			return nil, r.contradict(opTokenQuery, "userId", owner, userID)
		}
		// A token without id can be neither shown apart nor cancelled.
		if entry.Text("payToken", "paytoken") != "" {
			tokens = append(tokens, g.readToken(entry, userID))
		}
	}
	return tokens, nil
}

// readToken reads one entry of tokenList, whose names come in two spellings. An
// active token whose time is over is expired: the gateway would refuse it.
func (g *Gateway) readToken(entry object, userID string) client.Token {
	t := client.Token{
		Token: entry.Text("payToken", "paytoken"), UserID: userID,
		Status:    tokenStatus(entry.Text("tokenStatus"), entry.Text("inactiveType")),
		Method:    short(entry.Text("channelCode", "channelcode")),
		Card:      maskedLogin(entry.Text("userLoginId")),
		ExpiresAt: g.parseTime(entry.Text("expiresTime")),
	}
	if t.Status == client.TokenActive && !t.ExpiresAt.IsZero() && !t.ExpiresAt.After(g.wire.Now()) {
		t.Status = client.TokenExpired
	}
	return t
}

// maskedLogin is as much as is shown of who gave an authorisation: the last four
// digits of a number, what the gateway itself has masked, or the first letter of
// anything else and the domain behind it (paycools: section 11).
func maskedLogin(login string) string {
	tail := client.LastFour(login)
	switch {
	case tail != "" || login == "":
		return tail
	case strings.Contains(login, "*"):
		return short(client.MaskCards(login))
	}
	name, domain, mail := strings.Cut(login, "@")
	if mail {
		domain = "@" + domain
	}
	first, _ := utf8.DecodeRuneInString(name)
	return short(string(first) + "····" + domain)
}

// removeRequest checks and renders one cancelling. It has no member for a reason.
func (g *Gateway) removeRequest(req client.RemoveToken) (request, error) {
	if !g.has(opTokenCancel) {
		return request{}, unsupported("tokens", noDirectDebit)
	}
	if err := firstError(
		checkToken(req.Token),
		checkPlain("user_id", req.UserID, maxUser),
	); err != nil {
		return request{}, err
	}
	return request{
		op: opTokenCancel, fields: []field{{"userId", req.UserID}, {"payToken", req.Token}}, keep: []string{req.UserID, req.Token},
	}, nil
}

// maxToken is the longest token that is taken, in characters; none is published.
const maxToken = 256

// checkToken is checkPlain for a token, which no error may show (paycools: section
// 11).
func checkToken(token string) error {
	if checkPlain("token", token, maxToken) != nil {
		return inputError("token", "cannot be one", fmt.Sprintf("1 to %d characters without blanks around", maxToken))
	}
	return nil
}

// RemoveToken implements client.Tokens. The cancelling is done when the answer
// says so of this very token, or when the user's list, asked at once, does not
// have it as active any more (paycools: section 11). Anything else is
// ClassUnknown, and a later look at the list settles it (F28).
func (g *Gateway) RemoveToken(ctx context.Context, req client.RemoveToken) (client.TokenAnswer, error) {
	out, err := g.removeRequest(req)
	if err != nil {
		return client.TokenAnswer{}, err
	}
	r, err := g.call(ctx, out)
	answer := client.TokenAnswer{Exchange: r.exchange}
	if err != nil {
		return answer, err
	}
	data := r.object()
	if got := data.Text("payToken", "paytoken"); got != "" && got != req.Token {
		// The token is as good as a secret in a log (paycools: section 11).
		return answer, r.fail(opTokenCancel, client.ClassUnknown, "wrong-echo", "the answer is about another payToken than was asked for", nil)
	}
	if got := data.Text("userId"); got != "" && got != req.UserID {
		return answer, r.contradict(opTokenCancel, "userId", got, req.UserID)
	}
	gone := client.Token{Token: req.Token, UserID: req.UserID, Status: client.TokenRemoved}
	if ended(tokenStatus(data.Text("tokenStatus"), "")) {
		answer.Token = gone
		return answer, nil
	}
	listed, err := g.Tokens(ctx, req.UserID)
	if err != nil {
		return answer, r.fail(opTokenCancel, client.ClassUnknown, "not-confirmed", "the cancelling was accepted, but the list of tokens could not be had to confirm it", err)
	}
	for _, t := range listed.Tokens {
		if t.Token == req.Token && !ended(t.Status) {
			return answer, r.fail(opTokenCancel, client.ClassUnknown, "not-yet", fmt.Sprintf("the cancelling was accepted, but the token is still %s", t.Status), nil)
		}
	}
	answer.Token = gone
	return answer, nil
}

// ended reports whether a token can never be charged again.
func ended(status client.TokenStatus) bool {
	return status == client.TokenRemoved || status == client.TokenExpired
}

// PreviewRemoveToken implements client.Tokens.
func (g *Gateway) PreviewRemoveToken(req client.RemoveToken) (client.Preview, error) {
	out, err := g.removeRequest(req)
	if err != nil {
		return client.Preview{}, err
	}
	return g.preview(out)
}

// chargeRequest is a charge of an authorisation (paycools: section 11). It needs
// the channel of the authorisation.
func (g *Gateway) chargeRequest(req client.CreateOrder) (request, error) {
	switch {
	case !g.has(opTokenPay):
		return request{}, unsupported("tokens", noDirectDebit)
	case g.defaults.AppName == "":
		return request{}, missing("app_name", "the shop's name, 1 to 100 letters and blanks")
	case !channelCode.MatchString(req.Method):
		return request{}, inputError("method", fmt.Sprintf("is %.80q", req.Method), "the token's channel code, such as PH_GCASH_DIRECT_DEBIT")
	case req.PayerEmail != "" && !isEmail(req.PayerEmail):
		return request{}, inputError("payer_email", fmt.Sprintf("is %.80q", req.PayerEmail), "an e-mail address")
	}
	if err := firstError(checkToken(req.Token), checkText("payer_mobile", req.PayerMobile, maxOldText)); err != nil {
		return request{}, err
	}
	return request{op: opTokenPay, fields: []field{
		{"appName", g.defaults.AppName},
		{"mchOrderId", req.OrderNo},
		{"amount", cents(req.Amount)},
		{"channelCode", req.Method},
		{"payToken", req.Token},
		{"customerName", req.PayerName},
		{"email", req.PayerEmail},
		{"mobile", req.PayerMobile},
		{"callbackUrl", req.NotifyURL},
		{"remark", req.Subject},
	}, keep: []string{req.Token}}, nil
}
