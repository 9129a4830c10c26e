// Package inspecting owns the way from a line, an exchange or a pasted body to
// what is known of its signature: it reads what was kept, has a profile's keys
// check it again, and shows both in one dialog. It changes nothing and tells no
// gateway anything.
package inspecting

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"paydesk/client"
	"paydesk/state/desk"
	"paydesk/state/ledger"
	"paydesk/ui/dialog"
	"paydesk/ui/dialog/inspector"
	"paydesk/ui/keys"
	"paydesk/ui/page"
	"paydesk/ui/page/story"
	"paydesk/ui/text"
)

// Time limits: a check reads a key, and a keyring may be waiting for its owner.
const (
	readLimit  = 10 * time.Second
	checkLimit = 150 * time.Second
)

// Check verifies the signature of a body with the keys and the dialect of a
// profile; an empty sign is taken from the body. Errors are *client.Error.
type Check func(ctx context.Context, profile, kind, sign string, body []byte) (client.Inspection, error)

// Flow is the signature that is looked at; at most one at a time. Make it with
// New.
type Flow struct {
	bag      *page.Bag
	check    Check // nil: nobody here can read the keys
	profiles func() []desk.Profile

	reads  *page.Asker[kept]
	checks *page.Asker[client.Inspection]

	view *inspector.Viewer // nil when no dialog is open
	what kept
}

// kept is what the ledger has of one signature, or what a person pasted.
type kept struct {
	profile, kind string
	about         inspector.About
	finding       *client.Inspection
	reason        string // why it was not believed, where there is no finding
	sign          string
	body          []byte
	pasted        bool
}

// New returns a flow at rest.
func New(bag *page.Bag, check Check, profiles func() []desk.Profile) *Flow {
	return &Flow{
		bag: bag, check: check, profiles: profiles,
		reads:  page.NewAsker[kept](keys.Inspect, readLimit),
		checks: page.NewAsker[client.Inspection](keys.Inspect, checkLimit),
	}
}

// Ready says whether the keys of a profile are at hand, and if not, why.
func (f *Flow) Ready() (reason text.Safe, ok bool) {
	switch {
	case f.check == nil:
		return text.Literal("no keys are at hand in this session"), false
	case len(f.profiles()) == 0:
		return text.Literal("there is no profile"), false
	}
	return text.Safe{}, true
}

// Line shows the signature that a journal line tells of. It is called for a key
// press only.
func (f *Flow) Line(e ledger.Event) tea.Cmd {
	where, ok := story.FindingOf(e)
	if !ok {
		return nil
	}
	what := kept{profile: e.Profile, kind: client.BodyAnswer}
	if where.Notice {
		what.kind = client.BodyCallback
	}
	what.about = f.about(what.kind, e.Profile, e.At, e.Subject)
	f.open(what)
	f.view.Wait(text.Literal("reading what was kept"))
	from := f.bag.Ledger
	return f.reads.Ask(f.bag.Ctx, func(ctx context.Context) (kept, error) {
		if where.Notice {
			return ofNotice(ctx, from, what, where.Digest)
		}
		return ofAnswer(ctx, from, what, e.Subject, where.Digest)
	})
}

// Exchange shows the signature of the answer of one exchange. It is called for a
// key press only.
func (f *Flow) Exchange(e ledger.Evidence) tea.Cmd {
	what := kept{profile: e.Profile, kind: client.BodyAnswer}
	what.about = f.about(what.kind, e.Profile, e.At, e.Subject)
	what = what.withAnswer(e)
	f.open(what)
	f.show(what)
	return nil
}

// Form asks for a body to be checked. start is the profile to begin with. It is
// called for a key press only.
func (f *Flow) Form(start string) tea.Cmd {
	var accounts []inspector.Account
	dot := text.Concat(text.Spaces(1), f.bag.Styles.Glyph.Dot, text.Spaces(1))
	for _, p := range f.profiles() {
		accounts = append(accounts, inspector.Account{Profile: p.Name, Title: text.Join(dot, text.Clean(p.Name), text.Clean(p.Brand))})
	}
	f.bag.Host.Open(inspector.NewForm(f.bag.Kit(), accounts, start), func(result dialog.Result) tea.Cmd {
		if v, ok := result.(dialog.Verify); ok {
			return f.verify(v)
		}
		return nil
	})
	return nil
}

// verify checks what was pasted.
func (f *Flow) verify(v dialog.Verify) tea.Cmd {
	what := kept{profile: v.Profile, kind: v.Kind, sign: v.Sign, body: v.Body, pasted: true}
	what.about = f.about(v.Kind, v.Profile, time.Time{}, "")
	what.about.Off = text.Literal("this is the check with the profile's keys")
	f.open(what)
	return f.again()
}

// open opens the dialog on what is known so far.
func (f *Flow) open(what kept) {
	f.reads.Drop()
	f.checks.Drop()
	view := inspector.New(f.bag.Kit(), what.about)
	f.view, f.what = view, what
	f.bag.Host.Open(view, func(result dialog.Result) tea.Cmd {
		if f.view != view {
			return nil
		}
		switch result.(type) {
		case dialog.Again:
			return f.again()
		case dialog.Closed:
			f.view = nil
			f.reads.Drop()
			f.checks.Drop()
		}
		return nil
	})
}

// again has the profile's keys check what is looked at.
func (f *Flow) again() tea.Cmd {
	if f.check == nil {
		return nil
	}
	check, what := f.check, f.what
	f.view.Wait(text.Concat(text.Literal("checking with the keys of "), text.Clean(what.profile)))
	return f.checks.Ask(f.bag.Ctx, func(ctx context.Context) (client.Inspection, error) {
		return check(ctx, what.profile, what.kind, what.sign, what.body)
	})
}

// Take handles an answer to one of the flow's questions.
func (f *Flow) Take(msg page.Routed) tea.Cmd {
	switch msg := msg.(type) {
	case page.Answer[kept]:
		what, ok, err := f.reads.Take(msg)
		switch {
		case !ok || f.view == nil:
		case err != nil:
			f.failed(err)
		default:
			f.show(what)
		}
	case page.Answer[client.Inspection]:
		found, ok, err := f.checks.Take(msg)
		switch {
		case !ok || f.view == nil:
		case err != nil:
			f.failed(err)
		default:
			f.view.Found(found, text.Concat(text.Literal("Checked now with the keys of "), text.Clean(f.what.profile), text.Literal(".")))
		}
	}
	return nil
}

func (f *Flow) failed(err error) {
	problem := story.ProblemOf(err)
	if why := causeOf(err); !why.Empty() {
		problem.Message = text.Join(text.Literal(": "), problem.Message, why)
	}
	f.view.Failed(inspector.Trouble{Status: f.bag.Styles.Error(problem.Class), Message: problem.Message, Hint: problem.Hint})
}

// causeOf is what a body or a key was found to be, which the message leaves to
// its cause.
func causeOf(err error) text.Safe {
	e, ok := errors.AsType[*client.Error](err)
	if !ok || e.Err == nil || e.Class != client.ClassInput {
		return text.Safe{}
	}
	return text.Clean(e.Err.Error())
}

// show puts what was kept before the person.
func (f *Flow) show(what kept) {
	f.what = what
	f.what.about.Off = f.off(what)
	f.view.SetAbout(f.what.about)
	if what.finding != nil {
		f.view.Found(*what.finding, text.Literal("As it was kept when it came."))
		return
	}
	message := text.Literal("nothing is kept of what its signature stood over")
	if what.reason != "" {
		message = text.Concat(message, text.Literal("; it was refused because "), text.Clean(what.reason))
	}
	st := f.bag.Styles.Error(client.ClassNotFound)
	f.view.Failed(inspector.Trouble{Status: st, Message: message, Hint: text.Literal("a body at hand can be pasted: the command is \"Inspect a signature\"")})
}

// off says why what was kept cannot be checked again. Only a body that is kept
// byte for byte can: another would fail whatever the signature.
func (f *Flow) off(what kept) text.Safe {
	l := text.Literal
	known := slices.ContainsFunc(f.profiles(), func(p desk.Profile) bool { return p.Name == what.profile })
	reason, ready := f.Ready()
	switch {
	case !ready:
		return reason
	case !known:
		return l("its profile is not configured any more")
	case what.finding == nil:
		return l("its signature was not kept")
	case len(what.body) == 0:
		return l("its body is kept redacted, not byte for byte")
	}
	return text.Safe{}
}

// about names what is looked at.
func (f *Flow) about(kind, profile string, at time.Time, subject string) inspector.About {
	l := text.Literal
	about := inspector.About{}
	switch kind {
	case client.BodyCallback:
		about.Title = l("Signature of a callback")
	case client.BodyRequest:
		about.Title = l("Signature of a request")
	default:
		about.Title = l("Signature of an answer")
	}
	dot := text.Concat(text.Spaces(1), f.bag.Styles.Glyph.Dot, text.Spaces(1))
	when, number := text.Safe{}, text.Safe{}
	if !at.IsZero() {
		when = story.At(at, f.bag.Clock(), f.bag.Loc)
		about.Note = l("Nothing that it said was believed.")
	}
	if subject != "" && subject != profile {
		number = text.Concat(l("about "), text.Clean(subject))
	}
	about.Where = text.Join(dot, text.Clean(profile), when, number)
	return about
}

// ofNotice reads what was kept of a callback.
func ofNotice(ctx context.Context, from ledger.Reader, what kept, digest string) (kept, error) {
	n, err := from.Notice(ctx, what.profile, digest)
	if errors.Is(err, ledger.ErrNotFound) {
		return what, nil // of those that are not verified only the newest are kept
	}
	if err != nil {
		return what, err
	}
	what.finding, what.reason = n.Signature, n.Reason
	what.keep(n.Body, n.BodyHash)
	return what, nil
}

// ofAnswer reads what was kept of an exchange, by the digest of its answer.
func ofAnswer(ctx context.Context, from ledger.Reader, what kept, subject, digest string) (kept, error) {
	list, err := from.EvidenceOf(ctx, what.profile, subject)
	if err != nil {
		return what, err
	}
	for _, e := range slices.Backward(list) {
		if e.AnswerHash == digest {
			return what.withAnswer(e), nil
		}
	}
	return what, nil
}

func (k kept) withAnswer(e ledger.Evidence) kept {
	k.finding = e.Signature
	k.keep(e.Answer, e.AnswerHash)
	return k
}

// keep takes a body if it is byte for byte what came, and the signature that
// belongs to it.
func (k *kept) keep(body []byte, hash string) {
	sum := sha256.Sum256(body)
	if hash != "" && hex.EncodeToString(sum[:]) == hash {
		k.body = body
	}
	if k.finding != nil {
		k.sign = k.finding.Sign
	}
}
