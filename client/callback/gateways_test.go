package callback_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"paydesk/client"
	"paydesk/client/callback"
	"paydesk/client/easylink"
	"paydesk/client/paycools"
	"paydesk/client/sandbox/book"
	easylinkbox "paydesk/client/sandbox/easylink"
	paycoolsbox "paydesk/client/sandbox/paycools"
	"paydesk/client/sandbox/protocol"
	"paydesk/client/secret"
)

// account is one of the other gateways: its double, our reading of it, and what
// it can tell.
type account struct {
	face    protocol.Face
	reader  client.CallbackReader
	refused string // the body of a refusal
	tells   map[string]book.Notice
	// trusts are the spoilt ones that are right as far as the protocol can tell:
	// what they say is asked about like everything else.
	trusts []protocol.Spoil
}

// record is the past of one order with a refund and a card at a gateway.
func record(gateway, dialect, currency string) []book.Entry {
	at := now().Add(-time.Hour)
	o := book.Order{
		Gateway: gateway, OrderNo: "SO1", GatewayOrderNo: "C120261122010000001", UserID: "U1", Status: client.OrderPaid, Method: "QRPH_DYNAMIC_QR",
		Amount: client.Money{Minor: 58000, Currency: currency, Exp: 2}, CreatedAt: at, PaidAt: at, Dialect: dialect,
	}
	r := book.Refund{
		Gateway: gateway, RefundNo: "RF1", GatewayRefundNo: "R120261122010000009", OrderNo: "SO1", Amount: client.Money{Minor: 1250, Currency: currency, Exp: 2},
		Status: client.RefundSuccess, CreatedAt: at, SettledAt: at.Add(time.Minute), Dialect: dialect,
	}
	return []book.Entry{{Seq: 1, At: at, Orders: []book.Order{o}, Refunds: []book.Refund{r}}}
}

// news are the callbacks about what a past holds.
func news(gateway string, past []book.Entry) map[string]book.Notice {
	o, r := past[0].Orders[0], past[0].Refunds[0]
	failed := r
	failed.Status = client.RefundFailed
	return map[string]book.Notice{
		"payment": {Gateway: gateway, Kind: book.PaymentNotice, No: o.OrderNo, At: now(), Order: &o},
		"refund":  {Gateway: gateway, Kind: book.RefundNotice, No: r.RefundNo, At: now(), Refund: &r},
		"failed":  {Gateway: gateway, Kind: book.RefundNotice, No: r.RefundNo, At: now(), Refund: &failed},
	}
}

func text(t *testing.T, keys []protocol.Key, file string) []byte {
	t.Helper()
	for _, k := range keys {
		if k.File == file {
			return k.Text
		}
	}
	t.Fatalf("no key %s", file)
	return nil
}

func easyLink(t *testing.T) account {
	t.Helper()
	past := record(easylinkbox.Gateway, "", "HKD")
	keys, err := easylinkbox.TestKeys()
	if err != nil {
		t.Fatal(err)
	}
	a := account{refused: "fail", tells: news(easylinkbox.Gateway, past)}
	if a.face, err = easylinkbox.New(book.Memory(past), keys); err != nil {
		t.Fatal(err)
	}
	a.reader, err = easylink.NewCallbackReader(easylink.Config{
		Environment: easylink.Sandbox, MerchantNo: easylinkbox.MerchantNo, AppID: easylinkbox.AppID, Clock: now,
		Secret: secret.New(text(t, keys, easylinkbox.KeyFile)),
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func payCools(dialect string) func(t *testing.T) account {
	return func(t *testing.T) account {
		t.Helper()
		past := record(paycoolsbox.Gateway, dialect, "PHP")
		keys, err := paycoolsbox.TestKeys()
		if err != nil {
			t.Fatal(err)
		}
		a := account{
			refused: `{"code":9999,"msg":"not accepted","message":"not accepted","data":{}}`, tells: news(paycoolsbox.Gateway, past),
			trusts: []protocol.Spoil{protocol.OtherMerchant, protocol.OddCase}, // it names no merchant, and only the holder of the key can respell it
		}
		if a.face, err = paycoolsbox.New(book.Memory(past), keys); err != nil {
			t.Fatal(err)
		}
		if err := a.face.Switches.Set("callback_dialect", dialect); err != nil {
			t.Fatal(err)
		}
		a.reader, err = paycools.NewCallbackReader(paycools.Config{
			Dialect: dialect, Environment: paycools.Sandbox, AppID: paycoolsbox.AppID, Clock: now,
			CallbackSecret: secret.New(text(t, keys, paycoolsbox.CallbackSecret)), PlatformKey: text(t, keys, paycoolsbox.PlatformPublic),
		})
		if err != nil {
			t.Fatal(err)
		}
		card := book.Token{
			Gateway: paycoolsbox.Gateway, Token: "tok-1", UserID: "U1", Status: client.TokenRemoved, Method: "PH_GCASH_DIRECT_DEBIT",
			CreatedAt: now().Add(-time.Hour), RemovedAt: now(), ExpiresAt: now().AddDate(1, 0, 0),
		}
		a.tells["token"] = book.Notice{Gateway: paycoolsbox.Gateway, Kind: book.TokenNotice, No: card.Token, At: now(), Token: &card}
		return a
	}
}

func others() map[string]func(t *testing.T) account {
	return map[string]func(t *testing.T) account{"easylink": easyLink, "paycools PH": payCools("PH"), "paycools GROUP": payCools("GROUP")}
}

// receives opens a receiver for an account.
func (a account) receives(t *testing.T) *house {
	t.Helper()
	h := open(t, func(o *callback.Options) { o.Routes[0].Reader = a.reader })
	h.bank = a.face
	return h
}

// Each gateway's own double counts the answer as an acknowledgement, every time,
// and nothing else.
// covers F9 F11 S15
func TestEveryGatewayIsAcknowledgedInItsOwnWords(t *testing.T) {
	for name, begin := range others() {
		t.Run(name, func(t *testing.T) {
			a := begin(t)
			h := a.receives(t)
			kept := 0
			for what, n := range a.tells {
				kept++
				for _, age := range []time.Duration{0, time.Minute, 13 * time.Hour, 9 * 24 * time.Hour} {
					got := h.post(h.message(n, 0, age))
					if list, _ := h.said(); !h.bank.Protocol.Acknowledged(got.status, []byte(got.body)) || got.status != 200 || len(list) != kept {
						t.Fatalf("%s, %s old: %d %q, kept %d of %d", what, age, got.status, got.body, len(list), kept)
					}
				}
				list, _ := h.said()
				last := list[len(list)-1]
				if last.Subject() != n.No || last.Status == "" || last.Status == "unknown" || (last.Kind != client.NoticeToken && last.Amount.Minor == 0) {
					t.Errorf("%s: %+v", what, last)
				}
			}
			if c := h.Counts()["shop"]; c.Accepted != int64(kept) || c.Repeated != int64(3*kept) || c.Refused != 0 {
				t.Errorf("%+v", c)
			}
		})
	}
}

// covers F10 I7 S15
func TestForgedCallbacksOfEveryGateway(t *testing.T) {
	for name, begin := range others() {
		t.Run(name, func(t *testing.T) {
			a := begin(t)
			for way, spoil := range map[string]protocol.Spoil{
				"bad sign": protocol.BadSign, "no sign": protocol.NoSign, "other key": protocol.OtherKey, "edited": protocol.EditAfter,
				"sign doubled": protocol.DoubleSign, "another merchant's": protocol.OtherMerchant, "odd case": protocol.OddCase,
			} {
				h := a.receives(t)
				for what, n := range a.tells {
					got := h.post(h.message(n, spoil, 0))
					taken := h.bank.Protocol.Acknowledged(got.status, []byte(got.body))
					if slices.Contains(a.trusts, spoil) {
						if !taken {
							t.Errorf("%s, %s: %d %q", way, what, got.status, got.body)
						}
						continue
					}
					if taken || got.status != http.StatusUnauthorized || got.body != a.refused {
						t.Errorf("%s, %s: %d %q", way, what, got.status, got.body)
					}
				}
				kept, refused := h.said()
				if !slices.Contains(a.trusts, spoil) && (len(kept) != 0 || len(refused) != len(a.tells)) {
					t.Errorf("%s: kept %d, refused %d", way, len(kept), len(refused))
				}
			}
		})
	}
}
