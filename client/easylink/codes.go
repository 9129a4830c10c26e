package easylink

import (
	"slices"
	"strings"

	"paydesk/client"
)

// The gateway's codes (easylink: section 5). The page that EasyLink refers to
// for its own could not be found, so others are possible.
const (
	codeDone       = "0"    // handled; the outcome is in data
	codeBusiness   = "9999" // refused for a business reason, which only the text names
	codeParameter  = "11"
	codeNoRecord   = "5003"
	codePermission = "5004"
)

// classify maps a code other than 0 to its class. Nothing signs such an answer,
// so it is never the last word, and the text in it never decides about money.
//
// A refused unifiedOrder may have left an order behind, perhaps a paid one of
// that number: unknown, to be settled by a query (easylink: section 6.1). A
// refused refundOrder is reported as the refusal that it is, unverified: "exists"
// and "under way" come by the very same code, and a record may stand although
// the gateway said no (section 7.1), which is why the desk believes no unverified
// refusal before a query has answered (Capabilities.UnsignedRefusals). Codes that
// stand for a failure of the gateway, and those it is not known to have, are
// unknown everywhere (I6).
func (g *Gateway) classify(ep endpoint, code, msg string) client.Class {
	switch ep {
	case unifiedOrder:
		return client.ClassUnknown
	case refundOrder:
		switch code {
		case codeBusiness, codeParameter, "5000", "5001", "5002", codeNoRecord, codePermission:
			return client.ClassRefused
		}
		return client.ClassUnknown
	}
	switch {
	case code == codePermission || aboutAccount(msg):
		return client.ClassAuth
	case slices.Contains(g.absent, code):
		return client.ClassNotFound
	}
	return client.ClassUnknown
}

// aboutAccount reports whether the text of a refused query is about our own
// signature or account. One code stands for "no such number" and for those
// alike. The text is believed in this one direction only, in which it withholds
// the conclusion that a number is free: a wrong secret must not look like a
// gateway that knows nothing.
func aboutAccount(msg string) bool {
	switch strings.TrimSpace(msg) {
	case "商户或商户应用不存在", "商户信息不存在或商户状态不可用", "商户应用不存在或应用状态不可用",
		"参数appId与商户号不匹配", "商户不存在或商户状态不可用", "商户应用不存在或商户状态不可用", "商户应用与商户号不匹配":
		return true
	}
	msg = strings.ToLower(msg)
	return strings.Contains(msg, "验签") || strings.Contains(msg, "驗簽") || strings.Contains(msg, "签名") ||
		strings.Contains(msg, "簽名") || strings.Contains(msg, "signature")
}

// hintFor says what to do about a code other than 0.
func hintFor(ep endpoint, class client.Class, msg string) string {
	account := "check merchant_no, app_id, the application secret, environment and base_url against the gateway's portal"
	switch {
	case class == client.ClassAuth:
		return account
	case class == client.ClassNotFound:
		return "check the number, the profile and the environment; the gateway says the same of other refusals, so read its words too"
	case aboutAccount(msg):
		return account + "; " + lostHint(ep)
	case class == client.ClassRefused:
		return "nothing signs this refusal: the gateway is asked for the number before it counts"
	default:
		return lostHint(ep)
	}
}
