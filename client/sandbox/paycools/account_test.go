package paycools_test

import (
	"testing"

	"paydesk/client"
	"paydesk/client/sandbox/book"
	"paydesk/client/sandbox/paycools"
	"paydesk/client/sandbox/protocol"
)

const (
	tokensPath = "/api/jt/direct/debit/token/query"
	cancelPath = "/api/jt/direct/debit/token/cancel"
	chargePath = "/api/jt/direct/debit/pay"
	active     = "PT120260228010000001"
)

// tokenList is the list of an answer.
func (a answer) tokenList() []protocol.Object {
	var out []protocol.Object
	list, _ := a.Data["tokenList"].([]any)
	for _, item := range list {
		object, _ := item.(protocol.Object)
		out = append(out, object)
	}
	return out
}

// TestTokensOfAUser covers section 11: an active authorisation, one whose time is
// over, and one that the payer ended.
func TestTokensOfAUser(t *testing.T) {
	b := open(t)
	a := b.want("1000", tokensPath, flat{"userId": "U-0420"})
	list := a.tokenList()
	if len(list) != 3 || a.Data["userId"] != "U-0420" {
		t.Fatalf("%s", a.Raw.Body)
	}
	for i, want := range []protocol.Object{
		{"payToken": active, "channelCode": "PH_GCASH_DIRECT_DEBIT", "tokenStatus": "ACTIVED", "inactiveType": "", "inactiveTime": "", "userLoginId": "0917****567"},
		{"channelCode": "PH_MAYA_DIRECT_DEBIT", "tokenStatus": "INACTIVED", "inactiveType": "EXPIRED"},
		{"channelCode": "PH_GRABPAY_DIRECT_DEBIT", "tokenStatus": "INACTIVED", "inactiveType": "USER_CANCEL"},
	} {
		for name, value := range want {
			if list[i][name] != value {
				t.Errorf("token %d: %s is %v, want %v", i, name, list[i][name], value)
			}
		}
	}
	if one := b.want("1000", tokensPath, flat{"userId": "U-0420", "payToken": active}).tokenList(); len(one) != 1 {
		t.Errorf("%v", one)
	}
	if a = b.want("1000", tokensPath, flat{"userId": "nobody"}); len(a.tokenList()) != 0 || a.Data["tokenList"] == nil {
		t.Errorf("%s", a.Raw.Body)
	}
	b.want("1009", tokensPath, flat{})
	b.set("token_spelling", "lower")
	b.set("token_words", "ACTIVE")
	list = b.want("10000", "/open-api/direct/debit/token/query", flat{"userId": "U-0420"}).tokenList()
	if list[0]["paytoken"] != active || list[0]["channelcode"] == nil || list[0]["tokenStatus"] != "ACTIVE" || list[1]["tokenStatus"] != "INACTIVE" {
		t.Errorf("%v", list)
	}
}

// TestTokensInParam takes the form of PH2 where it is not documented which one
// the Philippine direct debit has.
func TestTokensInParam(t *testing.T) {
	b := open(t)
	param := flat{"userId": "U-0420", "timestamp": stamp(now)}.object()
	f := flat{"appId": paycools.AppID, "param": param}
	req := b.raw("POST", tokensPath, "", f.with("sign", b.sign(f.text())).object())
	if a := b.send(req); !a.Accepted || len(a.tokenList()) != 3 {
		t.Errorf("%s", a.Raw.Body)
	}
}

// TestCancellingIsForEver covers 10.3 of the index.
func TestCancellingIsForEver(t *testing.T) {
	b := open(t)
	b.want("1008", cancelPath, flat{"userId": "U-0420", "payToken": "PT404"})
	b.want("1008", cancelPath, flat{"userId": "somebody", "payToken": active})
	b.want("1009", cancelPath, flat{"userId": "U-0420"})
	a := b.want("1000", cancelPath, flat{"userId": "U-0420", "payToken": active})
	if a.Data["tokenStatus"] != "INACTIVED" || a.Data["payToken"] != active || a.Data["userId"] != "U-0420" {
		t.Errorf("%s", a.Raw.Body)
	}
	got := b.want("1000", tokensPath, flat{"userId": "U-0420", "payToken": active}).tokenList()[0]
	if got["tokenStatus"] != "INACTIVED" || got["inactiveType"] != "MCH_CANCEL" || got["inactiveTime"] != "2026-11-22 17:30:00" {
		t.Errorf("%v", got)
	}
	b.want("1000", cancelPath, flat{"userId": "U-0420", "payToken": active})
	for _, code := range []string{"1008", "1009"} {
		b.set("cancelled_token", code)
		b.want(code, cancelPath, flat{"userId": "U-0420", "payToken": active})
	}
	b.book.View(func(s *book.State) {
		if k, _ := s.Token(paycools.Gateway, active); k.Status != client.TokenRemoved || len(s.Notices()) != 1 {
			t.Errorf("%+v, %d notices", k, len(s.Notices()))
		}
	})
}

// TestCharges covers 10.5 and 10.6 of the index.
func TestCharges(t *testing.T) {
	b := open(t)
	good := flat{
		"appName": "Sandbox Shop", "mchOrderId": "D1", "amount": "9900", "channelCode": "PH_GCASH_DIRECT_DEBIT", "payToken": active, "callbackUrl": paycools.PortalURL,
	}
	a := b.want("1000", chargePath, good)
	if a.Data["transactionStatus"] != "PENDING" || a.Data["channelType"] != "DIRECT_DEBIT" || a.Data["redirectUrl"] != nil {
		t.Errorf("%s", a.Raw.Body)
	}
	o := b.theOrder("D1")
	if o.UserID != "U-0420" || o.Token != active || o.Page || o.Plan != book.Success || o.DueAt.IsZero() {
		t.Errorf("%+v", o)
	}
	number, _ := a.Data["transactionId"].(string)
	if a = b.want("1000", "/api/jt/direct/debit/query", flat{"transactionId": number}); a.Data["channelType"] != "DIRECT_DEBIT" || a.Data["mchOrderId"] != "D1" {
		t.Errorf("%s", a.Raw.Body)
	}
	for _, c := range []struct{ name, value, code string }{
		{"mchOrderId", "D1", "1012"},
		{"payToken", "PT404", "1008"},
		{"payToken", "PT120260228010000002", "1009"},
		{"payToken", "PT120260228010000003", "1009"},
		{"channelCode", "PH_MAYA_DIRECT_DEBIT", "1011"},
		{"amount", "0", "1009"},
		{"payToken", "", "1009"},
		{"appName", "", "1009"},
		{"callbackUrl", "", "1009"},
	} {
		b.want(c.code, chargePath, good.with("mchOrderId", "D2").with(c.name, c.value))
	}
	for outcome, plan := range map[string]book.Outcome{"failed": book.Failed, "stay": book.Stay} {
		b.set("charge_outcome", outcome)
		if b.want("10000", "/open-api/jt/direct/debit/pay", good.with("mchOrderId", "D"+outcome)); b.theOrder("D"+outcome).Plan != plan {
			t.Errorf("%s: %+v", outcome, b.theOrder("D"+outcome))
		}
	}
}
