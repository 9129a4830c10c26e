package paycools

import (
	"errors"
	"strings"
	"testing"

	"paydesk/client"
)

// TestFindOrderByOtherMeans goes on where one of the queries tells too little: it
// refuses the form of a number that is none of the gateway's, or answers without
// an amount.
func TestFindOrderByOtherMeans(t *testing.T) { // paycools: sections 10.2, 10.5 and 11
	records := ok(`{"records":[{"merchantOrderId":"SO20261122000001","transactionId":"C1","amount":1500.50,"status":"COMPLETE","paymentChannel":"GCASH_QR"}]}`)
	for name, c := range map[string]struct {
		dialect string
		ref     client.OrderRef
		answers map[string]answer // by the end of the path; else 1008
		found   string            // operation, or the error's code
	}{
		"refused form":       {PH, client.OrderRef{OrderNo: "SO20261122000001"}, map[string]answer{"/SO20261122000001": code(1009), "List": records}, "paymentList"},
		"refused, unlisted":  {PH, client.OrderRef{OrderNo: "SO20261122000001"}, map[string]answer{"/SO20261122000001": code(1009)}, "order"},
		"its own is refused": {PH, client.OrderRef{GatewayOrderNo: "C1"}, map[string]answer{"/C1": code(1009), "List": records}, "1009"},
		"charge, no amount":  {PH, client.OrderRef{OrderNo: "SO20261122000001", GatewayOrderNo: "C1"}, map[string]answer{"/debit/query": ok(chargeDone), "List": records}, "paymentList"},
		"charge, unlisted":   {PH, client.OrderRef{OrderNo: "SO20261122000001", GatewayOrderNo: "C120261122010000002"}, map[string]answer{"/debit/query": ok(chargeDone)}, "no-amount"},
		"checkout": {PH2, client.OrderRef{OrderNo: "SO20261122000001"}, map[string]answer{
			"/checkout/query": {body: `{"code":1,"data":{"mchOrderId":"SO20261122000001","status":"COMPLETE"}}`}, "List": records,
		}, "paymentList"},
	} {
		s := newStub(t)
		s.script = func(r received) answer {
			for end, a := range c.answers {
				if strings.HasSuffix(r.path, end) {
					return a
				}
			}
			return code(1008)
		}
		g := connect(t, s.server.URL, func(cfg *Config) {
			first := 1
			cfg.Dialect, cfg.StatementFirst = c.dialect, &first
		})
		got, err := g.FindOrder(t.Context(), c.ref)
		if err == nil && (got.Exchange.Operation != c.found || got.Order.Amount != php(150050) || got.Order.OrderNo != "SO20261122000001") {
			t.Errorf("%s: %+v by %s", name, got.Order, got.Exchange.Operation)
		}
		if e, failed := errors.AsType[*client.Error](err); failed && e.Code != c.found {
			t.Errorf("%s: %v", name, err)
		}
	}
}
