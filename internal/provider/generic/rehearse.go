package generic

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/switchboardhq/switchboard/internal/provider"
)

var _ provider.Rehearser = Driver{}

// Rehearse signs t as a program that has the channel's secret does.
func (Driver) Rehearse(t provider.Rehearsal, c provider.Credentials) (http.Header, []byte, error) {
	body, err := json.Marshal(struct {
		ID     string    `json:"id"`
		From   string    `json:"from"`
		To     string    `json:"to"`
		Body   string    `json:"body"`
		SentAt time.Time `json:"sent_at"`
	}{t.ID, t.From, t.To, t.Body, t.At.UTC()})
	if err != nil {
		return nil, nil, err
	}
	h, err := Sign(c.Secret, t.ID, t.At, body)
	return h, body, err
}
