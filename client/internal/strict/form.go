package strict

import (
	"bytes"
	"errors"
	"net/url"
	"strings"
)

// FormRules are the points on which gateways read forms differently. The zero
// value is the strictest.
type FormRules struct {
	Last bool // a repeated name keeps the last value; else it is ErrAmbiguous
	Lone bool // a name without "=", an empty name and an empty body are taken; else they are ErrNotForm
}

// ParseForm reads a query or an application/x-www-form-urlencoded body in its
// order. A line end behind it is cut; empty pairs are skipped.
func ParseForm(body []byte, rules FormRules) (Object, error) {
	o, at := Object{}, map[string]int{}
	for pair := range strings.SplitSeq(string(bytes.TrimRight(body, "\r\n")), "&") {
		if pair == "" {
			continue
		}
		rawName, rawValue, assigned := strings.Cut(pair, "=")
		name, nameErr := url.QueryUnescape(rawName)
		value, valueErr := url.QueryUnescape(rawValue)
		if errors.Join(nameErr, valueErr) != nil || !rules.Lone && (!assigned || name == "") {
			return nil, ErrNotForm
		}
		i, known := at[name]
		switch {
		case !known:
			at[name] = len(o)
			o = append(o, Member{name, value})
		case rules.Last:
			o[i].Value = value
		default:
			return nil, twice(name)
		}
	}
	if len(o) == 0 && !rules.Lone {
		return nil, ErrNotForm
	}
	return o, nil
}
