package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"paydesk/client"
	"paydesk/state/config"
	"paydesk/state/desk"
	"paydesk/state/ledger"
	"paydesk/ui/cli/able"
	"paydesk/ui/cli/show"
	"paydesk/ui/text"
)

func (r *run) tokenCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "token", Short: "list and unbind the saved cards of a user"}
	cmd.AddCommand(r.tokenList(), r.tokenUnbind())
	return cmd
}

func (r *run) tokenList() *cobra.Command {
	var user string
	var offline bool
	cmd := &cobra.Command{
		Use: "list --user U", Short: "list a user's saved cards",
		Example: "  paydesk token list --user U-2041",
		Args:    exactly(0, "name the user with --user"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if user == "" {
				return noUser()
			}
			s, p, err := r.selected(cmd.Context())
			if err != nil {
				return err
			}
			find := s.desk.Tokens
			if offline {
				find = s.store.Tokens
			} else if err := s.offered(p, "tokens", func(c client.Capabilities) client.Capability { return c.ListTokens }); err != nil {
				return err
			}
			tokens, err := find(cmd.Context(), p.Name, user)
			if err != nil {
				return err
			}
			return s.printTokens(tokens)
		},
	}
	cmd.Flags().StringVar(&user, "user", "", "whose cards")
	cmd.Flags().BoolVar(&offline, "offline", false, "look into the ledger only")
	return cmd
}

// able is what the gateway of a profile can do by its settings alone: no key is
// read and nothing is asked.
func (s *session) able(p config.Profile) (client.Capabilities, error) {
	g, err := s.run.gateway(p.Gateway)
	if err != nil {
		return client.Capabilities{}, err
	}
	return able.Of(g, able.Account{Profile: p, Told: s.addresses.Told(p), Clock: s.run.Clock, Random: s.run.Random})
}

// printAble writes what the gateway of a profile can do. A setting that is in the
// way of that is named; the values shown above stay shown.
func (s *session) printAble(p config.Profile) error {
	can, err := s.able(p)
	switch {
	case err != nil:
		return err
	case s.run.json:
		return able.JSON(s.run.Out, p.Name, can)
	}
	return able.People(s.run.Out, can)
}

// offered refuses what the gateway of a profile does not do, with its reason,
// before the ledger is asked for a decision, a key is read or anything is sent. A
// profile with a wrong setting passes: who opens its gateway says what is wrong.
func (s *session) offered(p config.Profile, code string, what func(client.Capabilities) client.Capability) error {
	can, err := s.able(p)
	if err != nil {
		return nil //nolint:nilerr // see above
	}
	return able.Missing(p.Name, code, what(can))
}

func noUser() error {
	return &client.Error{Class: client.ClassInput, Code: "user", Message: "--user is missing", Hint: "saved cards are listed by user: --user U-2041"}
}

func (s *session) printTokens(tokens []ledger.Token) error {
	if !s.run.json {
		if len(tokens) == 0 {
			s.run.narrate("the user has no saved card")
			return nil
		}
		return s.people().Tokens(s.run.Out, tokens)
	}
	for _, t := range tokens {
		if err := show.Line(s.run.Out, show.NewToken(t)); err != nil {
			return err
		}
	}
	return nil
}

type unbindFlags struct {
	user, reason string
	yes, dry     bool
}

func (r *run) tokenUnbind() *cobra.Command {
	var f unbindFlags
	cmd := &cobra.Command{
		Use: "unbind TOKEN --user U --reason R", Short: "unbind a saved card for good",
		Long:    "Unbinds a saved card and makes sure that it is gone. It cannot be undone. Exit codes:\n0 gone, 3 refused, 4 unknown (`paydesk refund resume` settles it).",
		Example: "  paydesk token unbind PMTOKEN… --user U-2041 --reason 'card lost'\n  paydesk token unbind PMTOKEN… --user U-2041 --reason 'card lost' --dry-run",
		Args:    exactly(1, "give the token; `paydesk token list --user U` shows it"),
		RunE:    func(cmd *cobra.Command, args []string) error { return r.unbind(cmd.Context(), args[0], f) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.user, "user", "", "whose card it is")
	flags.StringVar(&f.reason, "reason", "", "why; the gateway is told")
	flags.BoolVar(&f.yes, "yes", false, "do it without being asked, within the profile's policy")
	flags.BoolVar(&f.dry, "dry-run", false, "show the plan and the masked signed request, send nothing")
	return cmd
}

// unbind is plan, consent, commit, send.
func (r *run) unbind(ctx context.Context, token string, f unbindFlags) error {
	if f.user == "" {
		return noUser()
	}
	s, p, err := r.selected(ctx)
	if err != nil {
		return err
	}
	for _, what := range []func(client.Capabilities) client.Capability{
		func(c client.Capabilities) client.Capability { return c.ListTokens }, // it is how paydesk makes sure that a card is gone
		func(c client.Capabilities) client.Capability { return c.RemoveToken },
	} {
		if err := s.offered(p, "tokens", what); err != nil {
			return err
		}
	}
	if _, err := s.desk.Tokens(ctx, p.Name, f.user); err != nil {
		return err
	}
	plan, err := s.desk.PlanUnbind(ctx, p.Name, f.user, token, f.reason)
	if err != nil {
		return err
	}
	if f.dry {
		return s.dryUnbind(ctx, plan)
	}
	if plan.Refusal != nil {
		return plan.Refusal
	}
	if err := s.consentUnbind(ctx, plan, f.yes); err != nil {
		return err
	}
	u, err := s.desk.CommitUnbind(ctx, plan)
	if err != nil {
		return err
	}
	u, err = s.desk.AdvanceUnbind(ctx, u)
	return errors.Join(s.printUnbound(context.WithoutCancel(ctx), u), unbound(u, err))
}

// unbound is the exit of an unbinding: its state decides, the error explains.
func unbound(u ledger.Unbind, err error) error {
	switch u.Status {
	case ledger.UnbindDone:
		return nil
	case ledger.UnbindSending, ledger.UnbindUnknown:
		e := &client.Error{
			Class: client.ClassUnknown, Code: "unknown", Message: "the card may or may not be unbound",
			Hint: "`paydesk refund resume` settles it by asking for the user's cards",
		}
		if err != nil {
			e.Message += ": " + newProblem(err).Message
		}
		return &exitError{code: exitUnknown, err: e}
	case ledger.UnbindIntent, ledger.UnbindFailed:
	}
	if err == nil {
		err = &client.Error{Class: client.ClassRefused, Code: "refused", Message: "the card was not unbound", Hint: "`paydesk token list` shows the user's cards"}
	}
	return err
}

// consentUnbind asks to type the end of the token.
func (s *session) consentUnbind(ctx context.Context, plan desk.UnbindPlan, yes bool) error {
	if !s.run.json || !yes {
		_ = show.WriteUnbind(s.run.Err, plan)
	}
	if yes {
		return nil
	}
	if !s.run.Terminal.Present() {
		return &client.Error{
			Class: client.ClassInput, Code: "consent", Message: "an unbinding needs a consent, and there is no terminal to ask on",
			Hint: "add --yes, or --dry-run to see the plan",
		}
	}
	want := lastRunes(plan.Token.Token.Token, 4)
	typed, err := s.run.Terminal.Line(ctx, text.Clean(fmt.Sprintf("Type the last characters of the token, %s, to unbind it: ", want)))
	if err != nil {
		return err
	}
	if typed != want {
		return &client.Error{Class: client.ClassInput, Code: "confirm", Message: "what was typed is not the end of the token; nothing was sent", Hint: "run the command again and type " + want}
	}
	return nil
}

func lastRunes(s string, n int) string {
	runes := []rune(s)
	return string(runes[max(0, len(runes)-n):])
}

// unbindRecord is the plan of an unbinding in JSON.
type unbindRecord struct {
	show.Token
	Reason  string        `json:"reason,omitempty"`
	Refusal *show.Problem `json:"refusal,omitempty"`
	Request *show.Request `json:"request,omitempty"`
}

func (s *session) dryUnbind(ctx context.Context, plan desk.UnbindPlan) error {
	preview, err := s.desk.PreviewUnbind(ctx, plan)
	if err != nil {
		return err
	}
	var refusal error
	if plan.Refusal != nil {
		refusal = plan.Refusal
	}
	if !s.run.json {
		if err := show.WriteUnbind(s.run.Out, plan); err != nil {
			return err
		}
		return errors.Join(show.WriteRequest(s.run.Out, preview), refusal)
	}
	record := unbindRecord{Token: show.NewToken(plan.Token), Reason: plan.Reason, Request: show.NewRequest(preview)}
	if refusal != nil {
		p := newProblem(refusal)
		record.Refusal = &p
	}
	return errors.Join(show.Line(s.run.Out, record), refusal)
}

// printUnbound writes the card as it is after the unbinding.
func (s *session) printUnbound(ctx context.Context, u ledger.Unbind) error {
	t, err := s.store.Token(ctx, u.Profile, u.Token)
	if err != nil {
		return err
	}
	return s.printTokens([]ledger.Token{t})
}
