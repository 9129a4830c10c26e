package sqlite

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"paydesk/client"
	"paydesk/state/ledger"
)

const eventColumns = "j.seq, j.at, j.mono, j.profile, j.kind, j.subject, j.agent, j.detail, j.prev, j.digest"

// journalStep is how many lines Journal reads at once: it holds no read
// transaction between them, which would keep the write-ahead log growing.
const journalStep = 500

// scanEvent takes the time as it is: the digest covers it, a zero time too.
func scanEvent(r row) (e ledger.Event, err error) {
	var at, mono int64
	var detail string
	err = r.Scan(&e.Seq, &at, &mono, &e.Profile, &e.Kind, &e.Subject, &e.Agent, &detail, &e.Prev, &e.Digest)
	e.At, e.Mono, e.Detail = time.UnixMicro(at).UTC(), time.Duration(mono), json.RawMessage(detail)
	return e, err
}

// Append seals an event onto the chain.
func (t *tx) Append(e ledger.Event) (ledger.Event, error) {
	if len(e.Detail) > 0 && (!json.Valid(e.Detail) || e.Detail[0] != '{') {
		return ledger.Event{}, fmt.Errorf("ledger/sqlite: journal %s %s: the detail is no JSON object", e.Kind, e.Subject)
	}
	last, err := one(t.ctx, t, "append", scanEvent, "SELECT "+eventColumns+" FROM journal j ORDER BY j.seq DESC LIMIT 1")
	if err != nil && !errors.Is(err, ledger.ErrNotFound) {
		return ledger.Event{}, err
	}
	e, err = e.Seal(last.Seq+1, last.Digest)
	if err != nil {
		return ledger.Event{}, err
	}
	_, err = t.exec("append", `INSERT INTO journal (seq, at, mono, profile, kind, subject, agent, detail, prev, digest)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, e.Seq, e.At.UnixMicro(), int64(e.Mono), e.Profile, e.Kind, e.Subject, e.Agent,
		string(e.Detail), e.Prev, e.Digest)
	return e, err
}

// Journal walks the whole chain, oldest first, a few hundred lines at a time.
func (s *Store) Journal(ctx context.Context) iter.Seq2[ledger.Event, error] {
	return func(yield func(ledger.Event, error) bool) {
		after := int64(-1 << 63)
		for {
			list, err := all(ctx, s.reader(), "journal", scanEvent,
				"SELECT "+eventColumns+" FROM journal j WHERE j.seq > ? ORDER BY j.seq LIMIT ?", after, journalStep)
			if err != nil {
				yield(ledger.Event{}, err)
				return
			}
			for _, e := range list {
				if !yield(e, nil) {
					return
				}
				after = e.Seq
			}
			if len(list) < journalStep {
				return
			}
		}
	}
}

// Events reads the journal, newest first.
func (s *Store) Events(ctx context.Context, f ledger.EventFilter) ([]ledger.Event, error) {
	c := conditions{}
	if f.Before > 0 {
		c.add("j.seq < ?", f.Before)
	}
	if f.After > 0 {
		c.add("j.seq > ?", f.After)
	}
	if len(f.Profiles) > 0 {
		c.addIn("+j.profile", texts(f.Profiles))
	}
	if f.Subject != "" {
		c.add("j.subject = ?", f.Subject)
	}
	if f.Kind != "" {
		c.add("j.kind = ?", f.Kind)
	}
	for word := range strings.FieldsSeq(f.Text) {
		c.add(`instr(lower(j.kind || char(10) || j.subject || char(10) || j.agent || char(10) || j.profile || char(10) || j.detail),
			lower(?)) > 0`, word)
	}
	limit := int64(-1)
	if f.Limit > 0 {
		limit = int64(f.Limit)
	}
	return all(ctx, s.reader(), "events", scanEvent,
		"SELECT "+eventColumns+" FROM journal j WHERE "+c.sql()+" ORDER BY j.seq DESC LIMIT ?", append(c.args, limit)...)
}

const evidenceColumns = `e.id, e.profile, e.subject, e.operation, e.at, e.url, e.http_status, e.code, e.message, e.verified, e.request,
	e.answer, e.request_hash, e.answer_hash, e.request_bytes, e.signature`

func scanEvidence(r row) (e ledger.Evidence, err error) {
	err = r.Scan(&e.ID, &e.Profile, &e.Subject, &e.Operation, when{&e.At}, &e.URL, &e.HTTPStatus, &e.Code, &e.Message, &e.Verified,
		&e.Request, &e.Answer, &e.RequestHash, &e.AnswerHash, &e.RequestBytes, finding{&e.Signature})
	return e, err
}

// EvidenceOf lists the exchanges about one number, oldest first.
func (s *Store) EvidenceOf(ctx context.Context, profile, subject string) ([]ledger.Evidence, error) {
	return all(ctx, s.reader(), "evidence", scanEvidence, "SELECT "+evidenceColumns+
		" FROM evidence e WHERE e.subject = ?2 AND (?1 = '' OR e.profile = ?1) ORDER BY e.id", profile, subject)
}

// PutEvidence adds an exchange.
func (t *tx) PutEvidence(e ledger.Evidence) error {
	signature, err := findingText(e.Signature)
	if err != nil {
		return err
	}
	_, err = t.exec("put evidence", `INSERT INTO evidence (profile, subject, operation, at, url, http_status, code, message, verified,
			request, answer, request_hash, answer_hash, request_bytes, signature) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		e.Profile, e.Subject, e.Operation, micros(e.At), e.URL, e.HTTPStatus, e.Code, e.Message, e.Verified, notNil(e.Request),
		notNil(e.Answer), e.RequestHash, e.AnswerHash, e.RequestBytes, signature)
	return err
}

// finding reads what was found out about a signature; an empty text is nothing.
type finding struct{ into **client.Inspection }

// Scan implements sql.Scanner.
func (f finding) Scan(value any) error {
	text, ok := value.(string)
	if !ok {
		return fmt.Errorf("ledger/sqlite: signature: %T is no text", value)
	}
	if text == "" {
		return nil
	}
	*f.into = &client.Inspection{}
	if err := json.Unmarshal([]byte(text), *f.into); err != nil {
		return fmt.Errorf("ledger/sqlite: signature: %w", err)
	}
	return nil
}

func findingText(found *client.Inspection) (string, error) {
	if found == nil {
		return "", nil
	}
	text, err := json.Marshal(found.Kept())
	if err != nil {
		return "", fmt.Errorf("ledger/sqlite: signature: %w", err)
	}
	return string(text), nil
}

const noticeColumns = `id, profile, gateway, kind, event, merchant, app_id, subject, order_no, gateway_order_no,
	refund_no, gateway_refund_no, token, user_id, status, said, fail_code, amount, currency, exp, said_at, digest,
	body_hash, verified, reason, body, orphan, received_at, last_at, times, checks, next_check_at, signature`

func scanNotice(r row) (n ledger.Notice, err error) {
	err = r.Scan(&n.ID, &n.Profile, &n.Gateway, &n.Kind, &n.Event, &n.Merchant, &n.AppID, &n.Subject, &n.OrderNo, &n.GatewayOrderNo,
		&n.RefundNo, &n.GatewayRefundNo, &n.Token, &n.UserID, &n.Status, &n.Said, &n.FailCode, &n.Amount.Minor, &n.Amount.Currency,
		&n.Amount.Exp, when{&n.At}, &n.Digest, &n.BodyHash, &n.Verified, &n.Reason, &n.Body, &n.Orphan, when{&n.ReceivedAt},
		when{&n.LastAt}, &n.Times, &n.Checks, when{&n.NextCheckAt}, finding{&n.Signature})
	return n, err
}

// Notice finds a callback by its digest.
func (s *Store) Notice(ctx context.Context, profile, digest string) (ledger.Notice, error) {
	return one(ctx, s.reader(), "notice", scanNotice, "SELECT "+noticeColumns+
		" FROM inbox WHERE digest = ?2 AND (?1 = '' OR profile = ?1)", profile, digest)
}

// InboxOf lists the callbacks about one number, oldest first.
func (s *Store) InboxOf(ctx context.Context, profile, subject string) ([]ledger.Notice, error) {
	return all(ctx, s.reader(), "inbox", scanNotice, "SELECT "+noticeColumns+
		" FROM inbox WHERE subject = ?2 AND subject <> '' AND (?1 = '' OR profile = ?1) ORDER BY id", profile, subject)
}

// Inbox lists callbacks, newest first.
func (s *Store) Inbox(ctx context.Context, f ledger.InboxFilter) ([]ledger.Notice, error) {
	c := conditions{}
	if f.Before > 0 {
		c.add("id < ?", f.Before)
	}
	if len(f.Profiles) > 0 {
		c.addIn("profile", texts(f.Profiles))
	}
	if f.Kind != "" {
		c.add("kind = ?", string(f.Kind))
	}
	if f.Doubtful {
		c.add("verified = 0")
	}
	limit := int64(-1)
	if f.Limit > 0 {
		limit = int64(f.Limit)
	}
	return all(ctx, s.reader(), "inbox", scanNotice,
		"SELECT "+noticeColumns+" FROM inbox WHERE "+c.sql()+" ORDER BY id DESC LIMIT ?", append(c.args, limit)...)
}

// PutNotice keeps a callback, or counts its repeat.
func (t *tx) PutNotice(n ledger.Notice) (ledger.Notice, bool, error) {
	if n.Profile == "" || n.Digest == "" {
		return ledger.Notice{}, false, fmt.Errorf("ledger/sqlite: notice %q of profile %q: a notice needs both", n.Digest, n.Profile)
	}
	signature, err := findingText(n.Signature)
	if err != nil {
		return ledger.Notice{}, false, err
	}
	stored, err := one(t.ctx, t, "put notice", scanNotice, `INSERT INTO inbox (profile, gateway, kind, event, merchant, app_id, subject,
			order_no, gateway_order_no, refund_no, gateway_refund_no, token, user_id, status, said, fail_code, amount, currency, exp,
			said_at, digest, body_hash, verified, reason, body, orphan, received_at, last_at, times, checks, next_check_at, signature)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?)
		ON CONFLICT (digest, profile) DO UPDATE SET times = times + 1, last_at = max(last_at, excluded.last_at)
		RETURNING `+noticeColumns,
		n.Profile, n.Gateway, string(n.Kind), n.Event, n.Merchant, n.AppID, n.Subject, n.OrderNo, n.GatewayOrderNo, n.RefundNo,
		n.GatewayRefundNo, n.Token, n.UserID, n.Status, n.Said, n.FailCode, n.Amount.Minor, n.Amount.Currency, n.Amount.Exp,
		micros(n.At), n.Digest, n.BodyHash, n.Verified, n.Reason, notNil(n.Body), n.Orphan, micros(n.ReceivedAt), micros(n.LastAt),
		n.Checks, micros(n.NextCheckAt), signature)
	if err != nil || stored.Times > 1 || stored.Verified {
		return stored, err == nil && stored.Times == 1, err
	}
	_, err = t.exec("prune inbox", `DELETE FROM inbox WHERE verified = 0 AND profile = ?1 AND id <=
		(SELECT id FROM inbox WHERE verified = 0 AND profile = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)`, n.Profile, ledger.MostDoubtful)
	return stored, err == nil, err
}

// UpdateNotice replaces what follows from the notice with n.ID.
func (t *tx) UpdateNotice(n ledger.Notice) error {
	return t.change("update notice", "UPDATE inbox SET subject = ?, orphan = ?, checks = ?, next_check_at = ? WHERE id = ?",
		n.Subject, n.Orphan, n.Checks, micros(n.NextCheckAt), n.ID)
}

// notNil: a body that is not there is an empty one, not NULL.
func notNil(body []byte) []byte {
	if body == nil {
		return []byte{}
	}
	return body
}

// Bookmark is where a long reading goes on.
func (s *Store) Bookmark(ctx context.Context, profile, name string) (string, error) {
	return one(ctx, s.reader(), "bookmark", func(r row) (place string, err error) {
		err = r.Scan(&place)
		return place, err
	}, "SELECT place FROM bookmark WHERE profile = ? AND name = ?", profile, name)
}

// PutBookmark sets or, with an empty place, removes a bookmark.
func (t *tx) PutBookmark(profile, name, place string) error {
	if place == "" {
		_, err := t.exec("put bookmark", "DELETE FROM bookmark WHERE profile = ? AND name = ?", profile, name)
		return err
	}
	_, err := t.exec("put bookmark", `INSERT INTO bookmark (profile, name, place) VALUES (?, ?, ?)
		ON CONFLICT (profile, name) DO UPDATE SET place = excluded.place`, profile, name, place)
	return err
}
