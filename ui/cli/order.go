package cli

import (
	"context"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"paydesk/client"
	"paydesk/state/config"
	"paydesk/state/ledger"
	"paydesk/state/query"
	"paydesk/ui/cli/show"
	"paydesk/ui/text"
)

// Sizes of lists.
const (
	shownRows = 100 // of a table, unless limit: says otherwise
	pageRows  = 500 // read at once
)

func (r *run) orderCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "order", Short: "find, list, open and import payments"}
	cmd.AddCommand(r.orderGet(), r.orderList(), r.orderCreate(), r.orderClose(), r.orderImport(), r.orderStatement())
	return cmd
}

func (r *run) orderGet() *cobra.Command {
	var offline bool
	cmd := &cobra.Command{
		Use: "get NO", Short: "look an order up by any of its numbers",
		Long:    "Asks the gateway for the order and stores the answer. NO is the merchant's number,\nor a number that the ledger can translate: the gateway's, the channel's, a refund's.",
		Example: "  paydesk order get P1642410680681\n  paydesk order get P1642410680681 --offline --json",
		Args:    exactly(1, "give the order's number"),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, p, err := r.selected(cmd.Context())
			if err != nil {
				return err
			}
			find := s.desk.LookUp
			if offline {
				find = s.desk.Known
			}
			found, err := find(cmd.Context(), p.Name, args[0])
			if err != nil {
				return err
			}
			return s.printOrder(cmd.Context(), found.Order, found.How, "")
		},
	}
	cmd.Flags().BoolVar(&offline, "offline", false, "look into the ledger only")
	return cmd
}

// selected opens the services and finds the one profile to work with.
func (r *run) selected(ctx context.Context) (*session, config.Profile, error) {
	s, err := r.configured()
	if err != nil {
		return nil, config.Profile{}, err
	}
	p, err := s.cfg.Select()
	if err != nil {
		return nil, config.Profile{}, err
	}
	return s, p, s.open(ctx)
}

// printOrder writes one order as data.
func (s *session) printOrder(ctx context.Context, o ledger.Order, found, page string) error {
	if s.run.json {
		record := show.NewOrder(o)
		record.Found, record.PageURL = found, page
		return show.Line(s.run.Out, record)
	}
	refunds, err := s.store.RefundsOf(ctx, o.ID)
	if err != nil {
		return err
	}
	if err := s.people().Order(s.run.Out, o, refunds, found); err != nil {
		return err
	}
	if page != "" {
		return show.Fields(s.run.Out, []show.Field{{Label: text.Literal("payment page"), Value: text.Clean(page)}})
	}
	return nil
}

func (r *run) orderList() *cobra.Command {
	return &cobra.Command{
		Use: "list [QUERY…]", Short: "list the orders of the ledger",
		Long:    listHelp("orders"),
		Example: "  paydesk order list\n  paydesk order list status:paid 'amount>=100' user:U-2041\n  paydesk order list has:unknown --json",
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := r.opened(cmd.Context())
			if err != nil {
				return err
			}
			return list(cmd.Context(), s, args, query.ParseOrders, s.store.Orders,
				func(o ledger.Order) int64 { return o.ID },
				func(o ledger.Order) any { return show.NewOrder(o) }, show.People.Orders)
		},
	}
}

func listHelp(what string) string {
	return "Lists the " + what + " of the ledger. Words match any number, user, card tail or note;\nfield:value, field>=value and -term narrow it down, sort:field and limit:n shape it.\nA table shows " +
		fmt.Sprint(shownRows) + " rows unless limit: says otherwise; --json lists all."
}

// list prints what a search finds, page by page.
func list[T any](ctx context.Context, s *session, words []string, parse parseFunc, read func(context.Context, ledger.Page) ([]T, error),
	id func(T) int64, record func(T) any, table func(show.People, io.Writer, []T) error,
) error {
	names, several, err := s.scope()
	if err != nil {
		return err
	}
	text := strings.Join(words, " ")
	q, err := parse(text, s.run.Clock(), s.run.Zone)
	if err != nil {
		return pointed(err, text)
	}
	limit := q.Limit
	if limit == 0 && !s.run.json {
		limit = shownRows
	}
	var rows []T
	page := ledger.Page{Query: q, Profiles: names}
	for count := 0; limit == 0 || count < limit; {
		page.Limit = pageRows
		if limit > 0 {
			page.Limit = min(pageRows, limit-count)
		}
		part, err := read(ctx, page)
		if err != nil {
			return err
		}
		count += len(part)
		if s.run.json {
			for _, row := range part {
				if err := show.Line(s.run.Out, record(row)); err != nil {
					return err
				}
			}
		} else {
			rows = append(rows, part...)
		}
		if len(part) < page.Limit {
			break
		}
		page.Anchor = id(part[len(part)-1])
	}
	if s.run.json {
		return nil
	}
	people := s.people()
	people.Profiles = several
	if err := table(people, s.run.Out, rows); err != nil {
		return err
	}
	if len(rows) == shownRows && q.Limit == 0 {
		s.run.narrate("the first %d; limit:%d shows more, --json lists all", shownRows, shownRows*10)
	}
	return nil
}

// pointed adds to the error of a search where in its text the mistake is.
func pointed(err error, typed string) error {
	e, ok := errors.AsType[*query.Error](err)
	if !ok {
		return err
	}
	before := text.Width(text.Clean(typed[:min(e.Pos, len(typed))]))
	under := max(text.Width(text.Clean(typed[min(e.Pos, len(typed)):min(e.End, len(typed))])), 1)
	return &client.Error{
		Class: client.ClassInput, Code: "query", Message: e.Message + "\n" + typed + "\n" + strings.Repeat(" ", before) + strings.Repeat("^", under), Hint: e.Hint,
	}
}

// orderFlags are the flags of order create.
type orderFlags struct {
	req              client.CreateOrder
	amount, currency string
}

func (r *run) orderCreate() *cobra.Command {
	var f orderFlags
	cmd := &cobra.Command{
		Use: "create", Short: "open a payment page, or charge a saved card",
		Long:    "Opens a hosted payment page and prints its address, or with --token charges a saved\ncard. The order stands in the ledger before anything is sent.",
		Example: "  paydesk order create --amount 58.00 --currency HKD --user U-2041 \\\n      --subject 'two tickets' --return-url https://shop.example/thanks\n  paydesk order create --amount 58.00 --currency HKD --user U-2041 --token PMTOKEN… --country HK",
		Args:    exactly(0, "amount, currency and user are flags"),
		RunE:    func(cmd *cobra.Command, _ []string) error { return r.createOrder(cmd.Context(), f) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.req.OrderNo, "order-no", "", "the merchant's order number (default: a new one)")
	flags.StringVar(&f.amount, "amount", "", "in major units, such as 58.00")
	flags.StringVar(&f.currency, "currency", "", "code of ISO 4217, such as HKD")
	flags.StringVar(&f.req.UserID, "user", "", "who pays")
	flags.StringVar(&f.req.Subject, "subject", "", "what for, as the payer sees it")
	flags.StringVar(&f.req.Country, "country", "", "the payer's country, two letters")
	flags.StringVar(&f.req.ReturnURL, "return-url", "", "where the payer's browser goes afterwards")
	flags.StringVar(&f.req.NotifyURL, "notify-url", "", "where the result is called back (default: the portal's setting)")
	flags.StringVar(&f.req.Token, "token", "", "saved card to charge")
	flags.StringVar(&f.req.Method, "method", "", "payment method of the saved card (default: CARD)")
	flags.StringVar(&f.req.ClientIP, "client-ip", "", "the payer's address, for a saved card")
	flags.StringVar(&f.req.UserAgent, "user-agent", "", "the payer's browser, for a saved card")
	return cmd
}

func (r *run) createOrder(ctx context.Context, f orderFlags) error {
	s, p, err := r.selected(ctx)
	if err != nil {
		return err
	}
	if err := s.offered(p, "create", func(c client.Capabilities) client.Capability {
		if f.req.Token != "" {
			return c.ChargeToken
		}
		return c.CreateOrder
	}); err != nil {
		return err
	}
	if f.req.Amount, err = s.typedAmount(p, f.amount, strings.ToUpper(f.currency)); err != nil {
		return err
	}
	if f.req.UserID == "" {
		return &client.Error{Class: client.ClassInput, Code: "user", Message: "--user is missing", Hint: "say who pays: --user U-2041"}
	}
	if f.req.Token == "" && f.req.ReturnURL == "" {
		return &client.Error{Class: client.ClassInput, Code: "return_url", Message: "--return-url is missing", Hint: "a payment page sends the payer's browser back to an address of the shop; name it"}
	}
	if f.req.OrderNo == "" {
		f.req.OrderNo = r.newOrderNo()
	}
	if f.req.Subject == "" {
		f.req.Subject = f.req.OrderNo
	}
	order, page, err := s.desk.CreateOrder(ctx, p.Name, f.req)
	if order.ID != 0 {
		err = errors.Join(err, s.printOrder(ctx, order, "", page))
	}
	return err
}

func (r *run) orderClose() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use: "close NO", Short: "end an open payment page, so that it cannot be paid any more",
		Long:    "Tells the gateway to end a payment page that nobody has paid yet. No money moves. NO is\nany number of an order in the ledger. Where a gateway cannot close one, it says why.",
		Example: "  paydesk order close P1642410680681\n  paydesk order close P1642410680681 --yes --json",
		Args:    exactly(1, "give the order's number"),
		RunE:    func(cmd *cobra.Command, args []string) error { return r.closeOrder(cmd.Context(), args[0], yes) },
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do it without being asked")
	return cmd
}

func (r *run) closeOrder(ctx context.Context, no string, yes bool) error {
	s, p, err := r.selected(ctx)
	if err != nil {
		return err
	}
	if err := s.offered(p, "close", func(c client.Capabilities) client.Capability { return c.CloseOrder }); err != nil {
		return err
	}
	known, err := s.desk.Known(ctx, p.Name, no)
	if err != nil {
		return wayOut(err, "`paydesk order get` asks the gateway for it first", client.ClassNotFound)
	}
	if !yes {
		if err := s.consentClose(ctx, known.Order); err != nil {
			return err
		}
	}
	order, err := s.desk.CloseOrder(ctx, p.Name, known.Order.OrderNo)
	if err != nil {
		return wayOut(err, "`paydesk order get "+known.Order.OrderNo+"` tells whether it is closed", client.ClassUnknown)
	}
	return s.printOrder(ctx, order, "", "")
}

// consentClose asks for a word about the very order that is shown.
func (s *session) consentClose(ctx context.Context, o ledger.Order) error {
	if !s.run.Terminal.Present() {
		return &client.Error{
			Class: client.ClassInput, Code: "consent", Message: "closing an order needs a consent, and there is no terminal to ask on", Hint: "add --yes",
		}
	}
	_ = s.people().Order(s.run.Err, o, nil, "")
	typed, err := s.run.Terminal.Line(ctx, text.Literal("Type close to end its payment page, anything else to leave: "))
	if err != nil {
		return err
	}
	if strings.TrimSpace(typed) != "close" {
		return &client.Error{Class: client.ClassInput, Code: "confirm", Message: "what was typed is not close; nothing was sent", Hint: "run the command again and type close"}
	}
	return nil
}

// typedAmount reads an amount in the decimals of the profile's gateway.
func (s *session) typedAmount(p config.Profile, amount, currency string) (client.Money, error) {
	g, err := s.run.gateway(p.Gateway)
	if err != nil {
		return client.Money{}, err
	}
	decimals, err := g.Decimals(p)
	if err != nil {
		return client.Money{}, err
	}
	if amount == "" || currency == "" {
		return client.Money{}, &client.Error{Class: client.ClassInput, Code: "amount", Message: "--amount and --currency are needed", Hint: "for example --amount 58.00 --currency HKD"}
	}
	exp, ok := decimals(currency)
	if !ok {
		return client.Money{}, &client.Error{Class: client.ClassInput, Code: "currency", Message: fmt.Sprintf("%.12q is no currency of this gateway", currency), Hint: "right is a code of ISO 4217, such as HKD"}
	}
	money, err := client.ParseMoney(amount, currency, exp)
	if err == nil && money.Minor > 0 {
		return money, nil
	}
	if err == nil {
		err = errors.New("must be above zero")
	}
	return client.Money{}, &client.Error{
		Class: client.ClassInput, Code: "amount", Message: fmt.Sprintf("amount %.40q: %v", amount, err),
		Hint: fmt.Sprintf("give a plain number; %s has %d decimals here", currency, exp),
	}
}

// newOrderNo makes a number that sorts by time and never repeats: "P", the
// second, and 50 random bits.
func (r *run) newOrderNo() string {
	var random [8]byte
	binary.BigEndian.PutUint64(random[:], r.Random())
	return "P" + r.Clock().UTC().Format("20060102150405") + base32.HexEncoding.WithPadding(base32.NoPadding).EncodeToString(random[:])[:10]
}

// parseFunc is query.ParseOrders or query.ParseRefunds.
type parseFunc = func(text string, now time.Time, loc *time.Location) (query.Query, error)
