package gates

import (
	"paydesk/client"
	"paydesk/client/payermax"
	"paydesk/state/config"
	"paydesk/ui/cli/gate"
)

func payerMax() gate.Gateway {
	const merchant, platform, token = "merchant_private_key", "platform_public_key", "auth_token"
	account := func(a gate.Account) (payermax.Config, error) {
		c, err := payerMaxSettings(a.Profile)
		c.MerchantKey, c.PlatformKey, c.AuthToken = a.Keys[merchant], a.Keys[platform].Reveal(), a.Keys[token]
		c.NotifyURL, c.Clock, c.Random, c.Logger = a.NotifyURL, a.Clock, a.Random, a.Log
		return c, err
	}
	return gate.Gateway{
		Gateway: config.Gateway{
			Name: "payermax", Brands: []string{payermax.PayerMax, payermax.Checus}, Required: []string{"merchant_no", "app_id"},
			Hosts: gate.Hosts(payermax.BaseURLs, payermax.PayerMax, payermax.Checus), NotifyMax: payermax.MaxNotifyURL,
		},
		Titles: map[string]string{payermax.PayerMax: "PayerMax", payermax.Checus: "Checus"},
		Keys: []gate.Key{
			{Name: merchant, About: "the merchant's RSA key, signs requests", Normalise: payermax.NormaliseKey, Signs: []string{"request"}, Verifies: []string{"request"}},
			{Name: platform, About: "the gateway's RSA key, from its portal", Public: true, Normalise: payermax.NormaliseKey, Verifies: []string{"answer", "callback"}},
			{Name: token, About: "of a service provider's merchant", Optional: true, Normalise: gate.SecretText},
		},
		Decimals: func(p config.Profile) (client.Decimals, error) {
			c, err := payerMaxSettings(p)
			return gate.Decimals(payermax.Decimals, c.Decimals), err
		},
		Open: func(a gate.Account) (client.Gateway, error) {
			c, err := account(a)
			if err != nil {
				return nil, err
			}
			return payermax.New(c)
		},
		Callbacks: func(a gate.Account) (client.CallbackReader, error) {
			c, err := account(a)
			if err != nil {
				return nil, err
			}
			return payermax.NewCallbackReader(c)
		},
		Sign:   func(q gate.Inspect) (client.Inspection, error) { return payermax.Sign(q.Key, q.Body) },
		Verify: func(q gate.Inspect) (client.Inspection, error) { return payermax.Verify(q.Key, q.Body, q.Sign) },
	}
}

// payerMaxSettings are those of a profile and of its table [profile.payermax].
func payerMaxSettings(p config.Profile) (payermax.Config, error) {
	r := gate.Read(p)
	return payermax.Config{
		Brand: p.Brand, Environment: p.Environment, BaseURL: p.BaseURL, ExtraHosts: p.AllowHosts, MerchantNo: p.MerchantNo, AppID: p.AppID,
		SPMerchantNo: r.Text("sp_merchant_no", ""), AuthTokenHeader: r.Text("auth_token_header", ""), Versions: r.Texts("version"),
		TokenScope: r.Text("token_scope", ""), TokenIntegrate: r.Text("token_integrate", ""), SendTradeToken: r.Bool("send_trade_token", false),
		Decimals: r.Decimals(), RefundWindow: r.Days("refund_window_days"), RefundHardLimit: r.Days("refund_limit_days"), Speed: r.Speed(),
	}, r.Err()
}
