package paycools

import (
	"fmt"
	"strings"
	"testing"

	"paydesk/client"
)

const tokenList = `{"userId":"u-5","tokenList":[
 {"channelCode":"PH_GCASH_DIRECT_DEBIT","payToken":"tok_1","tokenStatus":"ACTIVED","expiresTime":"2029-03-31 00:00:00","inactiveTime":null,"inactiveType":"","userLoginId":"0917****4567"},
 {"channelcode":"PH_MAYA_DIRECT_DEBIT","paytoken":"tok_2","tokenStatus":"ACTIVE","expiresTime":"2026-11-22 17:29:59"},
 {"channelCode":"X","payToken":"tok_3","tokenStatus":"INACTIVED","inactiveType":"USER_CANCEL"},
 {"channelCode":"X","payToken":"tok_4","tokenStatus":"inactive","inactiveType":"EXPIRED"},
 {"channelCode":"X","payToken":"tok_5","tokenStatus":"FROZEN"},
 {"channelCode":"X","payToken":"","tokenStatus":"ACTIVED"}]}`

func TestTokens(t *testing.T) { // paycools: section 11
	for dialect, c := range map[string]struct{ success, path, stamp string }{
		PH:    {"1000", "/api/jt/direct/debit/token/query", `"timestamp":"1795339800000"`},
		PH2:   {"1000", "/api/jt/direct/debit/token/query", `"timestamp":"1795339800000"`},
		GROUP: {"10000", "/open-api/direct/debit/token/query", `\"timestamp\":1795339800000`},
	} {
		g, s := dialectWith(t, dialect, answer{body: `{"code":` + c.success + `,"data":` + tokenList + `}`})
		got, err := g.Tokens(t.Context(), "u-5")
		if err != nil {
			t.Fatal(err)
		}
		want := []client.Token{
			{Token: "tok_1", UserID: "u-5", Status: client.TokenActive, Method: "PH_GCASH_DIRECT_DEBIT", Card: "····4567", ExpiresAt: manila("2029-03-31 00:00:00")},
			{Token: "tok_2", UserID: "u-5", Status: client.TokenExpired, Method: "PH_MAYA_DIRECT_DEBIT", ExpiresAt: manila("2026-11-22 17:29:59")},
			{Token: "tok_3", UserID: "u-5", Status: client.TokenRemoved, Method: "X"},
			{Token: "tok_4", UserID: "u-5", Status: client.TokenExpired, Method: "X"},
			{Token: "tok_5", UserID: "u-5", Status: client.TokenUnknown, Method: "X"},
		}
		if len(got.Tokens) != len(want) {
			t.Fatalf("%+v", got.Tokens)
		}
		for i := range want {
			if got.Tokens[i] != want[i] {
				t.Errorf("got  %+v\nwant %+v", got.Tokens[i], want[i])
			}
		}
		if r := s.last(); r.path != c.path || r.data.Text("userId") != "u-5" || !strings.Contains(string(r.body), c.stamp) {
			t.Errorf("%s: sent %s %s", dialect, r.path, r.body)
		}
	}
}

// TestLoginsAreMasked shows as much of a login as tells one from another.
func TestLoginsAreMasked(t *testing.T) { // covers S16; paycools: section 11
	for login, want := range map[string]string{
		"": "", "09171234567": "····4567", "0917****4567": "····4567", "0917****567": "0917****567", "j****@example.ph": "j****@example.ph",
		"juana@example.ph": "j····@example.ph", "juana": "j····", "é": "é····",
	} {
		g, _ := gatewayWith(t, ok(`{"tokenList":[{"payToken":"t","tokenStatus":"ACTIVE","userLoginId":"`+login+`"}]}`))
		if got, err := g.Tokens(t.Context(), "u-5"); err != nil || got.Tokens[0].Card != want {
			t.Errorf("%s: %+v, %v", login, got.Tokens, err)
		}
	}
}

func TestNoTokens(t *testing.T) {
	for _, a := range []answer{ok(`{"tokenList":null}`), ok(`{"tokenList":[]}`), ok(`{}`), ok(`null`), ok(`[]`), code(1008)} {
		g, _ := gatewayWith(t, a)
		if got, err := g.Tokens(t.Context(), "u-5"); err != nil || len(got.Tokens) != 0 || got.Exchange.Operation != "tokenQuery" {
			t.Errorf("%s: %+v, %v", a.body, got.Tokens, err)
		}
	}
}

func TestTokensTrouble(t *testing.T) {
	for body, code := range map[string]string{
		strings.Replace(tokenList, `"userId":"u-5"`, `"userId":"U-5"`, 1): "wrong-echo", // covers F7
		`[{"userId":"u-6","payToken":"t"}]`:                               "wrong-echo", // covers F7
		`{"tokenList":"none"}`:                                            "token-list", `{"tokenList":["tok"]}`: "token-list", `"none"`: "token-list",
	} {
		g, _ := gatewayWith(t, ok(body))
		got, err := g.Tokens(t.Context(), "u-5")
		if fault(t, err, client.ClassUnknown, code); len(got.Tokens) != 0 {
			t.Errorf("%s: %+v", code, got.Tokens)
		}
	}
	g, s := gatewayWith(t, ok(tokenList))
	for _, user := range []string{"", " u", strings.Repeat("u", 65), "\xff"} {
		if _, err := g.Tokens(t.Context(), user); client.ClassOf(err) != client.ClassInput {
			t.Errorf("%q: %v", user, err)
		}
	}
	for name, req := range map[string]client.RemoveToken{"no token": {UserID: "u"}, "no user": {Token: "t"}, "blanks": {Token: "t ", UserID: "u"}, "long": {Token: strings.Repeat("t", 257), UserID: "u"}} {
		if _, err := g.RemoveToken(t.Context(), req); client.ClassOf(err) != client.ClassInput {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := g.PreviewRemoveToken(req); client.ClassOf(err) != client.ClassInput {
			t.Errorf("%s: preview: %v", name, err)
		}
	}
	g = connect(t, s.server.URL, func(c *Config) { c.NoDirectDebit = true })
	_, err := g.Tokens(t.Context(), "u")
	fault(t, err, client.ClassUnsupported, "tokens")
	_, err = g.RemoveToken(t.Context(), aRemoval())
	fault(t, err, client.ClassUnsupported, "tokens")
	_, err = g.PreviewRemoveToken(aRemoval())
	fault(t, err, client.ClassUnsupported, "tokens")
	if len(s.requests()) != 0 {
		t.Error("something was sent")
	}
}

func aRemoval() client.RemoveToken {
	return client.RemoveToken{Token: "tok_1", UserID: "u-5", Reason: "lost phone"}
}

// removal is a double that answers the cancelling and then the list.
func removal(t *testing.T, cancel, list answer) (*Gateway, *stub) {
	t.Helper()
	s := newStub(t)
	s.script = func(r received) answer {
		if strings.HasSuffix(r.path, "/cancel") {
			return cancel
		}
		return list
	}
	return connect(t, s.server.URL), s
}

func listOf(status string) answer {
	return ok(fmt.Sprintf(`{"userId":"u-5","tokenList":[{"payToken":"tok_0","tokenStatus":"ACTIVED"},{"payToken":"tok_1","tokenStatus":%q}]}`, status))
}

func TestRemoveToken(t *testing.T) { // covers F28
	for name, c := range map[string]struct {
		cancel, list answer
		sent         int
	}{
		"said at once":      {ok(`{"payToken":"tok_1","userId":"u-5","tokenStatus":"INACTIVED","inactiveType":"MCH_CANCEL"}`), listOf("ACTIVED"), 1},
		"said by the list":  {ok("null"), listOf("INACTIVED"), 2},
		"gone from it":      {ok(`{"paytoken":"tok_1"}`), ok(`{"tokenList":[]}`), 2},
		"expired meanwhile": {ok("{}"), ok(`{"tokenList":[{"payToken":"tok_1","tokenStatus":"INACTIVED","inactiveType":"EXPIRED"}]}`), 2},
	} {
		g, s := removal(t, c.cancel, c.list)
		got, err := g.RemoveToken(t.Context(), aRemoval())
		if err != nil || got.Token != (client.Token{Token: "tok_1", UserID: "u-5", Status: client.TokenRemoved}) || got.Exchange.Operation != "tokenCancel" || len(s.requests()) != c.sent {
			t.Errorf("%s: %+v, %v after %d requests", name, got.Token, err, len(s.requests()))
		}
		if r := s.requests()[0]; r.path != "/api/jt/direct/debit/token/cancel" || r.data.Text("payToken") != "tok_1" || r.data.Text("userId") != "u-5" || r.data.Text("timestamp") == "" {
			t.Errorf("%s: sent %s %s", name, r.path, r.body)
		}
	}
}

func TestRemoveTokenDoubts(t *testing.T) { // covers F28
	for name, c := range map[string]struct {
		cancel, list answer
		class        client.Class
		code         string
	}{
		"not yet":         {ok("null"), listOf("ACTIVED"), client.ClassUnknown, "not-yet"},
		"unknown word":    {ok("null"), listOf("LEAVING"), client.ClassUnknown, "not-yet"},
		"no list":         {ok("null"), answer{status: 403, body: "no"}, client.ClassUnknown, "not-confirmed"},
		"other token":     {ok(`{"payToken":"tok_2","tokenStatus":"INACTIVED"}`), listOf("INACTIVED"), client.ClassUnknown, "wrong-echo"}, // covers F7
		"other user":      {ok(`{"userId":"u-6","tokenStatus":"INACTIVED"}`), listOf("INACTIVED"), client.ClassUnknown, "wrong-echo"},     // covers F7
		"answer lost":     {answer{drop: true}, listOf("ACTIVED"), client.ClassUnknown, "connection"},                                     // covers F3
		"gone already":    {code(1008), listOf("ACTIVED"), client.ClassNotFound, "1008"},
		"refused":         {code(1009), listOf("ACTIVED"), client.ClassRefused, "1009"},
		"no such address": {answer{status: 404, body: "<html>"}, listOf("ACTIVED"), client.ClassUnknown, "http-404"},
	} {
		g, _ := removal(t, c.cancel, c.list)
		got, err := g.RemoveToken(t.Context(), aRemoval())
		if e := fault(t, err, c.class, c.code); e.Exchange == nil || e.Exchange.Operation != "tokenCancel" || got.Token != (client.Token{}) {
			t.Errorf("%s: %+v %+v", name, e, got)
		}
	}
	g, _ := removal(t, ok(`{"payToken":"CANARY-theirs"}`), listOf("INACTIVED")) // covers S8: a token is as good as a secret
	for _, token := range []string{"CANARY-ours", " CANARY", "CANARY" + strings.Repeat("x", 256)} {
		if _, err := g.RemoveToken(t.Context(), client.RemoveToken{Token: token, UserID: "u-5"}); err == nil || strings.Contains(err.Error(), "CANARY") {
			t.Error(err)
		}
	}
	g, _ = removal(t, answer{status: 404, body: "x"}, listOf(""))
	_, err := g.RemoveToken(t.Context(), aRemoval())
	if e := fault(t, err, client.ClassUnknown, "http-404"); !strings.Contains(e.Hint, "path of tokenCancel") {
		t.Error(e.Hint)
	}
}

func TestPreviewRemoveToken(t *testing.T) { // covers I12
	g, s := removal(t, ok("null"), listOf("INACTIVED"))
	p, err := g.PreviewRemoveToken(aRemoval())
	if err != nil || len(s.requests()) != 0 {
		t.Fatal(err)
	}
	if _, err := g.RemoveToken(t.Context(), aRemoval()); err != nil {
		t.Fatal(err)
	}
	sent := s.requests()[0]
	signature := sent.data.Text("sign")
	if want := strings.Replace(string(sent.body), signature, signature[:8]+"•••", 1); string(p.Body) != want {
		t.Errorf("preview %s\nsent    %s", p.Body, want)
	}
}
