package store

import (
	"database/sql"
	"strconv"
	"strings"

	"github.com/switchboardhq/switchboard"
)

func countBySalesforce(n int) string {
	return strconv.Itoa(n) + " by " + string(switchboard.OriginSalesforce)
}

func joinWords(words []string) string { return strings.Join(words, " ") }

// mergeInto lets a record that was merged into another, or converted to it, be
// stood for by that one: its messages, links and senders move along, and it is
// deleted here. The senders of both are locked.
func (a *applier) mergeInto(p *plan) error {
	// In this transaction that one may have been merged into yet another.
	p.now.mergedInto = a.final(p.into).recordID
	into, err := a.record(a.org, p.now.mergedInto)
	if err != nil {
		return err
	}
	from := p.record
	a.result.Merged++
	merged := switchboard.Change{Kind: switchboard.RecordMerged, Record: into.Ref()}
	a.changes[from.ID], a.changes[into.ID] = merged, merged
	return a.moveAll(salesforceActor(a.org), a.snap, from, into)
}

// moveAll moves all that belongs to one record to another, and deletes it.
func (t *tx) moveAll(by switchboard.Actor, snap *snapshot, from, into *switchboard.Record) error {
	org := by.OrgID
	if err := t.keepSenders(org, from.ID); err != nil {
		return err
	}
	if err := t.moveLinks(org, from.ID, into.ID); err != nil {
		return err
	}
	err := t.exec(`INSERT INTO record_sender (org_id, record_id, match_key)
		SELECT org_id, CAST($3 AS TEXT), match_key FROM record_sender WHERE org_id = $1 AND record_id = $2 ON CONFLICT DO NOTHING`, org, from.ID, into.ID)
	if err != nil {
		return err
	}
	var moved []string
	err = t.each(func(rows *sql.Rows) error {
		var id string
		err := rows.Scan(&id)
		moved = append(moved, id)
		return err
	}, `UPDATE message AS m SET record_id = $3, rule_record_id = CASE WHEN m.rule_record_id = $2 THEN $3 ELSE m.rule_record_id END, version = m.version + 1
		WHERE `+onRecord+" RETURNING id", org, from.ID, into.ID)
	if err != nil {
		return err
	}
	if err := t.pushMessages(org, snap, moved...); err != nil {
		return err
	}
	if !from.Deleted {
		if err := t.setDeleted(org, from, true); err != nil {
			return err
		}
	}
	return t.audit(by, "record.merge", "record", from.ID, into.ID)
}

// moveLinks moves the numbers that people linked to one record to another.
// Where that one has the number too, the placements that asked for the link ask
// for its own from now on.
func (t *tx) moveLinks(org, from, into string) error {
	links, err := t.linksOf(org, from)
	if err != nil {
		return err
	}
	for _, l := range links {
		have, ok, err := t.linkOf(org, l.Key, into)
		if err != nil {
			return err
		}
		if !ok {
			if err := t.exec("UPDATE link SET record_id = $3 WHERE org_id = $1 AND id = $2", org, l.ID, into); err != nil {
				return err
			}
			l.RecordID = into
			if err := t.matchLink(org, l); err != nil {
				return err
			}
			continue
		}
		err = t.exec(`INSERT INTO link_ask (org_id, link_id, placement_id) SELECT org_id, CAST($3 AS TEXT), placement_id FROM link_ask WHERE org_id = $1 AND link_id = $2 ON CONFLICT DO NOTHING`, org, l.ID, have.ID)
		if err != nil {
			return err
		}
		if err := t.exec("DELETE FROM link_ask WHERE org_id = $1 AND link_id = $2", org, l.ID); err != nil {
			return err
		}
		if err := t.exec("DELETE FROM link WHERE org_id = $1 AND id = $2", org, l.ID); err != nil {
			return err
		}
	}
	return nil
}

// setSalesforceID notes where the record is in Salesforce. It is no change of
// the record. Its messages may name it there from now on.
func (t *tx) setSalesforceID(org string, snap *snapshot, record, id string) error {
	err := t.exec("UPDATE record SET salesforce_id = $3 WHERE org_id = $1 AND id = $2", org, record, sql.NullString{String: id, Valid: id != ""})
	if err != nil || !snap.salesforce {
		return err
	}
	return t.pushMessagesOf(org, snap, record)
}

// pushMessagesOf asks for all messages of a record to be written to Salesforce.
func (t *tx) pushMessagesOf(org string, snap *snapshot, record string) error {
	var ids []string
	err := t.each(func(rows *sql.Rows) error {
		var id string
		err := rows.Scan(&id)
		ids = append(ids, id)
		return err
	}, "SELECT m.id FROM message m WHERE "+onRecord, org, record)
	if err != nil {
		return err
	}
	return t.pushMessages(org, snap, ids...)
}
