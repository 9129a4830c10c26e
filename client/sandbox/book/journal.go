package book

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// ErrInUse says that another process has the book open.
var ErrInUse = errors.New("another sandbox is running on this folder")

// disk is what a journal needs of its file.
type disk interface {
	io.ReadWriteSeeker
	io.Closer
	Truncate(size int64) error
	Sync() error
}

// journal is the file of a book: one JSON object per line, only ever appended.
type journal struct {
	file disk
	size int64 // length of what is known to be whole
}

func exists(path string) (bool, error) {
	_, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// create writes all entries beside path and links them into place, so that
// there is a whole book or none.
func create(path string, entries []Entry) (err error) {
	temp, err := os.CreateTemp(filepath.Dir(path), ".book-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ignoreMissing(os.Remove(temp.Name()))) }()
	out := bufio.NewWriterSize(temp, 1<<16)
	encoder := json.NewEncoder(out)
	for i, e := range entries {
		e.Seq = uint64(i) + 1
		if err := encoder.Encode(e); err != nil {
			return errors.Join(err, temp.Close())
		}
	}
	if err := errors.Join(out.Flush(), temp.Sync(), temp.Close()); err != nil {
		return err
	}
	if there, err := exists(path); err != nil || there {
		return errors.Join(err, fs.ErrExist)
	}
	if err := os.Rename(temp.Name(), path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// syncFolder makes a rename durable. Folders cannot be synced everywhere, and
// a lost rename only means that the book is made again.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	_ = folder.Sync()
	return folder.Close()
}

// openJournal replays every whole line and cuts a torn one off.
func openJournal(path string, replay func(line []byte) error) (*journal, error) {
	file, err := os.OpenFile(path, os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := lock(file); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	j := &journal{file: file}
	if err := j.replay(replay); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return j, nil
}

func (j *journal) replay(replay func(line []byte) error) error {
	in := bufio.NewReaderSize(j.file, 1<<16)
	for number := 1; ; number++ {
		line, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return j.cut(line)
		}
		if err != nil {
			return err
		}
		if err := replay(bytes.TrimSuffix(line, []byte("\n"))); err != nil {
			if _, more := in.Peek(1); errors.Is(more, io.EOF) {
				// The last line of a crash may hold anything; it was not answered.
				return j.cut(line)
			}
			return fmt.Errorf("line %d: %w", number, err)
		}
		j.size += int64(len(line))
	}
}

// cut drops what follows the last whole line.
func (j *journal) cut(torn []byte) error {
	if len(torn) > 0 {
		if err := errors.Join(j.file.Truncate(j.size), j.file.Sync()); err != nil {
			return err
		}
	}
	_, err := j.file.Seek(j.size, io.SeekStart)
	return err
}

// append writes one line and waits until it is on disk. broken says that a
// part of it may have stayed behind.
func (j *journal) append(line []byte) (broken bool, err error) {
	line = append(line, '\n')
	if _, err = j.file.Write(line); err == nil {
		err = j.file.Sync()
	}
	if err == nil {
		j.size += int64(len(line))
		return false, nil
	}
	return j.cut(line) != nil, err
}

func (j *journal) close() error { return j.file.Close() }
