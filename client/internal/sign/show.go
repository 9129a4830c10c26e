package sign

import "strings"

// Mask stands for a secret in a text that is shown (S11).
const Mask = "•••"

// shortestHidden is the length in bytes below which a secret inside a text is
// left alone: hiding it would give it away by what is missing.
const shortestHidden = 8

// Hide takes a secret out of a text in which somebody put it.
func Hide(text string, key []byte) string {
	if len(key) < shortestHidden {
		return text
	}
	return strings.ReplaceAll(text, string(key), Mask)
}

// HidePairs is Hide for pairs of name and value; the given ones stay as they are.
func HidePairs(pairs [][2]string, key []byte) [][2]string {
	hidden := make([][2]string, 0, len(pairs))
	for _, pair := range pairs {
		hidden = append(hidden, [2]string{Hide(pair[0], key), Hide(pair[1], key)})
	}
	return hidden
}

// Difference is the first byte at which a signature differs from the right one,
// upper and lower case being alike; −1 when there is nothing to compare.
func Difference(given, right string) int {
	if given == "" {
		return -1
	}
	for i := range min(len(given), len(right)) {
		if !strings.EqualFold(given[i:i+1], right[i:i+1]) {
			return i
		}
	}
	return min(len(given), len(right))
}
