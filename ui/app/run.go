package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/term"

	"paydesk/client"
	"paydesk/ui/text"
)

// framesPerSecond is the fastest frame clock there is: the console paints on
// it, and half of the time from key to screen is waiting for it (product:
// section 8).
const framesPerSecond = 120

// drainLimit is how long a commit under way at the end may take.
const drainLimit = 10 * time.Second

// Run shows the console until the person leaves or ctx ends; whoever calls it
// turns signals into the end of ctx. Errors are *client.Error: ClassInput when
// there is no terminal, ClassBug after a panic; and ctx's own when it ended.
// The terminal is restored in every case.
func Run(ctx context.Context, svc Services) error {
	if err := needTerminal(&svc); err != nil {
		return err
	}
	// Both write what is typed and shown to files in the working directory.
	for _, name := range []string{"TEA_TRACE", "TEA_DEBUG"} {
		if err := os.Unsetenv(name); err != nil {
			return fmt.Errorf("console: unset %s: %w", name, err)
		}
	}
	inner, stop := context.WithCancel(ctx)
	defer stop()
	model, err := New(inner, svc)
	if err != nil {
		return &client.Error{Class: client.ClassBug, Code: "console", Message: "the console could not be built", Err: err}
	}
	defer model.live.news.Close()
	program := tea.NewProgram(model, tea.WithContext(ctx), tea.WithoutSignalHandler(), tea.WithFPS(framesPerSecond),
		tea.WithInput(svc.In), tea.WithOutput(svc.Out))
	_, err = program.Run()
	stop()
	drain, done := context.WithTimeout(context.WithoutCancel(ctx), drainLimit)
	defer done()
	model.refund.Drain(drain)
	return model.ended(ctx, err)
}

// ended says why the program ended; nil when the person left.
func (m *Model) ended(ctx context.Context, err error) error {
	switch {
	case m.crash != nil:
		return &client.Error{
			Class: client.ClassBug, Code: "panic", Message: "the console failed: " + text.Clean(fmt.Sprint(m.crash)).String(),
			Hint: "nothing is lost; start paydesk again, it goes on where it was. The log has the details",
		}
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, tea.ErrProgramPanic):
		return &client.Error{Class: client.ClassBug, Code: "panic", Message: "the console failed", Hint: "nothing is lost; start paydesk again", Err: err}
	default:
		return &client.Error{
			Class: client.ClassInput, Code: "terminal", Message: "the terminal cannot be used", Err: err,
			Hint: "the headless verbs work without one: `paydesk order list`, `paydesk refund list`; see `paydesk help`",
		}
	}
}

// needTerminal refuses to start without a terminal, and fills in the process's
// own.
func needTerminal(svc *Services) error {
	if svc.In == nil {
		svc.In = os.Stdin
	}
	if svc.Out == nil {
		svc.Out = os.Stdout
	}
	for _, end := range []any{svc.In, svc.Out} {
		if !isTerminal(end) {
			return &client.Error{
				Class: client.ClassInput, Code: "no-terminal", Message: "the console needs a terminal on standard input and output",
				Hint: "without one use the headless verbs, such as `paydesk order list --json` or `paydesk refund create`; `paydesk help` lists them",
			}
		}
	}
	return nil
}

// isTerminal reports whether a stream is a terminal. Streams that are no files
// are a test's.
func isTerminal(stream any) bool {
	file, ok := stream.(interface{ Fd() uintptr })
	return !ok || term.IsTerminal(file.Fd())
}
