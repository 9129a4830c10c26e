package grid

import (
	"slices"
	"strings"

	"paydesk/ui/style"
	"paydesk/ui/text"
)

const (
	gutter = 3 // mark, bar, space
	gap    = 2 // between columns
	gauge  = 2 // space and scroll position on the right
)

// placed is a column with the width it got.
type placed struct {
	index int // into Grid.columns
	width int
}

// place chooses the columns that fit and shares the room that is left, one
// cell at a time so that columns grow evenly.
func place(columns []Column, width int) []placed {
	room := width - gutter - gauge
	kept := make([]placed, 0, len(columns))
	for i, c := range columns {
		kept = append(kept, placed{index: i, width: max(c.Min, 1)})
	}
	for used(kept) > room {
		last := -1
		for i, p := range kept {
			if drop := columns[p.index].Drop; drop > 0 && (last < 0 || drop >= columns[kept[last].index].Drop) {
				last = i
			}
		}
		if last < 0 {
			break
		}
		kept = slices.Delete(kept, last, last+1)
	}
	squeeze(kept, room)
	for grew := true; grew && used(kept) < room; {
		grew = false
		for i := range kept {
			if kept[i].width < columns[kept[i].index].Max && used(kept) < room {
				kept[i].width++
				grew = true
			}
		}
	}
	return kept
}

// squeeze narrows the widest columns when even those that always stay do not
// fit.
func squeeze(kept []placed, room int) {
	for used(kept) > room {
		widest := 0
		for i, p := range kept {
			if p.width > kept[widest].width {
				widest = i
			}
		}
		if len(kept) == 0 || kept[widest].width <= 1 {
			return
		}
		kept[widest].width--
	}
}

// used is the number of cells that columns and gaps take.
func used(columns []placed) int {
	total := max(len(columns)-1, 0) * gap
	for _, p := range columns {
		total += p.width
	}
	return total
}

// View draws exactly the grid's rectangle. It draws again only when something
// changed.
func (g *Grid) View() string {
	if g.drawnFor == g.st.Generation() {
		return g.drawn
	}
	g.drawn, g.drawnFor = g.draw(), g.st.Generation()
	return g.drawn
}

func (g *Grid) draw() string {
	if g.width <= 0 || g.height <= 0 {
		return ""
	}
	var b strings.Builder
	b.Grow((g.width + 64) * g.height)
	b.WriteString(style.Fit(g.header(), g.width))
	rows := g.onScreen()
	for line := range g.lines() {
		b.WriteByte('\n')
		switch {
		case line < len(rows):
			g.row(&b, rows[line], g.offset+line == g.cursor)
			g.position(&b, line)
		case len(rows) == 0 && line > 0 && line <= len(g.empty):
			b.WriteString(g.emptyLine(line - 1))
		default:
			b.WriteString(text.Spaces(g.width).String())
		}
	}
	return b.String()
}

// emptyLine draws one line of what stands in place of rows; the first says
// what is, the others what to do.
func (g *Grid) emptyLine(i int) string {
	tone := style.Muted
	if i > 0 {
		tone = style.Faint
	}
	return style.Fit(text.Spaces(gutter).String()+g.st.Paint(tone, text.Truncate(g.empty[i], g.width-gutter-1)), g.width)
}

// header draws the titles, with an arrow on the sorted column.
func (g *Grid) header() string {
	var b strings.Builder
	b.WriteString(text.Spaces(gutter).String())
	for i, p := range g.layout {
		if i > 0 {
			b.WriteString(text.Spaces(gap).String())
		}
		c := g.columns[p.index]
		if c.ID != g.sortBy || p.width < 4 {
			b.WriteString(g.st.Paint(style.Muted, align(c.Title, p.width, c.Align)))
			continue
		}
		arrow := g.st.Glyph.Ascending
		if g.descend {
			arrow = g.st.Glyph.Descend
		}
		title := text.Truncate(c.Title, p.width-2)
		fill := text.Spaces(p.width - text.Width(title) - 2).String()
		drawn := g.st.Paint(style.Strong, title) + " " + g.st.Paint(style.Accent, arrow)
		if c.Align == Right {
			b.WriteString(fill + drawn)
		} else {
			b.WriteString(drawn + fill)
		}
	}
	return b.String()
}

// align cuts and fills a text to a column's width.
func align(s text.Safe, width int, a Align) text.Safe {
	if a == Right {
		return text.PadLeft(s, width)
	}
	return text.PadRight(s, width)
}

// row draws one record. Neighbouring cells of one tone are painted as one
// segment: a style inside a styled row would end the row's own at its reset.
func (g *Grid) row(b *strings.Builder, r Row, selected bool) {
	p := painter{st: g.st, out: b, lit: selected && g.focused, tone: style.Text}
	mark, bar := text.Spaces(1), text.Spaces(1)
	if slices.Contains(g.marks, r.Key) {
		mark = g.st.Glyph.Mark
	}
	barTone := style.Accent
	if selected {
		bar = g.st.Glyph.Bar
		if !g.focused {
			barTone = style.Faint
		}
	}
	p.add(style.Accent, mark)
	p.add(barTone, bar)
	p.add(p.tone, text.Spaces(1))
	for i, at := range g.layout {
		if i > 0 {
			p.add(p.tone, text.Spaces(gap))
		}
		var cell Cell
		if at.index < len(r.Cells) {
			cell = r.Cells[at.index]
		}
		p.aligned(cell, at.width, g.columns[at.index])
	}
	p.add(p.tone, text.Spaces(g.width-gutter-used(g.layout)-1))
	p.flush()
}

// painter collects text and writes it out when the tone changes.
type painter struct {
	st     *style.Styles
	out    *strings.Builder
	lit    bool // on the selection's ground
	tone   style.Tone
	opened bool
}

// add writes words in a tone.
func (p *painter) add(t style.Tone, words text.Safe) {
	if words.Empty() {
		return
	}
	if p.opened && t != p.tone {
		p.flush()
	}
	if !p.opened {
		open, _ := p.st.Sequences(t, p.lit)
		p.out.WriteString(open)
		p.tone, p.opened = t, true
	}
	p.out.WriteString(words.String())
}

// aligned writes a cell with its padding.
func (p *painter) aligned(c Cell, width int, column Column) {
	cut := text.Truncate(c.Text, width)
	if column.Middle {
		cut = text.TruncateMiddle(c.Text, width)
	}
	fill := text.Spaces(width - text.Width(cut))
	if column.Align == Right {
		p.add(p.tone, fill)
		p.add(c.Tone, cut)
		return
	}
	p.add(c.Tone, cut)
	p.add(p.tone, fill)
}

// flush ends the segment.
func (p *painter) flush() {
	if p.opened {
		_, shut := p.st.Sequences(p.tone, p.lit)
		p.out.WriteString(shut)
		p.opened = false
	}
}

// position draws the last cell of a row: where the screen is in the list. It
// is a bar where the numbers are known, else an arrow at each end with more.
func (g *Grid) position(b *strings.Builder, line int) {
	lines := g.lines()
	sign := text.Spaces(1)
	switch w := g.window; {
	case w.Before >= 0 && w.Total > lines:
		size := max(lines*lines/w.Total, 1)
		span := max(w.Total-lines, 1)
		top := clamp((w.Before+g.offset)*(lines-size)/span, 0, lines-size)
		if line >= top && line < top+size {
			sign = g.st.Glyph.Thumb
		}
	case w.Before >= 0 && w.Total >= 0:
	case line == 0 && (g.offset > 0 || !w.AtTop):
		sign = g.st.Glyph.Above
	case line == lines-1 && (g.offset+lines < len(w.Rows) || !w.AtBottom):
		sign = g.st.Glyph.Below
	}
	b.WriteString(g.st.Paint(style.Border, sign))
}
