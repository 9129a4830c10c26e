package ledgertest

import (
	"context"
	"errors"
	"testing"
	"time"

	"paydesk/client"
	"paydesk/state/ledger"
)

func token(profile, no, user string, seen time.Time) ledger.Token {
	return ledger.Token{
		Token: client.Token{
			Token: no, UserID: user, Status: client.TokenActive, Method: "CARD", Brand: "VISA", Card: "************4242",
			ExpiresAt: time.Date(2029, 12, 31, 0, 0, 0, 0, time.UTC),
		},
		Profile: profile, Gateway: "payermax", SeenAt: seen,
	}
}

func testTokens(t *testing.T, open Open) {
	s := open(t)
	ctx := context.Background()
	list := []ledger.Token{
		token("shop", "T1", "U-1", at(1)), token("shop", "T2", "U-1", at(1)), token("shop", "T3", "u-10", at(3)), token("shop2", "T1", "U-1", at(2)),
	}
	update(t, s, func(tx ledger.Tx) (err error) {
		for i := range list {
			if list[i], err = tx.PutToken(list[i]); err != nil {
				return err
			}
		}
		return nil
	})
	same(t, "of a user", list[:2], must(s.Tokens(ctx, "shop", "U-1"))(t))
	same(t, "of a user anywhere", []ledger.Token{list[0], list[1], list[3]}, must(s.Tokens(ctx, "", "U-1"))(t))
	same(t, "seen last", []ledger.Token{list[2], list[0], list[1]}, must(s.Tokens(ctx, "shop", ""))(t))
	same(t, "users", []string{"U-1", "u-10"}, must(s.TokenUsers(ctx, "", "u-1", 10))(t))
	same(t, "users, limited", []string{"U-1"}, must(s.TokenUsers(ctx, "", "U-1", 1))(t))
	same(t, "users of a profile", []string{"U-1"}, must(s.TokenUsers(ctx, "shop2", "", 10))(t))
	same(t, "one", list[1], must(s.Token(ctx, "", "T2"))(t))
	if _, err := s.Token(ctx, "", "T1"); !errors.Is(err, ledger.ErrAmbiguous) {
		t.Errorf("one token in two profiles: %v", err)
	}
	if _, err := s.Token(ctx, "shop2", "T2"); !errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("not of this profile: %v", err)
	}
	changed := list[0]
	changed.Status, changed.SeenAt = client.TokenRemoved, at(9)
	update(t, s, func(tx ledger.Tx) error {
		got, err := tx.PutToken(changed)
		same(t, "replaced", changed, got)
		if err != nil {
			return err
		}
		got, err = tx.Token("shop", "T1")
		same(t, "Tx.Token", changed, got)
		return err
	})
}

// At most one unbinding of a card is open.
func testUnbinds(t *testing.T, open Open) {
	s := open(t)
	ctx := context.Background()
	u := ledger.Unbind{
		Profile: "shop", Gateway: "payermax", Token: "T1", UserID: "U-1", Reason: "lost", Agent: "mei", Status: ledger.UnbindIntent, CreatedAt: at(2),
	}
	insertUnbind := func(u ledger.Unbind) (out ledger.Unbind, err error) {
		err = s.Update(ctx, func(tx ledger.Tx) error { out, err = tx.InsertUnbind(u); return err })
		return out, err
	}
	u = must(insertUnbind(u))(t)
	same(t, "open", []ledger.Unbind{u}, must(s.OpenUnbinds(ctx, "shop"))(t))
	if _, err := insertUnbind(u); !errors.Is(err, ledger.ErrOpen) {
		t.Errorf("a second one: %v", err)
	}
	other := u
	other.Profile, other.CreatedAt = "shop2", at(1)
	other = must(insertUnbind(other))(t)
	u.Status, u.Checks, u.NextCheckAt, u.Last = ledger.UnbindUnknown, 2, at(5), ledger.Last{Code: "X", Message: "m", Verified: true, At: at(4)}
	update(t, s, func(tx ledger.Tx) error {
		if err := tx.UpdateUnbind(u); err != nil {
			return err
		}
		got, err := tx.OpenUnbind("shop", "T1")
		same(t, "OpenUnbind", u, got)
		return err
	})
	same(t, "all open, oldest first", []ledger.Unbind{other, u}, must(s.OpenUnbinds(ctx, ""))(t))
	u.Status, u.SettledAt, u.NextCheckAt = ledger.UnbindDone, at(6), time.Time{}
	update(t, s, func(tx ledger.Tx) error {
		if err := tx.UpdateUnbind(u); err != nil {
			return err
		}
		if _, err := tx.OpenUnbind("shop", "T1"); !errors.Is(err, ledger.ErrNotFound) {
			t.Errorf("none is open: %v", err)
		}
		return nil
	})
	u.Status = ledger.UnbindIntent
	must(insertUnbind(u))(t)
}

func testEvidence(t *testing.T, open Open) {
	s := open(t)
	ctx := context.Background()
	e := ledger.Evidence{
		Exchange: client.Exchange{
			Operation: "refund", At: at(1), URL: "https://gateway.example/refund", HTTPStatus: 200, Code: "APPLY_SUCCESS", Message: "ok",
			Verified: true, Request: []byte(`{"a":1}`), Answer: []byte("\x00\xffbinary"), RequestHash: "aa", AnswerHash: "bb", RequestBytes: 7,
		},
		Profile: "shop", Subject: "R1",
	}
	none := ledger.Evidence{Exchange: client.Exchange{Operation: "refundQuery", At: at(2)}, Profile: "shop", Subject: "R1"}
	update(t, s, func(tx ledger.Tx) error {
		if err := tx.PutEvidence(e); err != nil {
			return err
		}
		return tx.PutEvidence(none)
	})
	got := must(s.EvidenceOf(ctx, "shop", "R1"))(t)
	for i := range got {
		if got[i].ID == 0 {
			t.Error("stored evidence has no ID")
		}
		got[i].ID = 0
	}
	same(t, "evidence", []ledger.Evidence{e, none}, got)
	same(t, "of another profile", []ledger.Evidence{}, must(s.EvidenceOf(ctx, "shop2", "R1"))(t))
}
