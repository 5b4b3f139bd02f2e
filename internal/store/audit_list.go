package store

import (
	"context"
	"database/sql"
	"time"
)

// AuditEntry is one change that an actor made.
type AuditEntry struct {
	ID        string
	At        time.Time
	ActorID   string // "" for the command line
	ActorName string
	Action    string // such as message.assign
	Subject   string // the kind of thing that was changed
	SubjectID string
	Detail    string
}

// AuditFilter narrows the audit trail. What is zero narrows nothing.
type AuditFilter struct {
	SubjectID string
	ActorID   string
	Page
}

// AuditTrail lists the changes that people and programs made, newest first.
func (db *DB) AuditTrail(ctx context.Context, org string, f AuditFilter) ([]AuditEntry, string, error) {
	var list []AuditEntry
	next := ""
	err := db.inRead(ctx, func(t *tx) error {
		q := newQuery("org_id = ?", org)
		if f.SubjectID != "" {
			q.and("subject_id = ?", f.SubjectID)
		}
		if f.ActorID != "" {
			q.and("actor_id = ?", f.ActorID)
		}
		if f.Cursor != "" {
			q.and("id < ?", f.Cursor)
		}
		err := t.each(func(rows *sql.Rows) error {
			var e AuditEntry
			var at int64
			err := rows.Scan(&e.ID, &at, &e.ActorID, &e.ActorName, &e.Action, &e.Subject, &e.SubjectID, &e.Detail)
			e.At = fromMicros(at)
			list = append(list, e)
			return err
		}, "SELECT id, at, actor_id, actor_name, action, subject, subject_id, detail FROM audit WHERE "+q.where()+" ORDER BY id DESC "+q.limit(f.Limit+1), q.args...)
		list, next = cutPage(list, f.Limit, func(e AuditEntry) string { return e.ID })
		return err
	})
	return list, next, err
}
