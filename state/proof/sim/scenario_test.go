package sim_test

import (
	"fmt"
	"math/rand/v2"
	"time"

	"paydesk/client"
	"paydesk/state/desk"
)

type clockFunc = func() time.Time

// scenario is what a seed has in store, drawn before anything happens. Odds are
// in thousandths.
type scenario struct {
	name      string
	gateways  []string
	desks     []deskPlan
	ledgers   int
	apart     bool // each process opens the ledger for itself
	doings    int  // of each agent
	orders    int  // that the agents want to refund, at each gateway
	undo      time.Duration
	limit     bool // refunds above 300 are not allowed
	locked    bool // the profiles are read-only until they are unlocked for a while
	callbacks bool
	impatient int
	preempted int // before a decision
	attacks   int

	faults   []string // of the gateways, until the end phase
	switches [][2]string
	mend     [][2]string // switches that the end phase sets

	net  int
	post int
	disk diskOdds
	kill killOdds

	loses int // ledgers that are lost with a death

	skews  []time.Duration // clocks of the ledgers' machines
	jumps  int
	dark   time.Duration // from when the disk is full, for a while; 0: never
	offset time.Duration // the gateways' clock minus the true one
}

type diskOdds struct{ busy, full, fullAtEnd, dieAfter int }

// killOdds: step at each named step, early soon after a start, at random times.
type killOdds struct {
	step, early int
	times       int
}

type deskPlan struct {
	agent  string
	ledger int
	polls  bool // a console, which looks at what is due; otherwise the command line
}

// draw makes the scenario of a seed.
func draw(r *rand.Rand) scenario {
	s := scenario{
		orders: pick(r, 1, 1, 1, 2), undo: pick(r, 0, 0, 5*time.Second, 30*time.Second), limit: r.IntN(8) == 0, locked: r.IntN(8) == 0,
		callbacks: r.IntN(5) > 0, doings: pick(r, 1, 1, 1, 2, 2, 3), ledgers: 1,
	}
	s.houses(r)
	s.people(r)
	s.weather(r)
	s.moods(r)
	return s
}

// houses picks the gateways. Signing with RSA is what costs most of the time,
// therefore EasyLink is played most often.
func (s *scenario) houses(r *rand.Rand) {
	switch n := r.IntN(1000); {
	case n < 935:
		s.gateways = []string{"easylink"}
	case n < 965:
		s.gateways = []string{"paycools"}
	case n < 992:
		s.gateways = []string{"payermax"}
	case n < 997:
		s.gateways = []string{"easylink", "paycools"}
	default:
		s.gateways = []string{"payermax", "paycools", "easylink"}
	}
}

// people decides who shares what: one agent, two on one ledger, or two ledgers
// that do not know each other.
func (s *scenario) people(r *rand.Rand) {
	s.desks = []deskPlan{{agent: "ann", polls: r.IntN(4) > 0}}
	switch n := r.IntN(100); {
	case n < 48:
		s.name = "one agent"
	case n < 78:
		s.name = "two agents, one ledger"
		s.desks = append(s.desks, deskPlan{agent: "bob", polls: r.IntN(3) == 0})
		s.apart = r.IntN(16) == 0
	default:
		s.name = "two ledgers"
		s.ledgers = 2
		s.desks = append(s.desks, deskPlan{agent: "bob", ledger: 1, polls: r.IntN(4) > 0})
	}
	for range s.ledgers {
		skew := time.Duration(0)
		if r.IntN(5) == 0 {
			skew = pick[time.Duration](r, -10, -3, 3, 10) * time.Minute
		}
		s.skews = append(s.skews, skew)
	}
	if r.IntN(6) == 0 {
		s.jumps = 1 + r.IntN(2)
	}
}

// weather decides how bad network, disk and the processes' lives are.
func (s *scenario) weather(r *rand.Rand) {
	network := func() { s.net, s.post = 30+r.IntN(270), r.IntN(400) }
	disk := func() {
		s.disk = diskOdds{busy: r.IntN(40), full: r.IntN(40), fullAtEnd: r.IntN(60), dieAfter: r.IntN(40)}
		if r.IntN(3) == 0 {
			s.dark = time.Duration(1+r.IntN(120)) * time.Second
		}
	}
	deaths := func() {
		if r.IntN(6) == 0 {
			s.loses = 250
		}
		s.kill = killOdds{step: r.IntN(120), early: r.IntN(500), times: r.IntN(3)}
	}
	switch n := r.IntN(100); {
	case n < 10:
		s.name += ", calm"
	case n < 35:
		s.name += ", bad network"
		network()
	case n < 60:
		s.name += ", deaths"
		deaths()
	case n < 70:
		s.name += ", bad disk"
		disk()
	default:
		s.name += ", everything"
		network()
		disk()
		deaths()
	}
	if r.IntN(4) == 0 {
		s.impatient = 150
	}
	if r.IntN(2) == 0 {
		s.preempted = 50 + r.IntN(250)
	}
	if r.IntN(3) == 0 {
		s.attacks = 1 + r.IntN(3)
	}
}

// moods decides how the gateways behave.
func (s *scenario) moods(r *rand.Rand) {
	rate := func() string { return fmt.Sprintf("0.%02d", 1+r.IntN(40)) }
	fault := func(texts ...string) {
		s.faults = append(s.faults, pick(r, texts...)+"="+rate())
	}
	if r.IntN(2) == 0 {
		fault("refund:late-failure", "refund:stay-pending")
	}
	if r.IntN(3) == 0 {
		fault("refund:bad-sign", "refund:no-sign", "refund:other-key", "query:bad-sign", "query:no-sign", "query:other-key", "order:bad-sign",
			"refund:html", "query:html", "refund:truncate", "query:status=500", "refund:status=500", "refund:status=503", "query:status=429")
	}
	if r.IntN(4) == 0 {
		fault("callback:duplicate-callback", "callback:reorder-callback", "callback:refuse-connection", "callback:lose-answer")
	}
	if r.IntN(8) == 0 {
		fault("refund:wrong-echo")
	}
	if r.IntN(8) == 0 {
		s.faults = append(s.faults, fmt.Sprintf("*:clock=%dm=%s", pick(r, -10, -3, 3, 10), rate()))
	}
	if r.IntN(8) == 0 {
		s.offset = pick[time.Duration](r, -10, -3, 3, 10) * time.Minute
	}
	for _, g := range s.gateways {
		s.quirks(r, g)
	}
}

// quirks are the points on which a gateway's documents leave room.
func (s *scenario) quirks(r *rand.Rand, gateway string) {
	set := func(name string, values ...string) {
		s.switches = append(s.switches, [2]string{gateway + "/" + name, pick(r, values...)})
	}
	mend := func(name, value string) { s.mend = append(s.mend, [2]string{gateway + "/" + name, value}) }
	for range r.IntN(4) {
		n := r.IntN(6)
		switch gateway {
		case "payermax":
			switch n {
			case 0:
				set("same_refund", "replay", "ORDER_REPEAT", "REFUND_NO_INVALID")
			case 1:
				set("amount_member", "refundAmount", "totalAmount", "both", "neither")
				mend("amount_member", "refundAmount")
			case 2:
				set("failure_sign", "signed", "unsigned", "wrong")
				mend("failure_sign", "signed")
			case 3:
				set("funds", "enough", "empty")
			case 4:
				set("refund_answer", "REFUND_PENDING", "REFUND_SUCCESS", "REFUND_FAILED")
			case 5:
				set("unknown_refund", "ORDER_NOT_EXIST", "REFUND_NO_INVALID")
			}
		case "paycools":
			switch n {
			case 0:
				set("refund_outcome", "success", "failed", "cancelled", "stay")
				mend("refund_outcome", "success")
			case 1:
				set("single_refund", "array", "object")
			case 2:
				set("no_refunds", "empty", "null", "1501")
			case 3:
				set("funds", "enough", "empty")
			case 4:
				set("cancelled_token", "accept", "1008")
			case 5:
				set("event_disagrees", "no", "yes")
			}
		default:
			switch n {
			case 0:
				set("new_refund_state", "0", "1", "1", "2", "3")
			case 1:
				set("unknown_number", "9999", "5003")
			case 2:
				set("refund_amounts", "no", "yes")
			case 3:
				set("channel_refunds", "yes", "yes", "no")
			case 4:
				set("messages", "chinese", "english")
			case 5:
				set("data_as", "object", "text")
			}
		}
	}
}

// profiles are the accounts as every desk of the world has them.
func (s *scenario) profiles(w *world) []desk.Profile {
	var list []desk.Profile
	for _, h := range w.houses {
		p := desk.Profile{Name: h.profile, Gateway: h.gateway, Brand: h.brand, Environment: desk.Sandbox, Merchant: h.account.MerchantNo}
		p.Policy.ReadOnly = s.locked
		if s.limit {
			p.Policy.MaxRefund = h.limits()
		}
		list = append(list, p)
	}
	return list
}

// limits allow 300 of each currency.
func (h *house) limits() []client.Money {
	var list []client.Money
	seen := map[string]bool{}
	for _, o := range h.orders {
		if !seen[o.Amount.Currency] {
			seen[o.Amount.Currency] = true
			list = append(list, client.Money{Minor: 300_0000, Currency: o.Amount.Currency, Exp: client.MaxExp})
		}
	}
	return list
}
