package switchboard

import (
	"net/mail"
	"strings"
	"time"
	"unicode/utf8"
)

// Role is what a user or an API key may do.
type Role string

// The roles, from most to least.
const (
	Admin  Role = "admin"
	Agent  Role = "agent"
	Viewer Role = "viewer"
)

// ParseRole returns the role called name.
func ParseRole(name string) (Role, error) {
	switch r := Role(name); r {
	case Admin, Agent, Viewer:
		return r, nil
	}
	return "", Invalid("role", "There is no role %q. Use admin, agent or viewer.", truncate(name, 40))
}

// Permission is a thing that not everybody may do.
type Permission string

// The permissions.
const (
	MayRead      Permission = "read messages and records"
	MayPlace     Permission = "assign, take off, dismiss and undo"
	MayEdit      Permission = "create, edit, delete and restore records"
	MaySubmit    Permission = "hand in messages"
	MayBlock     Permission = "change the block list"
	MayConfigure Permission = "change settings, channels, users and API keys, and read the quarantine"
)

// Can reports whether the role includes the permission. This table is the only
// place that says so.
func (r Role) Can(p Permission) bool {
	switch r {
	case Admin:
		return true
	case Agent:
		return p != MayConfigure
	case Viewer:
		return p == MayRead
	}
	return false
}

// User is a person who signs in.
type User struct {
	ID        string
	Email     string
	Name      string
	Role      Role
	Active    bool
	CreatedAt time.Time
}

// CheckUser reports what keeps name and email from naming a user, and returns
// both as they are stored.
func CheckUser(name, email string) (cleanName, cleanEmail string, err error) {
	name, email = strings.TrimSpace(name), strings.ToLower(strings.TrimSpace(email))
	if name == "" {
		return "", "", Invalid("name", "Enter a name.")
	}
	if utf8.RuneCountInString(name) > 120 {
		return "", "", Invalid("name", "A name has at most 120 characters.")
	}
	a, perr := mail.ParseAddress(email)
	if perr != nil || a.Address != email || len(email) > 254 {
		return "", "", Invalid("email", "%q is not an e-mail address.", truncate(email, 60))
	}
	return name, email, nil
}

// Actor is who does something: a user in the pages, or an API key. Every
// change that an actor makes leaves a row in the audit trail.
type Actor struct {
	OrgID string
	ID    string // of the user or the key
	Name  string
	Role  Role
	Key   bool // an API key, not a person
}

// By names the actor in a decision.
func (a Actor) By() By { return By{ID: a.ID, Name: a.Name} }

// Allow returns a [CodeForbidden] error unless the actor may do p.
func (a Actor) Allow(p Permission) error {
	if a.Role.Can(p) {
		return nil
	}
	return Errorf(CodeForbidden, "The role %s may not %s. Ask an admin of your organization.", a.Role, p)
}
