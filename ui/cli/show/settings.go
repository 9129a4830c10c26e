package show

import (
	"io"

	"paydesk/state/config"
	"paydesk/ui/text"
)

// Profile is a merchant account in JSON.
type Profile struct {
	Name        string `json:"name"`
	Gateway     string `json:"gateway"`
	Brand       string `json:"brand,omitempty"`
	Environment string `json:"environment"`
	BaseURL     string `json:"base_url,omitempty"`
	MerchantNo  string `json:"merchant_no,omitempty"`
	AppID       string `json:"app_id,omitempty"`
	ReadOnly    bool   `json:"read_only"`
	Default     bool   `json:"default"`
}

// NewProfile is the JSON form of a profile; chosen is the name of the one that
// is used when none is named.
func NewProfile(p config.Profile, chosen string) Profile {
	return Profile{
		Name: p.Name, Gateway: p.Gateway, Brand: p.Brand, Environment: p.Environment, BaseURL: p.BaseURL, MerchantNo: p.MerchantNo,
		AppID: p.AppID, ReadOnly: p.Policy.ReadOnly, Default: p.Name == chosen,
	}
}

// Profiles writes a table of profiles.
func Profiles(w io.Writer, profiles []config.Profile, chosen string) error {
	l := text.Literal
	rows := make([][]Cell, len(profiles))
	for i, p := range profiles {
		name, money := text.Clean(p.Name), l("may move")
		if p.Name == chosen && len(profiles) > 1 {
			name = text.Concat(name, l(" *"))
		}
		if p.Policy.ReadOnly {
			money = l("read-only")
		}
		rows[i] = []Cell{
			{Text: name},
			{Text: text.Clean(p.Gateway)},
			{Text: text.Clean(p.Brand)},
			{Text: text.Clean(p.Environment)},
			{Text: text.Clean(p.MerchantNo)},
			{Text: money},
		}
	}
	return Table(w, []Column{
		{Title: l("PROFILE")}, {Title: l("GATEWAY")}, {Title: l("BRAND")}, {Title: l("ENVIRONMENT")}, {Title: l("MERCHANT")}, {Title: l("MONEY")},
	}, rows)
}

// Setting is one value with its source in JSON.
type Setting struct {
	Key    string `json:"key"`
	Value  string `json:"value"`
	Source string `json:"source"`
}

// Settings writes a table of values with their sources.
func Settings(w io.Writer, settings []config.Setting) error {
	l := text.Literal
	rows := make([][]Cell, len(settings))
	for i, s := range settings {
		rows[i] = []Cell{{Text: text.Clean(s.Key)}, {Text: text.Clean(s.Value)}, {Text: text.Clean(s.Source.String())}}
	}
	return Table(w, []Column{{Title: l("KEY")}, {Title: l("VALUE"), Width: 60}, {Title: l("FROM")}}, rows)
}
