package payermax

import (
	"context"
	"fmt"
	"strings"

	"paydesk/client"
)

// Tokens implements client.Tokens (payermax: section 5.5). There is no paging;
// a missing or null list is an empty one.
func (g *Gateway) Tokens(ctx context.Context, userID string) (client.TokensAnswer, error) {
	if err := checkUser(userID); err != nil {
		return client.TokensAnswer{}, err
	}
	data := struct {
		UserID     string `json:"userId"`
		TokenScope string `json:"tokenScope"`
	}{userID, g.tokenScope}
	r, err := g.call(ctx, request{ep: inquirePaymentToken, data: data, keep: []string{userID}})
	if err != nil {
		return client.TokensAnswer{Exchange: r.exchange}, err
	}
	answer := client.TokensAnswer{Exchange: r.exchange}
	list, ok := r.data.Get("tokenList").([]any)
	if !ok && r.data.Get("tokenList") != nil {
		return answer, r.fail(inquirePaymentToken, client.ClassUnknown, "token-list", "the answer's tokenList is no list", nil)
	}
	for _, item := range list {
		entry, ok := item.(object)
		if !ok {
			return answer, r.fail(inquirePaymentToken, client.ClassUnknown, "token-list", "the answer's tokenList holds something else than tokens", nil)
		}
		if owner := entry.Text("userId"); owner != "" && owner != userID {
			return client.TokensAnswer{Exchange: r.exchange}, r.contradict(inquirePaymentToken, "userId", owner, userID)
		}
		// A token without id can be neither shown apart nor unbound.
		if entry.Text("paymentTokenID") != "" {
			answer.Tokens = append(answer.Tokens, g.readToken(entry, userID))
		}
	}
	return answer, nil
}

// readToken reads one entry of tokenList. An activated token whose time is over
// is expired: the gateway would refuse it.
func (g *Gateway) readToken(entry object, userID string) client.Token {
	t := client.Token{
		Token: entry.Text("paymentTokenID"), UserID: userID,
		Status: tokenStatus(entry.Text("paymentTokenStatus")),
		Method: entry.Text("paymentMethodType"), Brand: entry.Text("brand", "targetOrg"),
		Card:      cardTail(entry.Get("cardInfo")),
		ExpiresAt: parseTime(entry.Text("paymentTokenExpiry")),
	}
	if t.Card == "" {
		t.Card = short(client.MaskCards(entry.Text("accountDisplay")))
	}
	if t.Status == client.TokenActive && !t.ExpiresAt.IsZero() && !t.ExpiresAt.After(g.wire.Now()) {
		t.Status = client.TokenExpired
	}
	return t
}

// cardTail is the last four digits of a card, whether the gateway sends a
// masked text or an object (payermax: sections 5.2 and 5.5; S16).
func cardTail(info any) string {
	switch v := info.(type) {
	case string:
		return client.LastFour(v)
	case object:
		for _, name := range []string{"cardLast4", "cardNumber", "cardIdentifierNo"} {
			if tail := client.LastFour(v.Text(name)); tail != "" {
				return tail
			}
		}
	}
	return ""
}

// removeRequest checks and renders one unbinding. The reason is always sent:
// one page counts it among the key fields (payermax: section 5.6).
func (g *Gateway) removeRequest(req client.RemoveToken) (request, error) {
	if req.Reason == "" {
		req.Reason = "unbound by the merchant"
	}
	if err := firstError(
		checkNumber("token", req.Token),
		checkUser(req.UserID),
		checkText("reason", req.Reason, maxReason),
	); err != nil {
		return request{}, err
	}
	data := struct {
		UserID         string `json:"userId"`
		PaymentTokenID string `json:"paymentTokenID"`
		RemoveReason   string `json:"removeReason"`
	}{req.UserID, req.Token, req.Reason}
	return request{ep: removePaymentToken, data: data, keep: []string{req.UserID, req.Token}}, nil
}

// RemoveToken implements client.Tokens. The removal is done only when the
// signed answer says Deleted for this very token; every other answer leaves it
// open, and a look at the user's tokens settles it (payermax: section 5.6).
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
	if got := r.data.Text("paymentTokenID"); got != req.Token {
		return answer, r.contradict(removePaymentToken, "paymentTokenID", got, req.Token)
	}
	if got := r.data.Text("userId"); got != "" && got != req.UserID {
		return answer, r.contradict(removePaymentToken, "userId", got, req.UserID)
	}
	word := r.data.Text("paymentTokenStatus")
	if tokenStatus(word) != client.TokenRemoved {
		return answer, r.fail(removePaymentToken, client.ClassUnknown, "status",
			fmt.Sprintf("the answer's paymentTokenStatus is %.40q, not Deleted", client.MaskCards(word)), nil)
	}
	answer.Token = client.Token{Token: req.Token, UserID: req.UserID, Status: client.TokenRemoved}
	return answer, nil
}

// PreviewRemoveToken implements client.Tokens.
func (g *Gateway) PreviewRemoveToken(req client.RemoveToken) (client.Preview, error) {
	out, err := g.removeRequest(req)
	if err != nil {
		return client.Preview{}, err
	}
	return g.preview(out)
}

func checkUser(userID string) error {
	if userID == "" || strings.TrimSpace(userID) != userID {
		return inputError("user_id", fmt.Sprintf("is %.80q", userID), "1 to 64 characters without blanks around")
	}
	return checkText("user_id", userID, maxUser)
}
