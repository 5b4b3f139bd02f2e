package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"strings"

	"github.com/switchboardhq/switchboard"
)

const messageSelect = `SELECT m.id, m.number, m.direction, m.channel_id, m.provider_message_id, m.sender_key, m.sender_kind, m.sender, m.ours, m.body, m.media,
	m.sent_at, m.received_at, m.message_time, m.seq, m.state, m.decision, m.placement_id, m.version, m.flags, m.record_id, r.object, r.name
	FROM message m LEFT JOIN record r ON r.org_id = m.org_id AND r.id = m.record_id WHERE `

// messages reads the messages m that the condition selects, with the names that
// their records have now. The condition begins with m.org_id.
func (t *tx) messages(where string, args ...any) ([]*switchboard.Message, error) {
	var all []*switchboard.Message
	err := t.each(func(rows *sql.Rows) error {
		m := &switchboard.Message{}
		var key, kind, flags string
		var media, decision, record, object, name sql.NullString
		var sent, received, at int64
		err := rows.Scan(&m.ID, &m.Number, &m.Direction, &m.ChannelID, &m.ProviderMessageID, &key, &kind, &m.Sender.Address, &m.Ours, &m.Body, &media,
			&sent, &received, &at, &m.Seq, &m.State, &decision, &m.PlacementID, &m.Version, &flags, &record, &object, &name)
		if err != nil {
			return err
		}
		m.Sender.Key, m.Sender.Kind = switchboard.MatchKey(key), switchboard.SenderKind(kind)
		m.SentAt, m.ReceivedAt, m.Time = fromMicros(sent), fromMicros(received), fromMicros(at)
		if record.Valid {
			m.Record = &switchboard.RecordRef{ID: record.String, Object: switchboard.Object(object.String), Name: name.String}
		}
		if media.Valid {
			if err := json.Unmarshal([]byte(media.String), &m.Media); err != nil {
				return err
			}
		}
		if decision.Valid {
			d, err := decodeDecision(decision.String)
			if err != nil {
				return err
			}
			if m.Record != nil && d.Record != nil && d.Record.ID != m.Record.ID {
				d = d.StoodFor(*m.Record)
			}
			m.Decision = &d
		}
		if flags != "" {
			for f := range strings.SplitSeq(flags, ",") {
				m.Flags = append(m.Flags, switchboard.Flag(f))
			}
		}
		all = append(all, m)
		return nil
	}, messageSelect+where, args...)
	return all, err
}

// onRecord is the condition for the messages m of org $1 on the record $2, by
// the index on senders.
const onRecord = `m.org_id = $1 AND m.record_id = $2 AND m.sender_key IN (
	SELECT match_key FROM record_number WHERE org_id = $1 AND record_id = $2
	UNION SELECT match_key FROM record_sender WHERE org_id = $1 AND record_id = $2)`

// message reads one message, or fails with code not_found.
func (t *tx) message(org, id string) (*switchboard.Message, error) {
	found, err := t.messages("m.org_id = $1 AND m.id = $2", org, id)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, switchboard.Errorf(switchboard.CodeNotFound, "There is no message %q.", id)
	}
	return found[0], nil
}

// messagesByID reads messages in the order of ids; missing ones are left out.
func (t *tx) messagesByID(org string, ids []string) ([]*switchboard.Message, error) {
	found, err := t.messages("m.org_id = $1 AND "+t.in("m.id", "$2"), org, t.list(ids))
	if err != nil {
		return nil, err
	}
	byID := make(map[string]*switchboard.Message, len(found))
	for _, m := range found {
		byID[m.ID] = m
	}
	ordered := make([]*switchboard.Message, 0, len(found))
	for _, id := range ids {
		if m := byID[id]; m != nil {
			ordered = append(ordered, m)
			delete(byID, id)
		}
	}
	return ordered, nil
}

// Message returns one message, or an error with code not_found.
func (db *DB) Message(ctx context.Context, org, id string) (*switchboard.Message, error) {
	var m *switchboard.Message
	err := db.inRead(ctx, func(t *tx) (err error) {
		m, err = t.message(org, id)
		return err
	})
	return m, err
}
