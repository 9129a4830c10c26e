package config

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"paydesk/client"
)

// draft is a profile of a test.
func draft(name string) Draft {
	return Draft{
		Name: name, Gateway: "payermax", Brand: "checus", Environment: Production, MerchantNo: "P1", AppID: "a1",
		MaxRefund: []string{"5000.00 HKD", "1 IDR"}, UndoWindow: "20s",
		Settings: map[string]any{"send_trade_token": true, "n": 3, "decimals": map[string]any{"KWD": int64(2)}, "list": []string{"a", "b\"\\\n"}},
	}
}

func TestAddProfileMakesTheFileItself(t *testing.T) { // covers S20
	o := place(t)
	c, err := AddProfile(o, draft("shop-hk"))
	if err != nil {
		t.Fatal(err)
	}
	want := `[[profile]]
name = "shop-hk"
gateway = "payermax"
brand = "checus"
environment = "production"
merchant_no = "P1"
app_id = "a1"

[profile.policy]
read_only = true
max_refund = ["5000.00 HKD", "1 IDR"]
undo_window = "20s"

[profile.payermax]
decimals = { KWD = 2 }
list = ["a", "b\"\\\u000A"]
n = 3
send_trade_token = true
`
	if diff := cmp.Diff(want, content(t, c.Paths.Config)); diff != "" {
		t.Errorf("file (-want +got):\n%s", diff)
	}
	for path, mode := range map[string]os.FileMode{c.Paths.Config: 0o600, filepath.Dir(c.Paths.Config): 0o700, o.Dirs.Config: 0o700} {
		info, err := os.Stat(path)
		if err != nil || (runtime.GOOS != "windows" && info.Mode().Perm() != mode) {
			t.Errorf("%s: %v, %v, want mode %o", path, info.Mode(), err, mode)
		}
	}
	again := load(t, o).Profiles[0]
	if !again.Policy.ReadOnly || again.Settings["list"].([]any)[1] != "b\"\\\n" || c.Missing || len(c.Profiles) != 1 {
		t.Errorf("read back: %+v", again)
	}
}

func TestAddAndRemoveKeepEveryOtherByte(t *testing.T) {
	for name, before := range map[string]string{
		"full":            content(t, "testdata/right/full.toml"),
		"no end of line":  "# mine\ntheme = \"x\" # why",
		"windows":         "# mine\r\ntheme = \"x\"\r\n",
		"byte order mark": "\xef\xbb\xbftheme = \"x\"\n",
		"comments only":   "# nothing yet\n\n\n",
		"table at end":    "[keys]\na = \"b\"\n# last word\n",
	} {
		t.Run(name, func(t *testing.T) {
			o := place(t)
			path := write(t, o, before)
			if _, err := AddProfile(o, draft("new")); err != nil {
				t.Fatal(err)
			}
			after := content(t, path)
			if !strings.HasPrefix(after, before) {
				t.Errorf("what was there has changed:\n%s", after)
			}
			if strings.Contains(before, "\r\n") && strings.Count(after, "\n") != strings.Count(after, "\r\n") {
				t.Error("line ends are mixed")
			}
			if _, err := RemoveProfile(o, "new"); err != nil {
				t.Fatal(err)
			}
			if back := content(t, path); strings.TrimRight(back, "\r\n") != strings.TrimRight(before, "\r\n") {
				t.Errorf("after removal:\n%q\nbefore:\n%q", back, before)
			}
		})
	}
}

func TestRemoveCutsExactlyOneBlock(t *testing.T) {
	const before = `# head
default_profile = 'b' # mine

# about a
[[profile]]
name = "a"
gateway = "easylink"
environment = "test"

# about b
  [[ profile ]]   # b
name = "b" # the b
gateway = "easylink"
environment = "test"
# inside b
[profile.policy]
max_refund = [
  "1 HKD", # one
] # end

# before keys
[keys]
x = "y"

[profile.easylink]
far = "away"

# about c
[[profile]]
name = "c"
gateway = "easylink"
environment = "test"
# last
`
	const want = `# head
default_profile = "" # mine

# about a
[[profile]]
name = "a"
gateway = "easylink"
environment = "test"

# about b

# before keys
[keys]
x = "y"

# about c
[[profile]]
name = "c"
gateway = "easylink"
environment = "test"
# last
`
	o := place(t)
	path := write(t, o, before)
	c, err := RemoveProfile(o, "b")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, content(t, path)); diff != "" {
		t.Errorf("file (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"a", "c"}, c.Names()); diff != "" || c.DefaultProfile != "" {
		t.Errorf("got %v, default %q", c.Names(), c.DefaultProfile)
	}
}

func TestRefusedEditsWriteNothing(t *testing.T) {
	inline := "profile = [{ name = \"a\", gateway = \"easylink\", environment = \"test\" }]\n"
	block := "[[profile]]\nname = \"a\"\ngateway = \"easylink\"\nenvironment = \"test\"\n"
	for name, tc := range map[string]struct {
		before string
		edit   func(o Options) error
		class  client.Class
		part   string
	}{
		"name taken": {
			block, func(o Options) error { _, err := AddProfile(o, draft("a")); return err },
			client.ClassInput, `profile "a" is already defined`,
		},
		"bad values": {block, func(o Options) error {
			_, err := AddProfile(o, Draft{Name: "B b", Gateway: "x", Environment: "y", MaxRefund: []string{"1"}})
			return err
		}, client.ClassInput, "profile.policy.max_refund"},
		"setting with a point": {block, func(o Options) error {
			d := draft("b")
			d.Settings["rate"] = 0.5
			_, err := AddProfile(o, d)
			return err
		}, client.ClassInput, `setting "rate"`},
		"file is broken": {
			"theme = \n", func(o Options) error { _, err := AddProfile(o, draft("b")); return err },
			client.ClassConfig, "not TOML",
		},
		"list cannot grow": {
			inline, func(o Options) error { _, err := AddProfile(o, draft("b")); return err },
			client.ClassInput, "not TOML",
		},
		"list cannot be cut": {
			inline, func(o Options) error { _, err := RemoveProfile(o, "a"); return err },
			client.ClassInput, "by hand",
		},
		"unknown": {
			block, func(o Options) error { _, err := RemoveProfile(o, "b"); return err },
			client.ClassNotFound, "known profiles: a",
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := place(t)
			path := write(t, o, tc.before)
			err := tc.edit(o)
			if client.ClassOf(err) != tc.class || !strings.Contains(whole(err), tc.part) {
				t.Errorf("got %v, want class %s and %q", err, tc.class, tc.part)
			}
			if got := content(t, path); got != tc.before {
				t.Errorf("the file was changed to %q", got)
			}
			if left, err := filepath.Glob(filepath.Join(filepath.Dir(path), ".config-*")); err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}

func TestReplaceRefusesAFileThatChanged(t *testing.T) {
	o := place(t)
	path := write(t, o, "theme = \"new\"\n")
	err := replaceFile(path, []byte("theme = \"old\"\n"), []byte("x"))
	refusal(t, err, client.ClassConflict, "changed", "config.toml")
	if content(t, path) != "theme = \"new\"\n" {
		t.Error("the other change was lost")
	}
}

func TestReplaceRefusesASecondWriter(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no directory lock on this system")
	}
	o := place(t)
	path := write(t, o, "")
	unlock, err := lockDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	_, err = AddProfile(o, draft("a"))
	refusal(t, err, client.ClassConflict, "locked", "another paydesk")
	unlock()
	if _, err := AddProfile(o, draft("a")); err != nil {
		t.Error(err)
	}
}

func TestALinkToTheFileIsKept(t *testing.T) { // covers S20
	o := place(t)
	path := write(t, o, "# kept elsewhere\n")
	real := filepath.Join(o.Dirs.Home, "dotfiles.toml")
	if err := os.Rename(path, real); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(real, path); err != nil {
		t.Skip("no links here:", err)
	}
	if _, err := AddProfile(o, draft("a")); err != nil {
		t.Fatal(err)
	}
	info, err := os.Lstat(path)
	if err != nil || info.Mode()&os.ModeSymlink == 0 || !strings.Contains(content(t, real), `name = "a"`) {
		t.Errorf("link %v, %v, target %q", info, err, content(t, real))
	}
}
