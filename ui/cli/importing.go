package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"paydesk/client"
	"paydesk/state/config"
	"paydesk/state/intake"
	"paydesk/ui/cli/arrive"
	"paydesk/ui/cli/show"
)

type importFlags struct {
	format, zone, preset, amounts string
	columns                       []string
}

func (r *run) orderImport() *cobra.Command {
	var f importFlags
	cmd := &cobra.Command{
		Use: "import FILE", Short: "read orders from a CSV or JSON Lines file",
		Long: `Reads a portal export or the merchant's own list. The first line of a CSV names the
columns; order_no, amount and currency are needed, status, user_id, method, brand,
card, note, created_at, paid_at, gateway_order_no and channel_no are read, under the
names that exports give them too.

A preset knows what a gateway's portal and its interface call the columns, what their
amounts count, how they word a state, and the zone of their times: ` + strings.Join(intake.Presets(), ", ") + `.
The profile's gateway's is taken by itself where the file has its names. --map says of
single columns what they are, and wins. Where amounts could be units or cents, nothing
is guessed: --amounts says it. What is no field is kept in the order's note as
"Column: value", but never card data.

How the file is read is told on standard error before anything is stored. A line that
cannot be read is named with what would be right, the rest is imported, and the exit
code is 2. Lines of a report that are refunds or disputes are left out and counted.

What a gateway has said is never overwritten: an order that differs in amount, currency
or state is told, counted as "differs", and stands in the journal; the exit code stays 0.
With --json each difference is one line {"difference":{…}}; the last line has the counts.
The same file twice changes nothing.`,
		Example: "  paydesk order import export.csv\n  paydesk order import payin.csv --profile shop-hk --preset checus --timezone Asia/Hong_Kong\n" +
			"  paydesk order import orders.csv --map 'order_no=Bill No.' --map amount=Total --amounts major\n  zcat big.csv.gz | paydesk order import - --format csv",
		Args: exactly(1, "give a file, or - for standard input"),
		RunE: func(cmd *cobra.Command, args []string) error { return r.importOrders(cmd.Context(), args[0], f) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.format, "format", "", "csv or jsonl (default: by the file's ending)")
	flags.StringVar(&f.zone, "timezone", "", "zone of times that name none, such as Asia/Hong_Kong (default: the preset's, else UTC)")
	flags.StringVar(&f.preset, "preset", "", "whose file it is: "+strings.Join(intake.Presets(), ", "))
	flags.StringArrayVar(&f.columns, "map", nil, "field=Column: which column is that field; may be repeated")
	flags.StringVar(&f.amounts, "amounts", "", "what amounts count: major (58.00) or cents (5800)")
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
	done, err := arrive.File(ctx, s.desk, r.news(), p.Name, label, in, o)
	if err == nil || done != (show.Imported{}) {
		err = errors.Join(err, r.counts(done, done.Write))
	}
	if err == nil && done.Bad > 0 {
		err = &client.Error{
			Class: client.ClassInput, Code: "lines", Message: fmt.Sprintf("%d of the lines could not be read; the rest was imported", done.Bad),
			Hint: "correct them and import the file again: what is there already stays as it is",
		}
	}
	return err
}

// news tells what comes of many orders: differences are data with --json and
// narration without.
func (r *run) news() arrive.News {
	return arrive.News{
		Narrate: r.narrate,
		Unreadable: func(message string) {
			r.say(show.Problem{Class: string(client.ClassInput), Code: "line", Message: message}, exitUsage)
		},
		Difference: func(d show.Difference, in string) error {
			if r.json {
				return show.Line(r.Out, map[string]show.Difference{"difference": d})
			}
			r.narrate("%s", d.Sentence(in))
			return nil
		},
	}
}

// counts writes the last line of data.
func (r *run) counts(record any, write func(io.Writer) error) error {
	if r.json {
		return show.Line(r.Out, record)
	}
	return write(r.Out)
}

func (s *session) intakeOptions(p config.Profile, name string, f importFlags) (intake.Options, error) {
	g, err := s.run.gateway(p.Gateway)
	if err != nil {
		return intake.Options{}, err
	}
	own := p.Read() // its gateway has checked these settings
	o := intake.Options{
		Format: intake.Format(f.format), Gateway: p.Gateway, Preset: f.preset, Amounts: intake.Amounts(f.amounts), Columns: map[string]string{},
		AccountCurrency: own.Text("currency", ""),
	}
	if o.Decimals, err = g.Decimals(p); err != nil {
		return o, err
	}
	if zone := own.Text("timezone", ""); zone != "" {
		if o.AccountZone, err = loadZone(zone); err != nil {
			return o, err
		}
	}
	for _, pair := range f.columns {
		field, column, ok := strings.Cut(pair, "=")
		field = strings.TrimSpace(field)
		if _, twice := o.Columns[field]; !ok || twice {
			return o, &client.Error{Class: client.ClassInput, Code: "map", Message: fmt.Sprintf("--map %.80q does not name one column of one field", pair), Hint: "right is for example --map 'order_no=Merchant Order No', each field once"}
		}
		o.Columns[field] = column
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
	if f.zone != "" {
		o.Location, err = loadZone(f.zone)
	}
	return o, err
}

func loadZone(name string) (*time.Location, error) {
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, &client.Error{Class: client.ClassInput, Code: "timezone", Message: fmt.Sprintf("there is no time zone %.40q", name), Hint: "right is for example UTC or Asia/Hong_Kong"}
	}
	return zone, nil
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

type statementFlags struct {
	days   arrive.Days
	afresh bool
}

func (r *run) orderStatement() *cobra.Command {
	var f statementFlags
	cmd := &cobra.Command{
		Use: "statement", Short: "read the gateway's own list of payments, day by day",
		Long: `Reads the payments of the days from --from to --to, both included, and stores each page
before it asks for the next one. Days begin and end in the gateway's zone. Interrupted
in whatever way, the same command goes on behind the last page that is stored, unless
--afresh is given.

What the ledger has is never overwritten: an order that differs in amount, currency or
state is told, counted as "differs", and stands in the journal; the exit code stays 0.
A record that cannot be read is named, and the exit code is 2. Pages are told on
standard error. With --json each difference is one line {"difference":{…}}; the last line
has the counts: {"added","changed","same","differs","bad","days","pages","resumed"}.`,
		Example: "  paydesk order statement --profile shop-ph\n  paydesk order statement --from 2026-11-01 --to 2026-11-21\n  paydesk order statement --from yesterday --to yesterday --json",
		Args:    exactly(0, "the days are flags: --from 2026-11-01 --to 2026-11-21"),
		RunE:    func(cmd *cobra.Command, _ []string) error { return r.readStatement(cmd.Context(), f) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.days.From, "from", "", "first day: 2026-11-21, today or yesterday (default: yesterday)")
	flags.StringVar(&f.days.To, "to", "", "last day (default: today)")
	flags.BoolVar(&f.afresh, "afresh", false, "read all days again, also where an earlier reading was interrupted")
	return cmd
}

func (r *run) readStatement(ctx context.Context, f statementFlags) error {
	if err := f.days.Check(); err != nil {
		return err
	}
	s, p, err := r.selected(ctx)
	if err != nil {
		return err
	}
	const export = "export the payments from the gateway's portal and read them with `paydesk order import FILE`"
	if err := s.offered(p, "statement", func(c client.Capabilities) client.Capability { return c.Statement }); err != nil {
		return wayOut(err, export, client.ClassUnsupported)
	}
	zone, err := s.desk.StatementZone(ctx, p.Name)
	if err != nil {
		return wayOut(err, export, client.ClassUnsupported)
	}
	days, err := f.days.In(r.Clock(), zone)
	if err != nil {
		return err
	}
	r.narrate("payments of %s to %s in %s", days.From, days.To, zone)
	done, err := arrive.Statement(ctx, s.desk, r.news(), p.Name, days, f.afresh)
	goOn := fmt.Sprintf("what was read is stored; the same command goes on there: --from %s --to %s", days.From, days.To)
	switch {
	case err == nil && done.Bad > 0:
		err = &client.Error{
			Class: client.ClassInput, Code: "records", Message: fmt.Sprintf("%d of the records could not be read; the rest is stored", done.Bad),
			Hint: "look these orders up by their numbers, or export them from the gateway's portal",
		}
	case ctx.Err() != nil && client.ClassOf(err) != client.ClassStorage:
		err = &exitError{code: exitInterrupted, err: &client.Error{Class: "interrupted", Message: "interrupted after " + show.Pages(done.Pages), Hint: goOn}}
	case err != nil:
		err = wayOut(err, goOn)
	}
	if err == nil || done.Pages > 0 {
		err = errors.Join(err, r.counts(done, done.Write))
	}
	return err
}

// wayOut adds to an error, of these classes or of any, what else can be done.
func wayOut(err error, hint string, classes ...client.Class) error {
	e := worst(err)
	if e == nil || (len(classes) > 0 && !slices.Contains(classes, e.Class)) {
		return err
	}
	told := *e
	told.Hint = strings.TrimPrefix(e.Hint+"; "+hint, "; ")
	return &told
}
