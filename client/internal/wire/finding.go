package wire

import "paydesk/client"

// signLimit is how much of a foreign signature is kept, in bytes; a right one
// has 684 at most.
const signLimit = 2 << 10

// Finding is what an inspector found out about a signature that is missing or
// wrong, fit for the ledger: the signature cut and masked, and the right one left
// out, which would turn a kept forgery into a valid message. The caller has
// redacted SignedText, as Redact and RedactPairs do, and taken out secrets.
func Finding(found client.Inspection) *client.Inspection {
	found.Sign = cut(client.MaskCards(found.Sign), signLimit)
	found.SignedText = cut(found.SignedText, textLimit)
	return found.Kept()
}

// NoFinding is what is kept where a signature could not even be looked for,
// because of what is wrong with the body.
func NoFinding(cause error, signature string) *client.Inspection {
	return Finding(client.Inspection{Reason: client.MaskCards(cause.Error()), Sign: signature, Different: -1})
}

// wordLimit is how much of a state's unknown word is kept, in characters.
const wordLimit = 40

// Word is a gateway's word for a state that is none of those known, as it may be
// kept and shown.
func Word(text string) string {
	runes := []rune(client.MaskCards(text))
	if len(runes) > wordLimit {
		runes = append(runes[:wordLimit-1], '…')
	}
	return string(runes)
}
