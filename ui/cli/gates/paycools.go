package gates

import (
	"strings"
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
		c.NotifyURL, c.Clock, c.Random, c.Logger = a.NotifyURL, a.Clock, a.Random, a.Log
		return c, err
	}
	// The secret checks callbacks but in the GROUP dialect, where the gateway's own
	// RSA key does (paycools: sections 3.4 and 3.5).
	byDigest, byKey := []string{"", paycools.PH, paycools.PH2, paycools.PHOld, paycools.PH2Param}, []string{paycools.GROUP}
	return gate.Gateway{
		Gateway: config.Gateway{
			Name: "paycools", Required: []string{"app_id"}, Hosts: gate.Hosts(paycools.BaseURLs, "PH", "GROUP"),
			NotifyMax: paycools.MaxNotifyURL, NotifyOwn: []string{orderNotify, refundNotify},
		},
		Titles: map[string]string{"": "PayCools"},
		Keys: []gate.Key{
			{
				Name: merchant, About: "the merchant's RSA key, signs requests", Normalise: paycools.NormaliseKey,
				// An answer is signed by nobody; whoever asks is told so by the inspector.
				Signs: []string{"request"}, Verifies: []string{"request", "answer"},
			},
			{
				Name: callback, About: "the merchant key of the portal, checks callbacks", Optional: true, Normalise: paycools.NormaliseSecret,
				Signs: []string{"callback"}, Verifies: []string{"callback"}, Dialects: byDigest,
			},
			{
				Name: platform, About: "the gateway's RSA key, checks callbacks in the GROUP dialect", Public: true, Optional: true, Normalise: paycools.NormaliseKey,
				Verifies: []string{"callback"}, Dialects: byKey,
			},
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
		Dialect: payCoolsDialect,
		Sign: func(q gate.Inspect) (client.Inspection, error) {
			return paycools.Sign(q.Dialect, q.Kind, q.Key, q.Body)
		},
		Verify: func(q gate.Inspect) (client.Inspection, error) {
			return paycools.Verify(q.Dialect, q.Kind, q.Key, q.Body, q.Sign)
		},
	}
}

// payCoolsDialect is the dialect of an account as the inspector calls it: two
// settings make variants of their own (paycools: sections 3.1 and 3.2).
func payCoolsDialect(p config.Profile) (string, error) {
	c, err := payCoolsSettings(p)
	dialect := strings.ToUpper(strings.TrimSpace(c.Dialect))
	switch {
	case (dialect == "" || dialect == paycools.PH) && strings.EqualFold(c.Digest, paycools.SHA1):
		dialect = paycools.PHOld
	case dialect == paycools.PH2 && c.SignParamOnly:
		dialect = paycools.PH2Param
	}
	return dialect, err
}

// payCoolsSettings are those of a profile and of its table [profile.paycools].
func payCoolsSettings(p config.Profile) (paycools.Config, error) {
	r := gate.Read(p)
	c := paycools.Config{
		Dialect: r.Text("dialect", ""), Environment: p.Environment, BaseURL: p.BaseURL, ExtraHosts: p.AllowHosts, AppID: p.AppID,
		Currency: r.Text("currency", ""), Decimals: r.Decimals(), RefundWindow: r.Days("refund_window_days"),
		RefundHardLimit: r.Days("refund_limit_days"), Speed: r.Speed(), Channels: payCoolsChannels(r),
		Defaults: paycools.Defaults{
			RefundNotifyURL: r.Text(refundNotify, ""), OrderNotifyURL: r.Text(orderNotify, ""), AppName: r.Text("app_name", ""),
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

// payCoolsChannels reads what channels refund, as in channels = { SEVEN_ELEVEN =
// "none" }: the gateway's own list could not be had (paycools: section 5).
func payCoolsChannels(r gate.Settings) map[string]paycools.Channel {
	out := map[string]paycools.Channel{}
	for code, rule := range r.Texts("channels") {
		switch rule {
		case "any":
			out[code] = paycools.Channel{Refund: true, Partial: true, Multiple: true}
		case "once":
			out[code] = paycools.Channel{Refund: true, Partial: true}
		case "full":
			out[code] = paycools.Channel{Refund: true}
		case "none":
			out[code] = paycools.Channel{}
		default:
			r.Reject("channels."+code, `is none of the rules; right is "any", "once" (one refund of a payment), "full" (the whole amount only) or "none"`)
		}
	}
	return out
}
