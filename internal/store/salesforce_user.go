package store

import (
	"cmp"
	"database/sql"
	"slices"
	"strings"

	"github.com/switchboardhq/switchboard"
)

// userMap says which user here is which user of the Salesforce org: by e-mail,
// and the connection's own two by the connection.
type userMap struct {
	here  map[string]string // our id by Salesforce's
	there map[string]string // Salesforce's by ours
	names map[string]string // by Salesforce's id
	idle  map[string]bool   // by Salesforce's id: who may not sign in there
	own   string            // Salesforce's id of whom the connection acts as
}

// userMap reads the org's. Where several users there share an e-mail, an active
// one counts, and of those the oldest id.
func (t *tx) userMap(org string, users []switchboard.User) (userMap, error) {
	m := userMap{here: map[string]string{}, there: map[string]string{}, names: map[string]string{}, idle: map[string]bool{}}
	type remote struct {
		id, email string
		active    bool
	}
	var all []remote
	err := t.each(func(rows *sql.Rows) error {
		var r remote
		var name string
		err := rows.Scan(&r.id, &r.email, &name, &r.active)
		all, m.names[r.id], m.idle[r.id] = append(all, r), name, !r.active
		return err
	}, "SELECT salesforce_id, email, name, active FROM salesforce_user WHERE org_id = $1 ORDER BY salesforce_id", org)
	if err != nil {
		return m, err
	}
	slices.SortStableFunc(all, func(a, b remote) int {
		if a.active != b.active {
			return map[bool]int{true: -1, false: 1}[a.active]
		}
		return cmp.Compare(a.id, b.id)
	})
	byEmail := map[string]string{}
	for _, u := range users {
		byEmail[nameKey(u.Email)] = u.ID
	}
	c, err := t.salesforce(org)
	if err != nil {
		return m, err
	}
	m.own = c.SalesforceUserID
	if c.UserID != "" {
		m.here[c.SalesforceUserID], m.there[c.UserID] = c.UserID, c.SalesforceUserID
	}
	for _, r := range all {
		ours := byEmail[r.email]
		if _, tied := m.here[r.id]; ours == "" || tied {
			continue
		}
		m.here[r.id] = ours
		if _, taken := m.there[ours]; !taken && r.active {
			m.there[ours] = r.id
		}
	}
	return m, nil
}

// owner returns the Salesforce user who owns there what belongs here to the user,
// ours or one of Salesforce's alone: the connection's own where that is nobody
// who can own anything.
func (m userMap) owner(id string) string {
	there := m.there[id]
	if theirs, ok := switchboard.ParseSalesforceID(id); ok {
		there = theirs
	}
	if !strings.HasPrefix(there, userPrefix) || m.idle[there] {
		return m.own
	}
	return there
}

// userPrefix is how the id of a user begins: a queue owns records, too.
const userPrefix = "005"

// actor returns who acts here when the Salesforce user does.
func (m userMap) actor(org, remote string, users []switchboard.User) switchboard.Actor {
	if i := slices.IndexFunc(users, func(u switchboard.User) bool { return u.ID == m.here[remote] }); i >= 0 && remote != "" {
		u := users[i]
		return switchboard.Actor{OrgID: org, ID: u.ID, Name: u.Name, Role: u.Role}
	}
	a := salesforceActor(org)
	a.ID = remote
	if name := m.names[remote]; name != "" {
		a.Name = name + " (Salesforce)"
	}
	return a
}

// salesforceActor is who changes what came from Salesforce, where it does not
// matter which person there.
func salesforceActor(org string) switchboard.Actor {
	return switchboard.Actor{OrgID: org, Name: "Salesforce", Role: switchboard.Agent}
}
