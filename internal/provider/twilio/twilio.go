// Package twilio takes texts from Twilio: the messaging webhook of a number or
// a messaging service, status callbacks, and Event Streams, whose webhook sink
// is Twilio's way to send again what we could not take.
package twilio

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/provider"
)

// Driver is the provider twilio.
type Driver struct{}

var (
	_ provider.Driver = Driver{}
	_ provider.Guided = Driver{}
)

// Name returns "twilio".
func (Driver) Name() string { return "twilio" }

// Parse returns the events of a form, of a JSON object with the same members,
// or of Event Streams' array of CloudEvents. It reads the body as what Verify
// took it for.
func (Driver) Parse(r provider.Request, _ provider.Credentials) ([]switchboard.Event, error) {
	if _, hashed := signedHash(r.URL); !hashed {
		form, err := url.ParseQuery(string(r.Body))
		if err != nil {
			return nil, provider.Unreadable("The body is not a form, as Twilio sends it.")
		}
		return parse(formParams(form))
	}
	objects, _, err := provider.DecodeObjects(r.Body)
	if err != nil {
		return nil, err
	}
	var events []switchboard.Event
	var unreadable error
	for _, o := range objects {
		some, err := parseObject(o)
		events = append(events, some...)
		if unreadable == nil {
			unreadable = err
		}
	}
	return events, unreadable
}

// params is what a form and an object have in common.
type params interface {
	// text returns "" for what is not there or is not text.
	text(name string) string
	// body returns the message's text, and the bytes of it where text cannot say
	// all of them.
	body(media []switchboard.Media) (string, []byte, error)
}

type formParams url.Values

func (p formParams) text(name string) string { return url.Values(p).Get(name) }

func (p formParams) body(media []switchboard.Media) (string, []byte, error) {
	if _, ok := p["Body"]; !ok && len(media) == 0 {
		return "", nil, provider.Unreadable("The message has no Body, where its text should be.")
	}
	return p.text("Body"), nil, nil
}

type objectParams struct{ provider.Object }

func (p objectParams) text(name string) string {
	s, err := p.String(name)
	if err != nil {
		return ""
	}
	return s
}

func (p objectParams) body(media []switchboard.Media) (string, []byte, error) {
	return p.Body("Body", media)
}

// parse returns what a webhook says: that a text came in, and whether Twilio
// took it for an opt-out, or what became of a text that went out.
func parse(p params) ([]switchboard.Event, error) {
	sid := first(p, "MessageSid", "SmsSid", "SmsMessageSid")
	if sid == "" {
		return nil, provider.Unreadable("The delivery has no MessageSid. Is the address set for something other than messages?")
	}
	status := first(p, "MessageStatus", "SmsStatus")
	if status != "" && status != "received" && status != "receiving" {
		return []switchboard.Event{{Delivery: &switchboard.Delivery{
			Account:           p.text("AccountSid"),
			ProviderMessageID: sid,
			Sender:            p.text("To"),
			Status:            deliveryStatus(status),
			Detail:            detail(status, p.text("ErrorCode")),
		}}}, nil
	}
	text := switchboard.Text{
		Direction:         switchboard.Inbound,
		Account:           p.text("AccountSid"),
		ProviderMessageID: sid,
		Sender:            p.text("From"),
		Ours:              p.text("To"),
		Media:             media(p),
	}
	var err error
	if text.Body, text.Raw, err = p.body(text.Media); err != nil {
		return nil, err
	}
	return withWish(&text, p.text("OptOutType")), nil
}

func first(p params, names ...string) string {
	for _, name := range names {
		if s := p.text(name); s != "" {
			return s
		}
	}
	return ""
}

// media keeps attachments as links. They need the account's credentials, and
// lead to another host.
func media(p params) []switchboard.Media {
	n, err := strconv.Atoi(p.text("NumMedia"))
	if err != nil {
		return nil
	}
	var media []switchboard.Media
	for i := range min(n, 100) {
		suffix := strconv.Itoa(i)
		if link := p.text("MediaUrl" + suffix); link != "" {
			media = append(media, switchboard.Media{URL: link, ContentType: p.text("MediaContentType" + suffix)})
		}
	}
	return media
}

// withWish returns text and, if Twilio's Advanced Opt-Out saw one, the wish in
// it. A HELP is no wish.
func withWish(text *switchboard.Text, optOutType string) []switchboard.Event {
	events := []switchboard.Event{{Text: text}}
	if wish := strings.ToUpper(optOutType); wish == "STOP" || wish == "START" {
		events = append(events, switchboard.Event{Consent: &switchboard.Consent{
			Account: text.Account,
			EventID: "opt-out:" + text.ProviderMessageID,
			Sender:  text.Sender,
			Ours:    text.Ours,
			OptOut:  wish == "STOP",
			At:      text.SentAt,
		}})
	}
	return events
}

func deliveryStatus(status string) switchboard.DeliveryStatus {
	switch strings.ToLower(status) {
	case "sent":
		return switchboard.DeliverySent
	case "delivered", "read":
		return switchboard.DeliveryDelivered
	case "undelivered", "failed", "canceled":
		return switchboard.DeliveryUndelivered
	}
	return switchboard.DeliveryUnknown // queued, accepted, scheduled, sending
}

func detail(status, code string) string {
	if code == "" || code == "0" {
		return status
	}
	return status + " (" + code + ")"
}

// parseObject reads a CloudEvent, or a webhook's parameters as an object.
func parseObject(o provider.Object) ([]switchboard.Event, error) {
	kind, err := o.String("type")
	if err != nil || !strings.HasPrefix(kind, "com.twilio.") {
		return parse(objectParams{o})
	}
	inbound := kind == "com.twilio.messaging.inbound-message.received"
	outcome, outbound := strings.CutPrefix(kind, "com.twilio.messaging.message.")
	if !inbound && !outbound {
		return nil, nil // such as a sink's test event
	}
	data, ok := o.Objects("data")
	if !ok || len(data) != 1 {
		return nil, provider.Unreadable("The event has no data.")
	}
	p := objectParams{data[0]}
	if outbound {
		return []switchboard.Event{{Delivery: &switchboard.Delivery{
			Account:           p.text("accountSid"),
			ProviderMessageID: p.text("messageSid"),
			Sender:            p.text("to"),
			Status:            deliveryStatus(outcome),
			Detail:            detail(outcome, p.text("errorCode")),
		}}}, nil
	}
	text := switchboard.Text{
		Direction:         switchboard.Inbound,
		Account:           p.text("accountSid"),
		ProviderMessageID: p.text("messageSid"),
		Sender:            p.text("from"),
		Ours:              p.text("to"),
		Media:             streamMedia(p),
		SentAt:            p.Time("timestamp"),
	}
	if text.Body, text.Raw, err = p.body(text.Media); err != nil {
		return nil, err
	}
	return withWish(&text, p.text("optOutType")), nil
}

// streamMedia returns a link to the list of attachments: events only count them.
func streamMedia(p params) []switchboard.Media {
	n, err := strconv.Atoi(p.text("numMedia"))
	if err != nil || n < 1 {
		return nil
	}
	return []switchboard.Media{{
		URL: "https://api.twilio.com/2010-04-01/Accounts/" + url.PathEscape(p.text("accountSid")) +
			"/Messages/" + url.PathEscape(p.text("messageSid")) + "/Media.json",
		ContentType: "application/json",
	}}
}

// Answer returns TwiML that sends no reply.
func (Driver) Answer() (string, []byte) {
	return "text/xml", []byte(`<?xml version="1.0" encoding="UTF-8"?>` + "\n<Response/>\n")
}

// Guide says how to have Twilio call.
func (Driver) Guide() provider.Guide {
	return provider.Guide{
		Title: "Twilio",
		Steps: []string{
			"In the Twilio console, open Phone Numbers, Manage, Active numbers, and choose your number. With a messaging service, open its Integration page instead.",
			"Under Messaging, A message comes in, choose Webhook and HTTP POST, and paste the address.",
			"Add " + retries + " to the end of the address there. Without it Twilio does not send a text again that this server could not take, such as during a restart.",
			"Save there, then come back: this page notices by itself.",
		},
		SecretLabel: "Auth token",
		SecretHint:  "In the Twilio console's account dashboard, under Account Info: the primary auth token.",
		NeedsSecret: true,
	}
}

// CheckSecret refuses what is not a token, such as the account's SID.
func (Driver) CheckSecret(s string) error {
	tokens := strings.Fields(s)
	if len(tokens) == 0 {
		return switchboard.Invalid("secret", "Enter the auth token of your Twilio account. Twilio signs with it.")
	}
	if slices.ContainsFunc(tokens, func(t string) bool { return len(t) == 34 && (strings.HasPrefix(t, "AC") || strings.HasPrefix(t, "SK")) }) {
		return switchboard.Invalid("secret", "This is a SID. Enter the auth token, which stands below it in the Twilio console.")
	}
	return nil
}
