package payermax

import (
	"bytes"
	"compress/gzip"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"paydesk/client/internal/sign"
	"paydesk/client/sandbox/protocol"
)

// renderer writes the answer of a decision (payermax: section 3.2).
func (s *speaker) renderer(req protocol.Request, code, msg string, res result) func(protocol.Spoil) (protocol.Message, error) {
	return func(spoil protocol.Spoil) (protocol.Message, error) {
		doc := protocol.Members{{Name: "code", Value: code}, {Name: "msg", Value: msg}}
		if !res.none {
			data := append(protocol.Members(nil), res.data...)
			if s.switches.Is(extraMembers, "yes") {
				data, doc = append(data, extra()), append(doc, extra())
			}
			if spoil.Has(protocol.WrongEcho) {
				falsify(data, res.echo)
			}
			doc = append(doc, protocol.Member{Name: "data", Value: data})
		}
		if code != codeAccepted {
			switch s.switches.Get(failureSign) {
			case "unsigned":
				spoil |= protocol.NoSign
			case "wrong":
				spoil |= protocol.BadSign
			}
		}
		m, err := s.seal(doc, spoil, nil)
		if err != nil {
			return protocol.Message{}, err
		}
		m.Status = http.StatusOK
		if s.switches.Is(compressed, "gzip") && strings.Contains(req.Header.Get("Accept-Encoding"), "gzip") {
			return compress(m)
		}
		return m, nil
	}
}

func extra() protocol.Member {
	return protocol.Member{Name: "brandNewField", Value: protocol.Members{{Name: "x", Value: 1}}}
}

// seal encodes a document and signs its exact bytes with the platform's key.
// after changes the document once it is signed, for spoilt messages.
func (s *speaker) seal(doc protocol.Members, spoil protocol.Spoil, after func()) (protocol.Message, error) {
	body, err := protocol.Encode(doc)
	if err != nil {
		return protocol.Message{}, err
	}
	header := http.Header{"Content-Type": {"application/json"}}
	if !spoil.Has(protocol.NoSign) {
		if header["Sign"], err = s.signatures(body, spoil); err != nil {
			return protocol.Message{}, err
		}
	}
	if after != nil {
		after()
		if body, err = protocol.Encode(doc); err != nil {
			return protocol.Message{}, err
		}
	}
	return protocol.Message{Header: header, Body: body}, nil
}

// signatures makes the values of the sign header.
func (s *speaker) signatures(body []byte, spoil protocol.Spoil) ([]string, error) {
	by := func(key *rsa.PrivateKey, body []byte) (string, error) { return sign.SignRSA(key, body) }
	key, signed := s.platform, body
	if spoil.Has(protocol.OtherKey) {
		key = s.other
	}
	if spoil.Has(protocol.BadSign) {
		signed = append(bytes.Clone(body), ' ')
	}
	first, err := by(key, signed)
	if err != nil || !spoil.Has(protocol.DoubleSign) {
		return []string{first}, err
	}
	second, err := by(s.other, body)
	return []string{first, second}, err
}

// compress packs an answer; the signature stays that of the unpacked text
// (payermax: section 2.1).
func compress(m protocol.Message) (protocol.Message, error) {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(m.Body); err != nil {
		return protocol.Message{}, fmt.Errorf("sandbox: compress: %w", err)
	}
	if err := w.Close(); err != nil {
		return protocol.Message{}, fmt.Errorf("sandbox: compress: %w", err)
	}
	m.Header.Set("Content-Encoding", "gzip")
	m.Body = out.Bytes()
	return m, nil
}

// falsify changes one member, in a list of objects the first object's.
func falsify(data protocol.Members, name string) {
	if list, ok := data.Get("tokenList").([]protocol.Members); ok && len(list) > 0 {
		list[0] = append(protocol.Members(nil), list[0]...)
		falsify(list[0], name)
		return
	}
	switch value := data.Get(name).(type) {
	case string:
		data.Set(name, otherText(value))
	case json.Number:
		data.Set(name, json.Number(otherText(value.String())))
	}
}

// otherText is a text of the same kind that is not the same: another last
// digit or letter.
func otherText(text string) string {
	if text == "" {
		return "X"
	}
	head, last := text[:len(text)-1], text[len(text)-1]
	switch {
	case last >= '0' && last < '9':
		last++
	case last == '9':
		last = '8'
	case last == 'X' || last == 'x':
		last = 'Y'
	default:
		last = 'X'
	}
	return head + string(last)
}

// oddCase changes the case of all member names.
func oddCase(doc protocol.Members) {
	for i := range doc {
		doc[i].Name = strings.ToUpper(doc[i].Name)
		if inner, ok := doc[i].Value.(protocol.Members); ok {
			oddCase(inner)
		}
	}
}
