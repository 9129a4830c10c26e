// Package cli owns the headless verbs: it turns a command line into calls of
// the desk, and what the desk says into lines, JSON and exit codes. It is
// handed all its parts and never names a gateway or a store; it never decides
// whether money may move, and never prints text from outside unchecked.
package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os/user"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"paydesk/client"
	"paydesk/client/secret"
	"paydesk/state/config"
	"paydesk/state/desk"
	"paydesk/state/feed"
	"paydesk/state/ledger"
	"paydesk/state/poll"
	"paydesk/state/vault"
	"paydesk/ui/cli/ask"
	"paydesk/ui/cli/gate"
	"paydesk/ui/cli/hear"
	"paydesk/ui/cli/logs"
)

// Program is paydesk with all its parts, as main puts them together.
type Program struct {
	Version  string         // "": as the build says
	Gateways []gate.Gateway // in the order in which they are offered

	OpenLedger func(ctx context.Context, path string) (ledger.Store, error)
	// Keyring opens the keyring of the operating system.
	Keyring func(vault.Options) Keys
	// Sandbox starts the sandbox gateways.
	Sandbox func(ctx context.Context, o SandboxOptions) (Sandbox, error)
	// Callbacks receives what gateways send; without New there is no such verb.
	Callbacks hear.Callbacks
	// Console runs the console until its person leaves; nil: it is not built in.
	Console func(ctx context.Context, services Services) error

	Agent    string // who is at the desk; "": the user of the operating system
	Clock    func() time.Time
	Random   func() uint64 // spreads looks in time and makes order numbers
	Env      config.Env    // nil: the environment of the process
	Dirs     config.Dirs   // empty ones: the platform's own
	Zone     *time.Location
	In       io.Reader
	Out, Err io.Writer
	Terminal ask.Terminal
}

// Keys keeps the keys of profiles.
type Keys interface {
	Get(ctx context.Context, profile, key string) (secret.Secret, error)
	Set(ctx context.Context, profile, key string, value secret.Secret) error
	Remove(ctx context.Context, profile, key string) error
	Probe(ctx context.Context) error
}

// Services is what the console works with. Poller and Feed are running.
type Services struct {
	Version  string
	Config   *config.Config
	Desk     *desk.Desk
	Store    ledger.Store
	Feed     *feed.Feed
	Poller   *poll.Poller
	Keys     func(profile config.Profile) Keys
	Gateways []gate.Gateway
	// Inspect verifies a signature with the keys and the dialect of a profile.
	Inspect func(ctx context.Context, profile, kind, sign string, body []byte) (client.Inspection, error)
	Station *hear.Station // receives callbacks; nil: this process does not
	Shown   func()        // to be called when the first frame is drawn: then callbacks are received
	Profile string        // to open with; "" on the first run
	Demo    bool          // everything is a play and goes away at the end
	Linear  bool          // for a screen reader
	Env     config.Env
	Clock   func() time.Time
	Zone    *time.Location
	Log     *slog.Logger
}

// options are the global flags.
type options struct {
	profile, config, logFile       string
	json, noColor, linear, verbose bool
}

// Run executes one command line and returns the exit code.
func (p Program) Run(ctx context.Context, args []string) (code int) {
	run := &run{Program: p.filled()}
	defer func() {
		if cause := recover(); cause != nil {
			code = run.crashed(cause)
		}
	}()
	root := run.root()
	root.SetArgs(terms(args))
	err := root.ExecuteContext(ctx)
	if closing := run.close(); err == nil {
		err = closing
	}
	if err == nil {
		return exitDone
	}
	if ctx.Err() != nil && worst(err) == nil {
		err = context.Canceled // whatever words a part has found for it
	}
	if !run.started && client.ClassOf(err) == client.ClassBug && !errors.Is(err, context.Canceled) {
		err = usage(err.Error())
	}
	run.json = run.json || (!run.started && contains(args, "--json"))
	code = exitCode(err)
	if ctx.Err() != nil && code != exitRefused && code != exitUnknown {
		code = exitInterrupted
	}
	run.report(err, code)
	return code
}

// filled takes from the system what main has not said.
func (p Program) filled() Program {
	if info, ok := debug.ReadBuildInfo(); ok && p.Version == "" {
		p.Version = info.Main.Version
	}
	if u, err := user.Current(); err == nil && p.Agent == "" {
		p.Agent = u.Username
	}
	p.Version, p.Agent = cmp.Or(p.Version, "(devel)"), cmp.Or(p.Agent, "unknown")
	return p
}

// terms lets a search exclude: "order list -status:paid". What begins with one
// dash behind a list verb is a term, as no verb has short flags but -h.
func terms(args []string) []string {
	at := slices.Index(args, "list")
	if at < 0 || slices.Contains(args, "--") || !slices.ContainsFunc(args[:at], func(a string) bool { return a == "order" || a == "refund" }) {
		return args
	}
	var flags, excluded []string
	for i, arg := range args {
		value := i > 0 && slices.Contains([]string{"--profile", "--config", "--log-file"}, args[i-1])
		if i > at && !value && len(arg) > 1 && arg[0] == '-' && arg[1] != '-' && arg != "-h" {
			excluded = append(excluded, arg)
			continue
		}
		flags = append(flags, arg)
	}
	if len(excluded) == 0 {
		return args
	}
	return slices.Concat(flags, []string{"--"}, excluded)
}

func contains(args []string, word string) bool {
	for _, arg := range args {
		if arg == "--" {
			return false
		}
		if arg == word {
			return true
		}
	}
	return false
}

// usage is a command line that makes no sense.
func usage(message string) error {
	return &client.Error{Class: client.ClassInput, Code: "usage", Message: message, Hint: "`paydesk help` lists the commands; add --help to any of them"}
}

// run is one execution of the program.
type run struct {
	Program
	options
	started bool // the command line made sense
	crash   string
	closers []func() error
}

// close ends what the run opened, the last first.
func (r *run) close() error {
	var errs []error
	for i := len(r.closers) - 1; i >= 0; i-- {
		errs = append(errs, r.closers[i]())
	}
	r.closers = nil
	return errors.Join(errs...)
}

// crashed tells about a panic without its value, which could hold anything.
func (r *run) crashed(cause any) int {
	where := ""
	if r.crash != "" {
		if path, err := logs.Crash(r.crash, r.Version, cause, r.Clock()); err == nil {
			where = "; a report without secrets is in " + path
		}
	}
	_ = r.close()
	r.report(&client.Error{
		Class: client.ClassBug, Code: "crash", Message: "paydesk ran into a fault of its own" + where,
		Hint: "what was committed is safe: `paydesk refund resume` settles what is open",
	}, exitBug)
	return exitBug
}

const longHelp = `paydesk finds payments, refunds them, watches the refunds until the money is
back, and unbinds saved cards, at every gateway from one desk.

Without a command it opens the console. Standard output is data, standard error
is narration; with --json every line is one JSON object.

Exit codes: 0 done, 2 wrong usage or configuration, 3 refused, 4 outcome
unknown, 5 key or signature, 6 not reachable, 7 not found, 8 ledger or disk,
130 interrupted.`

// root is the tree of commands.
func (r *run) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "paydesk",
		Short:         "the merchant's desk for payments, refunds and saved cards",
		Long:          longHelp,
		Example:       "  paydesk demo\n  paydesk order get P1642410680681\n  paydesk refund create P1642410680681 --amount 20.00 --reason 'customer return'\n  paydesk refund list status:pending,unknown",
		SilenceErrors: true, SilenceUsage: true,
		Args: exactly(0, "`paydesk help` lists the commands"),
		RunE: func(cmd *cobra.Command, _ []string) error { return r.console(cmd.Context()) },
		PersistentPreRun: func(*cobra.Command, []string) {
			r.started = true
		},
	}
	flags := root.PersistentFlags()
	flags.StringVar(&r.profile, "profile", "", "merchant account to work with")
	flags.StringVar(&r.config, "config", "", "configuration file")
	flags.BoolVar(&r.json, "json", false, "print JSON, one object per line")
	flags.BoolVar(&r.noColor, "no-color", false, "print without colour")
	flags.BoolVar(&r.linear, "linear", false, "console for screen readers: plain lines, no boxes")
	flags.StringVar(&r.logFile, "log-file", "", "write the log there")
	flags.BoolVar(&r.verbose, "verbose", false, "narrate every step on standard error")
	root.SetIn(r.In)
	root.SetOut(r.Out)
	root.SetErr(r.Err)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return &client.Error{Class: client.ClassInput, Code: "usage", Message: err.Error(), Hint: "`" + cmd.CommandPath() + " --help` lists the flags"}
	})
	root.CompletionOptions.DisableNoDescFlag = true
	root.AddCommand(
		r.orderCommand(), r.refundCommand(), r.tokenCommand(), r.profileCommand(), r.keyCommand(),
		r.signCommand(), r.verifyCommand(), r.journalCommand(), r.doctorCommand(), r.configCommand(), r.versionCommand(),
	)
	if r.Callbacks.New != nil {
		root.AddCommand(r.callbackCommand())
	}
	if r.Sandbox != nil {
		root.AddCommand(r.sandboxCommand())
		if r.Console != nil {
			root.AddCommand(r.demoCommand())
		}
	}
	root.InitDefaultCompletionCmd()
	root.SetHelpCommand(helpCommand(root))
	for _, c := range root.Commands() {
		if c.HasSubCommands() && c.RunE == nil {
			c.RunE, c.Args = needsVerb, cobra.ArbitraryArgs
		}
	}
	return root
}

// helpCommand is "paydesk help refund create".
func helpCommand(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use: "help [COMMAND]", Short: "help about any command",
		RunE: func(_ *cobra.Command, args []string) error {
			cmd, rest, err := root.Find(args)
			if err != nil || len(rest) > 0 {
				return usage(fmt.Sprintf("there is no command %q", strings.Join(args, " ")))
			}
			return cmd.Help()
		},
	}
}

// needsVerb answers "paydesk order" and "paydesk order bogus".
func needsVerb(cmd *cobra.Command, args []string) error {
	var verbs []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			verbs = append(verbs, c.Name())
		}
	}
	message := cmd.CommandPath() + " needs a verb"
	if len(args) > 0 {
		message = fmt.Sprintf("%s has no verb %q", cmd.CommandPath(), args[0])
	}
	return &client.Error{Class: client.ClassInput, Code: "usage", Message: message, Hint: "right are " + strings.Join(verbs, ", ")}
}

// exactly demands n arguments; what says which.
func exactly(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == n {
			return nil
		}
		message := fmt.Sprintf("%s takes %d arguments, not %d", cmd.CommandPath(), n, len(args))
		switch {
		case n == 0 && !cmd.HasParent():
			message = fmt.Sprintf("unknown command %q", args[0])
			if near := config.Nearest(args[0], names(cmd)); near != "" {
				message += fmt.Sprintf("; did you mean %q?", near)
			}
		case n == 0:
			message = fmt.Sprintf("%s takes no argument such as %q", cmd.CommandPath(), args[0])
		case n == 1:
			message = fmt.Sprintf("%s takes one argument, not %d", cmd.CommandPath(), len(args))
		}
		return &client.Error{Class: client.ClassInput, Code: "usage", Message: message, Hint: what}
	}
}

func names(cmd *cobra.Command) []string {
	var out []string
	for _, c := range cmd.Commands() {
		out = append(out, c.Name())
	}
	return out
}
