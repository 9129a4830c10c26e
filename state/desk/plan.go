package desk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"paydesk/client"
	"paydesk/state/desk/link"
	"paydesk/state/desk/moves"
	"paydesk/state/ledger"
)

// planLife is how long a plan may be consented to; older ones are made anew.
const planLife = 5 * time.Minute

// Ask is what an agent wants refunded. Amount is as typed, in major units, or
// "all" for everything that is left.
type Ask struct {
	Profile string
	Order   string // any number of the order
	Amount  string
	Reason  string
	Note    string
	Undo    time.Duration // undo window; 0: send at once
}

// Plan is what would happen if it were consented to. Every amount has the
// order's currency and decimals.
type Plan struct {
	Profile    Profile
	Order      ledger.Order
	Refunds    []ledger.Refund // of the order, oldest first
	Paid       client.Money
	Refunded   client.Money
	Reserved   client.Money
	Refundable client.Money
	Amount     client.Money
	RefundNo   string
	Attempt    int
	Reason     string
	Note       string
	Undo       time.Duration
	Warnings   []string
	// Refusal says why it cannot be done now; nil when it can.
	Refusal *client.Error
	// NeedsTyping: the amount must be typed to confirm (S25).
	NeedsTyping bool
	// Doubtful: money of an earlier refund may have moved although it is not
	// counted; only a person who has looked may confirm, never a script.
	Doubtful bool
	// Asked: the gateway confirmed order and history; only then may the plan be
	// committed. A plan without it is a preview from the ledger.
	Asked  bool
	Hash   string // what consent is bound to (I12)
	MadeAt time.Time
}

// Outline makes a plan from the ledger alone, in milliseconds.
func (d *Desk) Outline(ctx context.Context, ask Ask) (Plan, error) {
	p, err := d.Profile(ask.Profile)
	if err != nil {
		return Plan{}, err
	}
	found, err := d.Known(ctx, ask.Profile, ask.Order)
	if err != nil {
		return Plan{}, err
	}
	return d.plan(ctx, p, found.Order, ask, nil)
}

// Plan asks the gateway for the order and its refund history, then plans. It
// returns ClassInput for an amount that makes no sense; what may not be done
// now is in Plan.Refusal.
func (d *Desk) Plan(ctx context.Context, ask Ask) (Plan, error) {
	p, err := d.Profile(ask.Profile)
	if err != nil {
		return Plan{}, err
	}
	g, err := d.Gateway(ctx, ask.Profile)
	if err != nil {
		return Plan{}, err
	}
	order, err := d.askedOrder(ctx, g, p, ask)
	if err != nil {
		return Plan{}, err
	}
	can := termsOf(g, order.Method)
	plan, err := d.plan(ctx, p, order, ask, &can)
	plan.Asked = err == nil
	if err == nil && plan.Refusal == nil {
		plan.Warnings = append(plan.Warnings, d.balanceWarning(ctx, g, plan.Amount)...)
	}
	return plan, err
}

// terms are what a gateway, and the channel of one payment, can do.
type terms struct {
	client.Capabilities
	again client.Capability // refund a payment more than once
}

// termsOf narrows a gateway's capabilities by what is known of the channel
// (paycools: section 5).
func termsOf(g client.Gateway, method string) terms {
	t := terms{Capabilities: g.Capabilities(), again: client.Can()}
	rules, ok := client.As[client.RefundRules](g)
	if !ok {
		return t
	}
	if rule, known := rules.RefundRule(method); known {
		t.again = rule.Multiple
		if t.Refund.OK {
			t.Refund = rule.Refund
		}
		if t.PartialRefund.OK {
			t.PartialRefund = rule.Partial
		}
	}
	return t
}

// balanceWarning tells of an account that does not hold the amount, where the
// gateway says what it holds. No answer is no warning.
func (d *Desk) balanceWarning(ctx context.Context, g client.Gateway, amount client.Money) []string {
	asked, ok := client.As[client.Balances](g)
	if !ok || !g.Capabilities().Balance.OK {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, balancePatience)
	defer cancel()
	answer, err := asked.Balance(ctx)
	link.Note(g, err)
	if err != nil || answer.Balance.Currency != amount.Currency {
		return nil
	}
	if answer.Balance, err = answer.Balance.Rescale(amount.Exp); err != nil || answer.Balance.Minor >= amount.Minor {
		return nil
	}
	return []string{fmt.Sprintf("the account holds %s, which is less than the refund", answer.Balance)}
}

// balancePatience is how long a plan waits for the balance, which is only a hint.
const balancePatience = 2 * time.Second

// askedOrder is the order as the gateway confirmed it, with its history, at
// most historyLife ago: an agent who edits the amount waits only once.
func (d *Desk) askedOrder(ctx context.Context, g client.Gateway, p Profile, ask Ask) (ledger.Order, error) {
	if found, err := d.Known(ctx, p.Name, ask.Order); err == nil && d.historyKnown(found.Order) {
		return found.Order, nil
	}
	found, err := d.LookUp(ctx, p.Name, ask.Order)
	if err != nil {
		return ledger.Order{}, err
	}
	return d.learnHistory(ctx, g, p, found.Order)
}

// plan makes a plan; can is nil when the gateway was not asked.
func (d *Desk) plan(ctx context.Context, p Profile, o ledger.Order, ask Ask, can *terms) (Plan, error) {
	rows, err := d.store.RefundsOf(ctx, o.ID)
	if err != nil {
		return Plan{}, storageError(err)
	}
	amount, err := parseAmount(ask.Amount, o)
	if err != nil {
		return Plan{}, err
	}
	reason := client.MaskCards(strings.TrimSpace(ask.Reason)) // S16: what is shown, stored and sent is the same text
	if can != nil && can.MaxReason > 0 && len([]rune(reason)) > can.MaxReason {
		return Plan{}, &client.Error{
			Class: client.ClassInput, Code: "reason", Message: fmt.Sprintf("reason has %d characters, the gateway takes %d", len([]rune(reason)), can.MaxReason),
			Hint: "say it shorter; the note stays here and has no such limit",
		}
	}
	plan := Plan{
		Profile: p, Order: o, Refunds: rows, Paid: o.Amount, Refunded: o.Refunded, Reserved: o.Reserved,
		Refundable: o.Refundable(), Amount: amount, Attempt: nextAttempt(rows), Reason: reason,
		Note: client.MaskCards(strings.TrimSpace(ask.Note)), Undo: ask.Undo, NeedsTyping: p.needsTyping(amount), MadeAt: d.clock(),
	}
	for _, r := range rows {
		plan.Doubtful = plan.Doubtful || r.Alert == AlertTimer
	}
	plan.NeedsTyping = plan.NeedsTyping || plan.Doubtful
	plan.RefundNo = client.RefundNo(p.Gateway, p.Merchant, o.OrderNo, plan.Attempt)
	plan.Hash = plan.hash()
	plan.Refusal = d.refuse(plan, can)
	plan.Warnings = d.warn(plan, can)
	return plan, nil
}

// parseAmount reads the amount of an ask in the order's currency. "" and "all"
// mean all that is left.
func parseAmount(text string, o ledger.Order) (client.Money, error) {
	text = strings.TrimSpace(text)
	if text == "" || strings.EqualFold(text, "all") {
		return o.Refundable(), nil
	}
	amount, err := client.ParseMoney(text, o.Amount.Currency, o.Amount.Exp)
	if err == nil && amount.Minor > 0 {
		return amount, nil
	}
	message := fmt.Sprintf("amount %q: must be above zero", text)
	switch {
	case errors.Is(err, client.ErrMoneyDecimals):
		message = fmt.Sprintf("amount %q: %s has %d decimals here", text, o.Amount.Currency, o.Amount.Exp)
	case err != nil:
		message = fmt.Sprintf("amount %q: %v", text, err)
	}
	return client.Money{}, &client.Error{
		Class: client.ClassInput, Code: "amount", Message: message,
		Hint: fmt.Sprintf("give a plain number such as %s; at most %s is left", o.Amount.Major(), o.Refundable()),
	}
}

// nextAttempt is 1 + the attempts with a final record at the gateway (I3).
func nextAttempt(rows []ledger.Refund) int {
	attempt := 1
	for _, r := range rows {
		if (r.Status.AtGateway() || r.Status == client.RefundReversed) && !r.NoRecord {
			attempt = max(attempt, r.Attempt+1)
		}
	}
	return attempt
}

// hash binds consent to gateway, merchant, order, refund number, amount,
// currency and reason (I12). A JSON array keeps the parts apart.
func (p Plan) hash() string {
	parts, _ := json.Marshal([]string{ // strings always encode
		p.Profile.Gateway, p.Profile.Merchant, p.Order.OrderNo, p.RefundNo, p.Amount.Major(), p.Amount.Currency, p.Reason,
	})
	sum := sha256.Sum256(parts)
	return hex.EncodeToString(sum[:])
}

// refuse finds the first reason why the plan cannot be done now. It is asked
// again inside the transaction that commits the intent.
func (d *Desk) refuse(plan Plan, can *terms) *client.Error {
	p, o := plan.Profile, plan.Order
	if can != nil && !can.Refund.OK {
		return &client.Error{Class: client.ClassUnsupported, Code: "refund", Message: can.Refund.Reason, Hint: "see the profile's settings"}
	}
	switch o.Status {
	case client.OrderPaid:
	default:
		return policyError("order-status", fmt.Sprintf("order %s is %s; only paid orders can be refunded", o.OrderNo, o.Status),
			"look the order up again if the payment has just come in")
	}
	for _, r := range plan.Refunds {
		if r.Status.Open() {
			return openRefusal(r)
		}
		if moves.Clearing(r) {
			return policyError("number-busy",
				fmt.Sprintf("refund %s was refused and the gateway holds no record of it yet; its number must stay free of doubt first", r.RefundNo),
				"it is looked at until that is certain, at most ten minutes; then refund again")
		}
	}
	if refusal := restRefusal(plan); refusal != nil {
		return refusal
	}
	if can != nil {
		if refusal := d.termsRefusal(plan, *can); refusal != nil {
			return refusal
		}
	}
	if refusal := p.refuseAmount(plan.Amount); refusal != nil {
		return refusal
	}
	return d.refuseReadOnly(p.Name)
}

// termsRefusal is what the gateway or the channel does not do.
func (d *Desk) termsRefusal(plan Plan, can terms) *client.Error {
	o := plan.Order
	if limit := can.RefundHardLimit; limit > 0 && !o.PaidAt.IsZero() && d.clock().Sub(o.PaidAt) > limit {
		return policyError("too-old", fmt.Sprintf("the order was paid %d days ago; the gateway refunds up to %d days",
			days(d.clock().Sub(o.PaidAt)), days(limit)), "pay the customer by another way")
	}
	if !can.PartialRefund.OK && plan.Amount != plan.Paid {
		return policyError("partial", can.PartialRefund.Reason, "refund the full amount")
	}
	if !can.again.OK && plan.Refunded.Minor > 0 {
		return policyError("again", can.again.Reason, "pay the customer by another way")
	}
	return nil
}

func openRefusal(r ledger.Refund) *client.Error {
	who := r.Agent
	if r.Foreign || who == "" {
		who = "another desk"
	}
	return &client.Error{
		Class: client.ClassConflict, Code: "open-refund",
		Message: fmt.Sprintf("a refund of %s is %s: %s, begun by %s at %s", r.Amount, r.Status, r.RefundNo, who, r.CreatedAt.UTC().Format(time.RFC3339)),
		Hint:    "wait until it is settled; it is looked at by itself",
	}
}

func restRefusal(plan Plan) *client.Error {
	rest := plan.Paid.Minor - plan.Refunded.Minor - plan.Reserved.Minor
	if plan.Amount.Minor > 0 && plan.Amount.Minor <= rest {
		return nil
	}
	if rest <= 0 {
		return policyError("nothing-left", fmt.Sprintf("order %s is refunded in full", plan.Order.OrderNo), "nothing is left to refund")
	}
	return policyError("over-rest", fmt.Sprintf("amount %s is more than the %s that is left of %s", plan.Amount, plan.Refundable, plan.Paid),
		fmt.Sprintf("refund at most %s", plan.Refundable))
}

// warn lists what the agent should know before consenting.
func (d *Desk) warn(plan Plan, can *terms) []string {
	var warnings []string
	now := d.clock()
	for _, r := range plan.Refunds {
		if r.Amount == plan.Amount && now.Sub(r.CreatedAt) < 24*time.Hour && (r.Status.Open() || r.Status == client.RefundSuccess) {
			warnings = append(warnings, fmt.Sprintf("the same amount was refunded today: %s, %s", r.RefundNo, r.Status))
		}
		if r.Foreign {
			warnings = append(warnings, fmt.Sprintf("refund %s of %s was made at another desk", r.RefundNo, r.Amount))
		}
		if r.Alert == AlertTimer {
			warnings = append(warnings, fmt.Sprintf("refund %s of %s was closed by the gateway's timer and its money may have moved: look into the gateway's portal first", r.RefundNo, r.Amount))
		}
		if strings.Contains(r.Last.Code, "INSUFFICIENT") {
			warnings = append(warnings, "the balance was short at the last attempt")
		}
	}
	if can == nil {
		return warnings
	}
	if window := can.RefundWindow; window > 0 && !plan.Order.PaidAt.IsZero() && now.Sub(plan.Order.PaidAt) > window {
		warnings = append(warnings, fmt.Sprintf("paid %d days ago; the gateway may refuse after %d days", days(now.Sub(plan.Order.PaidAt)), days(window)))
	}
	return warnings
}

func days(d time.Duration) int { return int(d / (24 * time.Hour)) }

// Preview is the masked signed request that consent to the plan would send.
func (d *Desk) Preview(ctx context.Context, plan Plan) (client.Preview, error) {
	g, err := d.Gateway(ctx, plan.Profile.Name)
	if err != nil {
		return client.Preview{}, err
	}
	return g.PreviewRefund(client.RefundRequest{
		RefundNo: plan.RefundNo, OrderNo: plan.Order.OrderNo, GatewayOrderNo: plan.Order.GatewayOrderNo,
		Amount: plan.Amount, Reason: plan.Reason,
	})
}
