// Package paycools plays the gateway PayCools of the Philippines as its
// documentation describes it, in the three dialects in which that is written: PH,
// the checkout of PH2, and GROUP. It checks every call as strictly as the real
// one is said to, answers in its words and signs its callbacks. It is written
// from the documentation alone and shares no line with paydesk's own client, so
// that a misreading of one shows against the other. Its keys are test keys that
// were made for it; it must never be reachable from another machine.
package paycools

import (
	"bytes"
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

// The merchant's application that the gateway knows. The interface names no
// merchant but by it; the merchant number is the portal's.
const (
	Gateway    = "paycools"
	Base       = "/paycools"
	AppID      = "paycoolsSandboxApp01"
	MerchantNo = "PC10000000778"
	Profile    = "paycools-sandbox"
)

// PortalURL is a callback address that stands for the one of the merchant's
// portal settings. The interface insists on an address with each call; a client
// that has none of its own gives this one.
const PortalURL = "http://127.0.0.1/paycools-portal"

// The key files of both sides. The gateway holds the merchant's public keys, of
// which there are two because the documents disagree about the size (paycools:
// section 3.1), the secret of callbacks and its own private key.
const (
	MerchantPrivate     = "merchant_private_key.pem"
	MerchantPublic      = "merchant_public_key.pem"
	MerchantPrivate4096 = "merchant_private_key_4096.pem"
	MerchantPublic4096  = "merchant_public_key_4096.pem"
	CallbackSecret      = "callback_secret.txt"
	PlatformPrivate     = "platform_private_key.pem"
	PlatformPublic      = "platform_public_key.pem"
)

// otherKey signs where a fault asks for a key that is nobody's, otherSecret
// likewise.
const (
	otherKey    = "other_private_key.pem"
	otherSecret = "pc-sandbox-nobodys-secret"
)

//go:embed keys/*.pem keys/*.txt
var testKeys embed.FS

// TestKeys are the test keys of both sides.
func TestKeys() ([]protocol.Key, error) {
	var keys []protocol.Key
	for _, file := range []string{
		MerchantPrivate, MerchantPublic, MerchantPrivate4096, MerchantPublic4096, CallbackSecret, PlatformPrivate, PlatformPublic,
	} {
		text, err := testKeys.ReadFile("keys/" + file)
		if err != nil {
			return nil, fmt.Errorf("sandbox: paycools: %w", err)
		}
		keys = append(keys, protocol.Key{File: file, Text: text})
	}
	return keys, nil
}

// speaker implements protocol.Protocol.
type speaker struct {
	book      *book.Book
	switches  *protocol.Switches
	routes    map[string]route
	merchants []*rsa.PublicKey
	secret    []byte
	platform  *rsa.PrivateKey
	other     *rsa.PrivateKey

	mu     sync.Mutex // guards what follows
	second time.Time
	calls  int // accepted by the rate limit in that second
}

// New makes the gateway's face over a book. keys are those of TestKeys, or others
// in their place. Errors are ClassConfig and name the file.
func New(b *book.Book, keys []protocol.Key) (protocol.Face, error) {
	s := &speaker{book: b, switches: protocol.NewSwitches(switches()), routes: routes()}
	if err := s.readKeys(keys); err != nil {
		return protocol.Face{}, err
	}
	return protocol.Face{
		Gateway: Gateway, Base: Base, Profile: Profile, Merchant: MerchantNo, AppID: AppID, Keys: keys,
		Schedule: schedule(), Attempts: func() int { return s.switches.Number(callbackAttempts) },
		Decimals: decimals, Numbers: s.numbers(), Switches: s.switches, Protocol: s, Unsigned: true,
		Home: protocol.Home{Currency: peso, Country: "PH", Method: usualChannel}, Settings: settings(),
	}, nil
}

// settings is what calls need beside the account (paycools: sections 5 and 10.1).
func settings() []protocol.Setting {
	return []protocol.Setting{
		{Name: "refund_notify_url", Value: PortalURL},
		{Name: "order_notify_url", Value: PortalURL},
		{Name: "app_name", Value: shopName},
		{Name: "channel", Value: usualChannel},
		{Name: "payer_email", Value: "payer@example.ph"},
		{Name: "payer_mobile", Value: "09170000000"},
	}
}

// schedule is the waiting time before each attempt of a callback. None is
// published; this one is advised (paycools: section 13).
func schedule() []time.Duration {
	return []time.Duration{0, 30 * time.Second, 120 * time.Second, 600 * time.Second, 3600 * time.Second}
}

func (s *speaker) readKeys(keys []protocol.Key) error {
	for _, file := range []string{MerchantPublic, MerchantPublic4096} {
		key, err := readKey(keys, file, sign.ParsePublic)
		if err != nil {
			return err
		}
		s.merchants = append(s.merchants, key)
	}
	var err error
	if s.secret, err = readKey(keys, CallbackSecret, parseSecret); err != nil {
		return err
	}
	if s.platform, err = readKey(keys, PlatformPrivate, sign.ParsePrivate); err != nil {
		return err
	}
	text, err := testKeys.ReadFile("keys/" + otherKey)
	if err != nil {
		return fmt.Errorf("sandbox: paycools: %w", err)
	}
	if s.other, err = sign.ParsePrivate(text); err != nil {
		return fmt.Errorf("sandbox: paycools: %w", err)
	}
	return nil
}

// parseSecret takes the secret as it is but for the line end that editors add.
func parseSecret(text []byte) ([]byte, error) {
	text = bytes.TrimRight(text, "\r\n")
	if len(text) == 0 {
		return nil, fmt.Errorf("sandbox: paycools: the secret is empty")
	}
	return text, nil
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
