package vault

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"paydesk/client"
	"paydesk/client/secret"
)

// maxKeyFile is how large a key file may be, in bytes.
const maxKeyFile = 64 << 10

// extensions are the endings that a key file may have.
var extensions = []string{".pem", ".der", ".key", ".txt"}

// FileStore reads the key files of a loopback sandbox: KEY.pem, .der, .key or
// .txt in one directory, whatever the profile. It cannot write. Only a profile
// of environment "sandbox" may use it, which the configuration checks.
type FileStore struct{ dir string }

// Files reads keys from a directory.
func Files(dir string) *FileStore { return &FileStore{dir: dir} }

// Get reads a key and brings it into the form of Normalize. Errors are of
// class keyring: not-found, or file for a link, a doubled or an oversized one.
func (f *FileStore) Get(_ context.Context, profile, key string) (secret.Secret, error) {
	if _, err := entry(profile, key); err != nil {
		return secret.Secret{}, err
	}
	path, info, err := f.find(key)
	if err != nil {
		return secret.Secret{}, err
	}
	raw, err := readRegular(path, info)
	if err != nil {
		return secret.Secret{}, err
	}
	s, err := Normalize(raw)
	if err != nil {
		return secret.Secret{}, failure(CodeFile, "key file "+strconv.Quote(path)+" holds no key", "write PEM, base64 or the secret text into it", err)
	}
	return s, nil
}

// find is the one file of a key.
func (f *FileStore) find(key string) (path string, info fs.FileInfo, err error) {
	dir, err := os.Lstat(f.dir)
	if err != nil || !dir.IsDir() {
		return "", nil, failure(CodeFile, "keys_dir "+strconv.Quote(f.dir)+" is not a directory", "start the sandbox with this directory, or correct keys_dir", bare(err))
	}
	for _, extension := range extensions {
		candidate := filepath.Join(f.dir, key+extension)
		at, err := os.Lstat(candidate)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return "", nil, failure(CodeFile, "key file "+strconv.Quote(candidate)+" cannot be read", "check its owner and mode", bare(err))
		}
		if !at.Mode().IsRegular() {
			return "", nil, failure(CodeFile, "key file "+strconv.Quote(candidate)+" is a link or no regular file", "put the key itself there", nil)
		}
		if path != "" {
			return "", nil, failure(CodeFile, "there are two files for one key: "+strconv.Quote(path)+" and "+strconv.Quote(candidate), "remove one of them", nil)
		}
		path, info = candidate, at
	}
	if path == "" {
		tried := make([]string, len(extensions))
		for i, extension := range extensions {
			tried[i] = key + extension
		}
		return "", nil, failure(CodeNotFound, "there is no key file for "+key+" in "+strconv.Quote(f.dir),
			"one of these is needed: "+strings.Join(tried, ", "), nil)
	}
	return path, info, nil
}

// readRegular reads a file that still is the one that was looked at.
func readRegular(path string, looked fs.FileInfo) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, failure(CodeFile, "key file "+strconv.Quote(path)+" cannot be read", "check its owner and mode", bare(err))
	}
	defer func() { _ = file.Close() }() // only read
	info, err := file.Stat()
	if err != nil || !os.SameFile(info, looked) {
		return nil, failure(CodeFile, "key file "+strconv.Quote(path)+" was exchanged while it was read", "try again", bare(err))
	}
	raw, err := io.ReadAll(io.LimitReader(file, maxKeyFile+1))
	if err != nil {
		return nil, failure(CodeFile, "key file "+strconv.Quote(path)+" cannot be read", "check the disk", bare(err))
	}
	if len(raw) > maxKeyFile {
		return nil, failure(CodeFile, "key file "+strconv.Quote(path)+" is larger than "+strconv.Itoa(maxKeyFile>>10)+" KiB", "name the right file", nil)
	}
	return raw, nil
}

// bare drops the path from a file error; the message names it.
func bare(err error) error {
	if at, ok := errors.AsType[*fs.PathError](err); ok {
		return at.Err
	}
	return err
}

// Set is refused: key files are read only.
func (f *FileStore) Set(context.Context, string, string, secret.Secret) error { return f.readOnly() }

// Remove is refused: key files are read only.
func (f *FileStore) Remove(context.Context, string, string) error { return f.readOnly() }

func (f *FileStore) readOnly() *client.Error {
	return failure(CodeReadOnly, "this profile's keys are files in "+strconv.Quote(f.dir)+", which paydesk only reads",
		"remove keys_dir from the profile to keep its keys in the keyring", nil)
}

// Probe reports whether the directory is there and holds a key file.
func (f *FileStore) Probe(context.Context) error {
	entries, err := os.ReadDir(f.dir)
	if err != nil {
		return failure(CodeFile, "keys_dir "+strconv.Quote(f.dir)+" cannot be read", "start the sandbox with this directory, or correct keys_dir", bare(err))
	}
	if !slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return slices.Contains(extensions, filepath.Ext(e.Name())) }) {
		return failure(CodeNotFound, "keys_dir "+strconv.Quote(f.dir)+" holds no key file", "start the sandbox with this directory, or correct keys_dir", nil)
	}
	return nil
}
