package sqlite

import (
	"context"
	"fmt"

	"paydesk/state/ledger"
)

const tokenColumns = "t.id, t.profile, t.gateway, t.token, t.user_id, t.status, t.method, t.brand, t.card, t.expires_at, t.seen_at"

func scanToken(r row) (t ledger.Token, err error) {
	err = r.Scan(&t.ID, &t.Profile, &t.Gateway, &t.Token.Token, &t.UserID, &t.Status, &t.Method, &t.Brand, &t.Card,
		when{&t.ExpiresAt}, when{&t.SeenAt})
	return t, err
}

// mostTokens bounds the list of the cards seen last.
const mostTokens = 500

// Tokens lists the cards of a user, or without one, of the users seen last.
func (s *Store) Tokens(ctx context.Context, profile, user string) ([]ledger.Token, error) {
	if user == "" {
		return all(ctx, s.reader(), "tokens", scanToken, "SELECT "+tokenColumns+
			" FROM tokens t WHERE ?1 = '' OR t.profile = ?1 ORDER BY t.seen_at DESC, t.user_id, t.id LIMIT ?2", profile, mostTokens)
	}
	return all(ctx, s.reader(), "tokens", scanToken, "SELECT "+tokenColumns+
		" FROM tokens t WHERE t.user_id = ?2 AND (?1 = '' OR t.profile = ?1) ORDER BY t.profile, t.id", profile, user)
}

// TokenUsers lists users with cards whose ID contains part, in whatever case.
func (s *Store) TokenUsers(ctx context.Context, profile, part string, limit int) ([]string, error) {
	return all(ctx, s.reader(), "token users", scanText, `SELECT DISTINCT t.user_id FROM tokens t
		WHERE instr(lower(t.user_id), lower(?2)) > 0 AND (?1 = '' OR t.profile = ?1) ORDER BY t.user_id LIMIT ?3`, profile, part, limit)
}

func findToken(ctx context.Context, q querier, profile, token string) (ledger.Token, error) {
	list, err := all(ctx, q, "token", scanToken, "SELECT "+tokenColumns+
		" FROM tokens t WHERE t.token = ?2 AND (?1 = '' OR t.profile = ?1) LIMIT 2", profile, token)
	switch {
	case err != nil:
		return ledger.Token{}, err
	case len(list) == 0:
		return ledger.Token{}, ledger.ErrNotFound
	case len(list) > 1:
		return ledger.Token{}, ledger.ErrAmbiguous
	}
	return list[0], nil
}

// Token finds one card.
func (s *Store) Token(ctx context.Context, profile, token string) (ledger.Token, error) {
	return findToken(ctx, s.reader(), profile, token)
}

func (t *tx) Token(profile, token string) (ledger.Token, error) {
	return findToken(t.ctx, t, profile, token)
}

// PutToken inserts or replaces by profile and token.
func (t *tx) PutToken(c ledger.Token) (ledger.Token, error) {
	if c.Profile == "" || c.Token.Token == "" {
		return ledger.Token{}, fmt.Errorf("ledger/sqlite: token %q of profile %q: a token needs both names", c.Token.Token, c.Profile)
	}
	var err error
	c.ID, err = one(t.ctx, t, "put token", scanInt, `INSERT INTO tokens (profile, gateway, token, user_id, status, method, brand, card,
			expires_at, seen_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (token, profile) DO UPDATE SET gateway = excluded.gateway, user_id = excluded.user_id, status = excluded.status,
			method = excluded.method, brand = excluded.brand, card = excluded.card, expires_at = excluded.expires_at,
			seen_at = excluded.seen_at RETURNING id`,
		c.Profile, c.Gateway, c.Token.Token, c.UserID, string(c.Status), c.Method, c.Brand, c.Card, micros(c.ExpiresAt), micros(c.SeenAt))
	return c, err
}

// openUnbindStates is ledger.UnbindStatus.Open in SQL, as in the partial index.
const openUnbindStates = "('intent', 'sending', 'unknown')"

const unbindColumns = `u.id, u.profile, u.gateway, u.token, u.user_id, u.reason, u.agent, u.status, u.created_at, u.settled_at, u.checks,
	u.next_check_at, u.last_code, u.last_message, u.last_verified, u.last_at`

func scanUnbind(r row) (u ledger.Unbind, err error) {
	err = r.Scan(&u.ID, &u.Profile, &u.Gateway, &u.Token, &u.UserID, &u.Reason, &u.Agent, &u.Status, when{&u.CreatedAt},
		when{&u.SettledAt}, &u.Checks, when{&u.NextCheckAt}, &u.Last.Code, &u.Last.Message, &u.Last.Verified, when{&u.Last.At})
	return u, err
}

// OpenUnbinds lists the unbindings that must still be settled, oldest first.
func (s *Store) OpenUnbinds(ctx context.Context, profile string) ([]ledger.Unbind, error) {
	return all(ctx, s.reader(), "open unbinds", scanUnbind, "SELECT "+unbindColumns+" FROM unbinds u WHERE u.status IN "+openUnbindStates+
		" AND (?1 = '' OR u.profile = ?1) ORDER BY u.created_at, u.id", profile)
}

func (t *tx) OpenUnbind(profile, token string) (ledger.Unbind, error) {
	return one(t.ctx, t, "open unbind", scanUnbind, "SELECT "+unbindColumns+" FROM unbinds u WHERE u.token = ?2 AND u.status IN "+
		openUnbindStates+" AND (?1 = '' OR u.profile = ?1)", profile, token)
}

// InsertUnbind adds a decision.
func (t *tx) InsertUnbind(u ledger.Unbind) (ledger.Unbind, error) {
	if u.CreatedAt.IsZero() {
		u.CreatedAt = t.store.clock().UTC()
	}
	var err error
	u.ID, err = one(t.ctx, t, "insert unbind", scanInt, `INSERT INTO unbinds (profile, gateway, token, user_id, reason, agent, status,
			created_at, settled_at, checks, next_check_at, last_code, last_message, last_verified, last_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`, unbindArgs(u)...)
	return u, explainUnbind(u, err)
}

// UpdateUnbind replaces the row with u.ID.
func (t *tx) UpdateUnbind(u ledger.Unbind) error {
	return explainUnbind(u, t.change("update unbind", `UPDATE unbinds SET profile = ?1, gateway = ?2, token = ?3, user_id = ?4, reason = ?5,
			agent = ?6, status = ?7, created_at = ?8, settled_at = ?9, checks = ?10, next_check_at = ?11, last_code = ?12,
			last_message = ?13, last_verified = ?14, last_at = ?15
		WHERE id = ?16`, append(unbindArgs(u), u.ID)...))
}

func explainUnbind(u ledger.Unbind, err error) error {
	if isUnique(err) {
		return fmt.Errorf("ledger/sqlite: unbinding of token %s: %w", u.Token, ledger.ErrOpen)
	}
	return err
}

func unbindArgs(u ledger.Unbind) []any {
	return []any{
		u.Profile, u.Gateway, u.Token, u.UserID, u.Reason, u.Agent, string(u.Status), micros(u.CreatedAt), micros(u.SettledAt),
		u.Checks, micros(u.NextCheckAt), u.Last.Code, u.Last.Message, u.Last.Verified, micros(u.Last.At),
	}
}
