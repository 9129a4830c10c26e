package client

import (
	"crypto/sha256"
	"encoding/base32"
	"strconv"
	"strings"
)

// RefundNo computes the refund number of one attempt at one order (I3). It is
// computed, not drawn, so that a lost ledger, or two ledgers that do not know
// each other, arrive at the same number and the gateway's own duplicate check
// stops the second refund. It has 27 characters of A–Z and 2–7.
//
// gateway is the name in the configuration ("payermax"), merchant the account
// number there, orderNo the merchant's order number exactly as the gateway
// echoes it, attempt counts from 1.
func RefundNo(gateway, merchant, orderNo string, attempt int) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{"v1", gateway, merchant, orderNo, strconv.Itoa(attempt)}, "|")))
	return "R" + base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:])[:26]
}
