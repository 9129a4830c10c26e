package gates

import (
	"paydesk/client"
	"paydesk/client/easylink"
	"paydesk/state/config"
	"paydesk/ui/cli/gate"
)

func easyLink() gate.Gateway {
	const key = "app_key"
	everything := []string{"request", "answer", "callback"}
	account := func(a gate.Account) (easylink.Config, error) {
		c, err := easyLinkSettings(a.Profile)
		c.Secret, c.NotifyURL, c.Clock, c.Random, c.Logger = a.Keys[key], a.NotifyURL, a.Clock, a.Random, a.Log
		return c, err
	}
	return gate.Gateway{
		Gateway: config.Gateway{
			Name: "easylink", Required: []string{"merchant_no", "app_id"},
			Hosts: gate.Hosts(func(_, environment string) []string {
				base, _ := easylink.DefaultBaseURL(environment)
				return []string{base}
			}, ""),
			NotifyMax: easylink.MaxNotifyURL, NotifyOwn: []string{orderNotify, refundNotify},
		},
		Titles: map[string]string{"": "EasyLink"},
		Keys: []gate.Key{
			{Name: key, About: "the application's MD5 key", Normalise: easylink.NormaliseKey, Signs: everything, Verifies: everything},
		},
		Decimals: func(p config.Profile) (client.Decimals, error) {
			c, err := easyLinkSettings(p)
			return gate.Decimals(easylink.Decimals, c.Decimals), err
		},
		Open: func(a gate.Account) (client.Gateway, error) {
			c, err := account(a)
			if err != nil {
				return nil, err
			}
			return easylink.New(c)
		},
		Callbacks: func(a gate.Account) (client.CallbackReader, error) {
			c, err := account(a)
			if err != nil {
				return nil, err
			}
			return easylink.NewCallbackReader(c)
		},
		Sign:   func(q gate.Inspect) (client.Inspection, error) { return easylink.Sign(q.Kind, q.Key, q.Body) },
		Verify: func(q gate.Inspect) (client.Inspection, error) { return easylink.Verify(q.Kind, q.Key, q.Body, q.Sign) },
	}
}

// easyLinkSettings are those of a profile and of its table [profile.easylink].
func easyLinkSettings(p config.Profile) (easylink.Config, error) {
	r := gate.Read(p)
	return easylink.Config{
		Environment: p.Environment, BaseURL: p.BaseURL, ExtraHosts: p.AllowHosts, MerchantNo: p.MerchantNo, AppID: p.AppID,
		OrderNotifyURL: r.Text(orderNotify, ""), RefundNotifyURL: r.Text(refundNotify, ""), WayCode: r.Text("way_code", ""),
		ChannelExtra: r.Texts("channel_extra"), Version: r.Text("version", ""), ReqTime: r.Text("req_time", ""), ExtParam: r.Text("ext_param", ""),
		SendPayOrderID: r.Bool("send_pay_order_id", false), NotFoundCodes: words(r.Text("not_found_codes", "")),
		Decimals: r.Decimals(), Speed: r.Speed(),
	}, r.Err()
}
