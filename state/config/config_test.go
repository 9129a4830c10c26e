package config

import (
	"bufio"
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"paydesk/client"
)

func TestFirstRunHasNoFile(t *testing.T) {
	o := place(t)
	c := load(t, o)
	if !c.Missing || len(c.Profiles) != 0 || c.Theme != "auto" {
		t.Errorf("got %+v, want an empty configuration that says it is missing", c)
	}
	want := Paths{
		Config:  filepath.Join(o.Dirs.Config, "paydesk", "config.toml"),
		Themes:  filepath.Join(o.Dirs.Config, "paydesk", "themes"),
		Ledger:  filepath.Join(o.Dirs.Data, "paydesk", "ledger.db"),
		State:   filepath.Join(o.Dirs.State, "paydesk"),
		Log:     filepath.Join(o.Dirs.State, "paydesk", "paydesk.log"),
		Session: filepath.Join(o.Dirs.State, "paydesk", "session.json"),
		Crash:   filepath.Join(o.Dirs.State, "paydesk", "crash"),
	}
	if diff := cmp.Diff(want, c.Paths, cmpopts.IgnoreUnexported(Paths{})); diff != "" {
		t.Errorf("paths (-want +got):\n%s", diff)
	}
	if _, err := os.Stat(o.Dirs.Config); !errors.Is(err, os.ErrNotExist) {
		t.Error("reading the configuration made a directory")
	}
	_, err := c.Select()
	refusal(t, err, client.ClassConfig, "no-profile", "paydesk demo")
}

func TestAMissingFileThatWasNamedIsAnError(t *testing.T) {
	o := place(t)
	o.File = filepath.Join(o.Dirs.Home, "none.toml")
	_, err := Load(o)
	refusal(t, err, client.ClassConfig, "no-file", "none.toml")
	o.Create = true
	load(t, o)
	named := place(t).with(map[string]string{"PAYDESK_CONFIG": filepath.Join(o.Dirs.Home, "none.toml")})
	_, err = Load(named)
	refusal(t, err, client.ClassConfig, "no-file", "$PAYDESK_CONFIG")
}

func TestEveryValueIsRead(t *testing.T) {
	o := place(t)
	path := write(t, o, content(t, "testdata/right/full.toml"))
	c := load(t, o)
	dir := filepath.Dir(path)
	want := []Profile{{
		Name: "shop-hk", Gateway: "payermax", Brand: "checus", Environment: Production,
		MerchantNo: "P01010000000777", AppID: "8f4c0a6e2b5d4f71a3c9e0d1b2a38475",
		Policy: Policy{
			ReadOnly:        true,
			MaxRefund:       []Amount{{Number: "5000.00", Currency: "HKD"}, {Number: "9000000", Currency: "IDR"}},
			MaxRefundPerDay: []Amount{{Number: "50000", Currency: "HKD"}},
			ConfirmAbove:    []Amount{{Number: "0", Currency: "HKD"}},
			UndoWindow:      time.Minute,
		},
		Settings: map[string]any{
			"token_integrate": "Direct_Payment", "send_trade_token": true,
			"version":  map[string]any{"refund": "1.5", "order.query": "1.4"},
			"decimals": map[string]any{"KWD": int64(2), "XTS": int64(0)},
		},
	}, {
		Name: "box", Gateway: "payermax", Brand: "payermax", Environment: Sandbox,
		BaseURL: "http://127.0.0.1:8080/payermax", MerchantNo: "P01", AppID: "a", KeysDir: filepath.Join(dir, "keys"),
		Policy:   Policy{ReadOnly: true, MaxRefund: []Amount{{Number: "1", Currency: "XTS"}}, UndoWindow: DefaultUndoWindow},
		Settings: map[string]any{"decimals": map[string]any{"XTS": int64(0)}},
	}}
	if diff := cmp.Diff(want, c.Profiles, cmpopts.IgnoreUnexported(Profile{}, Amount{})); diff != "" {
		t.Errorf("profiles (-want +got):\n%s", diff)
	}
	keys := map[string][]string{"refund.create": {"R"}, "token.unbind": {"U", "ctrl+u"}}
	if diff := cmp.Diff(keys, c.Keys); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
	if want := filepath.Join(dir, "data", "ledger.db"); c.Paths.Ledger != want {
		t.Errorf("ledger %q, want %q: relative to the file", c.Paths.Ledger, want)
	}
}

// Mistakes are written into the test files as comments: "# want LINE:COLUMN:
// text". All of a file are reported together, and nothing else.
func TestMistakesAreReportedTogetherWithTheirPlace(t *testing.T) {
	files, err := filepath.Glob("testdata/wrong/*.toml")
	if err != nil || len(files) == 0 {
		t.Fatal("no test files", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text := content(t, file)
			o := place(t)
			path := write(t, o, text)
			_, err := Load(o)
			if err == nil {
				t.Fatal("the file was accepted")
			}
			e := refusal(t, err, client.ClassConfig, "invalid", "")
			var want []string
			lines := bufio.NewScanner(strings.NewReader(text))
			for lines.Scan() {
				if line, ok := strings.CutPrefix(lines.Text(), "# want "); ok {
					want = append(want, path+":"+line)
				}
			}
			got := strings.Split(e.Message, "\n")
			slices.Sort(want)
			sorted := slices.Sorted(slices.Values(got))
			if diff := cmp.Diff(want, sorted); diff != "" {
				t.Errorf("mistakes (-want +got):\n%s", diff)
			}
			problems, ok := errors.AsType[Problems](err)
			if !ok || len(problems) != len(want) {
				t.Errorf("errors.As gives %d problems, want %d", len(problems), len(want))
			}
			for i := 1; i < len(problems); i++ {
				if problems[i].Line < problems[i-1].Line {
					t.Errorf("problem of line %d after line %d", problems[i].Line, problems[i-1].Line)
				}
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Error("a password reached the error")
			}
		})
	}
}

func TestHostileValuesAreMadeVisible(t *testing.T) { // covers S2
	o := place(t)
	write(t, o, "theme = \"\\u001b]0;x\\u0007\\u202e\"\n\"bad\\u001bkey\" = 1\n")
	_, err := Load(o)
	e := refusal(t, err, client.ClassConfig, "invalid", "theme")
	for _, r := range e.Message {
		if r < ' ' && r != '\n' || r == 0x202e {
			t.Fatalf("control character %U in %q", r, e.Message)
		}
	}
}

func TestKeyMaterialIsNeverShown(t *testing.T) { // covers S8
	const canary = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7"
	for _, text := range []string{
		"theme = \"" + canary + "\"\n",
		"[[profile]]\nname = \"" + canary + "\"\n",
		"[[profile]]\nname = \"a\"\nmerchant_no = \"" + canary + canary + "\"\n",
		"ledger = \"postgres://u:" + canary + "@h/d\"\n",
		"[[profile]]\nname = \"a\"\ngateway=\"easylink\"\nenvironment=\"test\"\nbase_url = \"https://u:" + canary + "@h.example/d\"\n",
		"merchant_private_key = \"" + canary + "\"\n",
		canary + "\n",
	} {
		o := place(t)
		write(t, o, text)
		_, err := Load(o)
		if err == nil || strings.Contains(err.Error(), canary[:41]) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestByteOrderMarkAndCRLF(t *testing.T) {
	o := place(t)
	write(t, o, "\xef\xbb\xbftheme = \"light\"\r\nlegder = \"\"\r\n")
	_, err := Load(o)
	refusal(t, err, client.ClassConfig, "invalid", `config.toml:2:1: legder: unknown key; did you mean "ledger"?`)
}

func TestVariablesAndFlagsOverrideTheFile(t *testing.T) {
	o := place(t)
	write(t, o, content(t, "testdata/right/full.toml"))
	o.LogFile = filepath.Join(o.Dirs.Home, "x.log")
	ledger := filepath.Join(o.Dirs.Home, "other.db")
	c := load(t, o.with(map[string]string{
		"PAYDESK_THEME": "night", "PAYDESK_LEDGER": ledger, "PAYDESK_PROFILE": "box", "NO_COLOR": "1",
	}))
	if c.Theme != "night" || c.Paths.Ledger != ledger || !c.NoColor || c.Paths.Log != o.LogFile {
		t.Errorf("got %+v", c)
	}
	if p, err := c.Select(); err != nil || p.Name != "box" {
		t.Errorf("PAYDESK_PROFILE: got %s, %v", p.Name, err)
	}
	o.Profile = "shop-hk"
	c = load(t, o.with(map[string]string{"PAYDESK_PROFILE": "box", "PAYDESK_THEME": "", "NO_COLOR": ""}))
	if p, err := c.Select(); err != nil || p.Name != "shop-hk" || c.NoColor || c.Theme != "auto" {
		t.Errorf("--profile over PAYDESK_PROFILE, empty variables ignored: got %s, %v, %+v", p.Name, err, c)
	}
	_, err := Load(o.with(map[string]string{"PAYDESK_THEME": "../../etc/x", "PAYDESK_LEDGER": "postgres://u:pw@h/d"}))
	e := refusal(t, err, client.ClassConfig, "invalid", "from $PAYDESK_THEME")
	if strings.Contains(e.Message, "pw") || !strings.Contains(e.Message, "from $PAYDESK_LEDGER") {
		t.Errorf("got %s", e.Message)
	}
}

func TestProfileChoice(t *testing.T) {
	two := "[[profile]]\nname=\"shop-a\"\ngateway=\"easylink\"\nenvironment=\"test\"\n" +
		"[[profile]]\nname=\"shop-b\"\ngateway=\"easylink\"\nenvironment=\"test\"\n"
	one := two[:strings.LastIndex(two, "[[profile]]")]
	for _, tc := range []struct {
		name, text, flag, want string
		class                  client.Class
		part                   string
	}{
		{name: "the only one", text: one, want: "shop-a"},
		{name: "the default", text: "default_profile=\"shop-b\"\n" + two, want: "shop-b"},
		{name: "the named", text: "default_profile=\"shop-b\"\n" + two, flag: "shop-a", want: "shop-a"},
		{name: "none chosen", text: two, class: client.ClassConfig, part: "shop-a, shop-b"},
		{name: "unknown", text: two, flag: "shop-bb", class: client.ClassNotFound, part: `did you mean "shop-b"? known profiles: shop-a, shop-b`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			o := place(t)
			write(t, o, tc.text)
			o.Profile = tc.flag
			c := load(t, o)
			p, err := c.Select()
			if tc.class == "" {
				if err != nil || p.Name != tc.want {
					t.Fatalf("got %q, %v, want %q", p.Name, err, tc.want)
				}
				return
			}
			if client.ClassOf(err) != tc.class || !strings.Contains(whole(err), tc.part) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestScope(t *testing.T) {
	o := place(t)
	write(t, o, content(t, "testdata/right/full.toml"))
	if all, err := load(t, o).Scope(); err != nil || len(all) != 2 {
		t.Errorf("without a name: %d profiles, %v; want 2 although there is a default", len(all), err)
	}
	o.Profile = "box"
	if one, err := load(t, o).Scope(); err != nil || len(one) != 1 || one[0].Name != "box" {
		t.Errorf("named: %v, %v", one, err)
	}
	o.Profile = "bix"
	_, err := load(t, o).Scope()
	refusal(t, err, client.ClassNotFound, "profile", `did you mean "box"?`)
}

func TestExplainTellsWhereEveryValueCameFrom(t *testing.T) {
	o := place(t)
	path := write(t, o, content(t, "testdata/right/full.toml"))
	o.Profile = "box"
	c := load(t, o.with(map[string]string{"PAYDESK_THEME": "night"}))
	got := map[string]string{}
	for _, s := range c.Explain() {
		if _, twice := got[s.Key]; twice {
			t.Errorf("%s is there twice", s.Key)
		}
		got[s.Key] = s.Value + " | " + strings.TrimPrefix(s.Source.String(), path)
	}
	for key, want := range map[string]string{
		"config":                             path + " | default",
		"theme":                              "night | $PAYDESK_THEME",
		"no_color":                           "false | default",
		"default_profile":                    "shop-hk | :3",
		"profile":                            "box | --profile",
		"ledger":                             filepath.Join(filepath.Dir(path), "data", "ledger.db") + " | :4",
		"keys.refund.create":                 "R | :7",
		"keys.token.unbind":                  "U ctrl+u | :8",
		"callback.listen":                    "127.0.0.1:8787 | :43",
		"callback.public_url":                "https://hooks.shop.example/paydesk | :44",
		"callback.proxied":                   "false | default",
		"profile.shop-hk.brand":              "checus | :13",
		"profile.shop-hk.policy.read_only":   "true | default",
		"profile.shop-hk.policy.max_refund":  "5000.00 HKD, 9000000 IDR | :20",
		"profile.shop-hk.policy.undo_window": "1m0s | :23",
		"profile.shop-hk.payermax.version.refund":   "1.5 | :28",
		"profile.shop-hk.payermax.decimals.KWD":     "2 | :29",
		"profile.shop-hk.payermax.send_trade_token": "true | :27",
		"profile.box.brand":                         "payermax | default",
		"profile.box.policy.read_only":              "true | :39",
		"profile.box.policy.undo_window":            "10s | default",
		"profile.box.payermax.decimals.XTS":         "0 | :40",
	} {
		if got[key] != want {
			t.Errorf("%s: got %q, want %q", key, got[key], want)
		}
	}
}

func FuzzLoad(f *testing.F) {
	for _, pattern := range []string{"testdata/right/*.toml", "testdata/wrong/*.toml"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	paths, sources, err := locate(Options{Dirs: Dirs{Home: "/h", Config: "/c", Data: "/d", State: "/s"}})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		o := Options{Env: func(string) (string, bool) { return "", false }, Gateways: gateways}
		own := map[string]Source{}
		for k, v := range sources {
			own[k] = v
		}
		c, err := build(o, paths, own, data, false)
		if err != nil {
			if client.ClassOf(err) != client.ClassConfig || bytes.ContainsRune([]byte(err.Error()), 0x1b) {
				t.Fatalf("got %q", err)
			}
			return
		}
		c.Explain()
		for _, p := range c.Profiles { // what was accepted can be cut out again
			after, err := cutProfile(paths.Config, data, p.Name)
			if err != nil {
				continue // written as a list
			}
			if _, problems := parse(paths.Config, after); len(problems) > 0 {
				t.Fatalf("after removing %s: %v\n%q", p.Name, problems.Lines(), after)
			}
		}
	})
}
