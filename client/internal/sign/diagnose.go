package sign

import (
	"bytes"
	"crypto/rsa"
	"encoding/hex"
	"math/big"
)

// diagnose says what a well-formed signature that does not match is instead, as
// far as the public key shows it. It only explains; it never accepts.
func diagnose(key *rsa.PublicKey, raw []byte) string {
	s := new(big.Int).SetBytes(raw)
	if s.Cmp(key.N) >= 0 {
		return "another key made it: it is no number below this key's modulus"
	}
	block := new(big.Int).Exp(s, big.NewInt(int64(key.E)), key.N).FillBytes(make([]byte, key.Size()))
	rest, ok := bytes.CutPrefix(block, []byte{0, 1})
	if !ok {
		return "another key made it, or it was damaged on the way"
	}
	rest, ok = bytes.CutPrefix(bytes.TrimLeft(rest, "\xff"), []byte{0})
	if !ok {
		return "another key made it, or it was damaged on the way"
	}
	for _, d := range digestInfos() {
		if sum, found := bytes.CutPrefix(rest, d.prefix); found && len(sum) == d.size {
			if d.name == "SHA-256" {
				return "this key made it, but over other bytes, whose SHA-256 is " + hex.EncodeToString(sum)
			}
			return "this key made it, but with " + d.name + " in place of SHA-256"
		}
	}
	return "this key made it, but not as SHA256withRSA"
}

// digestInfo is the DER prefix of one hash in a PKCS #1 v1.5 signature (RFC
// 8017, section 9.2 note 1).
type digestInfo struct {
	name   string
	prefix []byte
	size   int
}

func digestInfos() []digestInfo {
	return []digestInfo{
		{"SHA-256", []byte{0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20}, 32},
		{"SHA-384", []byte{0x30, 0x41, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02, 0x05, 0x00, 0x04, 0x30}, 48},
		{"SHA-512", []byte{0x30, 0x51, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03, 0x05, 0x00, 0x04, 0x40}, 64},
		{"SHA-1", []byte{0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14}, 20},
		{"MD5", []byte{0x30, 0x20, 0x30, 0x0c, 0x06, 0x08, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x05, 0x05, 0x00, 0x04, 0x10}, 16},
	}
}
