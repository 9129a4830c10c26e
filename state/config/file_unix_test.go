//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package config

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"paydesk/client"
)

func TestFilesThatOthersCouldWriteAreRefused(t *testing.T) { // covers S20
	o := place(t)
	path := write(t, o, "theme = \"x\"\n")
	for _, mode := range []os.FileMode{0o620, 0o602, 0o666} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		_, err := Load(o)
		refusal(t, err, client.ClassConfig, "mode", "chmod 600 '"+path+"'")
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	load(t, o)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Load(o)
	refusal(t, err, client.ClassConfig, "no-file", "not a regular file")
	if os.Geteuid() != 0 {
		t.Skip("a file of another user can only be made by root")
	}
	path = write(t, place(t), "")
	if err := os.Chown(path, 12345, -1); err != nil {
		t.Fatal(err)
	}
	o.File = path
	_, err = Load(o)
	refusal(t, err, client.ClassConfig, "owner", "belongs to another user")
}

func TestEnsureDir(t *testing.T) { // covers S20
	before := syscall.Umask(0)
	defer syscall.Umask(before)
	home := t.TempDir()
	dir := filepath.Join(home, "a", "b")
	for range 2 {
		if err := EnsureDir(dir); err != nil {
			t.Fatal(err)
		}
	}
	for _, d := range []string{dir, filepath.Dir(dir)} {
		if info, err := os.Stat(d); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("%s: %v, %v, want mode 0700 with any umask", d, info.Mode(), err)
		}
	}
	if err := os.Chmod(dir, 0o770); err != nil {
		t.Fatal(err)
	}
	refusal(t, EnsureDir(dir), client.ClassConfig, "mode", "chmod 700")
	if err := os.Chmod(dir, 0o777|os.ModeSticky); err != nil {
		t.Fatal(err)
	}
	if err := EnsureDir(dir); err != nil {
		t.Errorf("a shared directory that guards its files: %v", err)
	}
	file := filepath.Join(home, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	refusal(t, EnsureDir(file), client.ClassStorage, "unwritable", "not a directory")
	refusal(t, EnsureDir(filepath.Join(file, "x")), client.ClassStorage, "unwritable", "not a directory")
	if err := CheckFile(file); err != nil {
		t.Error(err)
	}
	if err := CheckFile(filepath.Join(home, "none")); err != nil {
		t.Error(err)
	}
	if err := os.Chmod(file, 0o622); err != nil {
		t.Fatal(err)
	}
	refusal(t, CheckFile(file), client.ClassConfig, "mode", "chmod 600")
}
