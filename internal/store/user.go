package store

import (
	"database/sql"

	"github.com/switchboardhq/switchboard"
)

func (t *tx) users(org string) ([]switchboard.User, error) {
	var all []switchboard.User
	err := t.each(func(rows *sql.Rows) error {
		var u switchboard.User
		var created int64
		err := rows.Scan(&u.ID, &u.Email, &u.Name, &u.Role, &u.Active, &created)
		u.CreatedAt = fromMicros(created)
		all = append(all, u)
		return err
	}, "SELECT id, email, name, role, active, created_at FROM users WHERE org_id = $1 ORDER BY created_at, id", org)
	return all, err
}
