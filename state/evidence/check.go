package evidence

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"paydesk/client"
)

// readJournal reads the lines of a bundle and checks each by itself, and against
// the line before where the two were neighbours in the journal.
func (c *bundleCheck) readJournal() {
	rest := c.files[fileJournal]
	var before *line
	for number := int64(1); len(rest) > 0; number++ {
		text, after, ended := bytes.Cut(rest, []byte("\n"))
		rest = after
		found := func(format string, args ...any) {
			c.report.found(Finding{File: fileJournal, Line: number, What: fmt.Sprintf(format, args...)})
		}
		if !ended {
			found("is cut off: its end is missing")
		}
		l, err := decodeLine(text)
		if err == nil && l.form == asObject {
			err = errNoLine // here a detail stands as it was sealed
		}
		if err != nil {
			found("is damaged: %v", err)
			before = nil
			continue
		}
		if !l.intact() {
			found("(number %d in the journal) was changed: its content does not match its digest", l.Seq)
		}
		switch {
		case before != nil && l.Seq <= before.Seq:
			found("(number %d in the journal) stands behind number %d: a line was moved or added", l.Seq, before.Seq)
		case before != nil && l.Seq == before.Seq+1 && l.Prev != before.Digest:
			found("(number %d in the journal) does not carry the digest of number %d", l.Seq, before.Seq)
		case l.Seq == 1 && l.Prev != "", l.Seq < 1:
			found("(number %d in the journal) cannot stand there", l.Seq)
		}
		c.lines = append(c.lines, placed{l, number})
		c.report.Lines, c.report.Last = c.report.Lines+1, l.Digest
		before = &l
	}
}

// checkChain compares the lines and files with what chain.json says of them.
func (c *bundleCheck) checkChain() {
	if c.chain == nil {
		return
	}
	switch n := *c.chain; {
	case n.Format != format:
		c.found(fileChain, "is of format %d, which paydesk never wrote", n.Format)
	case !n.Intact || n.Broken != "":
		c.found(fileChain, "says that the ledger's journal was broken when this was written: %s", safeText(n.Broken))
	case n.Head.Seq != n.Lines:
		c.found(fileChain, "names line %d as the last of %d lines", n.Head.Seq, n.Lines)
	}
	for _, count := range []struct {
		what       string
		said, here int
	}{
		{"lines of the journal", c.chain.Selected, bytes.Count(c.files[fileJournal], []byte("\n"))},
		{"exchanges", c.chain.Exchanges, c.count(dirExchanges)},
		{"callbacks", c.chain.Callbacks, c.count(dirCallbacks)},
	} {
		if count.said != count.here {
			c.found(fileChain, "counts %d %s, but there are %d", count.said, count.what, count.here)
		}
	}
	if len(c.lines) == 0 {
		return
	}
	last := c.lines[len(c.lines)-1]
	if last.Seq > c.chain.Head.Seq || (last.Seq == c.chain.Head.Seq && last.Digest != c.chain.Head.Digest) {
		c.report.found(Finding{
			File: fileJournal, Line: last.number,
			What: fmt.Sprintf("(number %d in the journal) does not fit the end of the journal that chain.json names", last.Seq),
		})
	}
}

func (c *bundleCheck) count(dir string) (n int) {
	for name := range c.files {
		if strings.HasPrefix(name, dir+"/") {
			n++
		}
	}
	return n
}

// checkRefund compares the refund with its number, its order and the last state
// that the journal tells.
func (c *bundleCheck) checkRefund() {
	r := *c.refund
	if c.order != nil && (!strings.EqualFold(r.OrderNo, c.order.OrderNo) || r.Profile != c.order.Profile || r.Gateway != c.order.Gateway) {
		c.found(fileOrder, "is another order than the one that %s names", fileRefund)
	}
	if !r.Foreign && !strings.EqualFold(r.RefundNo, client.RefundNo(r.Gateway, r.Merchant, r.OrderNo, r.Attempt)) {
		c.found(fileRefund, "its number does not belong to attempt %d at this order (I3)", r.Attempt)
	}
	state := ""
	for _, l := range c.lines {
		if strings.EqualFold(l.Subject, r.RefundNo) {
			if to := stateAfter(l.line); to != "" {
				state = to
			}
		}
	}
	switch {
	case state == "":
		c.note(fileRefund, "no line of the journal tells its state")
	case state != r.Status:
		c.found(fileRefund, "says that it is %s, but the journal ends with %s", safeText(r.Status), safeText(state))
	}
}

// stateAfter is the state of a refund that a line tells; "" when it tells none.
func stateAfter(l line) string {
	verb, ok := strings.CutPrefix(l.Kind, "refund.")
	switch {
	case !ok:
		return ""
	case l.told.To != "":
		return l.told.To
	case verb == "discovered":
		return l.told.Status
	}
	switch status := client.RefundStatus(verb); status {
	case client.RefundHeld, client.RefundIntent, client.RefundSending, client.RefundUnknown, client.RefundPending, client.RefundSuccess,
		client.RefundFailed, client.RefundClosed, client.RefundCancelled, client.RefundReversed:
		return verb
	default:
		return ""
	}
}

// checkPlan proves the consent: what the sealed line is bound to is what the
// refund says (I12).
func (c *bundleCheck) checkPlan() {
	lines := make([]line, len(c.lines))
	for i, l := range c.lines {
		lines[i] = l.line
	}
	want := newPlan(*c.refund, lines)
	if c.plan != nil && !reflect.DeepEqual(*c.plan, want) {
		c.found(filePlan, "does not say what %s and the journal say", fileRefund)
	}
	switch r := *c.refund; {
	case want.Bound == nil && r.PlanHash != "":
		c.found(fileRefund, "names a consent of which the journal has no line")
	case want.Bound == nil:
		c.note(filePlan, "%s", want.Without)
	case want.PlanHash != r.PlanHash:
		c.found(fileRefund, "its plan_sha256 is not that of the consent in line %d of the journal", want.Consent.Seq)
	case want.Bound.digest() != want.PlanHash:
		c.found(fileRefund, "is not what was consented to: gateway, merchant, order, number, amount, currency and reason do not give the digest in line %d of the journal", want.Consent.Seq)
	}
}

// checkExchange compares an exchange's bodies with their digests, and what it
// says of itself with the journal.
func (c *bundleCheck) checkExchange(name string, x exchangeFile) {
	c.checkBody(name, "request", x.Request)
	c.checkBody(name, "answer", x.Answer)
	if x.Request.SHA256 == "" && x.Answer.SHA256 == "" {
		c.note(name, "nothing was sent, or nothing was kept of it: there is no digest to compare")
		return
	}
	var near *placed
	for i, l := range c.lines {
		if !tellsOf(l.told, x) {
			continue
		}
		near = &c.lines[i]
		if l.told.Verified == nil || (*l.told.Verified == x.Verified && (l.told.Code == nil || mask(*l.told.Code, c.keep()) == x.Code)) {
			return
		}
	}
	if near == nil {
		c.note(name, "no line of the journal names its digests: only the manifest vouches for it")
		return
	}
	c.found(name, "its code or its \"verified\" is not what line %d of %s says of the same answer", near.number, fileJournal)
}

// tellsOf reports whether a line names the digests of an exchange. Some lines
// name that of the answer only.
func tellsOf(t told, x exchangeFile) bool {
	if t.Request == nil && (t.Answer == nil || *t.Answer == "") {
		return false
	}
	return (t.Request == nil || *t.Request == x.Request.SHA256) && (t.Answer == nil || *t.Answer == x.Answer.SHA256)
}

// checkBody compares a body with its digest where it was kept whole.
func (c *bundleCheck) checkBody(name, part string, b bodyFile) {
	switch {
	case b.Kept != b.how():
		c.found(name, "the %s was changed: it is not %s, as it says", part, safeText(b.Kept))
	case b.Kept == keptRedacted:
		c.note(name, "the %s is redacted and cannot be compared with its digest", part)
	}
}

// checkCallback compares a callback with its body's digest and with the line of
// the journal that tells of it.
func (c *bundleCheck) checkCallback(name string, n callbackFile) {
	c.checkBody(name, "body", n.Body)
	keep := c.keep()
	for _, l := range c.lines {
		t := l.told
		if !strings.HasPrefix(l.Kind, "callback.") || t.Notice != n.Digest || t.Verified == nil {
			continue
		}
		if *t.Verified == n.Verified && t.Body == n.Body.SHA256 && t.Status == n.Status && mask(t.Said, keep) == n.Said &&
			t.Order == n.OrderNo && t.Amount == n.Amount && t.Currency == n.Currency {
			return
		}
		c.found(name, "is not what line %d of %s says of it", l.number, fileJournal)
		return
	}
	c.found(name, "no line of the journal tells of it")
}

// keep are the numbers that are left alone in this bundle's texts.
func (c *bundleCheck) keep() []string {
	var r refundFile
	var o orderFile
	if c.refund != nil {
		r = *c.refund
	}
	if c.order != nil {
		o = *c.order
	}
	return keepOf(r, o)
}

// same reports whether two records say the same.
func same[T any](a, b T) bool {
	left, err1 := render(a)
	right, err2 := render(b)
	return errors.Join(err1, err2) == nil && bytes.Equal(left, right)
}

// safeText is a text from a file as it may stand in a finding.
func safeText(text string) string {
	const most = 200
	quoted := fmt.Sprintf("%+.*q", most, text)
	if quoted == `"`+text+`"` {
		return text
	}
	return quoted
}
