// Package truedialog takes the callbacks of TrueDialog: texts that come in,
// keywords, stops and subscriptions, delivery reports, and texts that went out
// from TrueDialog itself, which are history too.
//
// # What its callbacks are like
//
// A callback is a JSON object of named members, of which newer ones have more.
// With Grouped it holds several events, in objects called Record; how exactly is
// not documented, so members are taken from the record, or else from what is
// around it. Nothing signs a callback: the account's CallbackToken, in the body,
// is the only proof.
//
// A text that comes in has no message id. TransactionId names the call. One text
// with a keyword comes as two calls of different types with different ids; that
// is what [switchboard.Text.Twin] is for.
package truedialog

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"strings"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/provider"
)

// The callback types that tell us something. All others, such as surveys,
// clicks, new accounts and invalid targets, are taken and left alone.
const (
	typeKeyword      = "1"
	typeSubscription = "2"
	typeStop         = "6"
	typeIncoming     = "11"
	typeDelivery     = "12"
	typeOutgoing     = "17"
)

// Driver is the provider truedialog.
type Driver struct{}

var (
	_ provider.Driver = Driver{}
	_ provider.Guided = Driver{}
)

// Name returns "truedialog".
func (Driver) Name() string { return "truedialog" }

// Verify compares CallbackToken: that of the body, and that of each record that
// has its own. As the proof stands in the body, one that is not JSON is not
// forged but unreadable.
func (Driver) Verify(r provider.Request, c provider.Credentials) error {
	tokens := c.Secrets()
	if len(tokens) == 0 {
		return fmt.Errorf("%w: the channel has no callback token", provider.ErrSecret)
	}
	objects, _, err := provider.DecodeObjects(r.Body)
	if err != nil {
		return fmt.Errorf("%w: %w", provider.ErrUnreadable, err)
	}
	anything := false
	for _, record := range records(objects) {
		proven, err := check(record, tokens)
		if err != nil {
			return err
		}
		if !proven && !record.group {
			return fmt.Errorf("%w: no CallbackToken", provider.ErrForged)
		}
		anything = anything || proven
	}
	if !anything {
		return fmt.Errorf("%w: no CallbackToken", provider.ErrForged)
	}
	return nil
}

// check compares all tokens around and in o, and reports whether there are any.
func check(o record, tokens []string) (proven bool, err error) {
	for _, level := range o.levels {
		if !level.Owns("CallbackToken") {
			continue
		}
		token, err := level.String("CallbackToken")
		if err != nil || !matches(token, tokens) {
			return false, fmt.Errorf("%w: the CallbackToken does not match", provider.ErrForged)
		}
		proven = true
	}
	return proven, nil
}

// matches compares hashes, which takes the same time for all tokens. GUIDs are
// the same in either case.
func matches(token string, tokens []string) bool {
	got, found := sha256.Sum256([]byte(strings.ToLower(strings.TrimSpace(token)))), 0
	for _, t := range tokens {
		want := sha256.Sum256([]byte(strings.ToLower(t)))
		found |= subtle.ConstantTimeCompare(got[:], want[:])
	}
	return found == 1
}

// record is one event with what is around it.
type record struct {
	provider.Object
	levels []provider.Object // from the outermost to the record itself
	group  bool              // a group's envelope, with nothing to tell by itself
}

// maxNesting is how deep records may stand in records. One is what the
// documents say, with or without an object named Record around each.
const maxNesting = 4

// records returns the events of a body, outermost first. The envelope of a group
// is one of them, for its token.
func records(objects []provider.Object) []record {
	var all []record
	for _, o := range objects {
		all = append(all, expand(record{Object: o, levels: []provider.Object{o}})...)
	}
	return all
}

func expand(r record) []record {
	inner := r.levels[len(r.levels)-1]
	for _, name := range []string{"Record", "Records"} {
		if !inner.Owns(name) || len(r.levels) > maxNesting {
			continue
		}
		objects, ok := inner.Objects(name)
		if !ok {
			continue
		}
		r.group = true
		all := []record{r}
		for _, o := range objects {
			levels := append(r.levels[:len(r.levels):len(r.levels)], o)
			all = append(all, expand(record{Object: o.Within(r.Object), levels: levels})...)
		}
		return all
	}
	return []record{r}
}

// Parse returns the events of all records. What cannot be read of them does not
// keep back the others.
func (Driver) Parse(r provider.Request, _ provider.Credentials) ([]switchboard.Event, error) {
	objects, _, err := provider.DecodeObjects(r.Body)
	if err != nil {
		return nil, err
	}
	all := records(objects)
	ids := transactionIDs(all)
	var events []switchboard.Event
	var unreadable error
	for i, record := range all {
		if record.group {
			continue
		}
		event, err := parse(record, ids[i])
		if err != nil {
			if unreadable == nil {
				unreadable = err
			}
			continue
		}
		if event != (switchboard.Event{}) {
			events = append(events, event)
		}
	}
	return events, unreadable
}

// transactionIDs returns the key of each record. Records that share one, because
// they have it from their envelope, get a number: two equal texts of one group
// are two texts.
func transactionIDs(all []record) []string {
	ids := make([]string, len(all))
	shared := map[string]int{}
	for i, record := range all {
		if id, err := record.String("TransactionId"); err == nil && !record.group {
			ids[i] = id
			shared[id]++
		}
	}
	next := map[string]int{}
	for i, id := range ids {
		if id != "" && shared[id] > 1 {
			next[id]++
			ids[i] = fmt.Sprintf("%s#%d", id, next[id])
		}
	}
	return ids
}

// parse returns no event for a callback that tells nothing.
func parse(r record, id string) (switchboard.Event, error) {
	var event switchboard.Event
	kind, err := r.String("CallbackType")
	if err != nil || kind == "" {
		return event, provider.Unreadable("The callback does not say of which CallbackType it is.")
	}
	switch kind {
	case typeIncoming:
		event.Text, err = text(r, id, "incoming")
	case typeKeyword:
		event.Text, err = text(r, id, "keyword")
	case typeOutgoing:
		event.Text, err = outgoing(r, id)
	case typeStop, typeSubscription:
		event.Consent, err = consent(r, id, kind)
	case typeDelivery:
		event.Delivery, err = delivery(r)
	}
	if err != nil {
		return switchboard.Event{}, err
	}
	return event, nil
}

// fields reads several members and keeps the first error.
type fields struct {
	record
	err error
}

func (f *fields) string(names ...string) string {
	s, err := f.String(names...)
	if f.err == nil {
		f.err = err
	}
	return s
}

// text reads a text that came in. Callbacks are not documented to carry media,
// but TrueDialog's message log has it under this name.
func text(r record, id, twin string) (*switchboard.Text, error) {
	f := fields{record: r}
	t := &switchboard.Text{
		Direction:         switchboard.Inbound,
		Account:           f.string("AccountId"),
		ProviderMessageID: id,
		Twin:              twin,
		Sender:            f.string("PhoneNumber"),
		Ours:              f.string("ChannelCode"),
		SentAt:            r.Time("CallbackTimestamp"),
	}
	if f.err != nil {
		return nil, f.err
	}
	var err error
	if t.Media, err = r.Media("Media"); err != nil {
		return nil, err
	}
	body := "Message"
	if twin == "keyword" && f.string("Message") == "" && f.string("Keyword") != "" {
		body = "Keyword"
	}
	if t.Body, t.Raw, err = r.Body(body, t.Media); err != nil {
		return nil, err
	}
	return t, nil
}

// outgoing reads a text that went out. Its callback is not documented: the names
// are those of type 11, and that of the message log for the number.
func outgoing(r record, id string) (*switchboard.Text, error) {
	t, err := text(r, id, "")
	if err != nil {
		return nil, err
	}
	t.Direction = switchboard.Outbound
	if t.Sender == "" {
		t.Sender, err = r.String("Target")
	}
	return t, err
}

// consent reads a stop, or a subscription that was taken up or given up.
func consent(r record, id, kind string) (*switchboard.Consent, error) {
	optOut := true
	if kind == typeSubscription {
		subscribed, ok := r.Bool("Subscribed")
		if !ok {
			return nil, provider.Unreadable("The subscription callback does not say whether the number is subscribed.")
		}
		optOut = !subscribed
	}
	f := fields{record: r}
	c := &switchboard.Consent{
		Account: f.string("AccountId"),
		Sender:  f.string("PhoneNumber"),
		Ours:    f.string("ChannelCode"),
		OptOut:  optOut,
		At:      r.Time("CallbackTimestamp"),
	}
	if id != "" {
		c.EventID = "consent:" + id
	}
	return c, f.err
}

func delivery(r record) (*switchboard.Delivery, error) {
	f := fields{record: r}
	d := &switchboard.Delivery{
		Account:           f.string("AccountId"),
		ProviderMessageID: f.string("MessageId"),
		Sender:            f.string("PhoneNumber"),
		Detail:            f.string("Status"),
	}
	switch f.string("StatusId") {
	case "2":
		d.Status = switchboard.DeliveryDelivered
	case "3":
		d.Status = switchboard.DeliveryUndelivered
	default: // 7 is unknown
		d.Status = switchboard.DeliveryUnknown
	}
	return d, f.err
}

// Answer returns nothing: TrueDialog reads the status alone.
func (Driver) Answer() (string, []byte) { return "", nil }

// Guide says how to have TrueDialog call.
func (Driver) Guide() provider.Guide {
	return provider.Guide{
		Title: "TrueDialog",
		Steps: []string{
			"In TrueDialog, click the account's name at the top right and open Callbacks. Enable them if they are not.",
			"Add one callback each for Incoming Message, Keyword, Stop and Subscription, all with the address above. Add Outgoing Message and Delivery Notice too, so that texts sent from TrueDialog count as previous messages.",
			"Save there, then come back: this page notices by itself.",
		},
		SecretLabel: "Callback token",
		SecretHint:  "In TrueDialog, on the Callbacks page of the root account; your account representative has it too.",
		NeedsSecret: true,
	}
}

// CheckSecret wants something.
func (Driver) CheckSecret(s string) error {
	if strings.TrimSpace(s) == "" {
		return switchboard.Invalid("secret", "Enter the callback token of your TrueDialog account. It is what proves a callback.")
	}
	return nil
}
