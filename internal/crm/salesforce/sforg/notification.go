package sforg

import (
	"fmt"
	"net/http"
	"slices"
	"unicode/utf8"
)

// A Notification is a custom notification that was delivered: a ring of the bell.
type Notification struct {
	Title      string   `json:"title"`
	Body       string   `json:"body"`
	Recipients []string `json:"recipientIds"` // the active users among those asked for
	Target     string   `json:"targetId"`
	Type       string   `json:"customNotifTypeId"`
	Sender     string   `json:"senderId"`
}

// Notifications returns the custom notifications delivered so far, oldest first.
func (o *Org) Notifications() []Notification {
	o.mu.Lock()
	defer o.mu.Unlock()
	list := slices.Clone(o.bell)
	for i := range list {
		list[i].Recipients = slices.Clone(list[i].Recipients)
	}
	return list
}

// listNotifications answers GET /_sforg/notifications, which no real org has.
func (o *Org) listNotifications(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	user := o.authenticate(r)
	o.mu.Unlock()
	if user == nil {
		writeErrors(w, invalidSession())
		return
	}
	list := o.Notifications()
	if list == nil {
		list = []Notification{}
	}
	writeJSON(w, http.StatusOK, list)
}

const notificationAction = "customNotificationAction"

// actions answers /actions.
func (q *request) actions(method string) {
	p := q.parts[1:]
	switch {
	case len(p) == 2 && p[0] == "standard" && p[1] == notificationAction && method == http.MethodPost:
		q.notify()
	case len(p) == 2 && p[0] == "standard" && p[1] == notificationAction && method == http.MethodGet:
		q.reply(http.StatusOK, map[string]any{"name": notificationAction, "label": "Send Custom Notification", "type": "CUSTOMNOTIFICATION", "standard": true})
	case len(p) == 1 && p[0] == "standard" && method == http.MethodGet:
		q.reply(http.StatusOK, map[string]any{"actions": []map[string]string{{"name": notificationAction, "label": "Send Custom Notification", "type": "CUSTOMNOTIFICATION",
			"url": q.path("/actions/standard/" + notificationAction)}}})
	default:
		q.fail(notFound())
	}
}

type notificationInput struct {
	Type       string   `json:"customNotifTypeId"`
	Recipients []string `json:"recipientIds"`
	Title      string   `json:"title"`
	Body       string   `json:"body"`
	Target     string   `json:"targetId"`
	PageRef    string   `json:"targetPageRef"`
	Sender     string   `json:"senderId"`
	Group      string   `json:"actionGroup"`
}

// notify rings the bell. It is not idempotent: twice asked is twice rung.
func (q *request) notify() {
	var body struct {
		Inputs []notificationInput `json:"inputs"`
	}
	if err := q.decode(&body); err != nil {
		q.fail(err)
		return
	}
	if len(body.Inputs) == 0 {
		q.fail(errorPlain("INVALID_INPUT", "inputs are required"))
		return
	}
	if q.injected() {
		return
	}
	q.lock()
	defer q.unlock()
	status := http.StatusOK
	var results []map[string]any
	for _, in := range body.Inputs {
		m := map[string]any{"actionName": notificationAction, "errors": nil, "isSuccess": true, "sortOrder": -1, "version": 1, "invocationId": nil,
			"outputValues": map[string]string{"SuccessMessage": "Your custom notification is processed successfully."}}
		if err := q.ring(in); err != nil {
			status = http.StatusBadRequest
			m["isSuccess"], m["outputValues"], m["errors"] = false, nil, []rowError{err.row()}
		}
		results = append(results, m)
	}
	q.reply(status, results)
}

func (q *request) ring(in notificationInput) *Error {
	missing := func(name string) *Error {
		return errorf("REQUIRED_FIELD_MISSING", "Missing required input parameter: "+name)
	}
	user, kinds := q.o.object("User"), q.o.object("CustomNotificationType")
	kind := kinds.find(in.Type)
	switch {
	case !q.who.user.may(SendCustomNotifications):
		return errorf("INSUFFICIENT_ACCESS", "You must have the Send Custom Notifications user permission to send notifications")
	case in.Type == "":
		return missing("customNotifTypeId")
	case kind == nil || kind.deleted:
		return errorf("INVALID_ID_FIELD", "The custom notification type isn't valid: "+cut(in.Type, 18))
	case len(in.Recipients) == 0:
		return missing("recipientIds")
	case len(in.Recipients) > 500:
		return errorf("LIMIT_EXCEEDED", "The number of recipients exceeds 500")
	case in.Title == "":
		return missing("title")
	case in.Body == "":
		return missing("body")
	case utf8.RuneCountInString(in.Title) > 250, utf8.RuneCountInString(in.Body) > 750:
		return errorf("STRING_TOO_LONG", "title takes 250 characters, body 750")
	case in.Target == "" && in.PageRef == "":
		return missing("targetId or targetPageRef")
	}
	if in.Target != "" {
		if ob := q.o.objectOf(in.Target); ob == nil || ob.find(in.Target) == nil || ob.find(in.Target).deleted {
			return errorf("INVALID_ID_FIELD", "The target isn't valid: "+cut(in.Target, 18))
		}
		in.Target = longID(in.Target[:15])
	}
	n := Notification{Title: in.Title, Body: in.Body, Target: in.Target, Type: kind.id, Sender: q.who.user.ID, Recipients: []string{}}
	for _, id := range in.Recipients {
		switch r := user.find(id); {
		case r != nil && !r.deleted:
			if q.o.active(q.o.users[r.id]) { // others are left out without a word
				n.Recipients = append(n.Recipients, r.id)
			}
		case looksLikeID(id) && q.o.objectOf(id) != nil:
		default:
			return errorf("INVALID_ID_FIELD", fmt.Sprintf("The recipient isn't valid: %s", cut(id, 18)))
		}
	}
	q.o.bell = append(q.o.bell, n)
	return nil
}
