package toast

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"paydesk/ui/style"
	"paydesk/ui/style/styletest"
	"paydesk/ui/text"
)

func TestLife(t *testing.T) {
	at := time.Date(2026, 11, 21, 14, 0, 0, 0, time.UTC)
	for _, tc := range []struct {
		tone style.Tone
		life time.Duration
	}{{style.Success, shortLife}, {style.Warning, longLife}, {style.Danger, 0}, {style.Unknown, 0}} {
		var l List
		l.Add(Notice{At: at, Tone: tc.tone, Text: text.Literal("something happened")})
		next, timed := l.Next(at.Add(time.Second))
		if timed != (tc.life > 0) || (timed && next != tc.life-time.Second) {
			t.Errorf("tone %d: goes in %v, %v", tc.tone, next, timed)
		}
		_, early := l.Current(at.Add(5 * time.Second))
		_, late := l.Current(at.Add(time.Hour))
		if !early || late != (tc.life == 0) {
			t.Errorf("tone %d: shown early %v, late %v", tc.tone, early, late)
		}
		l.Dismiss()
		if _, shown := l.Current(at); shown || len(l.All()) != 1 {
			t.Error("dismissing does not keep it in the list only")
		}
	}
}

func TestListIsBoundedAndNewestFirst(t *testing.T) {
	var l List
	for i := range keep + 10 {
		l.Add(Notice{Text: text.Clean(fmt.Sprint(i))})
	}
	if all := l.All(); len(all) != keep || all[0].Text.String() != fmt.Sprint(keep+9) {
		t.Errorf("%d notices, first %q", len(all), all[0].Text)
	}
	l.Dismiss()
	l.Add(Notice{Text: text.Clean(fmt.Sprint(keep + 9)), At: time.Unix(5, 0)})
	if all := l.All(); len(all) != keep || all[0].At.Unix() != 5 {
		t.Error("the same notice again is not one notice")
	}
}

func TestLine(t *testing.T) {
	st := styletest.Plain(t)
	var views []string
	now := time.Unix(0, 0)
	for _, n := range []Notice{
		{Tone: style.Text, Text: text.Literal("P1642410680681 sent to terminal clipboard"), At: now},
		{Tone: style.Success, Text: text.Literal("refund RX4KQ of 8,000 IDR done"), At: now},
		{Tone: style.Unknown, Text: text.Literal("the gateway did not answer in time; the refund may have been accepted and is being asked about"), At: now},
		{Tone: style.Danger, Text: text.Clean("key\x1b[2Jring locked"), At: now},
	} {
		var l List
		if _, ok := l.Line(st, now, 60); ok {
			t.Error("an empty list draws")
		}
		l.Add(n)
		line, _ := l.Line(st, now, 60)
		styletest.RequireSize(t, line, 60, 1)
		views = append(views, line)
	}
	styletest.Golden(t, strings.Join(views, "\n"))
}
