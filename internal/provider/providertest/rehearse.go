package providertest

import (
	"testing"
	"time"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/provider"
)

// Rehearsed tests that what a driver makes up it takes for genuine, and reads
// as the text that was meant. secret is one that the driver can use.
func Rehearsed(t *testing.T, d interface {
	provider.Driver
	provider.Rehearser
}, secret string) {
	at := time.Date(2026, 11, 23, 15, 41, 7, 0, time.UTC)
	text := provider.Rehearsal{URL: "https://sms.example.com/hooks/" + d.Name() + "/token", ID: "rehearsal-1", From: "+12025550147", To: "+15125550100", Body: "Hello – it’s a test", At: at}
	c := provider.Credentials{Secret: secret, Numbers: []string{text.To}}
	header, body, err := d.Rehearse(text, c)
	if err != nil {
		t.Fatal(err)
	}
	r := provider.Request{Method: "POST", URL: text.URL, Header: header, Body: body, ReceivedAt: at.Add(time.Second)}
	if err := d.Verify(r, c); err != nil {
		t.Fatalf("the driver refuses its own rehearsal: %v", err)
	}
	events, err := provider.Read(d, r, c)
	if err != nil || len(events) != 1 || events[0].Text == nil {
		t.Fatalf("the rehearsal tells %v, %v", events, err)
	}
	got := events[0].Text
	sender, ours := switchboard.ParseSender(got.Sender, "US").Address, switchboard.ParseSender(got.Ours, "US").Address
	if sender != text.From || ours != text.To || got.Body != text.Body || got.ProviderMessageID == "" {
		t.Errorf("the rehearsal is read as %+v", got)
	}
	if _, _, err := d.Rehearse(text, provider.Credentials{}); err == nil {
		t.Error("a channel without a secret can be rehearsed")
	}
}
