package client

// Inspection is what a signature inspector found out about one body. It is for
// showing to a person; a gateway's own calls never use it to decide.
type Inspection struct {
	Valid        bool   `json:"valid"`
	Reason       string `json:"reason,omitempty"`        // why it is not valid; empty when it is
	Sign         string `json:"sign,omitempty"`          // the signature: made by signing, or as it was given
	SignedText   string `json:"signed_text,omitempty"`   // the exact text that is signed, a secret inside shown as •••
	SignedSHA256 string `json:"signed_sha256,omitempty"` // hex SHA-256 of the signed bytes
	Expected     string `json:"expected,omitempty"`      // the right signature; only where the scheme is symmetric
	Different    int    `json:"different"`               // first byte at which Sign differs from Expected, −1 when not comparable
}

// Kept is the inspection as it may be stored beside its evidence: without the
// right signature, which would turn a kept forgery into a valid one.
func (i Inspection) Kept() *Inspection {
	i.Expected = ""
	return &i
}

// Kinds of bodies that a signature inspector tells apart.
const (
	BodyRequest  = "request"
	BodyAnswer   = "answer"
	BodyCallback = "callback"
)
