package vault

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"paydesk/client"
	"paydesk/client/secret"
)

const (
	shop = "shop-hk"
	key  = "merchant_private_key"
)

func TestKeyringKeepsEveryByte(t *testing.T) { // covers F24
	f := newFake()
	k := Keyring(Options{Provider: f})
	ctx := t.Context()
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	value := secret.New(all)
	if err := k.Set(ctx, shop, key, value); err != nil {
		t.Fatal(err)
	}
	if f.entries["paydesk:shop-hk/merchant_private_key"] != string(all) {
		t.Error("the entry is not service paydesk, user PROFILE/KEY, raw bytes")
	}
	other := Keyring(Options{Provider: f})
	if got, err := other.Get(ctx, shop, key); err != nil || !got.Equal(value) {
		t.Errorf("another session got %v, %v", got, err)
	}
	if err := k.Remove(ctx, shop, key); err != nil {
		t.Fatal(err)
	}
	_, err := k.Get(ctx, shop, key)
	refused(t, err, CodeNotFound)
	refused(t, k.Remove(ctx, shop, key), CodeNotFound)
}

func TestKeysAreReadOncePerSession(t *testing.T) {
	f := newFake()
	f.entries["paydesk:shop-hk/merchant_private_key"] = "one"
	k := Keyring(Options{Provider: f})
	ctx := t.Context()
	for range 3 {
		if got, err := k.Get(ctx, shop, key); err != nil || !got.Equal(text("one")) {
			t.Fatal(got, err)
		}
	}
	if f.calls != 1 {
		t.Errorf("%d calls, want 1", f.calls)
	}
	if err := k.Set(ctx, shop, key, text("two")); err != nil {
		t.Fatal(err)
	}
	if got, err := k.Get(ctx, shop, key); err != nil || !got.Equal(text("two")) {
		t.Errorf("after Set: %q, %v", got.Reveal(), err)
	}
	if f.calls != 3 { // get, set and the reading back, which is then kept
		t.Errorf("%d calls, want 3", f.calls)
	}
}

func TestFrozenKeyringIsGivenUpAndNeverPiledUpOn(t *testing.T) { // covers F24 I15
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.entries["paydesk:shop-hk/merchant_private_key"] = "one"
		k := Keyring(Options{Provider: f, Headless: true, Env: display})
		thaw := f.freeze()
		start := time.Now()
		_, err := k.Get(t.Context(), shop, key)
		refused(t, err, CodeTimeout)
		if took := time.Since(start); took != ProbeLimit {
			t.Errorf("gave up after %v, want %v", took, ProbeLimit)
		}
		start = time.Now()
		for range 5 {
			_, err := k.Get(t.Context(), "other", key)
			refused(t, err, CodeBusy)
			refused(t, k.Remove(t.Context(), shop, key), CodeBusy)
			refused(t, k.Probe(t.Context()), CodeBusy)
		}
		if took := time.Since(start); took != 0 || f.count() != 1 {
			t.Errorf("later calls took %v and %d reached the keyring, want 0 s and 1", took, f.count())
		}
		thaw()
		synctest.Wait()
		if got, err := k.Get(t.Context(), shop, key); err != nil || !got.Equal(text("one")) {
			t.Errorf("after it came back: %v", err)
		}
		if f.count() != 1 {
			t.Errorf("%d calls, want 1: the late answer is used", f.count())
		}
		if _, err := k.Get(t.Context(), "other", key); codeOf(err) != CodeNotFound {
			t.Errorf("the gate is still shut: %v", err)
		}
	})
}

func TestThoseWaitingBehindAStuckCallAreLetGo(t *testing.T) { // covers F24
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		k := Keyring(Options{Provider: f, Env: display}) // 120 s
		thaw := f.freeze()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var wait sync.WaitGroup
		errs := make([]error, 4)
		for i := range errs {
			wait.Go(func() {
				own := t.Context()
				if i == 0 {
					own = ctx
				} else {
					<-ctx.Done() // all begin once the first is stuck, or just before
				}
				_, errs[i] = k.Get(own, shop, fmt.Sprintf("key_%d", i))
			})
		}
		wait.Wait()
		refused(t, errs[0], CodeTimeout)
		if !errors.Is(errs[0], context.DeadlineExceeded) {
			t.Errorf("%v does not say that the caller's own deadline passed", errs[0])
		}
		for _, err := range errs[1:] {
			refused(t, err, CodeBusy)
		}
		thaw()
		synctest.Wait()
	})
}

func TestOneCallAtATime(t *testing.T) { // covers F24
	f := newFake()
	k := Keyring(Options{Provider: f})
	var wait sync.WaitGroup
	for i := range 16 {
		wait.Go(func() {
			name := fmt.Sprintf("key_%d", i)
			for range 20 {
				if err := k.Set(t.Context(), shop, name, text(name)); err != nil {
					t.Error(err)
				}
				if got, err := k.Get(t.Context(), shop, name); err != nil || !got.Equal(text(name)) {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
	if f.most != 1 {
		t.Errorf("%d calls were under way at once, want 1", f.most)
	}
}

func TestAfterASetTimeoutTheEntryIsReadAgain(t *testing.T) { // covers F24
	const old, fresh = "old", "fresh"
	for name, tc := range map[string]struct {
		thawAfter time.Duration // 0: never
		drop      bool          // the late call does not take effect
		before    string
		want      string // code, "" for success
		part      string
	}{
		"late and stored":               {thawAfter: 4 * time.Second},
		"late over an old key":          {thawAfter: 4 * time.Second, before: old},
		"late and not stored":           {thawAfter: 4 * time.Second, drop: true, want: CodeTimeout, part: "did not answer in 3s"},
		"late, not stored, old is left": {thawAfter: 4 * time.Second, drop: true, before: old, want: CodeTimeout, part: "did not answer in 3s"},
		"never":                         {want: CodeTimeout, part: "may or may not be stored"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake()
				const entry = "paydesk:shop-hk/merchant_private_key"
				if tc.before != "" {
					f.entries[entry] = tc.before
				}
				k := Keyring(Options{Provider: f})
				thaw := f.freeze()
				if tc.drop {
					f.mangle = func(string) string { return tc.before }
					defer func() { f.mangle = nil }()
				}
				if tc.thawAfter > 0 {
					time.AfterFunc(tc.thawAfter, thaw)
				}
				err := k.Set(t.Context(), shop, key, text(fresh))
				if tc.want == "" && err != nil {
					t.Fatalf("the key is stored, yet: %v", err)
				}
				if tc.want != "" {
					refusal(t, err, client.ClassKeyring, tc.want, tc.part)
				}
				if tc.thawAfter == 0 {
					thaw()
					synctest.Wait()
				}
				got, err := k.Get(t.Context(), shop, key)
				switch {
				case tc.drop && tc.before == "":
					refused(t, err, CodeNotFound)
				case tc.drop:
					if !got.Equal(text(old)) {
						t.Errorf("got %q, want the old key", got.Reveal())
					}
				case !got.Equal(text(fresh)):
					t.Errorf("got %q, %v, want the fresh key", got.Reveal(), err)
				}
			})
		})
	}
}

func TestWithADisplayAPersonHasTimeToUnlock(t *testing.T) { // covers F24
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.entries["paydesk:shop-hk/merchant_private_key"] = "one"
		start := time.Now()
		var notes []string
		k := Keyring(Options{Provider: f, Env: display, Waiting: func(on bool) {
			notes = append(notes, fmt.Sprint(on, time.Since(start)))
		}})
		thaw := f.freeze()
		time.AfterFunc(70*time.Second, thaw)
		if _, err := k.Get(t.Context(), shop, key); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(notes, " "); got != "true 1s false 1m10s" {
			t.Errorf("notes %q, want one after 1 s that ends with the call", got)
		}
		thaw = f.freeze()
		start = time.Now()
		_, err := k.Get(t.Context(), shop, "second")
		refused(t, err, CodeTimeout)
		if took := time.Since(start); took != PromptLimit {
			t.Errorf("gave up after %v, want %v", took, PromptLimit)
		}
		thaw()
		synctest.Wait()
		notes = nil
		thaw = f.freeze()
		start = time.Now()
		refused(t, k.Probe(t.Context()), CodeTimeout)
		if took := time.Since(start); took != ProbeLimit || len(notes) > 0 {
			t.Errorf("a probe took %v with notes %v, want %v and none", took, notes, ProbeLimit)
		}
		thaw()
		synctest.Wait()
	})
}

func TestAStoppedCallerIsLetGoAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		k := Keyring(Options{Provider: f})
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := k.Get(ctx, shop, key)
		if !errors.Is(err, context.Canceled) || client.ClassOf(err) != client.ClassKeyring || f.count() != 0 {
			t.Errorf("got %v after %d calls, want no call", err, f.count())
		}
		thaw := f.freeze()
		ctx, cancel = context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		start := time.Now()
		_, err = k.Get(ctx, shop, key)
		if !errors.Is(err, context.Canceled) || time.Since(start) != time.Second {
			t.Errorf("got %v after %v", err, time.Since(start))
		}
		thaw()
		synctest.Wait()
	})
}

func TestAKeyringThatChangesKeysIsFoundOut(t *testing.T) { // covers F24
	f := newFake()
	f.mangle = func(password string) string { return strings.ToValidUTF8(password, "\uFFFD") }
	k := Keyring(Options{Provider: f})
	refused(t, k.Set(t.Context(), shop, key, secret.New([]byte{0x30, 0x82, 0xff})), CodeAltered)
}

func TestAPanicOfTheLibraryIsAnError(t *testing.T) { // covers S10
	f := newFake()
	f.panics = true
	k := Keyring(Options{Provider: f})
	_, err := k.Get(t.Context(), shop, key)
	refused(t, err, CodeFailed)
	if strings.Contains(err.Error(), "canary") {
		t.Errorf("%v shows the panic's text", err)
	}
	f.panics = false
	_, err = k.Get(t.Context(), shop, key)
	refused(t, err, CodeNotFound)
}

func TestWrongNamesAndEmptyKeys(t *testing.T) {
	f := newFake()
	for name, v := range map[string]interface {
		Set(ctx context.Context, profile, key string, value secret.Secret) error
		Get(ctx context.Context, profile, key string) (secret.Secret, error)
		Remove(ctx context.Context, profile, key string) error
	}{"keyring": Keyring(Options{Provider: f}), "memory": Memory()} {
		t.Run(name, func(t *testing.T) {
			for _, pair := range [][2]string{{"", key}, {"Shop", key}, {"a/b", key}, {shop, ""}, {shop, "../x"}, {shop, "a b"}, {shop, strings.Repeat("a", 65)}} {
				refusal(t, v.Set(t.Context(), pair[0], pair[1], text("x")), client.ClassInput, CodeName, "")
				_, err := v.Get(t.Context(), pair[0], pair[1])
				refusal(t, err, client.ClassInput, CodeName, "")
				refusal(t, v.Remove(t.Context(), pair[0], pair[1]), client.ClassInput, CodeName, "")
			}
			refusal(t, v.Set(t.Context(), shop, key, secret.Secret{}), client.ClassInput, CodeEmpty, "")
			if err := v.Set(t.Context(), shop, key, text("x")); err != nil {
				t.Fatal(err)
			}
			if got, err := v.Get(t.Context(), shop, key); err != nil || !got.Equal(text("x")) {
				t.Error(got, err)
			}
			if err := v.Remove(t.Context(), shop, key); err != nil {
				t.Error(err)
			}
			refused(t, v.Remove(t.Context(), shop, key), CodeNotFound)
			_, err := v.Get(t.Context(), shop, key)
			refused(t, err, CodeNotFound)
		})
	}
}

func TestSizeLimits(t *testing.T) { // covers F24
	const name = shop + "/" + key
	for goos, want := range map[string]int{"windows": 2560, "linux": 65536} {
		if got := sizeLimit(goos, name); got != want {
			t.Errorf("%s: %d, want %d", goos, got, want)
		}
	}
	// macOS: the library's whole command, as it builds it, is within 4096 bytes.
	command := func(size int) int {
		return len(fmt.Sprintf("add-generic-password -U -s %s -a %s -w %s\n", Service, name, "go-keyring-base64:"+strings.Repeat("A", (size+2)/3*4)))
	}
	limit := sizeLimit("darwin", name)
	if command(limit) > 4096 || command(limit+3) <= 4096 || limit < 2376 {
		t.Errorf("macOS: limit %d gives a command of %d bytes", limit, command(limit))
	}
	f := newFake()
	k := Keyring(Options{Provider: f})
	refused(t, k.Set(t.Context(), shop, key, secret.New(make([]byte, 65537))), CodeTooBig)
	if f.calls != 0 {
		t.Error("the keyring was asked all the same")
	}
}
