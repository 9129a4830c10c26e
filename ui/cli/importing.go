package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"paydesk/client"
	"paydesk/state/config"
	"paydesk/state/desk"
	"paydesk/state/intake"
	"paydesk/ui/cli/show"
)

// batchOrders is how many orders of a file are one decision.
const batchOrders = 1000

// imported is what an import did, in JSON.
type imported struct {
	Added   int `json:"added"`
	Changed int `json:"changed"`
	Same    int `json:"same"`
	Differs int `json:"differs"`
	Bad     int `json:"bad"`
}

type importFlags struct{ format, zone string }

func (r *run) orderImport() *cobra.Command {
	var f importFlags
	cmd := &cobra.Command{
		Use: "import FILE", Short: "read orders from a CSV or JSON Lines file",
		Long: `Reads a portal export or the merchant's own list. The first line of a CSV names the
columns; order_no, amount and currency are needed, status, user_id, method, card,
note, created_at, paid_at, gateway_order_no and channel_no are read, under the names
that exports give them too. A line that cannot be read is named with what would be
right, the rest is imported, and the exit code is 2.

What a gateway has said is never overwritten: an order that differs is counted as
"differs" and stands in the journal. The same file twice changes nothing.`,
		Example: "  paydesk order import export.csv\n  paydesk order import orders.jsonl --profile shop-hk\n  zcat big.csv.gz | paydesk order import - --format csv",
		Args:    exactly(1, "give a file, or - for standard input"),
		RunE:    func(cmd *cobra.Command, args []string) error { return r.importOrders(cmd.Context(), args[0], f) },
	}
	cmd.Flags().StringVar(&f.format, "format", "", "csv or jsonl (default: by the file's ending)")
	cmd.Flags().StringVar(&f.zone, "timezone", "UTC", "zone of times that name none, such as Asia/Hong_Kong")
	return cmd
}

func (r *run) importOrders(ctx context.Context, name string, f importFlags) error {
	s, p, err := r.selected(ctx)
	if err != nil {
		return err
	}
	o, err := s.intakeOptions(p, name, f)
	if err != nil {
		return err
	}
	in, label := r.In, "standard input"
	if name != "-" {
		file, err := openInput(name)
		if err != nil {
			return err
		}
		defer func() { _ = file.Close() }() // only read
		in, label = file, filepath.Base(name)
	}
	done, err := s.importFrom(ctx, p.Name, label, in, o)
	if printing := s.printImported(done); printing != nil {
		err = errors.Join(err, printing)
	}
	if err == nil && done.Bad > 0 {
		err = &client.Error{
			Class: client.ClassInput, Code: "lines", Message: fmt.Sprintf("%d of the lines could not be read; the rest was imported", done.Bad),
			Hint: "correct them and import the file again: what is there already stays as it is",
		}
	}
	return err
}

func (s *session) intakeOptions(p config.Profile, name string, f importFlags) (intake.Options, error) {
	g, err := s.run.gateway(p.Gateway)
	if err != nil {
		return intake.Options{}, err
	}
	o := intake.Options{Format: intake.Format(f.format)}
	if o.Decimals, err = g.Decimals(p); err != nil {
		return o, err
	}
	if f.format == "ndjson" {
		o.Format = intake.JSONLines
	}
	if f.format == "" {
		var ok bool
		if o.Format, ok = intake.FormatOf(name); !ok {
			return o, &client.Error{Class: client.ClassInput, Code: "format", Message: fmt.Sprintf("the name %.60q does not tell the format", name), Hint: "add --format csv or --format jsonl"}
		}
	}
	if o.Location, err = time.LoadLocation(f.zone); err != nil {
		return o, &client.Error{Class: client.ClassInput, Code: "timezone", Message: fmt.Sprintf("there is no time zone %.40q", f.zone), Hint: "right is for example UTC or Asia/Hong_Kong"}
	}
	return o, nil
}

// openInput opens a file that a person named.
func openInput(name string) (*os.File, error) {
	file, err := os.Open(name)
	if err == nil {
		var info os.FileInfo
		if info, err = file.Stat(); err == nil && !info.IsDir() {
			return file, nil
		}
		_ = file.Close() // only read
		if err == nil {
			err = errors.New("it is a directory")
		}
	}
	var at *os.PathError
	if errors.As(err, &at) {
		err = at.Err
	}
	return nil, &client.Error{Class: client.ClassInput, Code: "file", Message: fmt.Sprintf("file %.200q cannot be read", name), Err: err, Hint: "check the name"}
}

// importFrom stores the orders batch by batch. What was stored before an error
// stays stored.
func (s *session) importFrom(ctx context.Context, profile, label string, in io.Reader, o intake.Options) (imported, error) {
	var done imported
	batch := make([]client.Order, 0, batchOrders)
	store := func() error {
		if len(batch) == 0 {
			return nil
		}
		counts, err := s.desk.Import(ctx, profile, label, batch)
		if err != nil {
			return err
		}
		done.add(counts)
		batch = batch[:0]
		return nil
	}
	for order, err := range intake.Orders(in, o) {
		if bad, ok := errors.AsType[*intake.Problem](err); ok {
			done.Bad++
			s.run.say(show.Problem{Class: string(client.ClassInput), Code: "line", Message: bad.Error()}, exitUsage)
			continue
		}
		if err != nil {
			return done, errors.Join(err, store())
		}
		if batch = append(batch, order); len(batch) == batchOrders {
			if err := store(); err != nil {
				return done, err
			}
		}
	}
	return done, store()
}

func (i *imported) add(counts desk.Imported) {
	i.Added += counts.Added
	i.Changed += counts.Changed
	i.Same += counts.Same
	i.Differs += counts.Differs
}

func (s *session) printImported(i imported) error {
	if s.run.json {
		return show.Line(s.run.Out, i)
	}
	_, err := fmt.Fprintf(s.run.Out, "%d added, %d changed, %d the same, %d differ, %d unreadable\n", i.Added, i.Changed, i.Same, i.Differs, i.Bad)
	return err
}
