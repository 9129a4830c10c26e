package easylink

import (
	"errors"
	"fmt"
	"maps"
	"mime"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"paydesk/client/sandbox/fault"
	"paydesk/client/sandbox/protocol"
)

// fields are the members of a request that the gateway knows, as canonical
// text. What is null or was not sent is not there.
type fields map[string]string

// readBody reads JSON or a form, of which repeated names keep the last value.
// From anything else the gateway reads nothing (easylink: sections 2 and 4.3).
func readBody(req protocol.Request) (protocol.Object, error) {
	media, _, err := mime.ParseMediaType(req.Header.Get("Content-Type"))
	if err != nil {
		media = ""
	}
	switch media {
	case "application/json":
		return protocol.ReadObject(req.Body)
	case "application/x-www-form-urlencoded":
		values, err := url.ParseQuery(string(req.Body))
		if err != nil {
			return nil, errors.New("the body is no form")
		}
		object := protocol.Object{}
		for name, list := range values {
			object[name] = list[len(list)-1]
		}
		return object, nil
	default:
		return protocol.Object{}, nil
	}
}

// common are the members of every request (easylink: section 3).
func common() []string { return []string{"mchNo", "appId", "version", "signType", "reqTime", "sign"} }

// known lists the members that the gateway's code has for an operation.
func (s *speaker) known(operation string) []string {
	ext := s.switches.Get(extName)
	switch operation {
	case fault.OpCreate:
		return append(common(), "mchOrderNo", "wayCode", "amount", "currency", "clientIp", "subject", "body", "notifyUrl", "returnUrl",
			"expiredTime", "channelExtra", ext, "divisionMode")
	case fault.OpRefund:
		return append(common(), "mchOrderNo", "payOrderId", "mchRefundNo", "refundAmount", "currency", "refundReason", "clientIp",
			"notifyUrl", "channelExtra", ext)
	case fault.OpQuery:
		return append(common(), "mchRefundNo", "refundOrderId")
	default:
		return append(common(), "mchOrderNo", "payOrderId")
	}
}

// isWhole reports whether a member is a whole number.
func isWhole(name string) bool {
	return slices.Contains([]string{"amount", "refundAmount", "expiredTime", "divisionMode"}, name)
}

// bind takes what the gateway knows out of a body: the rest is dropped, names
// are matched ignoring case and underscores, whole numbers are made canonical
// (easylink: section 4.3).
func bind(body protocol.Object, known []string) (fields, error) {
	sent := slices.Sorted(maps.Keys(body))
	out := fields{}
	for _, name := range known {
		value, exact := body[name]
		if !exact {
			i := slices.IndexFunc(sent, func(other string) bool { return folded(other) == folded(name) })
			if i < 0 {
				continue
			}
			value = body[sent[i]]
		}
		text, there, err := plain(value)
		if err == nil && there && isWhole(name) {
			text, there, err = whole(text)
		}
		if err != nil {
			return nil, badParameter(name, err.Error())
		}
		if there {
			out[name] = text
		}
	}
	return out, nil
}

func folded(name string) string { return strings.ToLower(strings.ReplaceAll(name, "_", "")) }

// signed is what the signature of a request stands over.
func (f fields) signed() protocol.Members {
	var out protocol.Members
	for _, name := range slices.Sorted(maps.Keys(f)) {
		if name != "sign" {
			out = append(out, protocol.Member{Name: name, Value: f[name]})
		}
	}
	return out
}

// need refuses members that are blank, in their order.
func (f fields) need(names ...string) error {
	for _, name := range names {
		if strings.TrimSpace(f[name]) == "" {
			return refuse(codeBusiness, name+"不能为空", name+" must not be blank")
		}
	}
	return nil
}

// atLeastOne refuses an amount below one cent.
func (f fields) atLeastOne(name string) error {
	if f[name] == "" || f[name] == "0" || strings.HasPrefix(f[name], "-") {
		return refuse(codeBusiness, name+"不能小于1分", name+" must be at least one cent")
	}
	if len(f[name]) > amountDigits {
		return badParameter(name, "is too large")
	}
	return nil
}

// amountDigits keeps sums of amounts far from the limits of the machine.
const amountDigits = 13

// limits are the longest values in characters (easylink: section 10).
func limits() map[string]int {
	return map[string]int{
		"mchOrderNo": 30, "mchRefundNo": 30, "wayCode": 30, "currency": 3, "subject": 64, "body": 256, "clientIp": 32, "notifyUrl": 128,
		"returnUrl": 128, "channelExtra": 256, "refundReason": 64,
	}
}

// within refuses values that are too long. ext is the limit of the merchant's
// own text, which depends on the table that keeps it.
func (f fields) within(ext int, names ...string) error {
	for _, name := range names {
		if n := utf8.RuneCountInString(f[name]); n > limits()[name] {
			return badParameter(name, fmt.Sprintf("has %d characters, at most %d", n, limits()[name]))
		}
	}
	for _, name := range []string{extParam, extraParam} {
		if n := utf8.RuneCountInString(f[name]); n > ext {
			return badParameter(name, fmt.Sprintf("has %d characters, at most %d", n, ext))
		}
	}
	return nil
}

// webAddress reports whether a notification or a browser can be sent there; an
// empty address is none.
func webAddress(text string) bool {
	return text == "" || strings.HasPrefix(text, "http://") || strings.HasPrefix(text, "https://")
}

// timeDigits is reqTime in seconds or in milliseconds (easylink: section 11.2).
var timeDigits = regexp.MustCompile(`^([0-9]{10}|[0-9]{13})$`)

// when reads reqTime; ok is false for what is no time.
func (f fields) when() (at time.Time, ok bool) {
	text := f["reqTime"]
	if !timeDigits.MatchString(text) {
		return time.Time{}, false
	}
	var n int64
	for _, digit := range text {
		n = n*10 + int64(digit-'0')
	}
	if len(text) == 10 {
		return time.Unix(n, 0), true
	}
	return time.UnixMilli(n), true
}
