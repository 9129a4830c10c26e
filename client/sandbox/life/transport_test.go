package life

import (
	"errors"
	"net/http"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestTransportStaysHere shows that the last check is on the address itself,
// whatever the text of a URL was taken for.
func TestTransportStaysHere(t *testing.T) {
	for _, address := range []string{"http://192.0.2.1/", "http://10.0.0.1:80/", "http://[2001:db8::1]/"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := loopbackTransport().RoundTrip(req)
		if err == nil {
			_ = resp.Body.Close()
		}
		if !errors.Is(err, ErrForeign) {
			t.Errorf("%s: %v", address, err)
		}
	}
}
