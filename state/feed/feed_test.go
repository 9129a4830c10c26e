package feed_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"paydesk/state/feed"
)

func TestChangesAreCoalescedAndNobodyWaits(t *testing.T) {
	f := &feed.Feed{}
	sub := f.Subscribe()
	defer sub.Close()
	one := feed.Change{Kind: feed.Refunds, Profile: "a", No: "R1"}
	for range 1000 {
		f.Publish(one)
	}
	got, err := sub.Next(t.Context())
	if err != nil || len(got) != 1 || got[0] != one {
		t.Errorf("got %v, %v", got, err)
	}
	for i := range 1000 {
		f.Publish(feed.Change{Kind: feed.Orders, No: time.Duration(i).String()})
	}
	got, err = sub.Next(t.Context())
	if err != nil || len(got) != 1 || got[0].Kind != feed.All {
		t.Errorf("a flood became %d changes, %v", len(got), err)
	}
}

func TestNextEndsWithItsContext(t *testing.T) {
	f := &feed.Feed{}
	sub := f.Subscribe()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := sub.Next(ctx); err == nil {
		t.Error("no error after the context ended")
	}
	sub.Close()
	f.Publish(feed.Change{Kind: feed.All}) // no subscriber is left
}

type version struct{ n atomic.Int64 }

func (v *version) Version(context.Context) (int64, error) { return v.n.Load(), nil }

func TestWatchTellsOfOtherProcesses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, v := &feed.Feed{}, &version{}
		sub := f.Subscribe()
		defer sub.Close()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); f.Watch(ctx, v, time.Second) }()
		synctest.Wait()
		v.n.Store(7)
		got, err := sub.Next(ctx)
		if err != nil || len(got) != 1 || got[0].Kind != feed.All {
			t.Errorf("got %v, %v", got, err)
		}
		cancel()
		<-done
	})
}
