package payermax

import (
	"slices"
	"testing"
	"time"

	"paydesk/client/internal/wiretest"
)

// TestLooksAtAPendingRefund lists them for its first three hours: closely in the
// first minute, of which the gateway's advice has one look at 10 s, then as
// everywhere (payermax: section 13; reliability: section 6).
func TestLooksAtAPendingRefund(t *testing.T) { // covers F20
	pace := connect(t, "http://127.0.0.1:1").Capabilities().Pace
	want := slices.Concat(
		wiretest.Every(10*time.Second, time.Minute, 10*time.Second),
		wiretest.Every(90*time.Second, 10*time.Minute, 30*time.Second),
		wiretest.Every(12*time.Minute, time.Hour, 2*time.Minute),
		wiretest.Every(75*time.Minute, 3*time.Hour, 15*time.Minute),
	)
	if got := wiretest.Looks(pace, 3*time.Hour); !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	// An unknown number is asked for at 0, 1 and 5 min before it is sent again
	// (payermax: section 8.4).
	if want := []time.Duration{0, time.Minute, 5 * time.Minute}; !slices.Equal(pace.ResendAfter, want) {
		t.Errorf("sent again after %v, want %v", pace.ResendAfter, want)
	}
	// A success may turn for 30 days (I10), and a refused number is free after
	// three looks over 10 min (I3).
	if pace.Watch != 30*24*time.Hour || pace.WatchEvery != 24*time.Hour || len(pace.FreeAfter) != 3 || pace.FreeAfter[2] != 10*time.Minute {
		t.Errorf("%+v", pace)
	}
}
