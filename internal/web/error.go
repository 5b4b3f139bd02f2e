package web

import (
	"strings"

	"github.com/switchboardhq/switchboard"
)

// ErrorPage says what went wrong and what to do now.
type ErrorPage struct {
	Page
	Code    int
	What    string // "There is no text with this address."
	Next    string // "It may have been deleted. …"
	URL     string
	URLText string
}

// errorPage says in its heading what happened, and below it the rest of the
// error's words, or else next.
func errorPage(err error, next string) ErrorPage {
	p := ErrorPage{Code: statusOf(switchboard.ErrorCode(err)), What: switchboard.ErrorMessage(err), Next: next}
	if what, rest, more := strings.Cut(p.What, ". "); more {
		p.What, p.Next = what+".", rest
	}
	return p
}
