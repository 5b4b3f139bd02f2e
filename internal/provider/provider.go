// Package provider receives what SMS providers send.
//
// A [Driver] knows one provider's wire: how a delivery proves where it comes
// from, and what it says. Drivers are pure; they read no clock, no database and
// no network. The [Receiver] is the HTTP side that all of them share: it bounds
// the body, finds the channel of a webhook address, verifies before anything is
// believed, and answers 2xx only after [Intake] has committed.
//
// # Adding a provider
//
// Write a package beside internal/provider/twilio that exports a Driver, put
// recorded deliveries into its testdata, run internal/provider/providertest over
// them, and name the driver in cmd/switchboard.
package provider

import (
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/switchboardhq/switchboard"
)

// Request is one delivery, already read and bounded.
type Request struct {
	Method     string
	URL        string // the configured public URL with the path and raw query; never taken from Host or X-Forwarded-*
	Header     http.Header
	Body       []byte
	ReceivedAt time.Time
}

// Credentials is what a channel knows of its provider account.
type Credentials struct {
	Secret  string // several, separated by spaces, while one is being replaced by another
	Options map[string]string
	Numbers []string // our numbers, the first of them first
}

// Secrets returns the secrets that a delivery may prove itself with.
func (c Credentials) Secrets() []string { return strings.Fields(c.Secret) }

// Driver speaks one provider's wire. Its methods are safe for concurrent use,
// change nothing that they are given, and give the same answer to the same
// arguments.
type Driver interface {
	// Name is the provider's name in webhook addresses, in lower case.
	Name() string

	// Verify returns nil if r comes from the provider account that c belongs
	// to. Otherwise it returns an error that wraps one of ErrForged, ErrSecret,
	// ErrUnsigned and ErrUnreadable. It says nothing of the body's content.
	Verify(r Request, c Credentials) error

	// Parse returns what a verified r tells; nothing is not an error. An error,
	// made by [Unreadable], means that r or a part of it is authentic but cannot
	// be read. What comes beside an error is good, and comes again, with the same
	// ids, when r is parsed again. Call it through [Read].
	Parse(r Request, c Credentials) ([]switchboard.Event, error)

	// Answer returns what accompanies a 2xx.
	Answer() (contentType string, body []byte)
}

// What a driver's Verify can find, besides nothing wrong.
var (
	// ErrForged means that the proof is missing or wrong. The sender gets 403.
	ErrForged = errors.New("the delivery does not prove that it comes from the provider")
	// ErrSecret means that we cannot judge, because something of ours is missing
	// or unusable. The sender gets 503, so that it sends again.
	ErrSecret = errors.New("the channel's secret is missing or unusable")
	// ErrUnsigned means that the proof is missing, from a provider that is known
	// to forget it at times. The sender gets 503, so that it sends again.
	ErrUnsigned = errors.New("the provider left out the signature")
	// ErrUnreadable means that the proof stands in the body, and the body cannot
	// be read. As it came to the right address, it is quarantined.
	ErrUnreadable = errors.New("the delivery cannot be read, so its proof cannot be checked")
)

// Unreadable returns an error of [Driver.Parse]. The sentence is for an admin,
// and has no numbers or text of the message in it.
func Unreadable(sentence string) error {
	return &switchboard.Error{Code: switchboard.CodeInvalid, Message: sentence}
}

// Guided is a driver that can tell a person how to set up its provider.
type Guided interface {
	Guide() Guide
	// CheckSecret returns a [switchboard.CodeInvalid] error about "secret" if s
	// could never verify a delivery.
	CheckSecret(s string) error
}

// Guide is what the set-up page says of a provider.
type Guide struct {
	Title        string   // the provider's own name
	Steps        []string // what to do there; the page shows the webhook address and the secret above them
	SecretLabel  string   // what the provider calls the secret; "" if it has none
	SecretHint   string   // where to find it
	NeedsSecret  bool     // without one the webhook takes nothing
	SecretMade   bool     // we make it and a person pastes it at the provider, rather than the other way round
	SecretPrefix string   // what a made secret begins with
}

// NewSecret returns a secret made of random, which has at least 24 bytes, for a
// guide with SecretMade; else "".
func (g Guide) NewSecret(random []byte) string {
	if !g.SecretMade || len(random) < 24 {
		return ""
	}
	return g.SecretPrefix + base64.StdEncoding.EncodeToString(random)
}
