package sforg

import (
	"fmt"
	"strings"
)

// A User is someone who acts in the org. Its row of the object User is what
// queries see; this holds what it may do.
type User struct {
	ID       string
	Username string

	org    *Org
	denied map[string]bool // by Deny, in lower case
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

// AddUser adds an active user of the profile StandardUser. The username is an
// address too, and the user's e-mail.
func (o *Org) AddUser(username, name string) (*User, error) {
	return o.AddUserWith(StandardUser, username, name)
}

// AddUserWith adds an active user of a profile.
func (o *Org) AddUserWith(p Profile, username, name string) (*User, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	profile := ""
	o.rowsOf("Profile", "Name", string(p), func(_ *object, r *row) { profile = r.id })
	if profile == "" {
		return nil, fmt.Errorf("the org has no profile %s", p)
	}
	t := o.begin(actor{user: o.admin, system: true})
	id, err := t.create(o.object("User"), userFields(username, username, name, profile))
	if err != nil {
		return nil, err
	}
	t.commit()
	return o.users[id], nil
}

// Assign gives the user a permission set, by its API name.
func (u *User) Assign(set string) error {
	u.org.mu.Lock()
	id := ""
	u.org.rowsOf("PermissionSet", "Name", set, func(_ *object, r *row) { id = r.id })
	u.org.mu.Unlock()
	if id == "" {
		return fmt.Errorf("the org has no permission set %s", set)
	}
	_, err := u.org.Create(nil, "PermissionSetAssignment", map[string]any{"PermissionSetId": id, "AssigneeId": u.ID})
	return err
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
