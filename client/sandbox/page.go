package sandbox

import (
	"html/template"
	"net/http"
	"strings"

	"paydesk/client"
	"paydesk/client/sandbox/book"
)

// page is what a payer sees. Everything on it that comes from outside is
// escaped by the template.
var page = template.Must(template.New("pay").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Sandbox payment</title>
<body>
<h1>Sandbox payment</h1>
<p>{{.Subject}}</p>
<p>{{.Amount}} · order {{.OrderNo}} · {{.Status}}</p>
{{if .Open}}<form method="post">
<button name="choice" value="success">success</button>
<button name="choice" value="failed">failed</button>
<button name="choice" value="pending">pending</button>
</form>{{end}}
{{if .Return}}<p>Back to the shop: {{.Return}}</p>{{end}}
</body></html>
`))

// servePage shows the payment page and takes the payer's choice (payermax:
// section 15).
func (s *Sandbox) servePage(w http.ResponseWriter, r *http.Request) {
	gateway, no, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, pagePath), "/")
	var order book.Order
	var known bool
	s.book.View(func(state *book.State) { order, known = state.OrderByGatewayNo(gateway, no) })
	switch {
	case !known || !order.Page:
		http.Error(w, "there is no such payment page", http.StatusNotFound)
		return
	case r.Method == http.MethodPost:
		if !sameSite(r) {
			http.Error(w, "another site may not pay", http.StatusForbidden)
			return
		}
		choice, ok := map[string]book.Outcome{"success": book.Success, "failed": book.Failed, "pending": book.Stay}[postedChoice(w, r)]
		if !ok {
			http.Error(w, "choice must be success, failed or pending", http.StatusBadRequest)
			return
		}
		var err error
		if order, err = s.engine.Pay(gateway, no, choice); err != nil {
			http.Error(w, "the choice could not be stored", http.StatusInternalServerError)
			return
		}
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, POST")
		http.Error(w, "only GET and POST", http.StatusMethodNotAllowed)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; form-action 'self'")
	err := page.Execute(w, struct {
		Subject, OrderNo, Return string
		Amount                   client.Money
		Status                   client.OrderStatus
		Open                     bool
	}{order.Subject, order.OrderNo, order.ReturnURL, order.Amount, order.Status, order.Status == client.OrderPending})
	if err != nil {
		s.opts.Logger.Debug("sandbox: payment page", "err", err)
	}
}

// postedChoice reads the form; it is a few bytes long.
func postedChoice(w http.ResponseWriter, r *http.Request) string {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<12)
	return r.PostFormValue("choice")
}
