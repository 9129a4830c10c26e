package keys

// Scope is where a binding holds.
type Scope string

// The scopes. Global and List hold on every page; Dialog, Detail, Amount, Inspect
// and Input only while a dialog or a text field has the keyboard.
const (
	Global   Scope = "global"
	List     Scope = "list"
	Orders   Scope = "orders"
	Refunds  Scope = "refunds"
	Tokens   Scope = "tokens"
	Activity Scope = "activity"
	Insights Scope = "insights"
	Input    Scope = "input"   // the filter
	Dialog   Scope = "dialog"  // every dialog
	Detail   Scope = "detail"  // a dialog that only shows
	Amount   Scope = "amount"  // the amount field of the refund dialog
	Inspect  Scope = "inspect" // the form of the signature inspector
)

// Binding is the keys of one action in one or more scopes. Without keys the
// action is reached through the palette.
type Binding struct {
	ID     string
	Scopes []Scope
	Keys   []string
}

// IDs that dialogs and text fields ask for by name.
const (
	InputLeave    = "input.leave"
	InputAccept   = "input.accept"
	InputComplete = "input.complete"
	InputUp       = "input.up"
	InputDown     = "input.down"

	DialogClose    = "dialog.close"
	DialogAccept   = "dialog.accept"
	DialogNext     = "dialog.next"
	DialogPrevious = "dialog.previous"
	DialogLeft     = "dialog.left"
	DialogRight    = "dialog.right"
	DialogPageUp   = "dialog.page-up"
	DialogPageDown = "dialog.page-down"
	DialogFirst    = "dialog.first"
	DialogLast     = "dialog.last"
	DialogConfirm  = "dialog.confirm"
	DialogCopy     = "dialog.copy"
	DialogAll      = "dialog.all"
	DialogHalf     = "dialog.half"
	DialogAgain    = "dialog.again"
	DialogVerify   = "dialog.verify"
)

// Defaults returns the default bindings, in the order of the key list. Keys
// are Latin letters as in other programs of this kind; arrows and the palette
// reach everything on any keyboard. Control keys of tmux, vim, zellij and flow
// control are left alone.
func Defaults() []Binding { return append(append(pageKeys(), gatewayKeys()...), fieldKeys()...) }

func on(id string, scope Scope, keys ...string) Binding {
	return Binding{ID: id, Scopes: []Scope{scope}, Keys: keys}
}

// pageKeys are those of the pages.
func pageKeys() []Binding {
	return []Binding{
		on("app.palette", Global, ":", "ctrl+p"),
		on("app.help", Global, "?", "f1"),
		on("app.filter", Global, "/"),
		on("app.orders", Global, "1"),
		on("app.refunds", Global, "2"),
		on("app.tokens", Global, "3"),
		on("app.activity", Global, "4"),
		on("app.insights", Global, "5"),
		on("app.next-page", Global, "tab"),
		on("app.previous-page", Global, "shift+tab"),
		on("app.back", Global, "esc"),
		on("app.profile", Global, "p"),
		on("app.unlock", Global, "U"),
		on("app.notices", Global, "n"),
		on("app.callbacks", Global),
		on("app.theme", Global, "T"),
		on("app.inspect", Global),
		on("app.quit", Global, "q", "ctrl+c"),

		on("list.up", List, "up", "k"),
		on("list.down", List, "down", "j"),
		on("list.page-up", List, "pgup", "ctrl+u"),
		on("list.page-down", List, "pgdown", "ctrl+d"),
		on("list.first", List, "home", "g"),
		on("list.last", List, "end", "G"),
		on("list.open", List, "enter"),
		on("list.mark", List, "space"),
		on("list.copy", List, "y"),
		on("list.sort", List, "s"),
		on("list.columns", List, "c"),
		on("preview.toggle", List, "v"),
		on("preview.up", List, "K", "shift+up"),
		on("preview.down", List, "J", "shift+down"),

		on("order.lookup", Orders, "L"),
		on("refund.create", Orders, "R"),
		on("order.cards", Orders, "u"),
		on("order.refunds", Orders, "o"),
		on("order.ask", Orders, "a"),

		on("refund.ask", Refunds, "a"),
		on("refund.cancel", Refunds, "x"),
		on("refund.resume", Refunds, "S"),
		on("refund.order", Refunds, "o"),
		on("refund.evidence", Refunds, "e"),
		on("refund.inspect", Refunds, "i"),

		on("token.user", Tokens, "u"),
		on("token.ask", Tokens, "a"),
		on("token.unbind", Tokens, "X"),

		on("activity.subject", Activity, "o"),
		on("activity.inspect", Activity, "i"),
	}
}

// gatewayKeys are those of what only some gateways can do.
func gatewayKeys() []Binding {
	return []Binding{
		on("app.gateway", Global, "w"),

		on("orders.close", Orders, "C"),
		on("orders.statement", Orders, "S"),
		on("orders.stop", Orders, "x"),
	}
}

// fieldKeys are those of text fields and dialogs.
func fieldKeys() []Binding {
	return []Binding{
		on(InputLeave, Input, "esc"),
		on(InputAccept, Input, "enter"),
		on(InputComplete, Input, "tab"),
		on(InputUp, Input, "up"),
		on(InputDown, Input, "down"),

		on(DialogClose, Dialog, "esc", "ctrl+c"),
		on(DialogAccept, Dialog, "enter"),
		on(DialogNext, Dialog, "down", "tab"),
		on(DialogPrevious, Dialog, "up", "shift+tab"),
		on(DialogLeft, Dialog, "left"),
		on(DialogRight, Dialog, "right"),
		on(DialogPageUp, Dialog, "pgup"),
		on(DialogPageDown, Dialog, "pgdown"),
		on(DialogFirst, Dialog, "home"),
		on(DialogLast, Dialog, "end"),
		on(DialogConfirm, Dialog, "ctrl+y", "f8"),
		on(DialogCopy, Detail, "y"),
		on(DialogAgain, Detail, "v"),
		on(DialogVerify, Inspect, "ctrl+r", "f5"),
		on(DialogAll, Amount, "a"),
		on(DialogHalf, Amount, "h"),
	}
}
