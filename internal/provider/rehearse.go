package provider

import (
	"net/http"
	"time"
)

// Rehearser is a driver that can make a delivery as its provider would, so that
// a person who sets a channel up can try the whole way without a phone.
type Rehearser interface {
	// Rehearse returns the header and the body of a POST to t.URL that Verify
	// takes for genuine and Parse reads as the text t. It fails where c holds no
	// usable secret.
	Rehearse(t Rehearsal, c Credentials) (http.Header, []byte, error)
}

// Rehearsal is a text that is to look as if the provider delivered it.
type Rehearsal struct {
	URL  string // the webhook address
	ID   string // the provider's id of the message
	From string // E.164
	To   string // our number, as the channel has it
	Body string
	At   time.Time
}
