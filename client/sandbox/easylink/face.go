// Package easylink plays the gateway EasyLink, a customised Jeepay, as its
// specification describes it: it verifies every signature over the fields that
// it knows, answers in the gateway's words and codes, and repeats its forms
// until they are acknowledged. It is written from the specification and shares
// nothing with paydesk's own client but the digest, so that a misreading of one
// shows against the other. Its keys are published test keys; it must never be
// reachable from another machine.
package easylink

import (
	"bytes"
	"embed"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"paydesk/client"
	"paydesk/client/sandbox/book"
	"paydesk/client/sandbox/protocol"
)

// The merchant account that the gateway knows. Merchant, application and key
// are those of the captured requests.
const (
	Gateway    = "easylink"
	Base       = "/easylink"
	MerchantNo = "M1700000001"
	AppID      = "65f0c0ffee65f0c0ffee0001"
	Profile    = "easylink-sandbox"
)

// otherApp is an application that the gateway knows and that belongs to another
// merchant.
const otherApp = "65f0c0ffee65f0c0ffee0002"

// KeyFile holds the application's MD5 key, which both sides share.
const KeyFile = "app_key.txt"

// nobody signs where a fault asks for a key that is nobody's.
const nobody = "easylink-sandbox-key-of-nobody"

//go:embed keys/app_key.txt
var testKeys embed.FS

// TestKeys are the published test keys.
func TestKeys() ([]protocol.Key, error) {
	text, err := testKeys.ReadFile("keys/" + KeyFile)
	if err != nil {
		return nil, fmt.Errorf("sandbox: easylink: %w", err)
	}
	return []protocol.Key{{File: KeyFile, Text: text}}, nil
}

// speaker implements protocol.Protocol.
type speaker struct {
	book     *book.Book
	switches *protocol.Switches
	key      []byte
}

// New makes the gateway's face over a book. keys are those of TestKeys, or
// others in their place. Errors are ClassConfig and name the file.
func New(b *book.Book, keys []protocol.Key) (protocol.Face, error) {
	key, err := readKey(keys)
	if err != nil {
		return protocol.Face{}, err
	}
	s := &speaker{book: b, switches: protocol.NewSwitches(switches()), key: key}
	return protocol.Face{
		Gateway: Gateway, Base: Base, Profile: Profile, Merchant: MerchantNo, AppID: AppID, Keys: keys,
		Schedule: schedule(), Patience: 20 * time.Second, Home: protocol.Home{Currency: "HKD", Country: "HK", Method: "ALI_H5"},
		Decimals: decimals, Numbers: numbers(), Switches: s.switches, Protocol: s,
	}, nil
}

// schedule is the waiting time before each attempt of a callback (easylink:
// section 8): about 0, 30, 90, 180, 300 and 450 s after the first.
func schedule() []time.Duration {
	out := make([]time.Duration, 6)
	for i := range out {
		out[i] = time.Duration(i) * 30 * time.Second
	}
	return out
}

// readKey takes the key as it is, but for the line end that editors add.
func readKey(keys []protocol.Key) ([]byte, error) {
	i := slices.IndexFunc(keys, func(k protocol.Key) bool { return k.File == KeyFile })
	if i < 0 {
		return nil, keyError("it is missing")
	}
	key := bytes.TrimRight(keys[i].Text, "\r\n")
	switch {
	case len(key) == 0:
		return nil, keyError("it is empty")
	case !utf8.Valid(key) || bytes.ContainsAny(key, "\r\n"):
		return nil, keyError("it is not one line of text")
	}
	return key, nil
}

func keyError(wrong string) error {
	return &client.Error{
		Class: client.ClassConfig, Code: "key", Message: "the sandbox cannot use the key file " + KeyFile + ": " + wrong,
		Hint: "delete it, and the test key is written again",
	}
}

// decimals is how many decimals the gateway takes: amounts are cents of HKD, and
// of CNY, which the Chinese pages name (easylink: sections 2 and 11.12).
func decimals(currency string) (exp uint8, ok bool) {
	if currency == "HKD" || currency == "CNY" {
		return 2, true
	}
	return 0, false
}

// numbers makes identifiers of the gateway's shapes: a letter and 19 digits, of
// which 13 are the time.
func numbers() protocol.Numbers {
	number := func(letter string) func(at time.Time, serial uint64) string {
		return func(at time.Time, serial uint64) string {
			return fmt.Sprintf("%s%013d%06d", letter, at.UnixMilli(), serial%1_000_000)
		}
	}
	none := func(time.Time, uint64) string { return "" }
	return protocol.Numbers{
		GatewayOrder: number("P"), GatewayRefund: number("R"), InternalOrder: none, Token: none,
		Channel: func(at time.Time, serial uint64) string {
			return at.UTC().Format("20060102") + fmt.Sprintf("22001%015d", serial)
		},
	}
}
