package desk

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"paydesk/client"
	"paydesk/state/ledger"
)

// Policy is what a profile allows. Amount limits are Money with
// client.MaxExp decimals, one per currency; a currency without a limit is
// refused where any limit of the kind is set.
type Policy struct {
	ReadOnly bool
	// MaxRefund limits one refund.
	MaxRefund []client.Money
	// MaxPerDay limits what one agent refunds in 24 hours.
	MaxPerDay []client.Money
	// ConfirmAbove wants the amount typed above these; a currency without an
	// entry always wants it, unless the list is empty.
	ConfirmAbove []client.Money
	UndoWindow   time.Duration
}

// limit finds the limit for m's currency: nil when the list is empty.
func limit(list []client.Money, m client.Money) (lim *client.Money, listed bool) {
	for i := range list {
		if list[i].Currency == m.Currency {
			return &list[i], true
		}
	}
	return nil, len(list) == 0
}

// exceeds reports whether minor units of m's currency and decimals are above
// the limit.
func exceeds(m client.Money, lim client.Money) (bool, error) {
	scaled, err := m.Rescale(lim.Exp)
	if err != nil {
		return false, err
	}
	return scaled.Minor > lim.Minor, nil
}

// needsTyping reports whether the amount must be typed to confirm (S25):
// always in production, else above the profile's threshold.
func (p Profile) needsTyping(m client.Money) bool {
	if p.Environment == Production {
		return true
	}
	lim, listed := limit(p.Policy.ConfirmAbove, m)
	if lim == nil {
		return !listed
	}
	above, err := exceeds(m, *lim)
	return above || err != nil
}

// refuseAmount checks one amount against the profile's limit per refund.
func (p Profile) refuseAmount(m client.Money) *client.Error {
	return refuseAbove("max_refund", p.Policy.MaxRefund, m, m)
}

func refuseAbove(field string, list []client.Money, shown, total client.Money) *client.Error {
	lim, listed := limit(list, total)
	if lim == nil {
		if listed {
			return nil
		}
		return policyError(field, fmt.Sprintf("the profile sets no %s for %s", field, total.Currency),
			fmt.Sprintf("add a limit in %s to `policy.%s`, or refund in the gateway's portal", total.Currency, field))
	}
	above, err := exceeds(total, *lim)
	if err != nil || above {
		return policyError(field, fmt.Sprintf("%s is above %s, which is %s", shown, field, *lim),
			"refund less, or have the limit in the profile's policy raised")
	}
	return nil
}

// refuseDay checks the agent's day inside the decision's transaction (S24).
func (d *Desk) refuseDay(tx ledger.Tx, p Profile, m client.Money) error {
	if len(p.Policy.MaxPerDay) == 0 {
		return nil
	}
	spent, err := tx.RefundedSince(p.Name, d.agent, m.Currency, d.clock().Add(-24*time.Hour))
	if err != nil {
		return err
	}
	total, err := m.Add(client.Money{Minor: spent, Currency: m.Currency, Exp: m.Exp})
	if err != nil {
		return err
	}
	if refusal := refuseAbove("max_per_day", p.Policy.MaxPerDay, m, total); refusal != nil {
		return refusal
	}
	return nil
}

// ReadOnly reports whether money may not be moved in a profile now, and until
// when an unlock lasts.
func (d *Desk) ReadOnly(profile string) (locked bool, until time.Time) {
	p, err := d.Profile(profile)
	if err != nil {
		return true, time.Time{}
	}
	if !p.Policy.ReadOnly {
		return false, time.Time{}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	until = d.unlocked[profile]
	return !d.clock().Before(until), until
}

// Unlock lifts read-only for a time, in this process only; the journal says
// so. Lock with a duration of zero.
func (d *Desk) Unlock(ctx context.Context, profile string, lasts time.Duration) error {
	if _, err := d.Profile(profile); err != nil {
		return err
	}
	until := d.clock().Add(lasts)
	kind := "profile.unlocked"
	if lasts <= 0 {
		kind = "profile.locked"
	}
	err := d.update(ctx, func(tx ledger.Tx) error {
		return d.append(tx, profile, kind, profile, detail{"until": until.UTC().Format(time.RFC3339)})
	})
	if err != nil {
		return err
	}
	d.mu.Lock()
	d.unlocked[profile] = until
	d.mu.Unlock()
	return nil
}

// refuseReadOnly is the refusal of a locked profile, or nil.
func (d *Desk) refuseReadOnly(profile string) *client.Error {
	if locked, _ := d.ReadOnly(profile); locked {
		return policyError("read-only", fmt.Sprintf("profile %s is read-only", profile),
			"unlock it for a limited time in the console, or set policy.read_only = false")
	}
	return nil
}

// detail is the content of a journal line.
type detail map[string]any

// append seals one journal line about a subject.
func (d *Desk) append(tx ledger.Tx, profile, kind, subject string, content detail) error {
	return d.appendAs(tx, d.agent, profile, kind, subject, content)
}

func (d *Desk) appendAs(tx ledger.Tx, agent, profile, kind, subject string, content detail) error {
	raw, err := json.Marshal(content)
	if err != nil {
		return fmt.Errorf("desk: journal %s: %w", kind, err)
	}
	_, err = tx.Append(ledger.Event{
		At: d.clock(), Mono: d.mono(), Profile: profile, Kind: kind, Subject: subject, Agent: agent, Detail: raw,
	})
	return err
}
