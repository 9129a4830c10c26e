package orders

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"

	"paydesk/client"
	"paydesk/state/desk"
	"paydesk/ui/dialog"
	"paydesk/ui/keys"
	"paydesk/ui/page"
	"paydesk/ui/page/story"
	"paydesk/ui/style"
	"paydesk/ui/text"
	"paydesk/ui/widget/progress"
	"paydesk/ui/widget/timeline"
)

// readingLimit bounds the reading of one statement; what was read by then is
// kept, and reading the same days again goes on behind it.
const readingLimit = 30 * time.Minute

// mostTold bounds how many differences and faults of a reading are shown; the
// journal has all.
const mostTold = 200

// spans are the days that can be read, in the order of the choice.
func spans() []int { return []int{1, 2, 7, 31} }

// reading is how far a statement is read.
type reading struct {
	profile  desk.Profile
	from, to client.Day // zero until the gateway's zone is known
	day      client.Day // of the page read last
	pages    int
	imported desk.Imported // sums; at most mostTold differences
	faults   []client.StatementFault
	unread   int // records that could not be read
	resumed  bool
}

// days is the whole and the finished days of a reading.
func (r reading) days() (done, all int) {
	if r.to == (client.Day{}) {
		return 0, 0
	}
	for day := r.from; !r.to.Before(day); day = day.Next(1) {
		all++
		if day.Before(r.day) {
			done++
		}
	}
	return done, all
}

// orders is how many orders were read.
func (r reading) orders() int {
	return r.imported.Added + r.imported.Changed + r.imported.Same + r.imported.Differs
}

// doubtful reports whether a person should look at what was found.
func (r reading) doubtful() bool { return r.imported.Differs > 0 || r.unread > 0 }

// take adds a page that is stored.
func (r *reading) take(read desk.Page) {
	r.day, r.resumed = read.Day, r.resumed || read.Resumed
	r.pages++
	r.imported.Added += read.Imported.Added
	r.imported.Changed += read.Imported.Changed
	r.imported.Same += read.Imported.Same
	r.imported.Differs += read.Imported.Differs
	r.unread += len(read.Faults)
	room := max(mostTold-len(r.imported.Differences), 0)
	r.imported.Differences = append(r.imported.Differences, read.Imported.Differences[:min(room, len(read.Imported.Differences))]...)
	room = max(mostTold-len(r.faults), 0)
	r.faults = append(r.faults, read.Faults[:min(room, len(read.Faults))]...)
}

// tally is a reading that grows in the background; news is full while there is
// something that nobody has looked at.
type tally struct {
	mu   sync.Mutex
	sum  reading
	news chan struct{}
}

func (t *tally) change(fn func(*reading)) {
	t.mu.Lock()
	fn(&t.sum)
	t.mu.Unlock()
	select {
	case t.news <- struct{}{}:
	default: // it is known that there is something
	}
}

// read is the reading as it is now.
func (t *tally) read() reading {
	t.mu.Lock()
	defer t.mu.Unlock()
	sum := t.sum
	sum.imported.Differences = sum.imported.Differences[:len(sum.imported.Differences):len(sum.imported.Differences)]
	sum.faults = sum.faults[:len(sum.faults):len(sum.faults)]
	return sum
}

// jobs is what the page has under way at gateways besides look-ups. One statement
// is read at a time.
type jobs struct {
	shuts *page.Asker[shut]
	reads *page.Asker[finished]
	steps *page.Asker[step]

	tally   *tally
	last    reading
	running bool
	untold  bool // the last reading found what a person should look at, and nobody has
}

func newJobs() jobs {
	return jobs{
		shuts: page.NewAsker[shut](keys.Orders, askLimit), reads: page.NewAsker[finished](keys.Orders, readingLimit),
		steps: page.NewAsker[step](keys.Orders, readingLimit),
	}
}

// finished is the end of a reading, step what it says on its way.
type (
	finished struct{ reading }
	step     struct{ reading }
)

// meant is the profile whose statement would be read: that of the row, else the
// first one listed that can be asked.
func (p *Page) meant() (desk.Profile, bool) {
	profiles := p.askable()
	if o, chosen := p.Current(); chosen {
		for _, profile := range p.desk.Profiles() {
			if profile.Name == o.Profile {
				return profile, true
			}
		}
	}
	for _, profile := range profiles {
		if _, ok := p.canState(profile); ok {
			return profile, true
		}
	}
	if len(profiles) == 0 {
		return desk.Profile{}, false
	}
	return profiles[0], true
}

func (p *Page) canState(profile desk.Profile) (text.Safe, bool) {
	return p.bag.Offers(profile.Name, func(c client.Capabilities) client.Capability { return c.Statement })
}

// canRead says why no statement can be read.
func (p *Page) canRead() (text.Safe, bool) {
	if p.jobs.running {
		return text.Concat(text.Literal("one is being read; "), p.bag.Keys.Label("orders.stop"), text.Literal(" stops it")), false
	}
	profile, ok := p.meant()
	if !ok {
		return text.Literal("no profile is set up"), false
	}
	return p.canState(profile)
}

// lastFound is the choice of looking at what the last reading found.
const lastFound = "found"

// pickStatement asks which days to read.
func (p *Page) pickStatement() tea.Cmd {
	profile, ok := p.meant()
	if !ok {
		return nil
	}
	l := text.Literal
	about := dialog.PickerOptions{
		ID: "statement", Title: text.Concat(l("Statement of "), text.Clean(profile.Name)),
		Intro: l("Read in the background, day by day. An order that the ledger has is never overwritten: differences are told."),
	}
	if p.jobs.last.pages > 0 {
		about.Items = append(about.Items, dialog.Item{Key: lastFound, Title: l("what the last reading found"), Detail: p.outcome(p.jobs.last)})
	}
	for _, n := range spans() {
		item := dialog.Item{Key: strconv.Itoa(n), Title: text.Concat(l("the last "), text.Number(int64(n)), l(" days"))}
		switch n {
		case 1:
			item.Title = l("today")
		case 2:
			item.Title = l("yesterday and today")
		}
		about.Items = append(about.Items, item)
	}
	p.bag.Host.Open(dialog.NewPicker(p.bag.Kit(), about), func(result dialog.Result) tea.Cmd {
		chosen, ok := result.(dialog.Chosen)
		if !ok {
			return nil
		}
		if chosen.Key == lastFound {
			return p.showFound()
		}
		if days, err := strconv.Atoi(chosen.Key); err == nil {
			return p.readStatement(profile, days)
		}
		return nil
	})
	return nil
}

// readStatement reads the last days, today included, as the gateway counts them.
func (p *Page) readStatement(profile desk.Profile, days int) tea.Cmd {
	d, clock := p.desk, p.bag.Clock
	t := &tally{sum: reading{profile: profile}, news: make(chan struct{}, 1)}
	p.jobs.last, p.jobs.running, p.jobs.untold = t.read(), true, false
	p.layout()
	read := p.jobs.reads.Ask(p.bag.Ctx, func(ctx context.Context) (finished, error) {
		zone, err := d.StatementZone(ctx, profile.Name)
		if err != nil {
			return finished{t.read()}, err
		}
		to := client.DayOf(clock(), zone)
		from := to.Next(1 - days)
		t.change(func(r *reading) { r.from, r.to, r.day = from, to, from })
		err = d.Statement(ctx, profile.Name, from, to, false, func(page desk.Page) error {
			t.change(func(r *reading) { r.take(page) })
			return ctx.Err()
		})
		return finished{t.read()}, err
	})
	return tea.Batch(read, p.watchStatement(t))
}

// watchStatement waits for the next page of the reading.
func (p *Page) watchStatement(t *tally) tea.Cmd {
	p.jobs.tally = t
	return p.jobs.steps.Ask(p.bag.Ctx, func(ctx context.Context) (step, error) {
		select {
		case <-t.news:
			return step{t.read()}, nil
		case <-ctx.Done():
			return step{}, ctx.Err()
		}
	})
}

func (p *Page) takeStep(msg page.Answer[step]) tea.Cmd {
	s, ok, err := p.jobs.steps.Take(msg)
	if !ok || err != nil || !p.jobs.running {
		return nil
	}
	p.jobs.last, p.dirty = s.reading, true
	return p.watchStatement(p.jobs.tally)
}

func (p *Page) takeFinished(msg page.Answer[finished]) tea.Cmd {
	f, ok, err := p.jobs.reads.Take(msg)
	if !ok {
		return nil
	}
	p.endStatement(f.reading)
	if err != nil {
		p.bag.Host.Fail(text.Concat(text.Literal("statement of "), text.Clean(f.profile.Name)), err)
		return nil
	}
	tone := style.Success
	if f.doubtful() {
		tone = style.Warning
	}
	p.bag.Host.Say(tone, text.Concat(text.Literal("statement of "), text.Clean(f.profile.Name), text.Literal(" is read: "), p.outcome(f.reading)))
	return p.Open()
}

// stopStatement ends the reading; the page under way is stored or not, never half.
func (p *Page) stopStatement() tea.Cmd {
	p.jobs.reads.Drop()
	p.endStatement(p.jobs.tally.read())
	p.bag.Host.Say(style.Text, text.Concat(text.Literal("stopped; "), p.outcome(p.jobs.last),
		text.Literal(". Reading the same days again goes on there")))
	return p.Open()
}

func (p *Page) endStatement(last reading) {
	p.jobs.steps.Drop()
	p.jobs.last, p.jobs.running, p.jobs.untold = last, false, last.doubtful()
	p.layout()
}

// outcome is what a reading found, in one line.
func (p *Page) outcome(r reading) text.Safe {
	l := text.Literal
	part := func(n int, words text.Safe) text.Safe {
		if n == 0 {
			return text.Safe{}
		}
		return text.Concat(text.Number(int64(n)), words)
	}
	list := text.Join(l(", "), part(r.imported.Added, l(" new")), part(r.imported.Changed, l(" changed")), part(r.imported.Same, l(" known")),
		part(r.imported.Differs, l(" differ from the ledger")), part(r.unread, l(" unreadable")))
	if list.Empty() {
		return l("no payment")
	}
	return list
}

// statementRows is the lines that the reading takes at the foot of the page.
func (p *Page) statementRows() int {
	if p.jobs.running || p.jobs.untold {
		return 1
	}
	return 0
}

// statementLine says how far the reading is, or that it found something.
func (p *Page) statementLine() string {
	l, st, r := text.Literal, p.bag.Styles, p.jobs.last
	if !p.jobs.running {
		words := text.Concat(l("statement of "), text.Clean(r.profile.Name), l(": "), p.outcome(r), text.Spaces(2),
			p.bag.Keys.Label("orders.statement"), l(" shows them"))
		return style.Fit(" "+st.Paint(style.Warning, text.Concat(st.Glyph.Warn, text.Spaces(1), text.Truncate(words, p.width-4))), p.width)
	}
	done, all := r.days()
	note := text.Concat(text.Number(int64(r.orders())), l(" orders  "), p.bag.Keys.Label("orders.stop"), l(" stops"))
	if all > 0 {
		note = text.Concat(text.Clean(r.day.String()), text.Spaces(2), note)
	}
	return progress.Line(st, progress.Job{Title: l("reading the statement"), Done: int64(done), Total: int64(all), Note: note}, p.width)
}

// showFound shows what the last reading found.
func (p *Page) showFound() tea.Cmd {
	l, r, st := text.Literal, p.jobs.last, p.bag.Styles
	p.jobs.untold = false
	p.layout()
	sections := []dialog.Section{{Paragraphs: []text.Safe{
		text.Concat(text.Clean(r.from.String()), l(" to "), text.Clean(r.to.String()), l(", "), text.Number(int64(r.pages)), l(" pages: "), p.outcome(r)),
	}}}
	if r.doubtful() {
		sections[0].Paragraphs = append(sections[0].Paragraphs, l("The ledger keeps its own; nothing was overwritten."))
	}
	var differ, unread []timeline.Entry
	for _, d := range r.imported.Differences {
		differ = append(differ, timeline.Entry{
			Glyph: st.Glyph.Warn, Tone: style.Warning, Detail: text.Clean(d.Hint),
			Text: text.Clean(fmt.Sprintf("%s: %s is %s in the ledger and %s in the statement", d.OrderNo, d.Field, d.Ledger, d.Given)),
		})
	}
	for _, f := range r.faults {
		unread = append(unread, timeline.Entry{
			Glyph: st.Glyph.Cross, Tone: style.Danger, Detail: story.ProblemOf(f.Err).Message,
			Text: text.Concat(l("record "), text.Number(int64(f.Record)), l(" "), text.Clean(f.OrderNo)),
		})
	}
	if len(differ) > 0 {
		sections = append(sections, dialog.Section{Title: l("differ from the ledger"), Entries: differ})
	}
	if len(unread) > 0 {
		sections = append(sections, dialog.Section{Title: l("could not be read"), Entries: unread})
	}
	p.bag.Host.Open(dialog.NewDetail(p.bag.Kit(), dialog.Page{
		Title: text.Concat(l("Statement of "), text.Clean(r.profile.Name)), Env: style.EnvOf(r.profile.Environment), Sections: sections,
	}), func(dialog.Result) tea.Cmd { return nil })
	return nil
}
