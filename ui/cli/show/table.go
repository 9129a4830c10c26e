package show

import (
	"fmt"
	"io"
	"strings"

	"paydesk/ui/text"
)

// Column is one column of a table.
type Column struct {
	Title text.Safe
	Right bool // amounts and counts
	Width int  // most cells; 0: no limit
}

// Cell is one value of a table. Open and Shut go around it and take no room.
type Cell struct {
	Text       text.Safe
	Open, Shut string
}

// Table writes rows under their titles, each column as wide as it needs to be.
func Table(w io.Writer, columns []Column, rows [][]Cell) error {
	widths := make([]int, len(columns))
	for i, c := range columns {
		widths[i] = text.Width(c.Title)
		for _, row := range rows {
			widths[i] = max(widths[i], text.Width(row[i].Text))
		}
		if c.Width > 0 {
			widths[i] = min(widths[i], max(c.Width, text.Width(c.Title)))
		}
	}
	titles := make([]Cell, len(columns))
	for i, c := range columns {
		titles[i].Text = c.Title
	}
	for _, row := range append([][]Cell{titles}, rows...) {
		var b strings.Builder
		for i, cell := range row {
			if i > 0 {
				b.WriteString("  ")
			}
			b.WriteString(cell.Open + fit(cell.Text, widths[i], columns[i].Right, i == len(row)-1) + cell.Shut)
		}
		if _, err := fmt.Fprintln(w, strings.TrimRight(b.String(), " ")); err != nil {
			return err
		}
	}
	return nil
}

func fit(s text.Safe, width int, right, last bool) string {
	if text.Width(s) > width {
		s = text.TruncateMiddle(s, width)
	}
	switch {
	case right:
		return text.PadLeft(s, width).String()
	case last:
		return s.String()
	default:
		return text.PadRight(s, width).String()
	}
}

// Field is one labelled value.
type Field struct {
	Label text.Safe
	Value text.Safe
}

// Fields writes labelled values one below the other; those without a value are
// left out.
func Fields(w io.Writer, fields []Field) error {
	width := 0
	for _, f := range fields {
		if !f.Value.Empty() {
			width = max(width, text.Width(f.Label))
		}
	}
	for _, f := range fields {
		if f.Value.Empty() {
			continue
		}
		if _, err := fmt.Fprintf(w, "  %s  %s\n", text.PadRight(f.Label, width), f.Value); err != nil {
			return err
		}
	}
	return nil
}
