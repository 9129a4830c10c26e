package easylink

import (
	"encoding/json"
	"slices"
	"strings"
)

// signMember is where a body carries its signature.
const signMember = "sign"

// commonFields are part of every request (easylink: section 3).
func commonFields() []string { return []string{"mchNo", "appId", "version", "signType", "reqTime"} }

// requestFields are the fields that the gateway's code knows for the request
// that has these members, or nil when they are no request of this protocol.
func requestFields(o object) []string {
	has := func(name string) bool {
		return slices.ContainsFunc(o, func(m member) bool { return plain(m.Name) == plain(name) })
	}
	for _, name := range commonFields() {
		if !has(name) {
			return nil
		}
	}
	var own []string
	switch {
	case has("refundAmount"):
		own = []string{
			"mchOrderNo", "payOrderId", "mchRefundNo", "refundAmount", "currency", "refundReason", "clientIp",
			"notifyUrl", "channelExtra", "extParam",
		}
	case has("wayCode"), has("amount"):
		own = []string{
			"mchOrderNo", "wayCode", "amount", "currency", "clientIp", "subject", "body", "notifyUrl", "returnUrl",
			"expiredTime", "channelExtra", "extParam", "divisionMode",
		}
	case has("mchRefundNo"), has("refundOrderId"):
		own = []string{"mchRefundNo", "refundOrderId"}
	case has("mchOrderNo"), has("payOrderId"): // query and close
		own = []string{"mchOrderNo", "payOrderId"}
	default:
		return nil
	}
	return append(commonFields(), own...)
}

// bind is what the gateway hashes of a request: it reads the body into the
// fields that it knows, whose names it matches ignoring case and underscores,
// makes whole numbers canonical, and drops the rest (easylink: section 4.3). ok
// is false when the members are no request of this protocol.
func bind(o object) (bound object, ok bool) {
	fields := requestFields(o)
	if fields == nil {
		return nil, false
	}
	for _, name := range fields {
		i := slices.IndexFunc(o, func(m member) bool { return m.Name == name })
		if i < 0 {
			i = slices.IndexFunc(o, func(m member) bool { return plain(m.Name) == plain(name) })
		}
		if i < 0 {
			continue
		}
		value := o[i].Value
		switch name {
		case "amount", "refundAmount", "expiredTime", "divisionMode":
			value = whole(value)
		}
		bound = append(bound, member{Name: name, Value: value})
	}
	return bound, true
}

// plain is a name without what the gateway ignores in it.
func plain(name string) string { return strings.ToLower(strings.ReplaceAll(name, "_", "")) }

// whole is a whole number as the gateway reads it: no leading zeros, nothing
// behind the point. What is no number stays as it is.
func whole(value any) any {
	var text string
	switch v := value.(type) {
	case json.Number:
		text = v.String()
	case string:
		text = strings.TrimSpace(v)
	default:
		return value
	}
	text, negative := strings.CutPrefix(text, "-")
	digits, fraction, _ := strings.Cut(text, ".")
	if digits == "" || strings.Trim(digits+fraction, "0123456789") != "" {
		return value
	}
	if digits = strings.TrimLeft(digits, "0"); digits == "" {
		return json.Number("0")
	}
	if negative {
		digits = "-" + digits
	}
	return json.Number(digits)
}

// callbackFields are the documented fields of a notification (easylink: section
// 8). The merchant's own text goes by two names (section 11.1).
func callbackFields(o object) []string {
	if o.Text("refundOrderId", "mchRefundNo") != "" {
		return []string{
			"refundOrderId", "payOrderId", "mchNo", "appId", "mchRefundNo", "payAmount", "refundAmount", "currency", "state",
			"channelOrderNo", "errCode", "errMsg", "extParam", "extraParam", "createdAt", "successTime", "reqTime",
		}
	}
	return []string{
		"payOrderId", "mchNo", "appId", "mchOrderNo", "ifCode", "wayCode", "amount", "currency", "state", "clientIp", "subject",
		"body", "channelOrderNo", "errCode", "errMsg", "extParam", "extraParam", "createdAt", "successTime", "reqTime",
	}
}

// documented lists what a notification's signature may stand over when it does
// not stand over everything: the documented fields, because the pairs of a
// query in the registered address are mixed in unsigned, and the merchant's own
// text by either of its names (easylink: section 9 step 4).
func documented(o object) []object {
	fields := callbackFields(o)
	var known object
	for _, m := range o {
		if slices.Contains(fields, m.Name) {
			known = append(known, m)
		}
	}
	return []object{known, known.Without("extraParam"), known.Without("extParam")}
}
