package sforg

import (
	"strings"
)

// A User is someone who acts in the org. Its row of the object User is what
// queries see; this holds what it may do.
type User struct {
	ID       string
	Username string
	Admin    bool // may do and see everything

	org    *Org
	denied map[string]bool // system permissions taken away, and "object.field" hidden or read-only
}

func userFields(username, email, name, profile string) map[string]any {
	first, last, found := strings.Cut(name, " ")
	if !found {
		first, last = "", name
	}
	f := map[string]any{"Username": username, "Email": email, "LastName": last, "IsActive": true, "UserType": "Standard",
		"Alias": cut(strings.ToLower(last), 8), "TimeZoneSidKey": "America/Los_Angeles", "LocaleSidKey": "en_US",
		"LanguageLocaleKey": "en_US", "EmailEncodingKey": "UTF-8", "ProfileId": profile}
	if first != "" {
		f["FirstName"] = first
	}
	return f
}

// cut shortens s to at most n characters.
func cut(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n])
	}
	return s
}

// AddUser adds an active user, who may do everything but administer. The
// username is an address too, and the user's e-mail.
func (o *Org) AddUser(username, name string) (*User, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	t := o.begin(actor{user: o.admin, system: true})
	id, err := t.create(o.object("User"), userFields(username, username, name, makeID("00e", 2)))
	if err != nil {
		return nil, err
	}
	t.commit()
	return o.users[id], nil
}

// User finds a user by username, nil if there is none.
func (o *Org) User(username string) *User {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.userNamed(username)
}

func (o *Org) userNamed(username string) *User {
	for _, u := range o.users {
		if strings.EqualFold(u.Username, username) {
			return u
		}
	}
	return nil
}

// Token returns a new access token of the user, with the scope api.
func (u *User) Token() string {
	u.org.mu.Lock()
	defer u.org.mu.Unlock()
	return u.org.newSession(u, u.org.app, "api")
}

// RunAs makes client credentials log in as this user. nil: nobody is set, and
// the flow fails.
func (o *Org) RunAs(u *User) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.app.runAs = u
}

// Names of permissions that Deny takes. Who lacks ViewAllData sees the records
// of which they are the owner, and no others that have one.
const (
	APIEnabled              = "ApiEnabled"
	SendCustomNotifications = "SendCustomNotifications"
	ViewAllData             = "ViewAllData"
)

// Deny takes something away from a user: a system permission such as
// SendCustomNotifications; a whole object, as "Lead"; a field, as "Contact.Phone",
// which then does not exist for them; or writing a field, as "Contact.Phone:edit".
func (u *User) Deny(what string) {
	u.org.mu.Lock()
	defer u.org.mu.Unlock()
	if u.denied == nil {
		u.denied = map[string]bool{}
	}
	u.denied[strings.ToLower(what)] = true
}

// Allow gives back what Deny took.
func (u *User) Allow(what string) {
	u.org.mu.Lock()
	defer u.org.mu.Unlock()
	delete(u.denied, strings.ToLower(what))
}

func (u *User) may(permission string) bool { return !u.denied[strings.ToLower(permission)] }

func (u *User) seesObject(ob *object) bool {
	return len(u.denied) == 0 || !u.denied[strings.ToLower(ob.Name)]
}

func (u *User) seesRow(ob *object, r *row) bool {
	f := ob.field("OwnerId")
	return f == nil || u.may(ViewAllData) || r.raw(f.ordinal) == u.ID
}

func (u *User) sees(ob *object, f *Field) bool {
	return len(u.denied) == 0 || !u.denied[strings.ToLower(ob.Name+"."+f.Name)]
}

func (u *User) edits(ob *object, f *Field) bool {
	return u.sees(ob, f) && (len(u.denied) == 0 || !u.denied[strings.ToLower(ob.Name+"."+f.Name+":edit")])
}
