package client

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"
)

func TestDay(t *testing.T) {
	manila := time.FixedZone("PHT", 8*60*60)
	at := time.Date(2026, 2, 28, 20, 0, 0, 0, time.UTC)
	if got := DayOf(at, manila).String(); got != "2026-03-01" {
		t.Error(got)
	}
	day, err := ParseDay("2026-12-31")
	if err != nil || day.Next(1).String() != "2027-01-01" || day.Next(-31).String() != "2026-11-30" || !day.Before(day.Next(1)) || day.Before(day) {
		t.Errorf("%v, %v", day, err)
	}
	if got := day.Start(manila); !got.Equal(time.Date(2026, 12, 30, 16, 0, 0, 0, time.UTC)) {
		t.Error(got)
	}
	for _, text := range []string{"", "2026-13-01", "2026-1-1", "31.12.2026", "2026-12-31T00:00:00Z"} {
		if _, err := ParseDay(text); ClassOf(err) != ClassInput {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// book is a statement: digests of pages by day.
type book struct {
	days  map[string][]string
	asked []string
	fail  string
}

func (*book) StatementZone() *time.Location { return time.UTC }

func (b *book) Statement(_ context.Context, day Day, page int) (StatementPage, error) {
	name := fmt.Sprintf("%s/%d", day, page)
	b.asked = append(b.asked, name)
	if name == b.fail {
		return StatementPage{}, &Error{Class: ClassNotSent}
	}
	out := StatementPage{Day: day, Page: page}
	pages := b.days[day.String()]
	switch {
	case len(pages) == 0:
	case pages[len(pages)-1] == "for ever":
		out.Digest = name
	case page <= len(pages):
		out.Digest = pages[page-1]
	}
	return out, nil
}

func day(t *testing.T, text string) Day {
	t.Helper()
	d, err := ParseDay(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestReadStatement(t *testing.T) {
	b := &book{days: map[string][]string{"2026-11-20": {"a", "b"}, "2026-11-22": {"c", "d", "d", "e"}}}
	var taken []string
	var stops []StatementPosition
	take := func(page StatementPage, next StatementPosition) error {
		taken = append(taken, page.Digest)
		stops = append(stops, next)
		return nil
	}
	from, to := StatementPosition{Day: day(t, "2026-11-20")}, day(t, "2026-11-22")
	if err := ReadStatement(t.Context(), b, from, to, take); err != nil {
		t.Fatal(err)
	}
	// A day ends with an empty page, or with one that repeats the one before.
	if !slices.Equal(taken, []string{"a", "b", "c", "d"}) {
		t.Error(taken)
	}
	asked := []string{"2026-11-20/1", "2026-11-20/2", "2026-11-20/3", "2026-11-21/1", "2026-11-22/1", "2026-11-22/2", "2026-11-22/3"}
	if !slices.Equal(b.asked, asked) {
		t.Error(b.asked)
	}
	// From every position at which it may have been interrupted, the rest follows.
	for i, at := range stops {
		taken = nil
		if err := ReadStatement(t.Context(), b, at, to, take); err != nil || !slices.Equal(taken, []string{"a", "b", "c", "d"}[i+1:]) {
			t.Errorf("from %+v: %v, %v", at, taken, err)
		}
	}
	if err := ReadStatement(t.Context(), b, StatementPosition{Day: to.Next(1)}, to, take); err != nil || len(taken) != 0 {
		t.Errorf("%v, %v", taken, err)
	}
}

func TestReadStatementStops(t *testing.T) {
	b := &book{days: map[string][]string{"2026-11-20": {"a", "b"}}, fail: "2026-11-20/2"}
	count := 0
	take := func(StatementPage, StatementPosition) error { count++; return nil }
	from := StatementPosition{Day: day(t, "2026-11-20")}
	if err := ReadStatement(t.Context(), b, from, from.Day, take); ClassOf(err) != ClassNotSent || count != 1 {
		t.Errorf("%v after %d pages", err, count)
	}
	stop := errors.New("disk full")
	if err := ReadStatement(t.Context(), b, from, from.Day, func(StatementPage, StatementPosition) error { return stop }); !errors.Is(err, stop) {
		t.Error(err)
	}
	b, count = &book{days: map[string][]string{"2026-11-20": {"for ever"}}}, 0
	if err := ReadStatement(t.Context(), b, from, from.Day, take); ClassOf(err) != ClassUnknown || count != MaxStatementPages {
		t.Errorf("%v after %d pages", err, count)
	}
}
