package page

import (
	"context"

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
	subjects := []string{o.OrderNo}
	for _, r := range past.Refunds[max(len(past.Refunds)-mostRefunds, 0):] {
		if len(subjects) == 0 || subjects[len(subjects)-1] != r.RefundNo { // a freed number serves again
			subjects = append(subjects, r.RefundNo)
		}
	}
	for _, subject := range subjects {
		events, err := from.Events(ctx, ledger.EventFilter{Profiles: []string{o.Profile}, Subject: subject, Limit: mostEvents})
		if err != nil {
			return past, err
		}
		past.Events = append(past.Events, events...)
	}
	return past, nil
}
