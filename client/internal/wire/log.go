package wire

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"time"

	"paydesk/client"
)

// Hash is the hex SHA-256 of body: how evidence and log name a body that they
// do not show.
func Hash(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// logCall writes one line per call. It holds no body, no header, no query and
// no signature; the cause of a failure is named by its code only, because
// foreign error texts may repeat what was sent.
func (c *Client) logCall(ctx context.Context, call Call, answer Answer, took time.Duration, err error) {
	level, method := slog.LevelDebug, call.Method
	if method == "" {
		method = "POST"
	}
	attrs := []slog.Attr{
		slog.String("operation", call.Operation),
		slog.String("method", method),
		slog.String("host", c.base.Host),
		slog.String("path", c.base.Path+"/"+call.Path),
		slog.Int("status", answer.Status),
		slog.Duration("took", took),
		slog.Int("request_bytes", len(call.Body)),
		slog.String("request_sha256", Hash(call.Body)),
	}
	if answer.Status != 0 {
		attrs = append(attrs, slog.Int("answer_bytes", len(answer.Body)), slog.String("answer_sha256", Hash(answer.Body)))
	}
	var e *client.Error
	if errors.As(err, &e) {
		level = slog.LevelWarn
		attrs = append(attrs, slog.String("class", string(e.Class)), slog.String("code", e.Code))
	}
	c.log.LogAttrs(ctx, level, "gateway call", attrs...)
}
