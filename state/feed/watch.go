package feed

import (
	"context"
	"time"
)

// Versioned is a store whose version changes with every commit of any process.
type Versioned interface {
	Version(ctx context.Context) (int64, error)
}

// Watch publishes All whenever the store's version changed since the last
// look, so that what another process commits is seen here. It looks every
// interval and returns when ctx ends.
func (f *Feed) Watch(ctx context.Context, store Versioned, interval time.Duration) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	last, err := store.Version(ctx)
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now, lookErr := store.Version(ctx)
		if lookErr == nil && (err != nil || now != last) {
			f.Publish(Change{Kind: All})
		}
		last, err = now, lookErr
	}
}
