//go:build race

package evidence

// stride: with the race detector, which makes it ten times as slow, every ninth
// byte is flipped; without it every one.
const stride = 9
