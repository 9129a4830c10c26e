// Package gates lists the gateways that paydesk speaks to: the keys that an
// account of each needs, the settings that its documents leave open, and how its
// client is built. It is the only package beside main that names a gateway; it
// never calls one.
package gates

import (
	"strings"

	"paydesk/ui/cli/gate"
)

// All lists the gateways in the order in which people are shown them.
func All() []gate.Gateway { return []gate.Gateway{payerMax(), payCools(), easyLink()} }

// The settings by which a profile names callback addresses of its own.
const orderNotify, refundNotify = "order_notify_url", "refund_notify_url"

// words splits a setting that is a list: "9999, 5003".
func words(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
}
