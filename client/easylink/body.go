package easylink

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"paydesk/client/internal/strict"
)

// object is a JSON object, or a form, in the order in which it came. The order
// counts for the signature where names differ in case only, and inside nested
// values (easylink: section 4.2).
type (
	object = strict.Object
	member = strict.Member
)

// pairs renders the members as they are signed; null is empty, and empty values
// are left out by the signing itself.
func pairs(o object) [][2]string {
	out := make([][2]string, 0, len(o))
	for _, m := range o {
		out = append(out, [2]string{m.Name, render(m.Value)})
	}
	return out
}

// render is a value as it is signed: a text as it is, a number by its own
// digits, true or false, and a nested value as compact JSON text. Null is "".
func render(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	default:
		var out strings.Builder
		writeNested(&out, v)
		return out.String()
	}
}

// writeNested writes compact JSON as the gateway's serialiser does: members in
// the order in which they came, those that are null left out, nulls in lists
// kept (easylink: section 4.2).
func writeNested(out *strings.Builder, value any) {
	switch v := value.(type) {
	case object:
		out.WriteByte('{')
		first := true
		for _, m := range v {
			if m.Value == nil {
				continue
			}
			if !first {
				out.WriteByte(',')
			}
			first = false
			writeQuoted(out, m.Name)
			out.WriteByte(':')
			writeNested(out, m.Value)
		}
		out.WriteByte('}')
	case []any:
		out.WriteByte('[')
		for i, item := range v {
			if i > 0 {
				out.WriteByte(',')
			}
			writeNested(out, item)
		}
		out.WriteByte(']')
	case string:
		writeQuoted(out, v)
	case nil:
		out.WriteString("null")
	default:
		out.WriteString(render(v))
	}
}

// writeQuoted writes a JSON string with the escapes of the gateway's
// serialiser: no HTML escaping, hexadecimal digits in capitals.
func writeQuoted(out *strings.Builder, text string) {
	out.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			out.WriteByte('\\')
			out.WriteRune(r)
		case r >= '\b' && r <= '\r' && r != '\v':
			out.WriteByte('\\')
			out.WriteByte("btn-fr"[r-'\b'])
		case r < ' ' || (r >= 0x7f && r < 0xa0) || r == '\u2028' || r == '\u2029':
			fmt.Fprintf(out, `\u%04X`, r)
		default:
			out.WriteRune(r)
		}
	}
	out.WriteByte('"')
}
