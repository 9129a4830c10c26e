package ledgertest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"paydesk/client"
	"paydesk/state/ledger"
)

// notice is a verified callback about a refund, received n minutes into the
// world.
func notice(n int, no string) ledger.Notice {
	return ledger.Notice{
		Notice: client.Notice{
			Kind: client.NoticeRefund, Gateway: "payermax", Merchant: "m1", AppID: "a1", Event: "REFUND", OrderNo: "P1", GatewayOrderNo: "G1",
			RefundNo: no, GatewayRefundNo: "G" + no, Token: "T1", UserID: "U-1", Status: "success", Said: "REFUND_SUCCESS", FailCode: "X",
			Amount: hkd(1230), At: at(n), Digest: fmt.Sprint("digest-", no), BodyHash: "hash", Verified: true, Body: []byte("{\x00\xff}"),
		},
		Profile: "shop", Subject: no, Orphan: true, ReceivedAt: at(n), LastAt: at(n), NextCheckAt: at(n + 5),
	}
}

// putNotice stores one notice.
func putNotice(t *testing.T, s ledger.Store, n ledger.Notice) (stored ledger.Notice, fresh bool) {
	t.Helper()
	update(t, s, func(tx ledger.Tx) (err error) {
		stored, fresh, err = tx.PutNotice(n)
		return err
	})
	return stored, fresh
}

func digests(list []ledger.Notice) []string {
	out := make([]string, len(list))
	for i, n := range list {
		out[i] = n.Profile + "/" + n.Digest
	}
	return out
}

func testInbox(t *testing.T, open Open) {
	s := open(t)
	ctx := context.Background()
	if _, err := s.Notice(ctx, "shop", "digest-R1"); !errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("in an empty inbox: %v", err)
	}
	want := notice(1, "R1")
	got, fresh := putNotice(t, s, want)
	want.ID, want.Times = got.ID, 1
	if !fresh || got.ID == 0 {
		t.Errorf("fresh %v, ID %d", fresh, got.ID)
	}
	same(t, "stored", want, got)
	same(t, "read", want, must(s.Notice(ctx, "shop", want.Digest))(t))
	same(t, "about the refund, in any case", []ledger.Notice{want}, must(s.InboxOf(ctx, "", "r1"))(t))

	other := notice(2, "R1")
	other.Profile = "shop2"
	other, fresh = putNotice(t, s, other)
	if !fresh {
		t.Error("the same notice of another profile is no repeat")
	}
	bare := ledger.Notice{Notice: client.Notice{Kind: client.NoticeOther, Digest: "d", Verified: true}, Profile: "shop", ReceivedAt: at(3), LastAt: at(3)}
	bare, _ = putNotice(t, s, bare)
	if !bare.At.IsZero() || bare.Amount != (client.Money{}) {
		t.Errorf("%+v", bare)
	}
	same(t, "of one profile", []string{"shop/digest-R1"}, digests(must(s.InboxOf(ctx, "shop", "R1"))(t)))
	same(t, "about nothing", []ledger.Notice{}, must(s.InboxOf(ctx, "", ""))(t))
	for what, c := range map[string]struct {
		filter ledger.InboxFilter
		want   []string
	}{
		"all":          {ledger.InboxFilter{}, []string{"shop/d", "shop2/digest-R1", "shop/digest-R1"}},
		"newest":       {ledger.InboxFilter{Limit: 1}, []string{"shop/d"}},
		"before":       {ledger.InboxFilter{Before: bare.ID, Limit: 1}, []string{"shop2/digest-R1"}},
		"of a profile": {ledger.InboxFilter{Profiles: []string{"shop2"}}, []string{"shop2/digest-R1"}},
		"of a kind":    {ledger.InboxFilter{Kind: client.NoticeOther}, []string{"shop/d"}},
		"doubtful":     {ledger.InboxFilter{Doubtful: true}, []string{}},
	} {
		same(t, what, c.want, digests(must(s.Inbox(ctx, c.filter))(t)))
	}

	other.Subject, other.Orphan, other.Checks, other.NextCheckAt = "R9", false, 3, time.Time{}
	changed := other
	changed.Said, changed.Times, changed.Verified = "something else", 99, false // what came stays as it came
	update(t, s, func(tx ledger.Tx) error { return tx.UpdateNotice(changed) })
	same(t, "updated", other, must(s.Notice(ctx, "shop2", other.Digest))(t))
	err := s.Update(ctx, func(tx ledger.Tx) error { return tx.UpdateNotice(ledger.Notice{ID: 4711}) })
	if !errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("none to update: %v", err)
	}
}

// A notice that came before is counted and not changed. covers F9
func testInboxRepeats(t *testing.T, open Open) {
	s := open(t)
	ctx := context.Background()
	want, _ := putNotice(t, s, notice(1, "R1"))
	for i := range 5 {
		again := notice(10+i, "R1")
		again.Subject, again.Orphan, again.NextCheckAt, again.Checks, again.BodyHash = "R2", false, at(99), 7, "another"
		got, fresh := putNotice(t, s, again)
		want.Times, want.LastAt = 2+i, at(10+i)
		if fresh {
			t.Error("a repeat is fresh")
		}
		same(t, "repeat", want, got)
	}
	same(t, "kept once", []ledger.Notice{want}, must(s.Inbox(ctx, ledger.InboxFilter{}))(t))
	for _, bad := range []ledger.Notice{{Profile: "shop"}, {Notice: client.Notice{Digest: "d"}}} {
		err := s.Update(ctx, func(tx ledger.Tx) error { _, _, err := tx.PutNotice(bad); return err })
		if err == nil {
			t.Errorf("stored %+v", bad)
		}
	}
}

// What cannot be believed is kept too, but never without bound. covers I7
func testInboxDoubtful(t *testing.T, open Open) {
	s := open(t)
	ctx := context.Background()
	_, _ = putNotice(t, s, notice(1, "R1"))
	const more = 7
	update(t, s, func(tx ledger.Tx) error {
		for i := range ledger.MostDoubtful + more {
			n := ledger.Notice{Notice: client.Notice{Digest: fmt.Sprint(i), Reason: "signature missing"}, Profile: "shop", ReceivedAt: at(i), LastAt: at(i)}
			if _, _, err := tx.PutNotice(n); err != nil {
				return err
			}
			if n.Profile = "shop2"; i < 3 {
				if _, _, err := tx.PutNotice(n); err != nil {
					return err
				}
			}
		}
		return nil
	})
	list := must(s.Inbox(ctx, ledger.InboxFilter{Doubtful: true, Profiles: []string{"shop"}}))(t)
	if len(list) != ledger.MostDoubtful || list[0].Digest != fmt.Sprint(ledger.MostDoubtful+more-1) || list[len(list)-1].Digest != fmt.Sprint(more) {
		t.Errorf("%d are kept, %s to %s", len(list), list[0].Digest, list[len(list)-1].Digest)
	}
	if n := len(must(s.Inbox(ctx, ledger.InboxFilter{}))(t)); n != ledger.MostDoubtful+3+1 {
		t.Errorf("%d are kept in all", n)
	}
}

func testInboxDue(t *testing.T, open Open) {
	s := open(t)
	ctx := context.Background()
	n, _ := putNotice(t, s, notice(1, "R1"))
	calm := notice(2, "R2")
	calm.NextCheckAt = time.Time{}
	_, _ = putNotice(t, s, calm)
	want := []ledger.Due{{Profile: "shop", Kind: ledger.DueNotice, No: n.Digest, At: at(6), Since: at(1)}}
	same(t, "due", want, must(s.Due(ctx, "", at(6), 10))(t))
	same(t, "due in the profile", want, must(s.Due(ctx, "shop", at(6), 10))(t))
	same(t, "not in another", []ledger.Due{}, must(s.Due(ctx, "shop2", at(6), 10))(t))
	same(t, "not yet", []ledger.Due{}, must(s.Due(ctx, "", at(5), 10))(t))
	if next, ok, err := s.NextDue(ctx); !next.Equal(at(6)) || !ok || err != nil {
		t.Errorf("NextDue = %s, %v, %v", next, ok, err)
	}
}
