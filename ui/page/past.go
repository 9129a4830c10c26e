package page

import (
	"context"
	"slices"

	"paydesk/state/ledger"
	"paydesk/ui/page/story"
)

// Bounds of what a timeline reads.
const (
	mostEvents  = 60 // of one subject
	mostRefunds = 12 // of one order, the newest
)

// LoadPast reads what the ledger knows of one order, as it is now.
func LoadPast(ctx context.Context, from ledger.Reader, profile, orderNo string) (story.Past, error) {
	o, err := from.Order(ctx, profile, orderNo)
	if err != nil {
		return story.Past{}, err
	}
	past := story.Past{Order: o}
	if past.Refunds, err = from.RefundsOf(ctx, o.ID); err != nil {
		return past, err
	}
	subjects := []string{o.OrderNo, o.GatewayOrderNo}
	for _, r := range past.Refunds[max(len(past.Refunds)-mostRefunds, 0):] {
		subjects = append(subjects, r.RefundNo, r.GatewayRefundNo)
	}
	// A freed number serves again, and a callback that came before the ledger knew
	// its subject names it by the gateway's number.
	for i, subject := range subjects {
		if subject == "" || slices.Contains(subjects[:i], subject) {
			continue
		}
		events, err := from.Events(ctx, ledger.EventFilter{Profiles: []string{o.Profile}, Subject: subject, Limit: mostEvents})
		if err != nil {
			return past, err
		}
		past.Events = append(past.Events, events...)
	}
	return past, nil
}
