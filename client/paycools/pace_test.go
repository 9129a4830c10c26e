package paycools

import (
	"slices"
	"testing"
	"time"

	"paydesk/client/internal/wiretest"
)

// TestLooksAtAPendingRefund lists them for its first three hours: at about 10 s,
// 1 min and 5 min, then every 15 min for a day, then hourly (paycools: section
// 6.2).
func TestLooksAtAPendingRefund(t *testing.T) { // covers F20
	pace := connect(t, "http://127.0.0.1:1").Capabilities().Pace
	want := append([]time.Duration{10 * time.Second, time.Minute}, wiretest.Every(5*time.Minute, 3*time.Hour, 15*time.Minute)...)
	if got := wiretest.Looks(pace, 3*time.Hour); !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	all := wiretest.Looks(pace, 72*time.Hour)
	if n := len(all); all[n-1]-all[n-2] != time.Hour {
		t.Errorf("looks %v apart on the third day", all[n-1]-all[n-2])
	}
	// "Not known" is no proof before some seconds are over (paycools: section 6.1).
	if want := []time.Duration{0, time.Minute, 5 * time.Minute}; !slices.Equal(pace.ResendAfter, want) {
		t.Errorf("sent again after %v, want %v", pace.ResendAfter, want)
	}
}
