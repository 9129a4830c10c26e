package evidence

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"paydesk/client"
)

// Write makes the folder dir with the files of a bundle and returns the digest of
// the whole, which is worth noting down elsewhere. The same bundle always gives
// the same bytes. The folder is made beside dir and renamed, so that a crash or a
// full disk leaves no half bundle; it has mode 0700, its files 0600 (S20). dir may
// be there when it is empty. Errors: ClassInput for a dir that is taken,
// ClassUnsupported for a bundle beyond all bounds, ClassStorage for the disk.
func Write(dir string, b Bundle) (digest string, err error) {
	list, err := files(b)
	if err != nil {
		return "", err
	}
	m := newManifest(list)
	content, err := render(m)
	if err != nil {
		return "", err
	}
	return m.Digest, place(dir, append(list, file{fileManifest, content}), writeFile)
}

// partial begins the name of a folder that is not finished.
const partial = ".paydesk-evidence-"

// place puts files into a new folder, all of them or none.
func place(dir string, list []file, write func(path string, content []byte) error) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return unwritable(dir, err)
	}
	if err := free(dir); err != nil {
		return err
	}
	parent := filepath.Dir(dir)
	if err := os.MkdirAll(parent, 0o700); err != nil {
		return unwritable(parent, err)
	}
	beside, err := os.MkdirTemp(parent, partial+"*") // mode 0700
	if err != nil {
		return unwritable(parent, err)
	}
	if err := fill(beside, list, write); err != nil {
		return errors.Join(unwritable(dir, err), discard(beside))
	}
	if err := move(beside, dir); err != nil {
		return errors.Join(unwritable(dir, err), discard(beside))
	}
	syncDir(parent)
	return nil
}

// free refuses a folder that is taken.
func free(dir string) error {
	info, err := os.Lstat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return unwritable(dir, err)
	case !info.IsDir():
		return taken(dir, "is there and is no folder")
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return unwritable(dir, err)
	}
	if len(entries) > 0 {
		return taken(dir, "is there and is not empty")
	}
	return nil
}

func taken(dir, why string) error {
	return &client.Error{
		Class: client.ClassInput, Code: "out", Message: fmt.Sprintf("%q %s; nothing was written", dir, why),
		Hint: "name a folder that does not exist yet",
	}
}

func fill(dir string, list []file, write func(path string, content []byte) error) error {
	folders := []string{dir}
	for _, f := range list {
		path := filepath.Join(dir, filepath.FromSlash(f.name))
		if folder := filepath.Dir(path); folder != folders[len(folders)-1] && folder != dir {
			if err := os.Mkdir(folder, 0o700); err != nil {
				return err
			}
			folders = append(folders, folder)
		}
		if err := write(path, f.content); err != nil {
			return err
		}
	}
	for _, folder := range folders {
		syncDir(folder)
	}
	return nil
}

// writeFile makes one file, durably.
func writeFile(path string, content []byte) error {
	out, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = out.Write(content)
	return errors.Join(err, out.Sync(), out.Close())
}

// move gives the finished folder its name. An empty one of that name makes way;
// one that has been filled meanwhile does not.
func move(from, to string) error {
	if err := os.Remove(to); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.Rename(from, to)
}

// discard takes back what was written of a bundle that could not be finished.
func discard(beside string) error {
	if err := os.RemoveAll(beside); err != nil {
		return unwritable(beside, err)
	}
	return nil
}

// syncDir makes new names durable where the file system can.
func syncDir(dir string) {
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync()  // some file systems cannot, and then the next crash may lose the whole bundle, never a part of it
		_ = d.Close() // only synced
	}
}

func unwritable(path string, err error) error {
	return &client.Error{
		Class: client.ClassStorage, Code: "unwritable", Message: fmt.Sprintf("%q cannot be written", path),
		Hint: "check the room on the disk and who may write there", Err: bare(err),
	}
}

// bare drops the path from a file error, which the message names already.
func bare(err error) error {
	if at, ok := errors.AsType[*fs.PathError](err); ok {
		return at.Err
	}
	if at, ok := errors.AsType[*os.LinkError](err); ok {
		return at.Err
	}
	return err
}
