package intake

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"paydesk/client"
)

// Column is a field of an order and the column that it is read from.
type Column struct{ Field, Name string }

// Mapping is how a file is read, for a person to look over.
type Mapping struct {
	Preset   string // whose names the file uses; "" when they are a merchant's own
	Columns  []Column
	Notes    []string       // columns kept as notes
	Dropped  []string       // columns of card data, which are not kept at all
	Nested   []string       // members that hold objects or lists, which are not kept
	Amounts  Amounts        // Major or Cents; "" when the file has no line
	Currency string         // taken for every line, because the file names none; "" otherwise
	Zone     *time.Location // of times that name none
	Times    bool           // there are columns of times
}

// layout is what each column of a header, or each member of one shape of
// objects, is for.
type layout struct {
	names    []string
	labels   []string // the names as a note tells them
	preset   *preset
	at       [fieldCount]int // which column; -1: none
	notes    []int
	dropped  []int
	amounts  Amounts
	currency string
	zone     *time.Location
	clash    *clash
}

// clash is two columns that mean one field.
type clash struct {
	field field
	a, b  int
}

// settler finds the layout of a list of names.
type settler struct {
	o      Options
	mapped map[string]field // by the person, by trimmed name
	taken  map[field]string
}

// newSettler reads what the person said of single columns.
func newSettler(o Options) (*settler, error) {
	s := &settler{o: o, mapped: map[string]field{}, taken: map[field]string{}}
	for _, name := range slices.Sorted(maps.Keys(o.Columns)) {
		f, column := field(slices.Index(names[:], name)), strings.TrimSpace(o.Columns[name])
		switch {
		case f == fieldNone:
			return nil, mapError(fmt.Sprintf("%.40q is no field of an order", name), "right are "+strings.Join(names[:], ", "))
		case column == "":
			return nil, mapError("the column of "+name+" is empty", "right is for example "+name+"=Merchant Order No")
		case f != fieldCard && ofCard(column):
			return nil, mapError("column "+shown(column)+" is called like card data, which is never kept", "only the last four digits can be: card="+shorten(column))
		}
		if other, twice := s.mapped[column]; twice {
			return nil, mapError(fmt.Sprintf("column %s is given for %s and for %s", shown(column), names[other], name), "one column is one field")
		}
		s.mapped[column], s.taken[f] = f, column
	}
	if o.Preset != "" {
		if _, ok := presetOf(o.Preset); !ok {
			return nil, &client.Error{Class: client.ClassInput, Code: "preset", Message: fmt.Sprintf("there is no preset %.40q", o.Preset), Hint: "right are " + strings.Join(Presets(), ", ")}
		}
	}
	switch o.Amounts {
	case "", Major, Cents:
	default:
		return nil, &client.Error{Class: client.ClassInput, Code: "amounts", Message: fmt.Sprintf("amounts cannot be %.40q", string(o.Amounts)), Hint: "right is major (58.00) or cents (5800)"}
	}
	return s, nil
}

func mapError(message, hint string) error {
	return &client.Error{Class: client.ClassInput, Code: "map", Message: message, Hint: hint}
}

// settle lays names out by the preset that was asked for; without one by the
// gateway's where its names are there, else by general names.
func (s *settler) settle(list []string) *layout {
	if s.o.Preset != "" {
		p, _ := presetOf(s.o.Preset)
		return s.lay(p, list)
	}
	if p, ok := presetOf(s.o.Gateway); ok && p.gateway {
		l := s.lay(p, list)
		if l.has(fieldOrderNo) && l.has(fieldAmount) && (s.taken[fieldOrderNo] == "" || s.taken[fieldAmount] == "") {
			return l
		}
	}
	return s.lay(general, list)
}

func (l *layout) has(f field) bool { return l.at[f] >= 0 }

// lay gives each name its use under a preset.
func (s *settler) lay(p *preset, list []string) *layout {
	l := &layout{names: list, labels: make([]string, len(list)), preset: p, zone: p.zone, currency: p.currency}
	for i, name := range list {
		l.labels[i] = label(name, i)
	}
	for f := range l.at {
		l.at[f] = -1
	}
	var rest []int
	printed := printedHere(list)
	var rank [fieldCount]int
	blocked := map[field]bool{} // two general names in a gateway's file: nobody knows which one is meant
	for i, name := range list {
		at, ok := s.place(p, name)
		if !ok {
			if !printed || !printedOnly[name] {
				rest = append(rest, i)
			}
			continue
		}
		f := at.field
		switch now := l.at[f]; {
		case now < 0 && (!blocked[f] || at.rank < fallbackRank):
			l.at[f], rank[f] = i, at.rank
		case now >= 0 && at.rank < rank[f]:
			rest = append(rest, now)
			l.at[f], rank[f] = i, at.rank
		case now >= 0 && at.rank == rank[f] && at.rank == fallbackRank:
			rest = append(rest, now, i)
			l.at[f], blocked[f] = -1, true
		case now >= 0 && at.rank == rank[f] && f != fieldNote && l.clash == nil:
			l.clash = &clash{field: f, a: now, b: i}
		default:
			rest = append(rest, i)
		}
	}
	l.keep(rest)
	s.units(l)
	return l
}

// keep parts what is no field into notes and card data, in the file's order.
func (l *layout) keep(rest []int) {
	slices.Sort(rest)
	for _, i := range rest {
		switch {
		case ofCard(l.names[i]):
			l.dropped = append(l.dropped, i)
		default:
			l.notes = append(l.notes, i)
		}
	}
}

// place is what a name means: first what the person says.
func (s *settler) place(p *preset, name string) (place, bool) {
	if f, ok := s.mapped[strings.TrimSpace(name)]; ok {
		return place{field: f}, true
	}
	at, ok := p.place(name)
	if !ok || s.taken[at.field] != "" {
		return place{}, false
	}
	return at, true
}

// units finds what the amounts count, in which currency, and the zone of times.
func (s *settler) units(l *layout) {
	if l.has(fieldAmount) {
		number := ""
		if l.has(fieldOrderNo) {
			number = l.names[l.at[fieldOrderNo]]
		}
		l.amounts = l.preset.amounts(number, l.names[l.at[fieldAmount]])
	}
	if s.o.Amounts != "" {
		l.amounts = s.o.Amounts
	}
	if l.preset.gateway && s.o.AccountZone != nil {
		l.zone = s.o.AccountZone
	}
	if s.o.Location != nil {
		l.zone = s.o.Location
	}
	if l.currency != "" && s.o.AccountCurrency != "" {
		l.currency = s.o.AccountCurrency
	}
}

// printedOnly are the members that paydesk adds to the lists it prints; they are
// its own account of an order and no news.
var printedOnly = map[string]bool{
	"profile": true, "gateway": true, "refunded": true, "refundable": true, "open_refund": true, "source": true, "updated_at": true, "found": true, "page_url": true,
}

// printedHere reports whether names are those of an order that paydesk printed.
func printedHere(list []string) bool {
	return slices.Contains(list, "order_no") && slices.Contains(list, "profile") && slices.Contains(list, "gateway")
}

// check reports why a file cannot be read by a layout.
func (s *settler) check(l *layout) error {
	if c := l.clash; c != nil {
		return &client.Error{
			Class: client.ClassInput, Code: "header",
			Message: fmt.Sprintf("columns %s and %s both mean %s", shown(l.names[c.a]), shown(l.names[c.b]), fieldName(c.field)),
			Hint:    fmt.Sprintf("rename the right one to %s", fieldName(c.field)),
		}
	}
	for _, f := range []field{fieldOrderNo, fieldAmount} {
		if l.has(f) {
			continue
		}
		e := &client.Error{
			Class: client.ClassInput, Code: "header", Message: "no column is called " + names[f] + "; the columns are " + list(l.names),
			Hint: "name the columns in the first line, for example order_no,amount,currency,status,user_id,created_at, or say which it is: --map " + names[f] + "='…'",
		}
		if l.preset.name != "" {
			e.Code = "preset"
			e.Message = fmt.Sprintf("the file is none of %s: no column is its %s (%s); the columns are %s", l.preset.name, names[f], strings.Join(l.preset.places[f], ", "), list(l.names))
			e.Hint = "try another preset, or say which column it is: --map " + names[f] + "='…'"
		}
		return e
	}
	return l.unclear()
}

// checkMapped reports a column that the person named and the header has not.
func (s *settler) checkMapped(header []string) error {
	for _, column := range slices.Sorted(maps.Keys(s.mapped)) {
		if !slices.ContainsFunc(header, func(name string) bool { return strings.TrimSpace(name) == column }) {
			return mapError(fmt.Sprintf("there is no column %s for %s; the columns are %s", shown(column), names[s.mapped[column]], list(header)), "write it as the first line does")
		}
	}
	return nil
}

// unclear is the error of amounts that could be either; nil when they are clear.
func (l *layout) unclear() error {
	if l.amounts != "" {
		return nil
	}
	return &client.Error{
		Class: client.ClassInput, Code: "amounts", Message: fmt.Sprintf("column %s does not tell what its amounts count: %s files have both", shown(l.names[l.at[fieldAmount]]), l.preset.name),
		Hint: "look at one order that you know, then add --amounts major (58.00 is 58.00) or --amounts cents (5800 is 58.00)",
	}
}

// mapping tells a layout to people.
func (l *layout) mapping() Mapping {
	m := Mapping{Preset: l.preset.name, Amounts: l.amounts, Zone: l.zone, Times: l.has(fieldCreated) || l.has(fieldPaid)}
	for f, i := range l.at {
		if i >= 0 {
			m.Columns = append(m.Columns, Column{Field: fieldName(field(f)), Name: l.labels[i]})
		}
	}
	for _, i := range l.notes {
		if strings.TrimSpace(l.names[i]) != "" {
			m.Notes = append(m.Notes, l.labels[i])
		}
	}
	for _, i := range l.dropped {
		m.Dropped = append(m.Dropped, l.labels[i])
	}
	if !l.has(fieldCurrency) {
		m.Currency = l.currency
	}
	return m
}

// label is a column's name in one short line, with card numbers masked; a column
// without a name has its number, from 1.
func label(name string, column int) string {
	words := strings.Fields(strings.ToValidUTF8(name, "\uFFFD"))
	if len(words) == 0 {
		return fmt.Sprintf("column %d", column+1)
	}
	return shorten(client.MaskCards(strings.Join(words, " ")))
}
