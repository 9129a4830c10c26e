package client

// Inspection is what a signature inspector found out about one body. It is for
// showing to a person; a gateway's own calls never use it.
type Inspection struct {
	Valid        bool
	Reason       string // why it is not valid; empty when it is
	Sign         string // the signature: made by signing, or as it was given
	SignedText   string // the exact text that is signed, a secret inside shown as •••
	SignedSHA256 string // hex SHA-256 of the signed bytes
	Expected     string // the right signature; only where the scheme is symmetric
	Different    int    // first byte at which Sign differs from Expected, −1 when not comparable
}
