package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/switchboardhq/switchboard"
)

// linkPosition sorts links after all fields of a record.
const linkPosition = 1000

// linkRow is a number that a person linked to a record.
type linkRow struct {
	ID        string                 `json:"id"`
	Key       switchboard.MatchKey   `json:"key"`
	Address   string                 `json:"address"`
	Kind      switchboard.SenderKind `json:"kind"`
	RecordID  string                 `json:"record"`
	ByID      string                 `json:"by_id"`
	ByName    string                 `json:"by_name"`
	ByEmail   string                 `json:"by_email"`
	CreatedAt int64                  `json:"created_at"`
}

func (t *tx) linkOf(org string, key switchboard.MatchKey, record string) (linkRow, bool, error) {
	l := linkRow{Key: key, RecordID: record}
	err := t.one("SELECT id, address, sender_kind, by_id, by_name, by_email, created_at FROM link WHERE org_id = $1 AND match_key = $2 AND record_id = $3",
		[]any{org, string(key), record}, &l.ID, &l.Address, &l.Kind, &l.ByID, &l.ByName, &l.ByEmail, &l.CreatedAt)
	if errors.Is(err, sql.ErrNoRows) {
		return l, false, nil
	}
	return l, err == nil, err
}

// askLink makes the sender match the record for as long as this placement, or
// another, asks for it. The sender is locked and the record is not deleted.
func (t *tx) askLink(org string, l linkRow, placement string) error {
	have, ok, err := t.linkOf(org, l.Key, l.RecordID)
	if err != nil {
		return err
	}
	if ok {
		l = have
	} else if err := t.putLink(org, l); err != nil {
		return err
	}
	n, err := t.execN("INSERT INTO link_ask (org_id, link_id, placement_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", org, l.ID, placement)
	if err == nil && n > 0 {
		t.log.ask(askChange{Added: true, Link: l, Placement: placement})
	}
	return err
}

func (t *tx) putLink(org string, l linkRow) error {
	err := t.exec("INSERT INTO link (org_id, id, match_key, address, sender_kind, record_id, by_id, by_name, by_email, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
		org, l.ID, string(l.Key), l.Address, string(l.Kind), l.RecordID, l.ByID, l.ByName, l.ByEmail, l.CreatedAt)
	if err != nil {
		return err
	}
	return t.matchLink(org, l)
}

// matchLink makes a linked number match its record, if that is not deleted.
func (t *tx) matchLink(org string, l linkRow) error {
	return t.exec(`INSERT INTO record_number (org_id, match_key, record_id, field, value, position, object, name)
		SELECT org_id, CAST($2 AS TEXT), id, CAST($4 AS TEXT), CAST($5 AS TEXT), CAST($6 AS BIGINT), object, name FROM record
		WHERE org_id = $1 AND id = $3 AND NOT deleted ON CONFLICT DO NOTHING`,
		org, string(l.Key), l.RecordID, switchboard.LinkField, l.Address, linkPosition)
}

func (t *tx) dropLink(org string, l linkRow) error {
	if err := t.exec("DELETE FROM link_ask WHERE org_id = $1 AND link_id = $2", org, l.ID); err != nil {
		return err
	}
	if err := t.exec("DELETE FROM link WHERE org_id = $1 AND id = $2", org, l.ID); err != nil {
		return err
	}
	if err := t.keepSender(org, l.RecordID, l.Key); err != nil {
		return err
	}
	return t.exec("DELETE FROM record_number WHERE org_id = $1 AND match_key = $2 AND record_id = $3 AND field = $4", org, string(l.Key), l.RecordID, switchboard.LinkField)
}

// unask takes away what the message's placements asked for: their wishes for
// the link between its sender and its record, and the link with the last wish.
// It reports whether the link went.
func (t *tx) unask(org string, m *switchboard.Message) (bool, error) {
	if m.PlacementID == "" {
		return false, nil
	}
	l, ok, err := t.linkOf(org, m.Sender.Key, m.Record.ID)
	if err != nil || !ok {
		return false, err
	}
	asked := false
	for placement := range strings.FieldsSeq(m.PlacementID) {
		n, err := t.execN("DELETE FROM link_ask WHERE org_id = $1 AND link_id = $2 AND placement_id = $3", org, l.ID, placement)
		if err != nil {
			return false, err
		}
		if n > 0 {
			asked = true
			t.log.ask(askChange{Added: false, Link: l, Placement: placement})
		}
	}
	if !asked {
		return false, nil
	}
	return t.dropUnwanted(org, l)
}

// forgetful begins the id of a placement that asks for no link.
const forgetful = "-"

// remembering returns the placements by which the message is on the record
// already and that asked for its link: placing it there once more does not make
// it forget them. Each is kept, whether the link stands now or not: undoing what
// took it away brings the wish back.
func remembering(m *switchboard.Message, record string) []string {
	if m.Record == nil || m.Record.ID != record {
		return nil
	}
	return slices.DeleteFunc(strings.Fields(m.PlacementID), func(p string) bool { return strings.HasPrefix(p, forgetful) })
}

func (t *tx) dropUnwanted(org string, l linkRow) (bool, error) {
	var asks int
	if err := t.one("SELECT COUNT(*) FROM link_ask WHERE org_id = $1 AND link_id = $2", []any{org, l.ID}, &asks); err != nil || asks > 0 {
		return false, err
	}
	return true, t.dropLink(org, l)
}

// reverseAsk takes back what one action did to a link, and nothing of what
// other placements asked for.
func (t *tx) reverseAsk(org string, a askChange) error {
	l, ok, err := t.linkOf(org, a.Link.Key, a.Link.RecordID)
	if err != nil {
		return err
	}
	if a.Added {
		if !ok {
			return nil
		}
		if err := t.exec("DELETE FROM link_ask WHERE org_id = $1 AND link_id = $2 AND placement_id = $3", org, l.ID, a.Placement); err != nil {
			return err
		}
		_, err := t.dropUnwanted(org, l)
		return err
	}
	if !ok {
		l = a.Link
		if err := t.putLink(org, l); err != nil {
			return err
		}
	}
	return t.exec("INSERT INTO link_ask (org_id, link_id, placement_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", org, l.ID, a.Placement)
}

// Link is a remembered number, as people see it.
type Link struct {
	ID        string
	Sender    switchboard.Sender
	Record    switchboard.RecordRef
	User      switchboard.User // id, e-mail and name of who asked first
	CreatedAt time.Time
}

// LinkFilter narrows a list of links.
type LinkFilter struct {
	Key      switchboard.MatchKey // "" is any
	RecordID string               // "" is any
	Page
}

// Links lists remembered numbers, newest first.
func (db *DB) Links(ctx context.Context, org string, f LinkFilter) ([]Link, string, error) {
	var links []Link
	next := ""
	err := db.inRead(ctx, func(t *tx) error {
		q := newQuery("l.org_id = ?", org)
		if f.Key != "" {
			q.and("l.match_key = ?", string(f.Key))
		}
		if f.RecordID != "" {
			q.and("l.record_id = ?", f.RecordID)
		}
		if f.Cursor != "" {
			q.and("l.id < ?", f.Cursor)
		}
		err := t.each(func(rows *sql.Rows) error {
			var l Link
			var created int64
			err := rows.Scan(&l.ID, &l.Sender.Key, &l.Sender.Kind, &l.Sender.Address, &l.Record.ID, &l.Record.Object, &l.Record.Name, &l.User.ID, &l.User.Name, &l.User.Email, &created)
			l.CreatedAt = fromMicros(created)
			links = append(links, l)
			return err
		}, `SELECT l.id, l.match_key, l.sender_kind, l.address, l.record_id, r.object, r.name, l.by_id, l.by_name, l.by_email, l.created_at
			FROM link l JOIN record r ON r.org_id = l.org_id AND r.id = l.record_id WHERE `+q.where()+" ORDER BY l.id DESC "+q.limit(f.Limit+1), q.args...)
		links, next = cutPage(links, f.Limit, func(l Link) string { return l.ID })
		return err
	})
	return links, next, err
}

func (t *tx) linkByID(org, id string) (linkRow, error) {
	l := linkRow{ID: id}
	err := t.one("SELECT match_key, sender_kind, address, record_id FROM link WHERE org_id = $1 AND id = $2", []any{org, id}, &l.Key, &l.Kind, &l.Address, &l.RecordID)
	if errors.Is(err, sql.ErrNoRows) {
		return l, switchboard.Errorf(switchboard.CodeNotFound, "There is no remembered number %q.", id)
	}
	return l, err
}

// DeleteLink takes a remembered number away, whoever asked for it. It decides
// nothing again.
func (db *DB) DeleteLink(ctx context.Context, actor switchboard.Actor, id string) error {
	return db.inTx(ctx, func(t *tx) error {
		l, err := t.linkByID(actor.OrgID, id)
		if err != nil {
			return err
		}
		if _, err := t.lockSender(actor.OrgID, switchboard.Sender{Key: l.Key, Kind: l.Kind, Address: l.Address}); err != nil {
			return err
		}
		if l, err = t.linkByID(actor.OrgID, id); err != nil { // it may have gone before it was locked
			return err
		}
		if err := t.dropLink(actor.OrgID, l); err != nil {
			return err
		}
		return t.audit(actor, "link.delete", "record", l.RecordID, "")
	})
}
