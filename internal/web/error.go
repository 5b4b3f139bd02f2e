package web

// ErrorPage says what went wrong and what to do now.
type ErrorPage struct {
	Page
	Code    int
	What    string // "There is no text with this address."
	Next    string // "It may have been deleted. …"
	URL     string
	URLText string
}
