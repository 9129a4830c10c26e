package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"paydesk/client"
	"paydesk/state/desk"
	"paydesk/state/evidence"
	"paydesk/state/ledger"
	"paydesk/state/query"
	"paydesk/ui/cli/audit"
	"paydesk/ui/cli/show"
	"paydesk/ui/page/story"
	"paydesk/ui/text"
)

func (r *run) refundCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "refund", Short: "refund orders and follow the refunds to their end"}
	cmd.AddCommand(r.refundCreate(), r.refundGet(), r.refundList(), r.refundWatch(), r.refundCancel(), r.refundResume(), r.refundEvidence())
	return cmd
}

// refundFlags are the flags of refund create.
type refundFlags struct {
	amount, reason, note string
	yes, dry             bool
	undo, wait           time.Duration
}

func (r *run) refundCreate() *cobra.Command {
	var f refundFlags
	cmd := &cobra.Command{
		Use: "create NO", Short: "refund an order in full or in part",
		Long: `Asks the gateway for the order and its refunds, shows the plan, and asks to type the
amount; that is the consent. The intent is committed before anything is sent, and
its number never changes, so that whatever happens no refund is paid twice.

Exit codes: 0 accepted, pending or done; 3 refused, no money moved; 4 unknown: it may
have been accepted, ` + "`paydesk refund resume`" + ` settles it; 6 nothing was sent.`,
		Example: "  paydesk refund create P1642410680681 --amount 20.00 --reason 'customer return'\n  paydesk refund create P1642410680681 --amount all --reason duplicate --yes --json\n  paydesk refund create P1642410680681 --amount 20.00 --reason 'customer return' --dry-run",
		Args:    exactly(1, "give the order's number"),
		RunE:    func(cmd *cobra.Command, args []string) error { return r.createRefund(cmd.Context(), args[0], f) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.amount, "amount", "", "in major units, such as 20.00, or all")
	flags.StringVar(&f.reason, "reason", "", "why; the gateway is told")
	flags.StringVar(&f.note, "note", "", "a note that stays here, such as a ticket's number")
	flags.BoolVar(&f.yes, "yes", false, "consent without being asked, within the profile's policy")
	flags.BoolVar(&f.dry, "dry-run", false, "show the plan and the masked signed request, send nothing")
	flags.DurationVar(&f.undo, "undo", 0, "hold the refund back for so long; Ctrl-C takes it back")
	flags.DurationVar(&f.wait, "wait", 0, "follow the refund for so long, at most until it is settled")
	return cmd
}

func (f refundFlags) check() error {
	missing := ""
	switch {
	case strings.TrimSpace(f.amount) == "":
		missing = "--amount"
	case strings.TrimSpace(f.reason) == "":
		missing = "--reason"
	case f.undo < 0 || f.undo > time.Hour:
		return &client.Error{Class: client.ClassInput, Code: "undo", Message: fmt.Sprintf("--undo %s is not between 0s and 1h", f.undo), Hint: "right is for example --undo 10s"}
	case f.wait < 0:
		return &client.Error{Class: client.ClassInput, Code: "wait", Message: fmt.Sprintf("--wait %s is below zero", f.wait), Hint: "right is for example --wait 30s"}
	default:
		return nil
	}
	return &client.Error{Class: client.ClassInput, Code: "usage", Message: missing + " is missing", Hint: "for example --amount 20.00 --reason 'customer return'; --amount all refunds what is left"}
}

// createRefund is plan, consent, commit, send.
func (r *run) createRefund(ctx context.Context, no string, f refundFlags) error {
	if err := f.check(); err != nil {
		return err
	}
	s, p, err := r.selected(ctx)
	if err != nil {
		return err
	}
	if err := s.offered(p, "refund", func(c client.Capabilities) client.Capability { return c.Refund }); err != nil {
		return err
	}
	plan, err := s.desk.Plan(ctx, desk.Ask{Profile: p.Name, Order: no, Amount: f.amount, Reason: f.reason, Note: f.note, Undo: f.undo})
	if err != nil {
		return err
	}
	if f.dry {
		return s.dryRun(ctx, plan)
	}
	if plan.Refusal != nil {
		s.showPlan(plan)
		return plan.Refusal
	}
	consent, err := s.consent(ctx, plan, f.yes)
	if err != nil {
		return err
	}
	refund, err := s.desk.Commit(ctx, plan, consent)
	if err != nil {
		return err
	}
	if refund.Status == client.RefundHeld {
		if err := s.hold(ctx, refund); err != nil {
			return err
		}
	}
	refund, err = s.desk.Advance(ctx, p.Name, refund.RefundNo)
	if f.wait > 0 && ctx.Err() == nil {
		if err != nil {
			s.run.narrate("%s: %s", refund.RefundNo, newProblem(err).Message)
		}
		refund, err = s.follow(ctx, refund, s.run.Clock().Add(f.wait), nil)
	}
	return errors.Join(s.printRefund(refund), outcome(refund, err))
}

// outcome is the exit of a refund: its state decides, the error explains.
func outcome(r ledger.Refund, err error) error {
	switch {
	case r.Status == client.RefundClosed && r.Alert == desk.AlertTimer:
		// A timer closed it, which says nothing about the money (easylink: section 7.3).
		return &exitError{code: exitUnknown, err: &client.Error{
			Class: client.ClassUnknown, Code: "timer", Message: fmt.Sprintf("refund %s was closed by a timer of the gateway after two hours; its money may have moved", r.RefundNo),
			Hint: "do not refund again before you have looked for it in the gateway's portal",
		}}
	case story.Recorded(r) && err == nil:
		return &exitError{code: exitUnknown, err: &client.Error{
			Class: client.ClassUnknown, Code: "unknown", Message: fmt.Sprintf("the gateway holds a record of refund %s, but has not told the channel or does not know whether the money moves", r.RefundNo),
			Hint: "do not refund again: `paydesk refund resume` asks until it is settled",
		}}
	}
	switch r.Status {
	case client.RefundPending, client.RefundSuccess:
		return nil
	case client.RefundFailed, client.RefundClosed, client.RefundCancelled, client.RefundReversed:
		if err == nil || exitCode(err) != exitRefused {
			err = &client.Error{
				Class: client.ClassRefused, Code: r.FailCode, Message: fmt.Sprintf("refund %s is %s; no money moved", r.RefundNo, r.Status),
				Hint: "`paydesk refund get " + r.RefundNo + "` shows what the gateway said",
			}
			if r.Status == client.RefundReversed {
				err = &client.Error{Class: client.ClassRefused, Code: "reversed", Message: fmt.Sprintf("refund %s failed after it had been reported as done", r.RefundNo), Hint: "the money is back on the merchant's account; refund again, or pay the customer by another way"}
			}
		}
		return &exitError{code: exitRefused, err: err}
	case client.RefundSending, client.RefundUnknown:
		e := &client.Error{Class: client.ClassUnknown, Code: "unknown", Message: fmt.Sprintf("refund %s may have been accepted", r.RefundNo)}
		if w := worst(err); w != nil {
			e.Code, e.Message = w.Code, e.Message+": "+newProblem(err).Message
		}
		e.Hint = "do not refund again: `paydesk refund resume` settles it by asking the gateway"
		return &exitError{code: exitUnknown, err: e}
	case client.RefundIntent, client.RefundHeld:
		if err != nil {
			return unsent(r, err)
		}
		return &exitError{code: exitUnreachable, err: &client.Error{
			Class: client.ClassNotSent, Code: "waiting", Message: fmt.Sprintf("refund %s was not sent yet", r.RefundNo),
			Hint: "`paydesk refund resume` sends it, `paydesk refund cancel " + r.RefundNo + "` takes it back",
		}}
	}
	return err
}

// unsent explains that an intent stands although nothing left the process.
func unsent(r ledger.Refund, err error) error {
	e := worst(err)
	if e == nil {
		return err
	}
	told := *e
	told.Message = fmt.Sprintf("%s; refund %s was not sent", newProblem(e).Message, r.RefundNo)
	told.Err, told.Exchange = nil, nil
	told.Hint = strings.TrimPrefix(e.Hint+"; ", "; ") + "`paydesk refund resume` sends it, `paydesk refund cancel " + r.RefundNo + "` takes it back"
	return &told
}

// consent asks for a yes to the very plan that is shown. The amount typed is
// the consent (S25); --yes is one within the policy only, which the desk
// checks.
func (s *session) consent(ctx context.Context, plan desk.Plan, yes bool) (desk.Consent, error) {
	consent := desk.Consent{PlanHash: plan.Hash, Script: yes}
	if yes {
		if !s.run.json {
			s.showPlan(plan)
		}
		consent.At = s.run.Clock()
		return consent, nil
	}
	if !s.run.Terminal.Present() {
		return consent, &client.Error{
			Class: client.ClassInput, Code: "consent", Message: "a refund needs a consent, and there is no terminal to ask on",
			Hint: "add --yes where the profile's policy allows it, or --dry-run to see the plan",
		}
	}
	s.showPlan(plan)
	typed, err := s.run.Terminal.Line(ctx, text.Clean(fmt.Sprintf("Type %s to refund it, anything else to leave: ", plan.Amount.Major())))
	if err != nil {
		return consent, err
	}
	consent.Typed, consent.At = typed, s.run.Clock()
	if money, err := client.ParseMoney(strings.TrimSpace(typed), plan.Amount.Currency, plan.Amount.Exp); err != nil || money != plan.Amount {
		return consent, &client.Error{
			Class: client.ClassInput, Code: "confirm", Message: "the amount typed is not the amount of the plan; nothing was sent",
			Hint: "run the command again and type " + plan.Amount.Major(),
		}
	}
	return consent, nil
}

// hold waits for the end of the undo window. An interruption takes the refund
// back: nothing was sent yet, so that is the side on which no money moves.
func (s *session) hold(ctx context.Context, r ledger.Refund) error {
	s.run.narrate("held until %s; Ctrl-C takes it back", r.HeldUntil.In(s.zone()).Format(time.TimeOnly))
	if wait(ctx, r.HeldUntil.Sub(s.run.Clock())) == nil {
		return nil
	}
	cancelled, err := s.desk.Cancel(context.WithoutCancel(ctx), r.Profile, r.RefundNo)
	if err != nil {
		return err
	}
	s.run.narrate("taken back; nothing was sent")
	return errors.Join(s.printRefund(cancelled), &exitError{code: exitInterrupted})
}

func (s *session) zone() *time.Location {
	if s.run.Zone == nil {
		return time.UTC
	}
	return s.run.Zone
}

// printRefund writes one refund as data.
func (s *session) printRefund(r ledger.Refund) error {
	if r.RefundNo == "" {
		return nil
	}
	if s.run.json {
		return show.Line(s.run.Out, show.NewRefund(r))
	}
	return s.people().Refund(s.run.Out, r)
}

// showPlan writes the plan for people, on standard error.
func (s *session) showPlan(plan desk.Plan) { _ = show.WritePlan(s.run.Err, plan) }

// dryRun prints the plan and the request, and sends nothing.
func (s *session) dryRun(ctx context.Context, plan desk.Plan) error {
	preview, err := s.desk.Preview(ctx, plan)
	if err != nil {
		return err
	}
	var refusal error
	if plan.Refusal != nil {
		refusal = plan.Refusal
	}
	if !s.run.json {
		if err := show.WritePlan(s.run.Out, plan); err != nil {
			return err
		}
		return errors.Join(show.WriteRequest(s.run.Out, preview), refusal)
	}
	record := show.NewPlan(plan)
	record.Request = show.NewRequest(preview)
	if refusal != nil {
		p := newProblem(refusal)
		record.Refusal = &p
	}
	return errors.Join(show.Line(s.run.Out, record), refusal)
}

func (r *run) refundGet() *cobra.Command {
	return &cobra.Command{
		Use: "get NO", Short: "show a refund as the ledger knows it",
		Example: "  paydesk refund get RX4KQ… --json",
		Args:    exactly(1, "give the refund's number"),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, refund, err := r.refundOf(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return s.printRefund(refund)
		},
	}
}

func (r *run) refundEvidence() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use: "evidence NO --out DIR", Short: "write everything the ledger has of a refund, for an auditor",
		Long: `Writes one folder: the refund and its order, the plan and the consent, every kept
exchange with the gateway, the callbacks, and the lines of the audit trail about them,
with the digests that prove them. DIR must not exist yet, or be empty. Nothing is asked
of the gateway. "paydesk journal verify DIR" checks it anywhere.`,
		Example: "  paydesk refund evidence RX4KQ… --out ./RX4KQ-evidence",
		Args:    exactly(1, "give the refund's number"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if dir == "" {
				return &client.Error{Class: client.ClassInput, Code: "out", Message: "--out is missing", Hint: "name a folder that does not exist yet"}
			}
			s, refund, err := r.refundOf(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			bundle, err := evidence.Gather(cmd.Context(), s.store, refund.Profile, refund.RefundNo, r.Clock())
			if err != nil {
				return err
			}
			digest, err := evidence.Write(dir, bundle)
			if err != nil {
				return err
			}
			if broken := bundle.Chain.Broken; broken != "" {
				r.narrate("the audit trail itself is broken: %s", broken)
			}
			return audit.Written{Refund: refund.RefundNo, Dir: dir, Digest: digest, Lines: len(bundle.Lines)}.Print(r.Out, r.json)
		},
	}
	cmd.Flags().StringVar(&dir, "out", "", "folder to write")
	return cmd
}

// refundOf opens the services and finds one refund of the chosen profile.
func (r *run) refundOf(ctx context.Context, no string) (*session, ledger.Refund, error) {
	s, p, err := r.selected(ctx)
	if err != nil {
		return nil, ledger.Refund{}, err
	}
	refund, err := s.store.Refund(ctx, p.Name, no)
	switch {
	case errors.Is(err, ledger.ErrNotFound):
		err = &client.Error{
			Class: client.ClassNotFound, Code: "refund", Message: fmt.Sprintf("no refund %q in the ledger of profile %s", no, p.Name),
			Hint: "check the number and --profile; `paydesk refund list` shows what is there",
		}
	case errors.Is(err, ledger.ErrAmbiguous):
		err = &client.Error{Class: client.ClassInput, Code: "ambiguous", Message: fmt.Sprintf("number %q belongs to more than one refund", no), Hint: "give the merchant's refund number"}
	}
	return s, refund, err
}

func (r *run) refundList() *cobra.Command {
	return &cobra.Command{
		Use: "list [QUERY…]", Short: "list refunds, the oldest worry first",
		Long:    listHelp("refunds"),
		Example: "  paydesk refund list\n  paydesk refund list status:pending,unknown\n  paydesk refund list order:P1642410680681 --json",
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := r.opened(cmd.Context())
			if err != nil {
				return err
			}
			return list(cmd.Context(), s, args, query.ParseRefunds, s.store.Refunds,
				func(r ledger.Refund) int64 { return r.ID },
				func(r ledger.Refund) any { return show.NewRefund(r) }, show.People.Refunds)
		},
	}
}

func (r *run) refundCancel() *cobra.Command {
	return &cobra.Command{
		Use: "cancel NO", Short: "take a refund back of which nothing was sent",
		Example: "  paydesk refund cancel RX4KQ…",
		Args:    exactly(1, "give the refund's number"),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, refund, err := r.refundOf(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			cancelled, err := s.desk.Cancel(cmd.Context(), refund.Profile, refund.RefundNo)
			if err != nil {
				return err
			}
			return s.printRefund(cancelled)
		},
	}
}
