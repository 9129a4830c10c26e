package real_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"paydesk/client"
	"paydesk/state/ledger"
	"paydesk/state/ledger/sqlite"
)

// truth is a refund as the gateway holds it.
type truth struct {
	Gateway  string `json:"gateway"`
	RefundNo string `json:"refund_no"`
	OrderNo  string `json:"order_no"`
	Amount   string `json:"amount"`
	Currency string `json:"currency"`
	Status   string `json:"status"`
	Moved    int    `json:"moved"`
}

// compare holds the three records, and what the agent was shown, against each
// other.
func (s *stream) compare() {
	ctx := context.Background()
	store, err := sqlite.Open(ctx, filepath.Join(s.job.home, "ledger.db"), sqlite.Options{Clock: time.Now})
	if err != nil {
		s.t.Error(err)
		return
	}
	defer func() { _ = store.Close() }()
	rows, err := store.Refunds(ctx, ledger.Page{Limit: 1_000_000})
	if err != nil {
		s.t.Error(err)
		return
	}
	told := s.journal(ctx, store)
	atGateway := s.truth()
	held := map[string]ledger.Refund{}
	for _, r := range rows {
		if !strings.HasPrefix(r.OrderNo, orderPrefix) {
			continue // of the made-up past, heard of by a callback
		}
		s.refunds++
		held[r.Gateway+"/"+r.RefundNo] = r
		s.compareRefund(r, atGateway[r.Gateway+"/"+r.RefundNo], told[r.RefundNo])
	}
	orders := map[string]int{}
	for key, at := range atGateway {
		if _, ok := held[key]; !ok {
			s.t.Errorf("invented: %s is at the gateway, %+v, and not in the ledger", key, at)
		}
		if orders[at.Gateway+at.OrderNo]++; orders[at.Gateway+at.OrderNo] > 1 || at.Moved > 1 {
			s.t.Errorf("double: %+v, %d refunds of its order", at, orders[at.Gateway+at.OrderNo])
		}
	}
	s.compareSeen(ctx, store, held)
}

func (s *stream) truth() map[string]truth {
	var list []truth
	s.ask(http.MethodGet, "refunds", "", &list)
	out := map[string]truth{}
	for _, r := range list {
		if strings.HasPrefix(r.OrderNo, orderPrefix) { // not of the made-up past
			out[r.Gateway+"/"+r.RefundNo] = r
		}
	}
	return out
}

func (s *stream) compareRefund(r ledger.Refund, at truth, told story) {
	say := func(format string, args ...any) {
		s.t.Errorf("%s %s: %s\nledger %+v\ngateway %+v\njournal %v", r.Profile, r.RefundNo, fmt.Sprintf(format, args...), r, at, told.kinds)
	}
	if at.RefundNo == "" {
		if r.Status != client.RefundFailed || !r.Refused {
			say("is %s, and the gateway knows nothing of it", r.Status)
		}
	} else {
		switch {
		case at.Status != string(r.Status):
			say("the states differ")
		case at.Amount != r.Amount.Major() || at.Currency != r.Amount.Currency || at.OrderNo != r.OrderNo:
			say("amount or order differ")
		case r.Status == client.RefundSuccess != (at.Moved == 1):
			say("money moved %d times", at.Moved)
		}
	}
	if told.wrong != "" {
		say("the journal: %s", told.wrong)
	}
	if told.status != string(r.Status) || told.amount != r.Amount.Major() {
		say("the journal ends with %s of %s", told.status, told.amount)
	}
}

// story is what the journal tells of one refund.
type story struct {
	kinds          []string
	status, amount string
	wrong          string // what must never be
}

// journal checks the chain and gathers what it tells of each refund.
func (s *stream) journal(ctx context.Context, store *sqlite.Store) map[string]story {
	out := map[string]story{}
	seq, prev := int64(0), ""
	for e, err := range store.Journal(ctx) {
		if err == nil {
			err = e.Follows(seq, prev)
		}
		if err != nil {
			s.t.Errorf("journal: %v", err)
			return out
		}
		seq, prev = e.Seq, e.Digest
		if word, ok := strings.CutPrefix(e.Kind, "refund."); ok {
			told := out[e.Subject]
			told.add(word, e)
			out[e.Subject] = told
		}
	}
	return out
}

// add reads one line: an intent comes first (I1), its amount never changes (I2),
// and nothing follows an end.
func (t *story) add(word string, e ledger.Event) {
	var detail struct{ Amount string }
	_ = json.Unmarshal(e.Detail, &detail) // the chain vouches for it
	t.kinds = append(t.kinds, word)
	first := t.status == ""
	switch status := client.RefundStatus(word); {
	case first && word != "intent" && word != "held":
		t.wrong = "it begins with " + word
	case word == "sending" && detail.Amount != t.amount:
		t.wrong = "it was sent with " + detail.Amount
	case client.RefundStatus(t.status).AtGateway() && (status.Open() || status.AtGateway()):
		t.wrong = word + " follows " + t.status
	case first:
		t.status, t.amount = word, detail.Amount
	case status.Open() || status.AtGateway():
		t.status = word
	}
}

// compareSeen checks that nothing of which the agent was told is gone.
func (s *stream) compareSeen(ctx context.Context, store *sqlite.Store, held map[string]ledger.Refund) {
	file, err := os.Open(filepath.Join(s.job.home, "seen"))
	if err != nil {
		s.t.Error(err)
		return
	}
	defer func() { _ = file.Close() }()
	gone := map[string]string{}
	var tokens []struct {
		Token  string `json:"token"`
		Status string `json:"status"`
	}
	s.ask(http.MethodGet, "tokens", "", &tokens)
	for _, k := range tokens {
		gone[k.Token] = k.Status
	}
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		f := strings.Fields(lines.Text())
		switch f[0] {
		case "refund":
			if r := held[strings.TrimSuffix(strings.Replace(f[1], "checus", "payermax", 1), "-sandbox")+"/"+f[2]]; r.OrderNo != f[3] {
				s.t.Errorf("lost: the agent saw %q, the ledger has %+v", lines.Text(), r)
			}
		case "unbind":
			s.unbinds++
			t, err := store.Token(ctx, f[1], f[2])
			if err != nil || t.Status != client.TokenRemoved || gone[f[2]] != string(client.TokenRemoved) {
				s.t.Errorf("lost: the agent saw %q; the ledger says %s %v, the gateway %s", lines.Text(), t.Status, err, gone[f[2]])
			}
		}
	}
}
