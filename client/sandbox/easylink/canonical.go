package easylink

import (
	"cmp"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"

	"paydesk/client/internal/sign"
	"paydesk/client/sandbox/protocol"
)

// plain is a value as it is signed and as it stands in a form. null is nothing
// and told apart from an empty text; what has members becomes compact JSON.
func plain(value any) (text string, there bool, err error) {
	switch v := value.(type) {
	case nil:
		return "", false, nil
	case string:
		return v, true, nil
	case json.Number:
		return v.String(), true, nil
	case bool:
		return strconv.FormatBool(v), true, nil
	default:
		raw, err := protocol.Encode(v)
		return string(raw), true, err
	}
}

// canonical is the text that is signed, without the secret behind it: each
// member whose value is not empty as "name=value&", the whole texts sorted
// ignoring case, equal ones left in their order (easylink: sections 4.1 and
// 4.2).
func canonical(members protocol.Members) (string, error) {
	type line struct {
		text string
		rank []uint16
	}
	lines := make([]line, 0, len(members))
	for _, m := range members {
		value, _, err := plain(m.Value)
		if err != nil {
			return "", err
		}
		if value != "" {
			text := m.Name + "=" + value + "&"
			lines = append(lines, line{text, rank(text)})
		}
	}
	slices.SortStableFunc(lines, func(a, b line) int { return slices.Compare(a.rank, b.rank) })
	var out strings.Builder
	for _, l := range lines {
		out.WriteString(l.text)
	}
	return out.String(), nil
}

// rank is a text as the gateway's code compares it: by units of UTF-16, each
// made upper and then lower case.
func rank(text string) []uint16 {
	units := utf16.Encode([]rune(text))
	for i, u := range units {
		if low := unicode.ToLower(unicode.ToUpper(rune(u))); low <= 0xFFFF {
			units[i] = uint16(low)
		}
	}
	return units
}

// digest signs members with a key.
func digest(members protocol.Members, key []byte) (string, error) {
	text, err := canonical(members)
	if err != nil {
		return "", err
	}
	return sign.DigestMD5(text, key), nil
}

// matches compares a signature that came in with the right one; the case of its
// letters does not count (easylink: section 4.3).
func matches(got, want string) bool {
	return subtle.ConstantTimeCompare([]byte(strings.ToUpper(got)), []byte(want)) == 1
}

// spoilt signs members, in the ways of spoil wrongly; ok is false for no
// signature at all.
func (s *speaker) spoilt(members protocol.Members, spoil protocol.Spoil) (signature string, ok bool, err error) {
	key := s.key
	if spoil.Has(protocol.OtherKey) {
		key = []byte(nobody)
	}
	if spoil.Has(protocol.BadSign) {
		members = append(slices.Clone(members), protocol.Member{Name: "x", Value: "1"})
	}
	signature, err = digest(members, key)
	return signature, !spoil.Has(protocol.NoSign), err
}

// scatter sorts members into the order in which the gateway's code goes through
// its table of them, a hash table of a power of two of places that is never more
// than three quarters full.
func scatter(members protocol.Members) protocol.Members {
	places := uint32(16)
	for uint32(len(members)) > places/4*3 {
		places *= 2
	}
	place := func(name string) uint32 {
		var hash uint32
		for _, unit := range utf16.Encode([]rune(name)) {
			hash = hash*31 + uint32(unit)
		}
		return (hash ^ hash>>16) & (places - 1)
	}
	out := slices.Clone(members)
	slices.SortStableFunc(out, func(a, b protocol.Member) int { return cmp.Compare(place(a.Name), place(b.Name)) })
	return out
}

// falsify changes one member.
func falsify(members protocol.Members, name string) {
	switch value := members.Get(name).(type) {
	case string:
		members.Set(name, otherText(value))
	case json.Number:
		members.Set(name, json.Number(otherText(value.String())))
	}
}

// otherText is a text of the same kind that is not the same: another last digit
// or letter.
func otherText(text string) string {
	if text == "" {
		return "X"
	}
	head, last := text[:len(text)-1], text[len(text)-1]
	switch {
	case last >= '0' && last < '9':
		last++
	case last == '9':
		last = '8'
	case last == 'X':
		last = 'Y'
	default:
		last = 'X'
	}
	return head + string(rune(last))
}

// whole is a whole number as the gateway reads it: nothing behind the point, no
// zeros before it (easylink: section 4.3). An empty text is no number.
func whole(text string) (digits string, there bool, err error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return "", false, nil
	}
	body, negative := strings.CutPrefix(text, "-")
	body, fraction, _ := strings.Cut(body, ".")
	if body == "" || strings.Trim(body+fraction, "0123456789") != "" {
		return "", false, fmt.Errorf("%.40q is no whole number", text)
	}
	n, err := strconv.ParseInt(body, 10, 64)
	if err != nil {
		return "", false, fmt.Errorf("%.40q is too large", text)
	}
	if negative {
		n = -n
	}
	return strconv.FormatInt(n, 10), true, nil
}
