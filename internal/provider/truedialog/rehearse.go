package truedialog

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/switchboardhq/switchboard/internal/provider"
)

var _ provider.Rehearser = Driver{}

// Rehearse makes the callback of an incoming text.
func (Driver) Rehearse(t provider.Rehearsal, c provider.Credentials) (http.Header, []byte, error) {
	tokens := c.Secrets()
	if len(tokens) == 0 {
		return nil, nil, fmt.Errorf("%w: the channel has no callback token", provider.ErrSecret)
	}
	body, err := json.Marshal(struct {
		CallbackToken     string
		CallbackTimestamp string
		CallbackType      string
		TransactionId     string
		PhoneNumber       string
		ChannelCode       string
		Message           string
	}{tokens[0], t.At.UTC().Format(time.RFC3339), typeIncoming, t.ID, t.From, t.To, t.Body})
	if err != nil {
		return nil, nil, err
	}
	h := http.Header{}
	h.Set("Content-Type", "application/json")
	return h, body, nil
}
