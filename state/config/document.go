package config

import (
	"bytes"
	"errors"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// byteOrderMark is what some editors put before UTF-8 text.
var byteOrderMark = []byte("\xef\xbb\xbf")

// kind is the type of a value in the file, in words fit for a message.
type kind string

const (
	kindTable  kind = "a table"
	kindArray  kind = "a list"
	kindText   kind = "a text"
	kindBool   kind = "true or false"
	kindNumber kind = "a whole number"
	kindFloat  kind = "a number with a decimal point"
	kindTime   kind = "a date or time"
)

// node is one value of the file with its place.
type node struct {
	path   string // "profile[0].policy.max_refund"
	kind   kind
	line   int
	column int
	offset int // bytes of a scalar in the document, quotes included
	length int
	text   string // a text's value; of other scalars the literal
	names  []string
	table  map[string]*node
	items  []*node
}

// section is a table header with its lines, for edits.
type section struct {
	start, end int   // bytes: first of the header's line, after the last line's end
	owner      *node // the profile it belongs to, or nil
}

// document is a file that has been read as TOML.
type document struct {
	file     string
	data     []byte // without byte order mark
	starts   []int  // offset of each line
	root     *node
	sections []section
}

// parse reads a file as TOML. The library's strict decoder answers for syntax
// and repeated keys; the tree is then built from the same library's parser,
// which alone knows where each value stands.
func parse(file string, data []byte) (*document, Problems) {
	data = bytes.TrimPrefix(data, byteOrderMark)
	d := &document{file: file, data: data, starts: []int{0}, root: &node{kind: kindTable}}
	for i, c := range data {
		if c == '\n' {
			d.starts = append(d.starts, i+1)
		}
	}
	var whole map[string]any
	if err := toml.Unmarshal(data, &whole); err != nil {
		problem := Problem{File: file, Message: "not TOML: " + plain(err.Error())}
		if at, ok := errors.AsType[*toml.DecodeError](err); ok {
			problem.Line, problem.Column = at.Position()
		}
		return nil, Problems{problem}
	}
	var parser unstable.Parser
	parser.Reset(data)
	into := d.root
	for parser.NextExpression() {
		into = d.expression(into, parser.Expression())
	}
	if err := parser.Error(); err != nil {
		return nil, Problems{{File: file, Message: "not TOML: " + plain(err.Error())}}
	}
	return d, nil
}

// plain makes the library's message safe: it may quote the file.
func plain(message string) string {
	quoted := strconv.Quote(strings.TrimPrefix(message, "toml: "))
	return quoted[1 : len(quoted)-1]
}

// expression adds one line or header to the tree and returns the table that
// the next lines belong to.
func (d *document) expression(into *node, e *unstable.Node) *node {
	keys, offset := d.keys(e.Key())
	if e.Kind == unstable.KeyValue {
		d.put(into, e)
		if n := len(d.sections); n > 0 {
			d.sections[n-1].end = d.lineEnd(int(e.Raw.Offset + e.Raw.Length))
		}
		return into
	}
	at := d.root
	for _, key := range keys[:len(keys)-1] {
		at = d.enter(at, key, offset)
	}
	last := keys[len(keys)-1]
	if e.Kind == unstable.ArrayTable {
		list := at.table[last]
		if list == nil {
			list = d.node(at, last, kindArray, offset)
		}
		item := &node{path: list.path + "[" + strconv.Itoa(len(list.items)) + "]", kind: kindTable}
		item.line, item.column = d.position(offset)
		list.items = append(list.items, item)
		at = item
	} else {
		at = d.enter(at, last, offset)
	}
	s := section{start: d.starts[d.lineOf(offset)], end: d.lineEnd(offset)}
	if list := d.root.table["profile"]; list != nil && keys[0] == "profile" && len(list.items) > 0 {
		s.owner = list.items[len(list.items)-1]
	}
	d.sections = append(d.sections, s)
	return at
}

// keys is the parts of a dotted key and the offset of the first.
func (d *document) keys(it unstable.Iterator) (keys []string, offset int) {
	for it.Next() {
		if len(keys) == 0 {
			offset = int(it.Node().Raw.Offset)
		}
		keys = append(keys, string(it.Node().Data))
	}
	return keys, offset
}

// enter is the table under a key, made when it is not there; of a list of
// tables it is the last one.
func (d *document) enter(at *node, key string, offset int) *node {
	next := at.table[key]
	if next == nil {
		return d.node(at, key, kindTable, offset)
	}
	if next.kind == kindArray && len(next.items) > 0 {
		return next.items[len(next.items)-1]
	}
	return next
}

// node adds a value under a key.
func (d *document) node(at *node, key string, k kind, offset int) *node {
	n := &node{path: join(at.path, key), kind: k}
	n.line, n.column = d.position(offset)
	if at.table == nil {
		at.table = map[string]*node{}
	}
	at.table[key] = n
	at.names = append(at.names, key)
	return n
}

// put adds the value of a key = value line or of an inline table's member.
func (d *document) put(at *node, e *unstable.Node) {
	keys, offset := d.keys(e.Key())
	for _, key := range keys[:len(keys)-1] {
		at = d.enter(at, key, offset)
	}
	n := d.node(at, keys[len(keys)-1], kindText, offset)
	d.fill(n, e.Value(), offset)
}

// fill sets kind and content of a value.
func (d *document) fill(n *node, v *unstable.Node, offset int) {
	n.offset, n.length, n.text = int(v.Raw.Offset), int(v.Raw.Length), string(v.Data)
	switch v.Kind {
	case unstable.Array:
		n.kind = kindArray
		for it := v.Children(); it.Next(); {
			item := &node{path: n.path + "[" + strconv.Itoa(len(n.items)) + "]"}
			at := int(it.Node().Raw.Offset)
			if at == 0 { // a list in a list has no place of its own
				at = offset
			}
			item.line, item.column = d.position(at)
			d.fill(item, it.Node(), at)
			n.items = append(n.items, item)
		}
	case unstable.InlineTable:
		n.kind = kindTable
		for it := v.Children(); it.Next(); {
			d.put(n, it.Node())
		}
	case unstable.String:
		n.kind = kindText
	case unstable.Bool:
		n.kind = kindBool
	case unstable.Integer:
		n.kind = kindNumber
	case unstable.Float:
		n.kind = kindFloat
	default:
		n.kind = kindTime
	}
}

// join makes the path of a key; one with a dot in it is quoted.
func join(path, key string) string {
	if strings.ContainsAny(key, ".[] ") {
		key = strconv.Quote(key)
	}
	if path == "" {
		return key
	}
	return path + "." + key
}

// lineOf is the line of an offset, from 0.
func (d *document) lineOf(offset int) int {
	return sort.SearchInts(d.starts, offset+1) - 1
}

// position is line and column of an offset, from 1; the column counts bytes.
func (d *document) position(offset int) (line, column int) {
	at := d.lineOf(offset)
	return at + 1, offset - d.starts[at] + 1
}

// lineEnd is the offset after the end of the line that holds an offset.
func (d *document) lineEnd(offset int) int {
	if next := d.lineOf(offset) + 1; next < len(d.starts) {
		return d.starts[next]
	}
	return len(d.data)
}

// spans are the byte ranges of a profile's sections; neighbours are joined, so
// that a comment between two parts of one profile belongs to it.
func (d *document) spans(owner *node) [][2]int {
	var spans [][2]int
	for i, s := range d.sections {
		if s.owner != owner {
			continue
		}
		if i > 0 && d.sections[i-1].owner == owner {
			spans[len(spans)-1][1] = s.end
			continue
		}
		spans = append(spans, [2]int{s.start, s.end})
	}
	slices.Reverse(spans) // last first, so that a cut does not move the rest
	return spans
}
