package wire

import (
	"compress/flate"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"paydesk/client"
)

// Errors of reading an answer.
var (
	errTooLarge = fmt.Errorf("longer than %d bytes", BodyLimit)
	errEncoding = errors.New("content encoding is not identity or gzip")
)

// readBody reads an answer to its end and undoes gzip, which some gateways send
// unasked (payermax: section 2.1). Neither the bytes on the wire nor the decoded
// ones may be longer than BodyLimit (F5). With an error it returns what there
// was, cut at the limit.
func readBody(resp *http.Response) ([]byte, error) {
	wire := &limited{source: resp.Body, left: BodyLimit}
	switch encoding := strings.ToLower(strings.TrimSpace(resp.Header.Get("Content-Encoding"))); encoding {
	case "", "identity":
		return io.ReadAll(wire)
	case "gzip", "x-gzip":
		unzip, err := gzip.NewReader(wire)
		if errors.Is(err, io.EOF) {
			return nil, io.ErrUnexpectedEOF
		}
		if err != nil {
			return nil, err
		}
		return io.ReadAll(&limited{source: unzip, left: BodyLimit})
	default:
		raw, _ := io.ReadAll(wire)
		return raw, fmt.Errorf("%w: %.40q", errEncoding, encoding)
	}
}

// limited reads up to left bytes and fails with errTooLarge when there are more.
type limited struct {
	source io.Reader
	left   int
}

func (l *limited) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if l.left == 0 {
		var probe [1]byte
		n, err := l.source.Read(probe[:])
		if n > 0 {
			return 0, errTooLarge
		}
		return 0, err
	}
	n, err := l.source.Read(p[:min(len(p), l.left)])
	l.left -= n
	return n, err
}

// bodyError classes a failure while the answer was read. The request was taken,
// so the outcome is unknown whatever went wrong.
func bodyError(ctx context.Context, kind Kind, err error, resp *http.Response) error {
	e := &client.Error{
		Class: client.ClassUnknown, Code: "truncated", Message: "the answer broke off", Err: err,
		Hint: LostHint(kind),
	}
	var corrupt flate.CorruptInputError
	switch {
	case errors.Is(err, errTooLarge):
		e.Code, e.Message = "too-large", "the answer is too large"
	case errors.Is(err, errEncoding):
		e.Code, e.Message = "encoding", "the answer is encoded in a way that was not asked for"
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum), errors.As(err, &corrupt):
		e.Code, e.Message = "encoding", "the answer's compression is damaged"
	case errors.Is(ctx.Err(), context.Canceled):
		e.Code, e.Message = "cancelled", "the call was given up while the answer came"
	case errors.Is(ctx.Err(), context.DeadlineExceeded), isTimeout(err):
		e.Code, e.Message = "deadline", "the answer did not end in time"
	}
	return Status(e, resp.StatusCode, resp.Header)
}
