package real_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"paydesk/client"
	"paydesk/client/callback"
	"paydesk/client/sandbox"
	"paydesk/client/secret"
	"paydesk/state/config"
	"paydesk/state/desk"
	"paydesk/state/desk/moves"
	"paydesk/state/feed"
	"paydesk/state/ledger/sqlite"
	"paydesk/state/poll"
	"paydesk/state/vault"
	"paydesk/ui/cli/gate"
	"paydesk/ui/cli/gates"
)

// job is what an agent process is told by its parent, in its environment.
type job struct {
	dir     string // of the sandbox: configuration and keys
	home    string // of the agent: ledger, list of work, what it saw
	addr    string // where callbacks arrive
	step    moves.Step
	nth     int // at which passage of the step it dies; 0: never
	seed    uint64
	patient time.Duration // how long it lives when nothing kills it
	settle  bool          // only bring what is open to its end
}

func (j job) env() []string {
	return []string{
		"PAYDESK_CRASH=agent", "CRASH_DIR=" + j.dir, "CRASH_HOME=" + j.home, "CRASH_ADDR=" + j.addr, "CRASH_STEP=" + string(j.step),
		"CRASH_NTH=" + strconv.Itoa(j.nth), "CRASH_SEED=" + strconv.FormatUint(j.seed, 10), "CRASH_PATIENCE=" + j.patient.String(),
		"CRASH_SETTLE=" + strconv.FormatBool(j.settle),
		"GOMAXPROCS=1", "GOGC=400", // a short life on a shared machine
	}
}

func jobFromEnv() (j job, err error) {
	nth, err1 := strconv.Atoi(os.Getenv("CRASH_NTH"))
	seed, err2 := strconv.ParseUint(os.Getenv("CRASH_SEED"), 10, 64)
	patience, err3 := time.ParseDuration(os.Getenv("CRASH_PATIENCE"))
	return job{
		dir: os.Getenv("CRASH_DIR"), home: os.Getenv("CRASH_HOME"), addr: os.Getenv("CRASH_ADDR"), step: moves.Step(os.Getenv("CRASH_STEP")),
		nth: nth, seed: seed, patient: patience, settle: os.Getenv("CRASH_SETTLE") == "true",
	}, errors.Join(err1, err2, err3)
}

// Exit codes of an agent that was not killed.
const (
	exitIdle   = 0 // its time was over
	exitFailed = 3
)

// beAgent is the process that is killed: ledger, desk, signed clients, poller
// and callback receiver as the program has them.
func beAgent() int {
	j, err := jobFromEnv()
	if err == nil {
		err = j.run()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return exitFailed
	}
	return exitIdle
}

// agent is one process at work.
type agent struct {
	job
	cfg    *config.Config
	store  *sqlite.Store
	desk   *desk.Desk
	feed   *feed.Feed
	random *rand.Rand
	mu     sync.Mutex
	count  int
}

func (j job) run() error {
	ctx, cancel := context.WithTimeout(context.Background(), j.patient)
	defer cancel()
	a := &agent{job: j, feed: &feed.Feed{}, random: rand.New(rand.NewPCG(j.seed, 1))}
	if err := a.open(ctx); err != nil {
		return err
	}
	defer func() { _ = a.store.Close() }()
	receiver, err := a.receiver(ctx)
	if err != nil {
		return err
	}
	poller := poll.New(poll.Options{
		Desk: a.desk, Source: a.store, Feed: a.feed, Profiles: a.cfg.Names(), Clock: time.Now,
		Budget: func(string) poll.Budget { return poll.Budget{PerSecond: 400, Burst: 50} },
	})
	var group sync.WaitGroup
	inner, stop := context.WithCancel(ctx)
	group.Go(func() { poller.Run(inner) })
	group.Go(func() { _ = receiver.Run(inner) })
	err = a.work(ctx)
	stop()
	group.Wait()
	return err
}

// die is the step hook: SIGKILL to itself, so that nothing is tidied up.
func (a *agent) die(at moves.Step) {
	if at != a.step || a.nth == 0 {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock() // two of its goroutines die once
	if a.count++; a.count >= a.nth {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
}

func (a *agent) open(ctx context.Context) (err error) {
	if a.cfg, err = loadConfig(a.dir); err != nil {
		return err
	}
	if a.store, err = sqlite.Open(ctx, filepath.Join(a.home, "ledger.db"), sqlite.Options{Clock: time.Now}); err != nil {
		return err
	}
	start := time.Now()
	var profiles []desk.Profile
	for _, p := range a.cfg.Profiles {
		profiles = append(profiles, desk.Profile{
			Name: p.Name, Gateway: p.Gateway, Brand: p.Gateway, Environment: p.Environment, Merchant: p.MerchantNo,
		})
	}
	a.desk = desk.New(desk.Options{
		Store: a.store, Profiles: profiles, Agent: "agent", Clock: time.Now, Mono: func() time.Duration { return time.Since(start) },
		Connect: a.connect, Feed: a.feed, Step: a.die, Jitter: func() uint32 { return 0 },
	})
	return nil
}

func loadConfig(dir string) (*config.Config, error) {
	o := config.Options{File: filepath.Join(dir, "config.toml"), Env: func(string) (string, bool) { return "", false }, Dirs: config.Dirs{Home: dir, Config: dir, Data: dir, State: dir}}
	for _, g := range gates.All() {
		o.Gateways = append(o.Gateways, g.Gateway)
	}
	return config.Load(o)
}

func (a *agent) account(ctx context.Context, name string) (gate.Gateway, gate.Account, error) {
	p, err := a.cfg.Lookup(name)
	if err != nil {
		return gate.Gateway{}, gate.Account{}, err
	}
	for _, g := range gates.All() {
		if g.Name != p.Gateway {
			continue
		}
		p.Settings = a.settings(p)
		keys := map[string]secret.Secret{}
		for _, k := range g.Keys {
			value, err := vault.Files(p.KeysDir).Get(ctx, p.Name, k.Name)
			if err != nil && !k.Optional {
				return g, gate.Account{}, err
			}
			if err == nil {
				keys[k.Name] = value
			}
		}
		return g, gate.Account{Profile: p, Keys: keys, Clock: time.Now, Random: rand.Uint64, Log: slog.New(slog.DiscardHandler)}, nil
	}
	return gate.Gateway{}, gate.Account{}, fmt.Errorf("no gateway %s", p.Gateway)
}

// settings makes a profile keep up with a sandbox that runs as fast as this one,
// and names where its callbacks go.
func (a *agent) settings(p config.Profile) map[string]any {
	out := map[string]any{}
	maps.Copy(out, p.Settings)
	out["speed"] = int64(speed)
	if p.Gateway != "payermax" { // that one has it in its portal
		out["refund_notify_url"] = callbackURL(a.addr, p.Name)
	}
	return out
}

func callbackURL(addr, profile string) string {
	return "http://" + addr + callback.DefaultPrefix + string(callbackSecret(profile).Reveal())
}

func (a *agent) connect(ctx context.Context, name string) (client.Gateway, error) {
	g, account, err := a.account(ctx, name)
	if err != nil {
		return nil, err
	}
	return g.Open(account)
}

// callbackSecret is the secret part of a profile's address.
func callbackSecret(profile string) secret.Secret {
	return secret.New([]byte("crash-harness-path-of-" + profile))
}

func (a *agent) receiver(ctx context.Context) (*callback.Receiver, error) {
	var routes []callback.Route
	for _, p := range a.cfg.Profiles {
		g, account, err := a.account(ctx, p.Name)
		if err != nil {
			return nil, err
		}
		reader, err := g.Callbacks(account)
		if err != nil {
			return nil, err
		}
		routes = append(routes, callback.Route{Profile: p.Name, Secret: callbackSecret(p.Name), Reader: reader})
	}
	receiver, err := callback.New(callback.Options{
		Addr: a.addr, Routes: routes, Store: a.desk.Heard, Clock: time.Now, Limits: callback.Limits{PerSecond: 100_000},
		Refused: func(ctx context.Context, profile string, n client.Notice) { _, _ = a.desk.Heard(ctx, profile, n) },
	})
	if err != nil {
		return nil, err
	}
	for range 100 { // the port of the one who was killed a moment ago
		if err = receiver.Listen(ctx); err == nil {
			return receiver, nil
		}
		time.Sleep(time.Millisecond)
	}
	return nil, err
}

// task is one line of the list of work: "refund profile order amount undo" or
// "unbind profile user token".
type task []string

func (a *agent) tasks() ([]task, error) {
	file, err := os.Open(filepath.Join(a.home, "work"))
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	var list []task
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		list = append(list, strings.Fields(lines.Text()))
	}
	return list, lines.Err()
}

// work does one task after the other until the time is over. What was done in an
// earlier life is not done again: the desk itself says so.
func (a *agent) work(ctx context.Context) error {
	list, err := a.tasks()
	if err != nil || a.settle {
		return errors.Join(err, a.settled(ctx))
	}
	a.random.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	for _, t := range list {
		if ctx.Err() != nil {
			return nil
		}
		switch t[0] {
		case "refund":
			err = a.refund(ctx, t)
		case "unbind":
			err = a.unbind(ctx, t)
		}
		if class := client.ClassOf(err); err != nil && class == client.ClassBug && ctx.Err() == nil {
			return err
		}
	}
	short, cancel := context.WithTimeout(ctx, a.patient)
	defer cancel()
	_ = a.settled(short) // with nothing left to do it need not wait for its death
	return nil
}

// refund refunds an order; one that has a refund already is left alone.
func (a *agent) refund(ctx context.Context, t task) error {
	undo, err := time.ParseDuration(t[4])
	if err != nil {
		return err
	}
	if known, err := a.store.Order(ctx, t[1], t[2]); err == nil {
		if rows, err := a.store.RefundsOf(ctx, known.ID); err != nil || len(rows) > 0 {
			return err
		}
	}
	plan, err := a.desk.Plan(ctx, desk.Ask{Profile: t[1], Order: t[2], Amount: t[3], Reason: "crash", Undo: undo})
	if err != nil || plan.Refusal != nil {
		return err
	}
	r, err := a.desk.Commit(ctx, plan, desk.Consent{PlanHash: plan.Hash, Script: true, At: time.Now()})
	if err != nil {
		return err
	}
	return a.saw("refund " + r.Profile + " " + r.RefundNo + " " + r.OrderNo + " " + r.Amount.String())
}

func (a *agent) unbind(ctx context.Context, t task) error {
	if known, err := a.store.Token(ctx, t[1], t[3]); err == nil && known.Status == client.TokenRemoved {
		return nil
	}
	if _, err := a.desk.Tokens(ctx, t[1], t[2]); err != nil {
		return err
	}
	plan, err := a.desk.PlanUnbind(ctx, t[1], t[2], t[3], "crash")
	if err != nil || plan.Refusal != nil {
		return err
	}
	u, err := a.desk.CommitUnbind(ctx, plan)
	if err != nil {
		return err
	}
	return a.saw("unbind " + u.Profile + " " + u.Token)
}

// saw writes what an agent was shown as decided, outside of the ledger: none of
// it may ever be lost.
func (a *agent) saw(line string) error {
	file, err := os.OpenFile(filepath.Join(a.home, "seen"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.WriteString(line + "\n")
	return errors.Join(err, file.Close())
}

// settled waits until nothing is open any more.
func (a *agent) settled(ctx context.Context) error {
	for {
		refunds, err := a.store.OpenRefunds(ctx, "")
		if err != nil {
			return err
		}
		unbinds, err := a.store.OpenUnbinds(ctx, "")
		if err != nil || len(refunds)+len(unbinds) == 0 {
			return err
		}
		select {
		case <-ctx.Done():
			var left []string
			for _, r := range refunds {
				left = append(left, fmt.Sprintf("%s %s %s alert=%q checks=%d next=%s last=%+v", r.Profile, r.RefundNo, r.Status, r.Alert, r.Checks, time.Until(r.NextCheckAt), r.Last))
			}
			return fmt.Errorf("%d refunds and %d unbindings are still open:\n%s", len(refunds), len(unbinds), strings.Join(left, "\n"))
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// beGateway is the sandbox in a process of its own.
func beGateway() int {
	box, err := sandbox.Start(context.Background(), sandbox.Options{
		Dir: os.Getenv("CRASH_DIR"), Seed: 7, Orders: 400, Speed: speed, Notify: os.Getenv("CRASH_NOTIFY"), Faults: strings.Fields(os.Getenv("CRASH_FAULTS")),
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return exitFailed
	}
	fmt.Println(box.Ready())
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n') // until the parent is gone
	_ = box.Close()
	return exitIdle
}
