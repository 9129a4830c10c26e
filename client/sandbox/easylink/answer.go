package easylink

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"paydesk/client/sandbox/protocol"
)

// renderer writes the answer of a handled call (easylink: section 4.4).
func (s *speaker) renderer(res result) func(protocol.Spoil) (protocol.Message, error) {
	return func(spoil protocol.Spoil) (protocol.Message, error) {
		if res.empty || s.switches.Is(emptyAnswers, "yes") {
			return answer(nil), nil
		}
		data := slices.Clone(res.data)
		if s.switches.Is(extraMembers, "yes") {
			data = append(data, extra())
		}
		if spoil.Has(protocol.WrongEcho) {
			falsify(data, res.echo)
		}
		return s.seal(data, spoil)
	}
}

func extra() protocol.Member { return protocol.Member{Name: "brandNewField", Value: "x"} }

// seal signs the data of an answer and wraps it up.
func (s *speaker) seal(data protocol.Members, spoil protocol.Spoil) (protocol.Message, error) {
	data = present(data)
	doc := protocol.Members{{Name: "code", Value: json.Number(codeDone)}, {Name: "data", Value: data}, {Name: "msg", Value: "SUCCESS"}}
	if s.switches.Is(dataAs, "text") {
		text, err := protocol.Encode(data)
		if err != nil {
			return protocol.Message{}, err
		}
		doc.Set("data", string(text))
	}
	signature, there, err := s.spoilt(data, spoil)
	if err != nil {
		return protocol.Message{}, err
	}
	if there {
		doc = append(doc, protocol.Member{Name: "sign", Value: signature})
	}
	body, err := protocol.Encode(doc)
	return answer(body), err
}

// refusing writes a refusal: no data, no signature, and HTTP 200 (easylink:
// sections 2 and 4.4).
func (s *speaker) refusing(no *refusal) func(protocol.Spoil) (protocol.Message, error) {
	return func(protocol.Spoil) (protocol.Message, error) {
		if s.switches.Is(emptyAnswers, "yes") {
			return answer(nil), nil
		}
		text := no.chinese
		if s.switches.Is(messages, "english") {
			text = no.english
		}
		body, err := protocol.Encode(protocol.Members{{Name: "code", Value: json.Number(no.code)}, {Name: "msg", Value: text}})
		return answer(body), err
	}
}

func answer(body []byte) protocol.Message {
	return protocol.Message{Status: http.StatusOK, Header: http.Header{"Content-Type": {"application/json;charset=UTF-8"}}, Body: body}
}

// present sorts members by name and leaves out what is nothing. An empty text is
// something (easylink: section 8).
func present(members protocol.Members) protocol.Members {
	out := protocol.Members{}
	for _, m := range members {
		if m.Value != nil {
			out = append(out, m)
		}
	}
	slices.SortStableFunc(out, func(a, b protocol.Member) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// some is a text, or nothing when it is empty.
func some(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// cents is an amount as the gateway writes it.
func cents(minor int64) json.Number { return json.Number(strconv.FormatInt(minor, 10)) }

// stamp is a time as the gateway writes it, or nothing.
func (s *speaker) stamp(at time.Time) any {
	switch {
	case at.IsZero():
		return nil
	case s.switches.Is(times, "seconds"):
		return json.Number(strconv.FormatInt(at.Unix(), 10))
	default:
		return json.Number(strconv.FormatInt(at.UnixMilli(), 10))
	}
}

// own is the merchant's own text under the gateway's name for it.
func (s *speaker) own(kept map[string]string, note string) protocol.Member {
	m := protocol.Member{Name: s.switches.Get(extName), Value: some(note)}
	if text, sent := kept[extParam]; sent {
		m.Value = text
	}
	return m
}
