package easylink

import (
	"slices"
	"testing"
	"time"

	"paydesk/client/internal/wiretest"
)

// TestLooksAtAPendingRefund lists them for its first three hours: at about 5 s,
// 30 s and 2 min, then every 5 min up to two hours and after them, at which the
// gateway closes what it never resolved (easylink: section 7.3); then as
// everywhere, because that state is not the channel's word.
func TestLooksAtAPendingRefund(t *testing.T) { // covers F20
	pace := connect(t, "http://127.0.0.1:1").Capabilities().Pace
	want := slices.Concat(
		[]time.Duration{5 * time.Second, 30 * time.Second},
		wiretest.Every(2*time.Minute, 132*time.Minute, 5*time.Minute),
		wiretest.Every(147*time.Minute, 3*time.Hour, 15*time.Minute),
	)
	got := wiretest.Looks(pace, 3*time.Hour)
	if !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	if once := slices.IndexFunc(got, func(age time.Duration) bool { return age > 2*time.Hour }); once < 0 || got[once] > 2*time.Hour+5*time.Minute {
		t.Error("nobody looks once more after two hours")
	}
	if want := []time.Duration{0, time.Minute, 5 * time.Minute}; !slices.Equal(pace.ResendAfter, want) {
		t.Errorf("sent again after %v, want %v", pace.ResendAfter, want)
	}
}
