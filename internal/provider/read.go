package provider

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/switchboardhq/switchboard"
)

// The longest that events may hold. What is longer has no meaning, but would
// not fit an index, and so could never be stored.
const (
	maxID     = 200
	maxSender = 200
	maxMedia  = 100
)

// Read has d parse r, which d has verified, and returns the events that it
// tells, as a store can hold them: each has exactly one member, a sender where
// it needs one, ids of bounded length, and only text that is valid UTF-8
// without NUL. Raw holds the bytes of a body that was repaired for that.
//
// An error means that r or a part of it cannot be read, and its
// [switchboard.ErrorMessage] says why. The events beside it are good. A driver
// that panics yields an error that wraps a [*PanicError].
func Read(d Driver, r Request, c Credentials) (events []switchboard.Event, err error) {
	defer func() {
		if p := recover(); p != nil {
			events, err = nil, &switchboard.Error{
				Code:    switchboard.CodeInternal,
				Message: "Switchboard failed on this delivery. Replay it after an update.",
				Err:     newPanicError(d, p),
			}
		}
	}()
	parsed, err := d.Parse(r, c)
	for _, e := range parsed {
		tidied, problem := tidy(e)
		if problem != nil {
			if err == nil {
				err = problem
			}
			continue
		}
		events = append(events, tidied)
	}
	return events, err
}

func tidy(e switchboard.Event) (switchboard.Event, error) {
	switch {
	case e.Text != nil && e.Consent == nil && e.Delivery == nil:
		t := *e.Text
		if err := checkSender(t.Sender); err != nil {
			return e, err
		}
		if t.ProviderMessageID == "" {
			return e, Unreadable("The message has no id, so a second delivery of it could not be told from another message.")
		}
		t.Account, t.ProviderMessageID = id(t.Account), id(t.ProviderMessageID)
		t.Sender, t.Ours = repair(t.Sender), short(t.Ours)
		if body, repaired := switchboard.Repair(t.Body); repaired {
			if t.Raw == nil {
				t.Raw = []byte(t.Body)
			}
			t.Body = body
		}
		t.Media = tidyMedia(t.Media)
		return switchboard.Event{Text: &t}, nil
	case e.Consent != nil && e.Text == nil && e.Delivery == nil:
		c := *e.Consent
		if err := checkSender(c.Sender); err != nil {
			return e, err
		}
		c.Account, c.EventID = id(c.Account), id(c.EventID)
		c.Sender, c.Ours = repair(c.Sender), short(c.Ours)
		return switchboard.Event{Consent: &c}, nil
	case e.Delivery != nil && e.Text == nil && e.Consent == nil:
		v := *e.Delivery
		if v.ProviderMessageID == "" {
			return e, Unreadable("The delivery report does not say which message it is about.")
		}
		v.Account, v.ProviderMessageID = id(v.Account), id(v.ProviderMessageID)
		v.Sender, v.Detail = short(v.Sender), short(v.Detail)
		return switchboard.Event{Delivery: &v}, nil
	}
	return e, Unreadable("The delivery was read as something that it cannot be.")
}

func checkSender(s string) error {
	if strings.TrimSpace(s) == "" {
		return Unreadable("The delivery does not say which number it is from.")
	}
	if len(s) > maxSender {
		return Unreadable("What stands in place of the sender's number is far too long to be one.")
	}
	return nil
}

func repair(s string) string {
	s, _ = switchboard.Repair(s)
	return s
}

func short(s string) string {
	if len(s) > maxSender {
		s = s[:maxSender]
	}
	return repair(s)
}

// id keeps ids that are too long for an index apart by their hash.
func id(s string) string {
	if len(s) > maxID {
		sum := sha256.Sum256([]byte(s))
		s = s[:100] + "#sha256=" + hex.EncodeToString(sum[:])
	}
	return repair(s)
}

func tidyMedia(media []switchboard.Media) []switchboard.Media {
	var kept []switchboard.Media
	for _, m := range media[:min(len(media), maxMedia)] {
		kept = append(kept, switchboard.Media{URL: repair(m.URL), ContentType: short(m.ContentType)})
	}
	return kept
}

// PanicError is a driver's defect. It says nothing of the delivery.
type PanicError struct {
	Driver string
	What   string
	Stack  []byte
}

func (e *PanicError) Error() string {
	return fmt.Sprintf("the driver %s failed: %s", e.Driver, e.What)
}

func newPanicError(d Driver, p any) *PanicError {
	what := fmt.Sprintf("%T", p) // a panic's own value might quote the message
	if err, ok := p.(runtime.Error); ok {
		what = err.Error()
	}
	return &PanicError{Driver: d.Name(), What: what, Stack: debug.Stack()}
}
