package salesforce

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
)

// BellType is the name of the package's notification type.
const BellType = "New_SMS"

// What a notification may hold.
const (
	maxBellTitle      = 250
	maxBellBody       = 750
	maxBellRecipients = 500
)

// Bell is a notification in the org.
type Bell struct {
	UserIDs  []string // who gets it; an inactive user gets nothing, and nobody says so
	Title    string
	Body     string
	TargetID string // the record that it leads to
}

// bellTypes remembers the ids of notification types, which differ per org.
type bellTypes struct {
	mu  sync.Mutex
	ids map[string]string
}

// Ring sends a notification. The action has no key to repeat it by: after
// [ClassUnknown] it may have rung. Success means that the org has it in hand.
func (c *Client) Ring(ctx context.Context, b Bell) error {
	const what = "ring the bell"
	target, ok := LongID(b.TargetID)
	if !ok {
		return badValue(what, "It leads to no Salesforce record")
	}
	var to []string
	for _, u := range b.UserIDs {
		if id, ok := LongID(u); ok {
			to = append(to, id)
		}
	}
	if len(to) == 0 || len(to) > maxBellRecipients || len(to) != len(b.UserIDs) {
		return badValue(what, "It needs 1 to 500 Salesforce users")
	}
	kind, err := c.BellTypeID(ctx, BellType)
	if err != nil {
		return err
	}
	path, err := c.path("actions", "standard", "customNotificationAction")
	if err != nil {
		return err
	}
	r := call{what: what, use: UseBell, method: http.MethodPost, path: path, changes: true, body: map[string]any{"inputs": []map[string]any{{
		"customNotifTypeId": kind, "recipientIds": to, "targetId": target,
		"title": bellText(b.Title, maxBellTitle), "body": bellText(b.Body, maxBellBody),
	}}}}
	var answers []struct {
		OK     bool            `json:"isSuccess"`
		Errors json.RawMessage `json:"errors"`
	}
	err = c.doJSON(ctx, r, &answers)
	if err == nil && (len(answers) != 1 || !answers[0].OK) {
		e := &Error{What: what, Status: http.StatusOK, Class: ClassPermanent, Message: "Salesforce did not take the notification"}
		if len(answers) == 1 {
			if parsed := parseErrors(answers[0].Errors); len(parsed) > 0 {
				e = e.fill(parsed, false)
			}
		}
		err = e
	}
	if err != nil && ClassOf(err) != ClassUnknown {
		// The type may have been deleted and deployed again, with another id.
		c.bells.forget(BellType)
	}
	return bellError(err)
}

// bellError says to a person what is missing.
func bellError(err error) error {
	if noAccess(err) {
		e := asError(err)
		e.Message, e.Quoted = "The user that we act as may not send notifications: assign it the permission set Switchboard Integration, which holds Send Custom Notifications", false
	}
	return err
}

func noAccess(err error) bool {
	return HasCode(err, "INSUFFICIENT_ACCESS", "INSUFFICIENT_ACCESS_OR_READONLY", "INSUFFICIENT_PERMISSIONS")
}

// BellTypeID returns the id of a notification type.
func (c *Client) BellTypeID(ctx context.Context, name string) (string, error) {
	if id := c.bells.get(name); id != "" {
		return id, nil
	}
	rows, err := Collect(c.Query(WithUse(ctx, useOf(ctx, UseBell)),
		Select("CustomNotificationType", "Id", "DeveloperName").Where(Eq("DeveloperName", name)).Limit(1)))
	if err != nil {
		return "", err
	}
	if len(rows) == 0 || rows[0].ID("Id") == "" {
		return "", &Error{What: "find the notification type", Code: CodeNoSuch, Class: ClassPermanent,
			Message: "the org has no notification type " + name + ": install the package (switchboard salesforce install)"}
	}
	id := rows[0].ID("Id")
	c.bells.put(name, id)
	return id, nil
}

func (t *bellTypes) get(name string) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.ids[name]
}

func (t *bellTypes) put(name, id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ids == nil {
		t.ids = map[string]string{}
	}
	t.ids[name] = id
}

func (t *bellTypes) forget(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.ids, name)
}

// bellText cuts a text where it may be cut: between two characters.
func bellText(s string, most int) string {
	s = clean(s)
	// Salesforce counts as Java does: a character outside of the basic plane is two.
	n := 0
	for i, r := range s {
		if r > 0xffff {
			n++
		}
		if n++; n > most {
			return strings.TrimRight(s[:i], " ")
		}
	}
	return s
}

// clean makes a text one that Salesforce takes: valid, and without the control
// characters that its XML has no form for.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			return r
		case r < 0x20 || r == 0x7f || r == 0xfffe || r == 0xffff:
			return '\uFFFD'
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}
