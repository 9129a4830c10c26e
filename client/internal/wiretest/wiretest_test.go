package wiretest

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"paydesk/client"
)

func TestAnswers(t *testing.T) {
	now := time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)
	for name, a := range map[string]Answer{
		"plain": {Body: "{}"}, "refused": {Status: 503, Body: "{}", Header: Header(map[string]string{"retry-after": "3"})}, "zipped": {Body: "{}", Zip: true},
	} {
		w := httptest.NewRecorder()
		a.Write(t, w, now)
		var body io.Reader = w.Body
		if a.Zip {
			var err error
			if body, err = gzip.NewReader(body); err != nil {
				t.Fatal(err)
			}
		}
		text, err := io.ReadAll(body)
		if want := max(a.Status, 200); err != nil || string(text) != "{}" || w.Code != want || w.Header().Get("Date") != "Sun, 22 Nov 2026 09:30:00 GMT" {
			t.Errorf("%s: %d %q %v %v", name, w.Code, text, w.Header(), err)
		}
		if w.Code == http.StatusServiceUnavailable && w.Header().Get("Retry-After") != "3" {
			t.Errorf("%v", w.Header())
		}
	}
}

func TestScriptRepeatsItsLast(t *testing.T) {
	s := Script[int, string]{Answers: []string{"a", "b"}}
	for i, want := range []string{"a", "b", "b"} {
		if said := s.Next(i); said != want {
			t.Errorf("%d: %s", i, said)
		}
	}
	s.Keep(3)
	if got := s.All(); len(got) != 4 || got[2] != 2 || got[3] != 3 {
		t.Errorf("%v", got)
	}
}

func TestQuestions(t *testing.T) {
	x := &client.Exchange{Operation: "refund", HTTPStatus: 200, Request: []byte("{}"), RequestHash: string(make([]byte, 64)), At: time.Unix(1, 0)}
	e := &client.Error{Class: client.ClassUnknown, Code: "c", Exchange: x}
	if Fault(t, e, client.ClassUnknown, "c") != e || Evidence(t, e, "refund", 200) != x {
		t.Error("another error, or other evidence")
	}
}

func TestLooks(t *testing.T) {
	pace := client.Pace{Poll: []client.PollStep{{Until: time.Minute, Every: 20 * time.Second}, {Every: time.Minute}}}
	if got, want := Looks(pace, 3*time.Minute), append(Every(20*time.Second, time.Minute, 20*time.Second), 2*time.Minute, 3*time.Minute); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestEverythingIsSearched(t *testing.T) {
	x := client.Exchange{Request: []byte("request"), Answer: []byte("answer"), Message: "message", Signature: &client.Inspection{SignedText: "signed"}}
	all := Everything(t, "text", x, client.Preview{Body: []byte("body")}, nil, error(&client.Error{Message: "error", Exchange: &client.Exchange{Answer: []byte("other")}}))
	for _, word := range []string{"text", "request", "answer", "message", "signed", "body", "error", "other"} {
		if !strings.Contains(all, word) {
			t.Errorf("%s is not in %s", word, all)
		}
	}
	if text := Finding(t, &client.Inspection{Reason: "missing", Different: -1}, "secret"); !strings.Contains(text, "missing") {
		t.Error(text)
	}
}
