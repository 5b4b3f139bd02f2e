package store

import "github.com/switchboardhq/switchboard"

// audit adds a row to the audit trail, in the transaction of the change. detail
// holds no text of a message.
func (t *tx) audit(by switchboard.Actor, action, subject, subjectID, detail string) error {
	return t.exec(`INSERT INTO audit (org_id, id, at, actor_id, actor_name, action, subject, subject_id, detail) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		by.OrgID, t.newID(), micros(t.now), by.ID, by.Name, action, subject, subjectID, detail)
}
