//go:build !race

package evidence

// stride is 1: every byte is flipped.
const stride = 1
