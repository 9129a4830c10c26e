//go:build race

package real_test

const raceEnabled = true
