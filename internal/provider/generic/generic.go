// Package generic takes texts from any program that can sign a POST as Standard
// Webhooks say: https://www.standardwebhooks.com.
//
// The body is {"id","from","to","body","sent_at","media":[{"url","content_type"}]};
// other members are ignored. The message's id is the body's, or else that of the
// webhook, so that a delivery that is repeated is known again.
package generic

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/provider"
)

const (
	prefix    = "whsec_"
	tolerance = 5 * time.Minute
)

// Driver is the provider generic.
type Driver struct{}

var (
	_ provider.Driver = Driver{}
	_ provider.Guided = Driver{}
)

// Name returns "generic".
func (Driver) Name() string { return "generic" }

// Verify checks the webhook headers. One matching signature of several is
// enough: senders sign twice while they replace a secret.
func (Driver) Verify(r provider.Request, c provider.Credentials) error {
	keys, err := keys(c)
	if err != nil {
		return err
	}
	id, ok := single(r.Header, "Webhook-Id")
	if !ok {
		return fmt.Errorf("%w: no webhook-id", provider.ErrForged)
	}
	stamp, _ := single(r.Header, "Webhook-Timestamp")
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		return fmt.Errorf("%w: no webhook-timestamp that can be read", provider.ErrForged)
	}
	// Whole seconds, as the timestamp is: 5 minutes are the last that is good.
	if off := r.ReceivedAt.Unix() - seconds; off > int64(tolerance/time.Second) || off < -int64(tolerance/time.Second) {
		return fmt.Errorf("%w: the webhook-timestamp is more than 5 minutes off", provider.ErrForged)
	}
	signatures := strings.Fields(strings.Join(r.Header.Values("Webhook-Signature"), " "))
	for _, key := range keys {
		expected := []byte(sign(key, id, stamp, r.Body))
		for _, s := range signatures {
			if hmac.Equal([]byte(s), expected) {
				return nil
			}
		}
	}
	return fmt.Errorf("%w: no webhook-signature matches", provider.ErrForged)
}

// single returns the header's only value. Two of them might be read differently
// by whoever signed.
func single(h http.Header, name string) (string, bool) {
	values := h.Values(name)
	if len(values) != 1 || values[0] == "" {
		return "", false
	}
	return values[0], true
}

func keys(c provider.Credentials) ([][]byte, error) {
	secrets := c.Secrets()
	if len(secrets) == 0 {
		return nil, fmt.Errorf("%w: the channel has none", provider.ErrSecret)
	}
	var keys [][]byte
	for _, s := range secrets {
		key, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(strings.TrimPrefix(s, prefix), "="))
		if err != nil || len(key) == 0 {
			return nil, fmt.Errorf("%w: it is not whsec_ and base64", provider.ErrSecret)
		}
		keys = append(keys, key)
	}
	return keys, nil
}

func sign(key []byte, id, timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id))
	mac.Write([]byte{'.'})
	mac.Write([]byte(timestamp))
	mac.Write([]byte{'.'})
	mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// Sign returns the headers of a delivery of body, with the webhook's id, as a
// sender that knows secret makes them.
func Sign(secret, id string, at time.Time, body []byte) (http.Header, error) {
	keys, err := keys(provider.Credentials{Secret: secret})
	if err != nil {
		return nil, err
	}
	timestamp := strconv.FormatInt(at.Unix(), 10)
	h := http.Header{}
	h.Set("Content-Type", "application/json")
	h.Set("webhook-id", id)
	h.Set("webhook-timestamp", timestamp)
	h.Set("webhook-signature", sign(keys[0], id, timestamp, body))
	return h, nil
}

// Parse returns the text in r.
func (Driver) Parse(r provider.Request, _ provider.Credentials) ([]switchboard.Event, error) {
	objects, list, err := provider.DecodeObjects(r.Body)
	if err != nil {
		return nil, err
	}
	if list {
		return nil, provider.Unreadable("The body is an array. Send one message at a time, as a JSON object.")
	}
	o := objects[0]
	text := switchboard.Text{Direction: switchboard.Inbound, SentAt: o.Time("sent_at")}
	if text.ProviderMessageID, err = o.String("id"); err != nil {
		return nil, err
	}
	if text.ProviderMessageID == "" {
		text.ProviderMessageID = r.Header.Get("Webhook-Id")
	}
	if text.Sender, err = o.String("from"); err != nil {
		return nil, err
	}
	if text.Ours, err = o.String("to"); err != nil {
		return nil, err
	}
	if text.Media, err = o.Media("media"); err != nil {
		return nil, err
	}
	if text.Body, text.Raw, err = o.Body("body", text.Media); err != nil {
		return nil, err
	}
	return []switchboard.Event{{Text: &text}}, nil
}

// Answer returns an empty JSON object.
func (Driver) Answer() (string, []byte) { return "application/json", []byte("{}\n") }

// Guide says how to send texts here.
func (Driver) Guide() provider.Guide {
	return provider.Guide{
		Title: "Any program",
		Steps: []string{
			"Copy the webhook address and the secret into the program that has the texts.",
			"Have it POST each text as JSON, such as {\"from\": \"+15125550177\", \"to\": \"+15125550100\", \"body\": \"Hello\"}, signed as Standard Webhooks say.",
			"Have it send a text again, with the same webhook-id, until it gets a 2xx.",
		},
		SecretLabel:  "Signing secret",
		SecretHint:   "Begins with whsec_. Libraries for Standard Webhooks take it as it is.",
		SecretMade:   true,
		SecretPrefix: prefix,
	}
}

// CheckSecret wants whsec_ and base64.
func (Driver) CheckSecret(s string) error {
	if _, err := keys(provider.Credentials{Secret: s}); err != nil {
		return switchboard.Invalid("secret", "A signing secret is whsec_ followed by base64, such as a library for Standard Webhooks makes it. Leave it out to have one made.")
	}
	return nil
}
