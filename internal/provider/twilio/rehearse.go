package twilio

import (
	"fmt"
	"net/http"
	"net/url"

	"github.com/switchboardhq/switchboard/internal/provider"
)

var _ provider.Rehearser = Driver{}

// Rehearse makes the form that Twilio posts for a text, and signs it.
func (Driver) Rehearse(t provider.Rehearsal, c provider.Credentials) (http.Header, []byte, error) {
	tokens := c.Secrets()
	if len(tokens) == 0 {
		return nil, nil, fmt.Errorf("%w: the channel has no auth token", provider.ErrSecret)
	}
	form := url.Values{"MessageSid": {t.ID}, "From": {t.From}, "To": {t.To}, "Body": {t.Body}, "NumMedia": {"0"}}
	h := http.Header{}
	h.Set("Content-Type", "application/x-www-form-urlencoded")
	h.Set("X-Twilio-Signature", Sign(tokens[0], t.URL, form))
	return h, []byte(form.Encode()), nil
}
