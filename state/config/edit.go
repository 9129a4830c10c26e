package config

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"paydesk/client"
)

// Draft is a profile about to be added. Empty values are left out of the file,
// so that the defaults of Load apply to them.
type Draft struct {
	Name        string
	Gateway     string
	Brand       string
	Environment string
	BaseURL     string
	AllowHosts  []string
	MerchantNo  string
	AppID       string
	KeysDir     string
	// The policy. A nil ReadOnly is the environment's default, written out;
	// limits are as in the file, "5000.00 HKD", at most one per currency.
	ReadOnly        *bool
	MaxRefund       []string
	MaxRefundPerDay []string
	ConfirmAbove    []string
	UndoWindow      string // "10s"
	// Settings is the gateway's own table: string, bool, int, int64, lists and
	// string-keyed tables of these.
	Settings map[string]any
}

// AddProfile appends a profile to the configuration file, which is created
// with its directory when there is none. Every byte that was in the file stays
// as it is. The result is checked before anything is written; mistakes of the
// draft are one ClassInput error with Problems, mistakes that the file already
// had are the error of Load.
func AddProfile(o Options, draft Draft) (*Config, error) {
	o.Create = true
	if _, err := Load(o); err != nil {
		return nil, err
	}
	return rewrite(o, func(before []byte) ([]byte, error) {
		block, err := render(draft)
		if err != nil {
			return nil, err
		}
		return appendBlock(before, block), nil
	})
}

// RemoveProfile cuts a profile's block out of the configuration file and
// leaves everything else as it is, comments before and after the block
// included. When the profile was the default one, default_profile is emptied.
// An unknown name is ClassNotFound. Keys in the keyring are not touched.
func RemoveProfile(o Options, name string) (*Config, error) {
	c, err := Load(o)
	if err != nil {
		return nil, err
	}
	if _, err := c.Lookup(name); err != nil {
		return nil, err
	}
	return rewrite(o, func(before []byte) ([]byte, error) {
		return cutProfile(c.Paths.Config, before, name)
	})
}

// rewrite changes the file's bytes, checks the result and writes it.
func rewrite(o Options, change func(before []byte) ([]byte, error)) (*Config, error) {
	paths, sources, err := locate(o)
	if err != nil {
		return nil, err
	}
	before, _, err := readFile(paths.Config)
	if err != nil {
		return nil, err
	}
	after, err := change(before)
	if err != nil {
		return nil, err
	}
	c, err := build(o, paths, sources, after, false)
	if problems, ok := errors.AsType[Problems](err); ok {
		return nil, refused(problems)
	}
	if err != nil {
		return nil, err
	}
	if err := replaceFile(paths.Config, before, after); err != nil {
		return nil, err
	}
	return c, nil
}

// refused is the error of a change that would leave a wrong file behind. The
// lines are those of a file that was never written, so they are left out.
func refused(problems Problems) error {
	problems = slices.Clone(problems)
	for i := range problems {
		problems[i].File, problems[i].Line, problems[i].Column = "", 0, 0
	}
	return &client.Error{
		Class: client.ClassInput, Code: "profile",
		Message: strings.Join(problems.Lines(), "\n"),
		Hint:    "nothing was written; correct the values and run the command again",
		Err:     problems,
	}
}

// appendBlock puts a block at the end, after an empty line, with the line ends
// that the file has.
func appendBlock(before []byte, block string) []byte {
	text := string(before)
	if rest := strings.TrimRight(text, " \t\r\n"); rest != "" && rest != string(byteOrderMark) {
		if !strings.HasSuffix(text, "\n") {
			text += "\n"
		}
		text += "\n"
	}
	text += block
	if bytes.Contains(before, []byte("\r\n")) {
		text = string(before) + strings.ReplaceAll(strings.TrimPrefix(text, string(before)), "\n", "\r\n")
	}
	return []byte(text)
}

// cutProfile removes the sections of one profile.
func cutProfile(file string, before []byte, name string) ([]byte, error) {
	doc, problems := parse(file, before)
	if len(problems) > 0 {
		return nil, invalid(problems)
	}
	list := doc.root.table["profile"]
	if list == nil {
		return nil, changedMeanwhile(file)
	}
	i := slices.IndexFunc(list.items, func(n *node) bool {
		child := n.table["name"]
		return child != nil && child.text == name
	})
	if i < 0 {
		return nil, changedMeanwhile(file)
	}
	spans := doc.spans(list.items[i])
	if len(spans) == 0 {
		return nil, &client.Error{
			Class: client.ClassInput, Code: "profile",
			Message: fmt.Sprintf("profile %s is written inside a list in line %d of %s", safe(name), list.line, safePath(file)),
			Hint:    "remove it there by hand; paydesk removes [[profile]] blocks only",
		}
	}
	data := slices.Clone(doc.data)
	for _, span := range spans {
		data = cut(data, span[0], span[1])
	}
	if n := doc.root.table["default_profile"]; n != nil && n.text == name {
		// It stands above every table, so the cuts have not moved it.
		data = slices.Replace(data, n.offset, n.offset+n.length, '"', '"')
	}
	if bytes.HasPrefix(before, byteOrderMark) {
		data = append(slices.Clone(byteOrderMark), data...)
	}
	return data, nil
}

// cut removes a range of whole lines, and the empty line after it when it
// would stand at the start or double another one.
func cut(data []byte, start, end int) []byte {
	head, tail := data[:start], data[end:]
	gap := len(head) == 0 || bytes.HasSuffix(head, []byte("\n\n")) || bytes.HasSuffix(head, []byte("\n\r\n"))
	if gap {
		for _, blank := range []string{"\n", "\r\n"} {
			if rest, ok := bytes.CutPrefix(tail, []byte(blank)); ok {
				tail = rest
				break
			}
		}
	}
	return slices.Concat(head, tail)
}

// render writes a draft as TOML.
func render(draft Draft) (string, error) {
	var b strings.Builder
	b.WriteString("[[profile]]\n")
	line := func(key, value string) {
		if value != "" {
			b.WriteString(key + " = " + quote(value) + "\n")
		}
	}
	line("name", draft.Name)
	line("gateway", draft.Gateway)
	line("brand", draft.Brand)
	line("environment", draft.Environment)
	line("base_url", draft.BaseURL)
	list(&b, "allow_hosts", draft.AllowHosts)
	line("merchant_no", draft.MerchantNo)
	line("app_id", draft.AppID)
	line("keys_dir", draft.KeysDir)
	readOnly := draft.Environment == Production
	if draft.ReadOnly != nil {
		readOnly = *draft.ReadOnly
	}
	b.WriteString("\n[profile.policy]\nread_only = " + strconv.FormatBool(readOnly) + "\n")
	list(&b, "max_refund", draft.MaxRefund)
	list(&b, "max_refund_per_day", draft.MaxRefundPerDay)
	list(&b, "confirm_amount_above", draft.ConfirmAbove)
	line("undo_window", draft.UndoWindow)
	if len(draft.Settings) == 0 {
		return b.String(), nil
	}
	b.WriteString("\n[profile." + bareKey(draft.Gateway) + "]\n")
	for _, key := range slices.Sorted(maps.Keys(draft.Settings)) {
		value, err := literal(draft.Settings[key])
		if err != nil {
			return "", &client.Error{
				Class: client.ClassInput, Code: "setting",
				Message: "setting " + safe(key) + ": " + err.Error(),
				Hint:    "settings are texts, whole numbers, true or false, lists and tables",
			}
		}
		b.WriteString(bareKey(key) + " = " + value + "\n")
	}
	return b.String(), nil
}

// list writes one text plainly and several as a list.
func list(b *strings.Builder, key string, values []string) {
	quoted := make([]string, len(values))
	for i, value := range values {
		quoted[i] = quote(value)
	}
	switch len(values) {
	case 0:
	case 1:
		b.WriteString(key + " = " + quoted[0] + "\n")
	default:
		b.WriteString(key + " = [" + strings.Join(quoted, ", ") + "]\n")
	}
}

// literal is a setting as TOML on one line.
func literal(value any) (string, error) {
	switch v := value.(type) {
	case string:
		return quote(v), nil
	case bool:
		return strconv.FormatBool(v), nil
	case int:
		return strconv.Itoa(v), nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case []string:
		parts := make([]any, len(v))
		for i := range v {
			parts[i] = v[i]
		}
		return literal(parts)
	case []any:
		parts := make([]string, len(v))
		for i := range v {
			part, err := literal(v[i])
			if err != nil {
				return "", err
			}
			parts[i] = part
		}
		return "[" + strings.Join(parts, ", ") + "]", nil
	case map[string]any:
		var parts []string
		for _, key := range slices.Sorted(maps.Keys(v)) {
			part, err := literal(v[key])
			if err != nil {
				return "", err
			}
			parts = append(parts, bareKey(key)+" = "+part)
		}
		return "{ " + strings.Join(parts, ", ") + " }", nil
	default:
		return "", fmt.Errorf("a %T cannot be written", value)
	}
}

// bareKey quotes a key that needs it.
func bareKey(key string) string {
	bare := key != "" && !strings.ContainsFunc(key, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_' && r != '-'
	})
	if bare {
		return key
	}
	return quote(key)
}

// quote writes a TOML basic string.
func quote(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range strings.ToValidUTF8(text, "\uFFFD") {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < ' ' || r == 0x7f:
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
