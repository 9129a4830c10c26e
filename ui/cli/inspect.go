package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"paydesk/client"
	"paydesk/state/config"
	"paydesk/state/evidence"
	"paydesk/state/ledger"
	"paydesk/ui/cli/audit"
	"paydesk/ui/cli/gate"
	"paydesk/ui/cli/show"
	"paydesk/ui/text"
)

// Limits of what is read.
const (
	maxBody = 16 << 20 // bytes of a body to inspect
	maxKey  = 64 << 10 // bytes of a key
)

// inspectFlags are the flags of sign and verify.
type inspectFlags struct {
	gateway, dialect, kind, key, sign string
	signGiven                         bool
}

func (f *inspectFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.gateway, "gateway", "", "gateway whose scheme is used (instead of a profile)")
	flags.StringVar(&f.dialect, "dialect", "", "dialect of the scheme, where a gateway has several (default: the profile's)")
	flags.StringVar(&f.kind, "kind", "request", "request, answer or callback")
	flags.StringVar(&f.key, "key", "", "file with the key: PEM, bare base64 DER, or the secret text")
}

const inspectHelp = `The body is read from standard input, exactly as it is. With --gateway the key comes
from the file --key; without, the keys and the dialect of the profile are used.`

func (r *run) signCommand() *cobra.Command {
	var f inspectFlags
	cmd := &cobra.Command{
		Use: "sign", Short: "sign a body as the gateway's protocol does",
		Long:    "Prints the signature, the exact text that is signed, and its digest.\n\n" + inspectHelp,
		Example: "  paydesk sign --gateway payermax --key merchant.pem < body.json",
		Args:    exactly(0, "the body is read from standard input"),
		RunE:    func(cmd *cobra.Command, _ []string) error { return r.sign(cmd.Context(), f) },
	}
	f.register(cmd)
	return cmd
}

func (r *run) verifyCommand() *cobra.Command {
	var f inspectFlags
	cmd := &cobra.Command{
		Use: "verify", Short: "check the signature of a body",
		Long:    "Says whether a signature is valid and if not, why. Exit codes: 0 valid, 5 not, 2 when\nthe input cannot be read. Without --sign the signature is taken from the body.\n\n" + inspectHelp,
		Example: "  paydesk verify --gateway payermax --key platform.pem --sign 'm5L…' < answer.json\n  paydesk verify --profile shop-hk --kind callback --sign 'm5L…' < callback.json",
		Args:    exactly(0, "the body is read from standard input"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			f.signGiven = cmd.Flags().Changed("sign")
			return r.verify(cmd.Context(), f)
		},
	}
	f.register(cmd)
	cmd.Flags().StringVar(&f.sign, "sign", "", "the signature (default: from the body)")
	return cmd
}

// signed is what sign prints.
type signed struct {
	Sign         string `json:"sign"`
	SignedText   string `json:"signed_text"`
	SignedSHA256 string `json:"signed_sha256"`
}

func (r *run) sign(ctx context.Context, f inspectFlags) error {
	g, question, err := r.inspection(ctx, f, gate.Key.SignsIn)
	if err != nil {
		return err
	}
	found, err := g.Sign(question)
	if err != nil {
		return err
	}
	return show.Line(r.Out, signed{Sign: found.Sign, SignedText: found.SignedText, SignedSHA256: found.SignedSHA256})
}

// verified is what verify prints.
type verified struct {
	Valid      bool   `json:"valid"`
	Reason     string `json:"reason,omitempty"`
	SignedText string `json:"signed_text"`
	Expected   string `json:"expected,omitempty"`
}

func (r *run) verify(ctx context.Context, f inspectFlags) error {
	g, question, err := r.inspection(ctx, f, gate.Key.VerifiesIn)
	if err != nil {
		return err
	}
	question.Sign = f.sign
	found, err := g.Verify(question)
	if err != nil {
		return err
	}
	if err := show.Line(r.Out, verified{Valid: found.Valid, Reason: found.Reason, SignedText: found.SignedText, Expected: found.Expected}); err != nil {
		return err
	}
	if found.Valid {
		return nil
	}
	return &client.Error{Class: client.ClassSignature, Code: "invalid", Message: "the signature is not valid: " + found.Reason, Hint: "check the key, the kind of body, and that not a byte of it was changed"}
}

// serving says whether a key serves a kind of body in a dialect.
type serving func(k gate.Key, dialect, kind string) bool

// knownKind refuses a kind of body that no inspector knows.
func knownKind(kind string) error {
	if slices.Contains([]string{client.BodyRequest, client.BodyAnswer, client.BodyCallback}, kind) {
		return nil
	}
	return &client.Error{Class: client.ClassInput, Code: "kind", Message: fmt.Sprintf("kind %.20q is not known", kind), Hint: "right are request, answer and callback"}
}

// inspection reads the key and the body. serves says for which bodies a key of a
// profile is.
func (r *run) inspection(ctx context.Context, f inspectFlags, serves serving) (gate.Gateway, gate.Inspect, error) {
	question := gate.Inspect{Dialect: f.dialect, Kind: f.kind}
	err := knownKind(f.kind)
	if err != nil {
		return gate.Gateway{}, question, err
	}
	var g gate.Gateway
	if f.gateway == "" {
		if f.key != "" {
			return g, question, &client.Error{Class: client.ClassInput, Code: "usage", Message: "--key needs --gateway", Hint: "name the gateway whose scheme is used, or leave both out to use a profile's keys"}
		}
		g, question, err = r.profileQuestion(ctx, question, serves)
	} else {
		if g, err = r.gateway(f.gateway); err == nil {
			question.Key, err = r.keyFile(f.key)
		}
	}
	if err != nil {
		return g, question, err
	}
	question.Body, err = readAll(r.In, maxBody, "the body")
	return g, question, err
}

func (r *run) keyFile(name string) ([]byte, error) {
	if name == "" {
		return nil, &client.Error{Class: client.ClassInput, Code: "usage", Message: "--key is missing", Hint: "name a file with the key; a key is never taken from an argument"}
	}
	return readFile(name)
}

// profileQuestion takes key and dialect from the chosen profile; a dialect that
// was given by name goes first.
func (r *run) profileQuestion(ctx context.Context, question gate.Inspect, serves serving) (gate.Gateway, gate.Inspect, error) {
	s, err := r.configured()
	if err != nil {
		return gate.Gateway{}, question, err
	}
	p, err := s.cfg.Select()
	if err != nil {
		return gate.Gateway{}, question, err
	}
	return s.question(ctx, p, question, serves)
}

// inspect verifies the signature of a body of a kind with the keys and the dialect
// of a profile, for the console; an empty sign is taken from the body. Errors are
// *client.Error: ClassInput, ClassKeyring or ClassConfig.
func (s *session) inspect(ctx context.Context, profile, kind, sign string, body []byte) (client.Inspection, error) {
	p, err := s.cfg.Lookup(profile)
	if err != nil {
		return client.Inspection{}, err
	}
	if err := knownKind(kind); err != nil {
		return client.Inspection{}, err
	}
	g, question, err := s.question(ctx, p, gate.Inspect{Kind: kind, Body: body, Sign: sign}, gate.Key.VerifiesIn)
	if err != nil {
		return client.Inspection{}, err
	}
	return g.Verify(question)
}

// question adds the dialect of a profile, unless one is given, and the one key of
// it that serves.
func (s *session) question(ctx context.Context, p config.Profile, question gate.Inspect, serves serving) (gate.Gateway, gate.Inspect, error) {
	g, err := s.run.gateway(p.Gateway)
	if err != nil {
		return g, question, err
	}
	if question.Dialect == "" {
		if question.Dialect, err = g.DialectOf(p); err != nil {
			return g, question, err
		}
	}
	for _, key := range g.Keys {
		if !serves(key, question.Dialect, question.Kind) {
			continue
		}
		value, err := s.keysOf(p).Get(ctx, p.Name, key.Name)
		if err != nil {
			return g, question, hinted(err, key, p)
		}
		question.Key = value.Reveal()
		return g, question, nil
	}
	return g, question, &client.Error{
		Class: client.ClassInput, Code: "kind", Message: fmt.Sprintf("no key of profile %s serves that: a gateway's %s", p.Name, question.Kind), Hint: "name a key file with --gateway and --key",
	}
}

// readAll reads to the end, up to a limit.
func readAll(in io.Reader, limit int64, what string) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(in, limit+1))
	if err != nil {
		return nil, &client.Error{Class: client.ClassInput, Code: "read", Message: what + " cannot be read", Err: err}
	}
	if int64(len(raw)) > limit {
		return nil, &client.Error{Class: client.ClassInput, Code: "read", Message: fmt.Sprintf("%s is longer than %d KiB", what, limit>>10), Hint: "check that the right file was given"}
	}
	return raw, nil
}

func readFile(name string) ([]byte, error) {
	file, err := openInput(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // only read
	return readAll(file, maxKey, fmt.Sprintf("file %.200q", name))
}

// readSecret reads a key from a file, a hidden prompt or standard input (S7).
func (r *run) readSecret(ctx context.Context, question, file string) ([]byte, error) {
	switch {
	case file != "" && file != "-":
		return readFile(file)
	case file == "" && r.Terminal.Present():
		answer, err := r.Terminal.Hidden(ctx, text.Clean(question))
		return []byte(answer), err
	default:
		return readAll(r.In, maxKey, "the key on standard input")
	}
}

func (r *run) journalCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "journal", Short: "check and export the audit trail"}
	cmd.AddCommand(r.journalVerify(), r.journalExport())
	return cmd
}

func (r *run) journalVerify() *cobra.Command {
	var against bool
	cmd := &cobra.Command{
		Use: "verify [PATH]", Short: "prove that the audit trail, an export or a bundle was not changed",
		Long: `Without PATH the ledger's own audit trail is walked. With the folder of "refund
evidence" or the file of "journal export", that is checked with nothing but itself;
--ledger also looks for every line in this ledger, which finds a chain that was
computed anew. Exit code 8, with file, line and what is wrong, when something was
changed.`,
		Example: "  paydesk journal verify\n  paydesk journal verify ./RX4KQ-evidence\n  paydesk journal verify --ledger journal.ndjson",
		Args:    atMostOne("give one folder or file, or nothing for the ledger"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return r.verifyJournal(cmd.Context())
			}
			return r.verifyPath(cmd.Context(), args[0], against)
		},
	}
	cmd.Flags().BoolVar(&against, "ledger", false, "compare with this ledger too")
	return cmd
}

func (r *run) verifyPath(ctx context.Context, path string, against bool) error {
	var reader ledger.Reader // without the ledger it is checked anywhere, even without a configuration
	if against {
		s, err := r.opened(ctx)
		if err != nil {
			return err
		}
		reader = s.store
	}
	found, err := evidence.Verify(ctx, path, reader)
	if err != nil {
		return err
	}
	return errors.Join(audit.Report(r.Out, r.json, found, r.narrate), found.Err())
}

func (r *run) verifyJournal(ctx context.Context) error {
	s, err := r.opened(ctx)
	if err != nil {
		return err
	}
	lines, err := ledger.VerifyJournal(ctx, s.store)
	if err != nil {
		if worst(err) == nil && ctx.Err() == nil {
			err = &client.Error{
				Class: client.ClassStorage, Code: "journal", Message: fmt.Sprintf("the audit trail is broken after %d intact lines: %v", lines, err),
				Hint: "keep the ledger file as it is and compare it with a backup: somebody or something has changed it",
			}
		}
		return err
	}
	chain := audit.Chain{Lines: lines}
	if newest, err := s.store.Events(ctx, ledger.EventFilter{Limit: 1}); err != nil {
		return err
	} else if len(newest) > 0 {
		chain.Digest = newest[0].Digest
	}
	return chain.Print(r.Out, r.json)
}

func (r *run) journalExport() *cobra.Command {
	var from, to string
	cmd := &cobra.Command{
		Use: "export", Short: "write the audit trail as lines of JSON",
		Long: `Writes the whole chain to standard output, oldest first; how many lines and the last
digest go to standard error: note them down. With --from or --to the days from the
first to the last, both included, in UTC, after a first line that says so. A broken
chain is exported all the same, with exit code 8.`,
		Example: "  paydesk journal export > journal.ndjson\n  paydesk journal export --from 2026-11-01 --to 2026-11-30 > november.ndjson",
		Args:    exactly(0, "export takes no argument; it writes to standard output"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			window, err := journalWindow(from, to)
			if err != nil {
				return err
			}
			s, err := r.opened(cmd.Context())
			if err != nil {
				return err
			}
			lines, last, err := evidence.Export(r.Out, s.store.Journal(cmd.Context()), window)
			r.narrate("%d lines, last digest %s", lines, last)
			return err
		},
	}
	cmd.Flags().StringVar(&from, "from", "", "first day, such as 2026-11-01")
	cmd.Flags().StringVar(&to, "to", "", "last day")
	return cmd
}

func journalWindow(from, to string) (w evidence.Window, err error) {
	for _, bound := range []struct {
		text string
		days int
		into *time.Time
	}{{from, 0, &w.From}, {to, 1, &w.To}} {
		if bound.text == "" {
			continue
		}
		day, err := client.ParseDay(bound.text)
		if err != nil {
			return w, err
		}
		*bound.into = day.Next(bound.days).Start(time.UTC)
	}
	return w, nil
}

func (r *run) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "print the version",
		Args: exactly(0, "version takes no argument"),
		RunE: func(*cobra.Command, []string) error {
			if r.json {
				return show.Line(r.Out, map[string]string{"version": r.Version, "go": runtime.Version(), "os": runtime.GOOS, "arch": runtime.GOARCH})
			}
			_, err := fmt.Fprintf(r.Out, "paydesk %s (%s, %s/%s)\n", r.Version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
}
