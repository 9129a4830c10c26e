package gates

import (
	"time"

	"paydesk/client"
	"paydesk/client/paycools"
	"paydesk/state/config"
	"paydesk/ui/cli/gate"
)

func payCools() gate.Gateway {
	const merchant, callback, platform = "merchant_private_key", "callback_secret", "platform_public_key"
	account := func(a gate.Account) (paycools.Config, error) {
		c, err := payCoolsSettings(a.Profile)
		c.MerchantKey, c.CallbackSecret, c.PlatformKey = a.Keys[merchant], a.Keys[callback], a.Keys[platform].Reveal()
		c.Clock, c.Random, c.Logger = a.Clock, a.Random, a.Log
		return c, err
	}
	return gate.Gateway{
		Gateway: config.Gateway{
			Name: "paycools", Required: []string{"app_id"}, Hosts: gate.Hosts(paycools.BaseURLs, "PH", "GROUP"),
		},
		Titles: map[string]string{"": "PayCools"},
		Keys: []gate.Key{
			{Name: merchant, About: "the merchant's RSA key, signs requests", Normalise: paycools.NormaliseKey, Signs: []string{"request"}, Verifies: []string{"request"}},
			{Name: callback, About: "the merchant key of the portal, checks callbacks", Optional: true, Normalise: paycools.NormaliseSecret, Signs: []string{"callback"}, Verifies: []string{"callback"}},
			{Name: platform, About: "the gateway's RSA key, checks callbacks in the GROUP dialect", Public: true, Optional: true, Normalise: paycools.NormaliseKey},
		},
		Decimals: func(p config.Profile) (client.Decimals, error) {
			c, err := payCoolsSettings(p)
			return gate.Decimals(paycools.Decimals, c.Decimals), err
		},
		Open: func(a gate.Account) (client.Gateway, error) {
			c, err := account(a)
			if err != nil {
				return nil, err
			}
			return paycools.New(c)
		},
		Callbacks: func(a gate.Account) (client.CallbackReader, error) {
			c, err := account(a)
			if err != nil {
				return nil, err
			}
			return paycools.NewCallbackReader(c)
		},
		Sign: func(q gate.Inspect) (client.Inspection, error) {
			return paycools.Sign(q.Dialect, q.Kind, q.Key, q.Body)
		},
		Verify: func(q gate.Inspect) (client.Inspection, error) {
			return paycools.Verify(q.Dialect, q.Kind, q.Key, q.Body, q.Sign)
		},
	}
}

// payCoolsSettings are those of a profile and of its table [profile.paycools].
func payCoolsSettings(p config.Profile) (paycools.Config, error) {
	r := gate.Read(p)
	c := paycools.Config{
		Dialect: r.Text("dialect", ""), Environment: p.Environment, BaseURL: p.BaseURL, ExtraHosts: p.AllowHosts, AppID: p.AppID,
		Currency: r.Text("currency", ""), Decimals: r.Decimals(), RefundWindow: r.Days("refund_window_days"),
		RefundHardLimit: r.Days("refund_limit_days"), Speed: r.Speed(),
		Defaults: paycools.Defaults{
			RefundNotifyURL: r.Text("refund_notify_url", ""), OrderNotifyURL: r.Text("order_notify_url", ""), AppName: r.Text("app_name", ""),
			Channel: r.Text("channel", ""), PayerEmail: r.Text("payer_email", ""), PayerMobile: r.Text("payer_mobile", ""),
		},
		Doubts: paycools.Doubts{
			Paths: r.Texts("path"), SuccessCodes: words(r.Text("success_codes", "")), NotFoundCodes: words(r.Text("not_found_codes", "")),
			CancelWords: words(r.Text("cancel_words", "")), Digest: r.Text("digest", ""), SignParamOnly: r.Bool("sign_param_only", false),
			OmitPathParams: r.Bool("omit_path_params", false), StatementDate: r.Text("statement_date", ""), LookBack: int(r.Int("look_back_days", 0)),
			NoDirectDebit: r.Bool("no_direct_debit", false), Acknowledgement: r.Text("acknowledgement", ""),
		},
	}
	if zone := r.Text("timezone", ""); zone != "" {
		place, err := time.LoadLocation(zone)
		if err != nil {
			r.Reject("timezone", "is not a known zone; right is a name such as Asia/Manila")
		}
		c.Zone = place
	}
	return c, r.Err()
}
