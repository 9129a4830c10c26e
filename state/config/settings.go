package config

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// Reader hands out the gateway's own settings of one profile, typed. It
// collects every mistake; Err then also reports the keys that nobody asked
// for, so that a misspelt setting is never silently without effect.
type Reader struct {
	profile  Profile
	known    []string
	problems Problems
}

// Read starts reading the settings of the profile.
func (p Profile) Read() *Reader { return &Reader{profile: p} }

// get marks a key as known and returns its value.
func (r *Reader) get(key string) (any, bool) {
	r.known = append(r.known, key)
	value, ok := r.profile.Settings[key]
	return value, ok
}

// Reject reports a value that the gateway cannot take; message says what would
// be right and must hold no secret.
func (r *Reader) Reject(key, message string) { r.reject(join(r.profile.Gateway, key), message) }

func (r *Reader) reject(field, message string) {
	r.problems = append(r.problems, r.profile.Source(field).problem("profile."+shown(field), message))
}

func (r *Reader) wrongType(field string, want kind, value any) {
	r.reject(field, "must be "+string(want)+", not "+describe(value))
}

// describe names the type of a setting.
func describe(value any) string {
	switch value.(type) {
	case string:
		return string(kindText)
	case bool:
		return string(kindBool)
	case int64:
		return string(kindNumber)
	case []any:
		return string(kindArray)
	case map[string]any:
		return string(kindTable)
	default:
		return fmt.Sprintf("%T", value)
	}
}

// scalar reads one value of type T.
func scalar[T any](r *Reader, key string, want kind, def T) T {
	value, ok := r.get(key)
	if !ok {
		return def
	}
	typed, ok := value.(T)
	if !ok {
		r.wrongType(join(r.profile.Gateway, key), want, value)
		return def
	}
	return typed
}

// Text is a text, or def when it is not set.
func (r *Reader) Text(key, def string) string { return scalar(r, key, kindText, def) }

// Bool is true or false, or def when it is not set.
func (r *Reader) Bool(key string, def bool) bool { return scalar(r, key, kindBool, def) }

// Int is a whole number, or def when it is not set.
func (r *Reader) Int(key string, def int64) int64 { return scalar(r, key, kindNumber, def) }

// Duration is a positive time such as "10s" or "4320h", or def when it is not
// set.
func (r *Reader) Duration(key string, def time.Duration) time.Duration {
	text := r.Text(key, "")
	if text == "" {
		return def
	}
	value, err := time.ParseDuration(text)
	if err != nil || value <= 0 {
		r.Reject(key, safe(text)+` is no time; right is for example "30s" or "4320h"`)
		return def
	}
	return value
}

// table reads a table whose values are all of type T; nil when it is not set.
func table[T any](r *Reader, key string, want kind) map[string]T {
	value, ok := r.get(key)
	if !ok {
		return nil
	}
	entries, ok := value.(map[string]any)
	if !ok {
		r.wrongType(join(r.profile.Gateway, key), kindTable, value)
		return nil
	}
	out := make(map[string]T, len(entries))
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		typed, ok := entries[name].(T)
		if !ok {
			r.wrongType(join(join(r.profile.Gateway, key), name), want, entries[name])
			continue
		}
		out[name] = typed
	}
	return out
}

// Texts is a table of texts, as in version = { refund = "1.5" }; nil when it
// is not set.
func (r *Reader) Texts(key string) map[string]string { return table[string](r, key, kindText) }

// Ints is a table of whole numbers, as in decimals = { KWD = 2 }; nil when it
// is not set.
func (r *Reader) Ints(key string) map[string]int64 { return table[int64](r, key, kindNumber) }

// Err is nil, or one ClassConfig error with all mistakes and all keys that
// were not asked for.
func (r *Reader) Err() error {
	problems := slices.Clone(r.problems)
	known := slices.Compact(slices.Sorted(slices.Values(r.known)))
	for _, key := range slices.Sorted(maps.Keys(r.profile.Settings)) {
		if slices.Contains(known, key) {
			continue
		}
		field := join(r.profile.Gateway, key)
		problems = append(problems, r.profile.Source(field).problem("profile."+shown(field), "unknown key; "+didYouMean(key, known)))
	}
	if len(problems) == 0 {
		return nil
	}
	return invalid(problems)
}
