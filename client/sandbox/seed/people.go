package seed

import (
	"fmt"
	"time"

	"paydesk/client"
	"paydesk/client/sandbox/book"
)

// user is a customer.
type user struct {
	id     string
	name   string
	market Market
	cards  []book.Token // those that were ever usable
}

// names are customers' names as they write them, by country.
func names(country string) []string {
	switch country {
	case "HK":
		return []string{"陳大文", "黃美玲", "李嘉欣", "Amelia Clarke"}
	case "ID":
		return []string{"Budi Santoso", "Dewi Lestari", "Siti Rahmawati"}
	case "IN":
		return []string{"राहुल शर्मा", "प्रिया सिंह", "अनीता वर्मा", "विक्रम नायर"}
	case "JP":
		return []string{"佐藤 花子", "田中 健", "鈴木 さくら"}
	case "KW":
		return []string{"محمد العتيبي", "فاطمة الزهراء", "نورة الصباح"}
	case "MY":
		return []string{"Tan Wei Ming", "Nur Aisyah binti Ahmad", "Kavitha a/p Raman"}
	case "PH":
		return []string{"Maria Clara Santos", "José Cruz", "Ligaya Peña"}
	case "TH":
		return []string{"สมชาย ใจดี", "สุดา แก้วมณี", "ณัฐพงษ์ ศรีสุข"}
	case "TW":
		return []string{"王小明", "林怡君", "張家豪"}
	default:
		return []string{"Jürgen Müller", "Zoë Dubois", "Aoife Ní Bhriain", "김민수", "Nguyễn Văn An", "Grace Miller"}
	}
}

func subjects() []string {
	return []string{"Order", "Monthly plan", "Gift card", "Top-up", "Tickets for two", "Spare parts", "Renewal", "Delivery"}
}

func reasons() []string {
	return []string{
		"customer return", "duplicate payment", "damaged on arrival", "not received", "price adjustment", "cancelled by customer", "goodwill",
	}
}

// agents are the merchant's own people, as its records name them.
func agents() []string { return []string{"amy", "kenji", "priya", "omar"} }

// note is the free text that came with an order.
func (w *past) note(u user) string {
	switch w.random.IntN(6) {
	case 0:
		return fmt.Sprintf("%s · gift wrap", u.name)
	case 1:
		return fmt.Sprintf("%s: leave at the door", u.name)
	case 2:
		return fmt.Sprintf("ticket %d", 1000+w.random.IntN(900))
	default:
		return u.name
	}
}

// makeUsers makes the customers and their saved cards.
func (w *past) makeUsers(n int) {
	var tokens []book.Token
	for i := range n {
		u := user{id: fmt.Sprintf("U-%04d", w.FirstUser+i+1), market: weighted(w, w.Markets, func(m Market) int { return m.Weight })}
		u.name = pick(w, names(u.market.Country))
		if !w.NoTokens && w.percent(55) {
			for range 1 + w.random.IntN(4) {
				t := w.token(u)
				tokens = append(tokens, t)
				if t.Status == client.TokenActive || w.percent(30) {
					u.cards = append(u.cards, t)
				}
			}
		}
		w.users = append(w.users, u)
	}
	w.commit(book.Entry{At: w.Start.Add(-olderSpan), Why: "saved cards", Tokens: tokens})
}

// token makes one saved card or wallet.
func (w *past) token(u user) book.Token {
	at := w.Start.Add(-w.between(day, 400*day))
	m := weighted(w, u.market.Methods, func(m Method) int { return m.Weight })
	t := book.Token{
		Gateway: w.Gateway, Token: w.Numbers.Token(at, w.next()), UserID: u.id, Status: client.TokenActive, Method: m.Type, Brand: m.Brand,
		CreatedAt: at, ExpiresAt: w.Start.Add(w.between(40*day, 3*365*day)).Truncate(day), NeedsCode: w.percent(20),
	}
	if m.Card {
		t.Card = w.card(m.Brand)
	} else {
		t.Method, t.NeedsCode = w.SavedMethod, false
		t.Account = fmt.Sprintf("09%02d****%03d", w.random.IntN(100), w.random.IntN(1000))
	}
	switch n := w.random.IntN(100); {
	case n < 15:
		t.ExpiresAt = w.Start.Add(-w.between(day, 300*day)).Truncate(day)
		t.CreatedAt = t.ExpiresAt.Add(-2 * 365 * day)
	case n < 30:
		t.Status, t.Reason = client.TokenRemoved, pick(w, []string{"customer asked", "card lost", "account closed"})
		t.RemovedAt = at.Add(w.between(time.Hour, w.Start.Sub(at)))
	}
	return t
}
