package callback

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"strconv"
	"strings"

	"paydesk/client"
)

// handle answers one request. The order of the checks is that of reliability
// section 7: method and path, size, signature, own merchant, store,
// acknowledge.
func (r *Receiver) handle(w http.ResponseWriter, req *http.Request) {
	var found *route
	defer func() {
		if cause := recover(); cause != nil {
			// The value could hold anything; nobody is shown it.
			r.opts.Logger.Error("callback: a fault of paydesk's own", "profile", profileOf(found), "type", fmt.Sprintf("%T", cause))
			answer(w, plain(http.StatusInternalServerError))
		}
	}()
	if !r.rates.allow(r.caller(req), r.opts.Clock()) {
		w.Header().Set("Retry-After", "1")
		answer(w, plain(http.StatusTooManyRequests))
		return
	}
	if found = r.find(req.URL.Path); found == nil {
		r.strangers.Add(1)
		answer(w, plain(http.StatusNotFound))
		return
	}
	if req.Method != http.MethodPost {
		found.refused.Add(1)
		w.Header().Set("Allow", http.MethodPost)
		answer(w, plain(http.StatusMethodNotAllowed))
		return
	}
	body, whole, err := r.body(w, req)
	if err != nil {
		found.refused.Add(1) // it broke off: there is nothing to look at
		answer(w, plain(http.StatusBadRequest))
		return
	}
	if !whole {
		n := client.Notice{Kind: client.NoticeOther}.Doubted(fmt.Sprintf("it is longer than %d bytes", r.opts.Limits.Body)).Identified(body)
		r.refuse(w, req, found, n, http.StatusRequestEntityTooLarge)
		return
	}
	n := found.Reader.ReadCallback(req.Header, body)
	if !n.Verified {
		r.refuse(w, req, found, n, 0)
		return
	}
	r.accept(w, req, found, n)
}

// accept stores a notice and then acknowledges it; every repeat too.
func (r *Receiver) accept(w http.ResponseWriter, req *http.Request, found *route, n client.Notice) {
	ctx, cancel := r.deadline(req)
	defer cancel()
	fresh, err := r.opts.Store(ctx, found.Profile, n)
	if err != nil {
		found.unstored.Add(1)
		r.opts.Logger.Error("callback: not stored, so not acknowledged; the gateway will repeat it",
			"profile", found.Profile, "kind", n.Kind, "digest", n.Digest, "error", err)
		reply := found.Reader.Refuse()
		reply.Status = http.StatusServiceUnavailable
		answer(w, reply)
		return
	}
	if fresh {
		found.accepted.Add(1)
	} else {
		found.repeated.Add(1)
	}
	r.opts.Logger.Info("callback: stored", "profile", found.Profile, "kind", n.Kind, "digest", n.Digest, "fresh", fresh)
	answer(w, found.Reader.Acknowledge())
}

// refuse answers what cannot be believed and tells of it. status 0 is the
// protocol's own.
func (r *Receiver) refuse(w http.ResponseWriter, req *http.Request, found *route, n client.Notice, status int) {
	found.refused.Add(1)
	if !found.told.AllowN(r.opts.Clock(), 1) {
		found.skipped.Add(1)
	} else {
		if skipped := found.skipped.Swap(0); skipped > 0 {
			n.Reason = fmt.Sprintf("%s (and %d others since the last one told)", n.Reason, skipped)
		}
		r.opts.Logger.Warn("callback: refused", "profile", found.Profile, "reason", n.Reason, "digest", n.Digest)
		if r.opts.Refused != nil {
			ctx, cancel := r.deadline(req)
			defer cancel()
			r.opts.Refused(ctx, found.Profile, n)
		}
	}
	reply := found.Reader.Refuse()
	if status != 0 {
		reply.Status = status
	}
	answer(w, reply)
}

// deadline is a context for storing. The notice is here, whether or not the
// gateway waits for the answer.
func (r *Receiver) deadline(req *http.Request) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(req.Context()), r.opts.Limits.Store)
}

// find compares a path with that of every route in constant time: neither how
// much of it is right nor which account it belongs to shows in the time.
func (r *Receiver) find(path string) (found *route) {
	digest := sha256.Sum256([]byte(path))
	for _, one := range *r.routes.Load() {
		if subtle.ConstantTimeCompare(digest[:], one.digest[:]) == 1 {
			found = one
		}
	}
	return found
}

// body reads the raw body. whole is false when it is longer than the limit: the
// body is then what was read of it.
func (r *Receiver) body(w http.ResponseWriter, req *http.Request) (body []byte, whole bool, err error) {
	limit := r.opts.Limits.Body
	body, err = io.ReadAll(http.MaxBytesReader(w, req.Body, limit))
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return body, false, nil
	}
	return body, err == nil, err
}

// caller is whose budget a request takes from.
func (r *Receiver) caller(req *http.Request) netip.Addr {
	peer := addressOf(req.RemoteAddr).Unmap()
	if near := peer.IsLoopback() || peer.IsPrivate(); !r.opts.Proxied || !near {
		return peer
	}
	// Whoever calls may write anything into the header; the proxy adds at its end.
	lists := req.Header.Values("X-Forwarded-For")
	if len(lists) == 0 {
		return peer
	}
	last := lists[len(lists)-1]
	last = strings.TrimSpace(last[strings.LastIndexByte(last, ',')+1:])
	if addr, err := netip.ParseAddr(last); err == nil {
		return addr
	}
	if addr := addressOf(last); addr.IsValid() {
		return addr
	}
	return peer
}

// plain is an answer that says nothing but its status.
func plain(status int) client.CallbackReply {
	return client.CallbackReply{Status: status, ContentType: "text/plain; charset=utf-8", Body: []byte(http.StatusText(status))}
}

// answer writes a reply byte for byte.
func answer(w http.ResponseWriter, reply client.CallbackReply) {
	h := w.Header()
	h.Set("Content-Type", reply.ContentType)
	h.Set("Content-Length", strconv.Itoa(len(reply.Body)))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(reply.Status)
	_, _ = w.Write(reply.Body) // whoever has hung up comes again
}

func profileOf(found *route) string {
	if found == nil {
		return ""
	}
	return found.Profile
}
