package show

import (
	"fmt"
	"io"

	"paydesk/state/desk"
	"paydesk/ui/text"
)

// Imported is what came of a list of orders, in JSON.
type Imported struct {
	Added   int `json:"added"`
	Changed int `json:"changed"`
	Same    int `json:"same"`
	Differs int `json:"differs"`
	Bad     int `json:"bad"`
	Skipped int `json:"skipped"` // lines that are no orders
}

// Add adds the counts of one batch.
func (i *Imported) Add(counts desk.Imported) {
	i.Added += counts.Added
	i.Changed += counts.Changed
	i.Same += counts.Same
	i.Differs += counts.Differs
}

// Write writes the counts for people.
func (i Imported) Write(w io.Writer) error {
	left := ""
	if i.Skipped > 0 {
		left = fmt.Sprintf(", %d left out", i.Skipped)
	}
	_, err := fmt.Fprintf(w, "%d added, %d changed, %d the same, %d differ, %d unreadable%s\n", i.Added, i.Changed, i.Same, i.Differs, i.Bad, left)
	return err
}

// Statement is what came of a gateway's statement, in JSON. Its counts are those
// of this reading.
type Statement struct {
	Added   int  `json:"added"`
	Changed int  `json:"changed"`
	Same    int  `json:"same"`
	Differs int  `json:"differs"`
	Bad     int  `json:"bad"`
	Days    int  `json:"days"` // of the range
	Pages   int  `json:"pages"`
	Resumed bool `json:"resumed"` // it went on where an earlier one had stopped
}

// Add adds one page.
func (s *Statement) Add(page desk.Page) {
	s.Added += page.Imported.Added
	s.Changed += page.Imported.Changed
	s.Same += page.Imported.Same
	s.Differs += page.Imported.Differs
	s.Bad += len(page.Faults)
	s.Pages++
	s.Resumed = s.Resumed || page.Resumed
}

// Write writes the counts for people.
func (s Statement) Write(w io.Writer) error {
	resumed := ""
	if s.Resumed {
		resumed = ", resumed"
	}
	_, err := fmt.Fprintf(w, "%d added, %d changed, %d the same, %d differ, %d unreadable; %s, %s%s\n",
		s.Added, s.Changed, s.Same, s.Differs, s.Bad, count(s.Days, "day"), Pages(s.Pages), resumed)
	return err
}

// Pages counts pages in words.
func Pages(n int) string { return count(n, "page") }

func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

// Difference is what a list says otherwise than the ledger, in JSON.
type Difference struct {
	OrderNo string `json:"order_no"`
	Field   string `json:"field"`
	Ledger  string `json:"ledger"`
	Given   string `json:"given"`
	Hint    string `json:"hint,omitempty"`
}

// NewDifference is the JSON form of a difference.
func NewDifference(d desk.Difference) Difference {
	return Difference{OrderNo: d.OrderNo, Field: d.Field, Ledger: d.Ledger, Given: d.Given, Hint: d.Hint}
}

// Sentence tells a difference to people; list is what gave the other value: "the
// file".
func (d Difference) Sentence(list string) text.Safe {
	said := fmt.Sprintf("%s: %s is %s in the ledger, %s in %s", d.OrderNo, d.Field, d.Ledger, d.Given, list)
	if d.Field == "order_no" { // what the ledger says is no number there
		said = fmt.Sprintf("%s: the number %s", d.OrderNo, d.Ledger)
	}
	if d.Hint != "" {
		said += "; " + d.Hint
	}
	return text.Clean(said)
}
