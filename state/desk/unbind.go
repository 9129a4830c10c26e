package desk

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"paydesk/client"
	"paydesk/state/desk/moves"
	"paydesk/state/feed"
	"paydesk/state/ledger"
)

// Tokens asks the gateway for a user's saved cards and stores the answer. A
// card that the ledger knows and the gateway no longer names is removed.
func (d *Desk) Tokens(ctx context.Context, profile, user string) ([]ledger.Token, error) {
	p, err := d.Profile(profile)
	if err != nil {
		return nil, err
	}
	g, err := d.Gateway(ctx, profile)
	if err != nil {
		return nil, err
	}
	if can := g.Capabilities().ListTokens; !can.OK {
		return nil, &client.Error{Class: client.ClassUnsupported, Code: "tokens", Message: can.Reason}
	}
	answer, err := g.Tokens(ctx, user)
	if err != nil {
		d.recordFailure(ctx, p, user, "token.list-failed", err)
		return nil, unanswered(err)
	}
	known, err := d.store.Tokens(ctx, profile, user)
	if err != nil {
		return nil, storageError(err)
	}
	err = d.update(ctx, func(tx ledger.Tx) error {
		return d.storeTokens(tx, p, user, known, answer)
	}, feed.Change{Kind: feed.Tokens, Profile: profile, No: user})
	if err != nil {
		return nil, err
	}
	tokens, err := d.store.Tokens(ctx, profile, user)
	return tokens, storageError(err)
}

func (d *Desk) storeTokens(tx ledger.Tx, p Profile, user string, known []ledger.Token, answer client.TokensAnswer) error {
	named := map[string]bool{}
	for _, t := range answer.Tokens {
		named[t.Token] = true
		t.UserID = user
		row := ledger.Token{Token: t, Profile: p.Name, Gateway: p.Gateway, SeenAt: d.clock()}
		if row.Status == client.TokenActive && !row.ExpiresAt.IsZero() && !d.clock().Before(row.ExpiresAt) {
			row.Status = client.TokenExpired
		}
		if _, err := tx.PutToken(row); err != nil {
			return err
		}
	}
	for _, row := range known {
		if named[row.Token.Token] || row.Status == client.TokenRemoved {
			continue
		}
		row.Status, row.SeenAt = client.TokenRemoved, d.clock()
		if _, err := tx.PutToken(row); err != nil {
			return err
		}
	}
	if err := tx.PutEvidence(ledger.Evidence{Exchange: answer.Exchange, Profile: p.Name, Subject: user}); err != nil {
		return err
	}
	return d.append(tx, p.Name, "token.listed", user, withDigests(detail{"cards": len(answer.Tokens)}, &answer.Exchange))
}

// UnbindPlan is what unbinding a card would do.
type UnbindPlan struct {
	Profile Profile
	Token   ledger.Token
	Reason  string
	Refusal *client.Error
	MadeAt  time.Time
}

// PlanUnbind plans from the ledger; list the user's cards first to know them.
func (d *Desk) PlanUnbind(ctx context.Context, profile, user, token, reason string) (UnbindPlan, error) {
	p, err := d.Profile(profile)
	if err != nil {
		return UnbindPlan{}, err
	}
	reason = client.MaskCards(strings.TrimSpace(reason))
	if reason == "" {
		return UnbindPlan{}, &client.Error{
			Class: client.ClassInput, Code: "reason", Message: "a reason is needed to unbind a card", Hint: "say in a few words why",
		}
	}
	row, err := d.store.Token(ctx, profile, token)
	if err != nil {
		return UnbindPlan{}, notInLedger("token", token, err)
	}
	if user != "" && row.UserID != user {
		return UnbindPlan{}, &client.Error{
			Class: client.ClassInput, Code: "user", Message: fmt.Sprintf("token %q does not belong to user %q", token, user),
			Hint: "list the user's cards to see their tokens",
		}
	}
	plan := UnbindPlan{Profile: p, Token: row, Reason: reason, MadeAt: d.clock()}
	if row.Status == client.TokenRemoved {
		plan.Refusal = policyError("removed", "the card is unbound already", "")
	} else {
		plan.Refusal = d.refuseReadOnly(profile)
	}
	return plan, nil
}

// PreviewUnbind is the masked signed request that the plan would send.
func (d *Desk) PreviewUnbind(ctx context.Context, plan UnbindPlan) (client.Preview, error) {
	g, err := d.Gateway(ctx, plan.Profile.Name)
	if err != nil {
		return client.Preview{}, err
	}
	return g.PreviewRemoveToken(client.RemoveToken{Token: plan.Token.Token.Token, UserID: plan.Token.UserID, Reason: plan.Reason})
}

// CommitUnbind makes the plan a durable intent (I1). AdvanceUnbind sends it.
func (d *Desk) CommitUnbind(ctx context.Context, plan UnbindPlan) (ledger.Unbind, error) {
	if plan.Refusal != nil {
		return ledger.Unbind{}, plan.Refusal
	}
	var u ledger.Unbind
	err := d.update(ctx, func(tx ledger.Tx) (err error) {
		if refusal := d.refuseReadOnly(plan.Profile.Name); refusal != nil {
			return refusal
		}
		u, err = tx.InsertUnbind(ledger.Unbind{
			Profile: plan.Profile.Name, Gateway: plan.Profile.Gateway, Token: plan.Token.Token.Token, UserID: plan.Token.UserID,
			Reason: plan.Reason, Agent: d.agent, Status: ledger.UnbindIntent, CreatedAt: d.clock(), NextCheckAt: d.clock(),
		})
		if errors.Is(err, ledger.ErrOpen) {
			return &client.Error{
				Class: client.ClassConflict, Code: "open-unbind", Message: "the card is being unbound already",
				Hint: "wait until it is settled", Err: err,
			}
		}
		if err != nil {
			return err
		}
		return d.append(tx, u.Profile, "token.unbind-intent", u.Token, detail{"user": u.UserID, "reason": u.Reason})
	}, feed.Change{Kind: feed.Tokens, Profile: plan.Profile.Name, No: plan.Token.UserID})
	d.step(moves.StepUnbindDecided)
	return u, err
}

// AdvanceUnbind sends an unbinding, or after a doubt asks whether the card is
// gone and sends again when it is not: removal is safe to repeat (payermax
// section 8.8). The error is what the step ran into.
func (d *Desk) AdvanceUnbind(ctx context.Context, u ledger.Unbind) (ledger.Unbind, error) {
	key := u.Profile + "|token|" + u.Token
	if _, busy := d.inFlight.LoadOrStore(key, struct{}{}); busy || !u.Status.Open() {
		return u, nil
	}
	defer d.inFlight.Delete(key)
	p, err := d.Profile(u.Profile)
	if err != nil {
		return u, err
	}
	g, err := d.Gateway(ctx, u.Profile)
	if err != nil {
		return u, err
	}
	if u.Status != ledger.UnbindIntent {
		gone, err := d.tokenGone(ctx, u)
		if err != nil {
			return d.postponeUnbind(ctx, u, err)
		}
		if gone {
			return d.finishUnbind(ctx, p, u, ledger.UnbindDone, "gone when asked", nil)
		}
	}
	if u, err = d.changeUnbind(ctx, u, "token.unbind-sending", nil, detail{}, func(row *ledger.Unbind) {
		row.Status, row.NextCheckAt = ledger.UnbindSending, d.clock().Add(moves.SendGrace)
	}); err != nil {
		return u, err
	}
	d.step(moves.StepUnbindMarked)
	answer, sendErr := g.RemoveToken(ctx, client.RemoveToken{Token: u.Token, UserID: u.UserID, Reason: u.Reason})
	d.step(moves.StepUnbindAnswered)
	keep := context.WithoutCancel(ctx)
	if sendErr == nil {
		return d.finishUnbind(keep, p, u, ledger.UnbindDone, "removed", &answer.Exchange)
	}
	if ctx.Err() != nil && client.ClassOf(sendErr) == client.ClassNotSent {
		// The program ends before anything left: the decision stands and is carried
		// out when it starts again.
		stored, err := d.changeUnbind(keep, u, "token.unbind-waits", nil, detail{}, func(row *ledger.Unbind) {
			row.Status, row.NextCheckAt = ledger.UnbindIntent, d.clock()
		})
		return stored, errors.Join(sendErr, err)
	}
	return d.afterUnbind(keep, p, u, sendErr)
}

// afterUnbind stores what a failed removal means: nothing sent, or a doubt
// that the user's card list must settle (F28).
func (d *Desk) afterUnbind(ctx context.Context, p Profile, u ledger.Unbind, sendErr error) (ledger.Unbind, error) {
	switch client.ClassOf(sendErr) {
	case client.ClassNotSent, client.ClassInput, client.ClassConfig, client.ClassKeyring, client.ClassUnsupported:
		// Nothing left the process; the decision is taken back so that the
		// agent can decide again.
		u, err := d.finishUnbind(ctx, p, u, ledger.UnbindFailed, "nothing was sent", client.ExchangeOf(sendErr))
		return u, errors.Join(sendErr, err)
	case client.ClassRefused, client.ClassNotFound, client.ClassAuth:
		gone, err := d.tokenGone(ctx, u)
		switch {
		case err == nil && gone:
			return d.finishUnbind(ctx, p, u, ledger.UnbindDone, "gone when asked", client.ExchangeOf(sendErr))
		case err == nil:
			u, err := d.finishUnbind(ctx, p, u, ledger.UnbindFailed, "refused, and the card is still there", client.ExchangeOf(sendErr))
			return u, errors.Join(sendErr, err)
		}
	default: // a doubt
	}
	stored, err := d.changeUnbind(ctx, u, "token.unbind-unknown", client.ExchangeOf(sendErr), detail{"class": client.ClassOf(sendErr)},
		func(row *ledger.Unbind) {
			row.Status, row.NextCheckAt = ledger.UnbindUnknown, d.clock().Add(time.Second)
		})
	return stored, errors.Join(sendErr, err)
}

// tokenGone asks for the user's cards; a card not named, or named as removed,
// is gone (payermax section 5.6).
func (d *Desk) tokenGone(ctx context.Context, u ledger.Unbind) (bool, error) {
	tokens, err := d.Tokens(ctx, u.Profile, u.UserID)
	if err != nil {
		return false, err
	}
	for _, t := range tokens {
		if t.Token.Token == u.Token {
			return t.Status == client.TokenRemoved, nil
		}
	}
	return true, nil
}

func (d *Desk) finishUnbind(ctx context.Context, p Profile, u ledger.Unbind, status ledger.UnbindStatus, how string, x *client.Exchange) (ledger.Unbind, error) {
	kind := "token.unbound"
	if status != ledger.UnbindDone {
		kind = "token.unbind-failed"
	}
	err := d.update(ctx, func(tx ledger.Tx) error {
		row, err := tx.OpenUnbind(u.Profile, u.Token)
		if errors.Is(err, ledger.ErrNotFound) {
			u.Status = status
			return nil // settled by another process
		}
		if err != nil {
			return err
		}
		row.Status, row.SettledAt, row.NextCheckAt = status, d.clock(), time.Time{}
		noteAnswer(&row, x)
		u = row
		if err := tx.UpdateUnbind(row); err != nil {
			return err
		}
		if status == ledger.UnbindDone {
			if err := d.markRemoved(tx, u); err != nil {
				return err
			}
		}
		return d.append(tx, p.Name, kind, u.Token, withDigests(detail{"user": u.UserID, "how": how, "reason": u.Reason}, x))
	}, feed.Change{Kind: feed.Tokens, Profile: u.Profile, No: u.UserID})
	return u, err
}

func (d *Desk) markRemoved(tx ledger.Tx, u ledger.Unbind) error {
	t, err := tx.Token(u.Profile, u.Token)
	if err != nil {
		return err
	}
	t.Status, t.SeenAt = client.TokenRemoved, d.clock()
	_, err = tx.PutToken(t)
	return err
}

func (d *Desk) changeUnbind(ctx context.Context, u ledger.Unbind, kind string, x *client.Exchange, content detail, fn func(*ledger.Unbind)) (ledger.Unbind, error) {
	row := u
	err := d.update(ctx, func(tx ledger.Tx) (err error) {
		if row, err = tx.OpenUnbind(u.Profile, u.Token); err != nil {
			return notInLedger("unbinding of", u.Token, err)
		}
		fn(&row)
		noteAnswer(&row, x)
		if err := tx.UpdateUnbind(row); err != nil {
			return err
		}
		return d.append(tx, u.Profile, kind, u.Token, withDigests(content, x))
	}, feed.Change{Kind: feed.Tokens, Profile: u.Profile, No: u.UserID})
	return row, err
}

// postponeUnbind makes the next look due after one that brought no answer.
func (d *Desk) postponeUnbind(ctx context.Context, u ledger.Unbind, cause error) (ledger.Unbind, error) {
	keep := context.WithoutCancel(ctx)
	err := d.update(keep, func(tx ledger.Tx) error {
		row, err := tx.OpenUnbind(u.Profile, u.Token)
		if err != nil {
			return notInLedger("unbinding of", u.Token, err)
		}
		row.Checks++
		wait := time.Second << min(row.Checks, 8)
		row.NextCheckAt = later(d.clock().Add(wait), retryAfter(cause, d.clock()))
		u = row
		return tx.UpdateUnbind(row)
	})
	return u, errors.Join(cause, err)
}

func noteAnswer(u *ledger.Unbind, x *client.Exchange) {
	if x != nil {
		u.Last = ledger.Last{Code: x.Code, Message: x.Message, Verified: x.Verified, At: x.At}
	}
}
