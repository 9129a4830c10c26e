package sandbox

import (
	"io"
	"maps"
	"net"
	"net/http"
	"strconv"
	"time"

	"paydesk/client/sandbox/protocol"
)

// retryAfter is what an overloaded gateway asks its callers to wait, in
// seconds.
const retryAfter = "1"

// record puts the call on the log, or what became known about it since. It
// comes before anything is sent, so that whoever got an answer finds the call.
func (v *visit) record() { v.entry.id = v.s.log.put(v.entry) }

// startWriting bounds the writing of the answer.
func (v *visit) startWriting() {
	v.record()
	// A connection without deadlines, as in tests, only loses the limit.
	_ = http.NewResponseController(v.w).SetWriteDeadline(time.Now().Add(writeTimeout))
}

// write sends an answer, or the first half of it.
func (v *visit) write(m protocol.Message, half bool) {
	v.entry.Status = m.Status
	v.startWriting()
	maps.Copy(v.w.Header(), m.Header)
	v.w.Header().Set("Content-Length", strconv.Itoa(len(m.Body)))
	v.w.WriteHeader(m.Status)
	body := m.Body
	if half {
		// Less than was announced: the server then closes the connection.
		body = body[:len(body)/2]
	}
	_, _ = v.w.Write(body) // the client may be gone, which is its own affair
}

// plainly sends text that is no gateway's answer.
func (v *visit) plainly(status int, kind, text string) {
	v.entry.Status = status
	v.startWriting()
	v.w.Header().Set("Content-Type", kind)
	v.w.WriteHeader(status)
	_, _ = io.WriteString(v.w, text)
}

// status answers with a bare HTTP status.
func (v *visit) status(status int) {
	if status == http.StatusTooManyRequests {
		v.w.Header().Set("Retry-After", retryAfter)
	}
	v.plainly(status, plainText, http.StatusText(status)+"\n")
}

// wait holds an answer back; false when the caller or the sandbox is gone.
func (v *visit) wait(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-v.r.Context().Done():
		return false
	}
}

// take takes the connection away from the server; nil where it cannot.
func (v *visit) take() net.Conn {
	v.record()
	conn, _, err := http.NewResponseController(v.w).Hijack()
	if err != nil {
		v.s.opts.Logger.Error("sandbox: a connection cannot be dropped", "err", err)
		return nil
	}
	return conn
}

// drop closes the connection without an answer.
func (v *visit) drop() {
	if conn := v.take(); conn != nil {
		_ = conn.Close()
	}
}

// reset closes it so that the other side sees a reset.
func (v *visit) reset() {
	conn := v.take()
	if conn == nil {
		return
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}
