// Package payermax plays the gateway PayerMax, and its white label Checus, as
// the documentation describes it: it checks every call as strictly as the real
// one, answers in its words and signs over its exact bytes. It is written from
// the documentation alone and shares no line with paydesk's own client, so
// that a misreading of one shows against the other. Its keys are published
// test keys; it must never be reachable from another machine.
package payermax

import (
	"crypto/rsa"
	"embed"
	"fmt"
	"slices"
	"sync"
	"time"

	"paydesk/client"
	"paydesk/client/internal/sign"
	"paydesk/client/sandbox/book"
	"paydesk/client/sandbox/protocol"
)

// The merchant account that the gateway knows.
const (
	Gateway    = "payermax"
	Base       = "/aggregate-pay/api/gateway"
	AppID      = "8f4c0a6e2b5d4f71a3c9e0d1b2a38475"
	MerchantNo = "P01010000000777"
	Profile    = "checus-sandbox"
)

// The key files of both sides. The gateway itself holds the merchant's public
// and the platform's private key; the other two are for the merchant.
const (
	MerchantPrivate = "merchant_private_key.pem"
	MerchantPublic  = "merchant_public_key.pem"
	PlatformPrivate = "platform_private_key.pem"
	PlatformPublic  = "platform_public_key.pem"
)

// otherKey signs where a fault asks for a key that is nobody's.
const otherKey = "other_private_key.pem"

//go:embed keys/*.pem
var testKeys embed.FS

// TestKeys are the published test keys of both sides.
func TestKeys() ([]protocol.Key, error) {
	var keys []protocol.Key
	for _, file := range []string{MerchantPrivate, MerchantPublic, PlatformPrivate, PlatformPublic} {
		text, err := testKeys.ReadFile("keys/" + file)
		if err != nil {
			return nil, fmt.Errorf("sandbox: payermax: %w", err)
		}
		keys = append(keys, protocol.Key{File: file, Text: text})
	}
	return keys, nil
}

// speaker implements protocol.Protocol.
type speaker struct {
	book     *book.Book
	switches *protocol.Switches
	merchant *rsa.PublicKey
	platform *rsa.PrivateKey
	other    *rsa.PrivateKey

	mu     sync.Mutex // guards what follows
	second time.Time
	calls  int // accepted by the rate limit in that second
}

// New makes the gateway's face over a book. keys are those of TestKeys, or
// others in their place. Errors are ClassConfig and name the file.
func New(b *book.Book, keys []protocol.Key) (protocol.Face, error) {
	s := &speaker{book: b, switches: protocol.NewSwitches(switches())}
	var err error
	if s.merchant, err = readKey(keys, MerchantPublic, sign.ParsePublic); err != nil {
		return protocol.Face{}, err
	}
	if s.platform, err = readKey(keys, PlatformPrivate, sign.ParsePrivate); err != nil {
		return protocol.Face{}, err
	}
	text, err := testKeys.ReadFile("keys/" + otherKey)
	if err != nil {
		return protocol.Face{}, fmt.Errorf("sandbox: payermax: %w", err)
	}
	if s.other, err = sign.ParsePrivate(text); err != nil {
		return protocol.Face{}, fmt.Errorf("sandbox: payermax: %w", err)
	}
	return protocol.Face{
		Gateway: Gateway, Base: Base, Profile: Profile, Brand: "checus", Merchant: MerchantNo, AppID: AppID, Keys: keys,
		Schedule: schedule(), Decimals: decimals, Numbers: numbers(), Switches: s.switches, Protocol: s,
		Home: protocol.Home{Currency: "HKD", Country: "HK", Method: cardMethod},
	}, nil
}

// schedule is the waiting time before each attempt of a callback (payermax:
// section 9.6, read as gaps, so that the last comes 13 hours after the first).
func schedule() []time.Duration {
	return []time.Duration{0, 30 * time.Second, 300 * time.Second, 600 * time.Second, 3600 * time.Second, 43200 * time.Second}
}

func readKey[K any](keys []protocol.Key, file string, parse func([]byte) (K, error)) (key K, err error) {
	i := slices.IndexFunc(keys, func(k protocol.Key) bool { return k.File == file })
	if i < 0 {
		return key, keyError(file, nil)
	}
	if key, err = parse(keys[i].Text); err != nil {
		return key, keyError(file, err)
	}
	return key, nil
}

func keyError(file string, cause error) error {
	return &client.Error{
		Class: client.ClassConfig, Code: "key", Message: "the sandbox cannot use the key file " + file, Err: cause,
		Hint: "delete it, and the test key is written again",
	}
}
