package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/switchboardhq/switchboard"
)

// undoLife is how long an action can be taken back.
const undoLife = 24 * time.Hour

// changeLog is what one action of a person changed, so that it can be taken
// back exactly. Its methods do nothing on a nil log. A log that is taking an
// action back (undoing) gives back notifications instead of noting them.
type changeLog struct {
	Messages      []messageBefore      `json:"messages,omitempty"`
	Asks          []askChange          `json:"asks,omitempty"`
	Notifications []notificationBefore `json:"notifications,omitempty"`
	Created       *createdRecord       `json:"created,omitempty"`
	Blocks        []blockBefore        `json:"blocks,omitempty"`
	Senders       []switchboard.Sender `json:"senders,omitempty"` // all that the action locked

	undoing bool
}

type messageBefore struct {
	ID           string            `json:"id"`
	State        switchboard.State `json:"state"`
	RecordID     string            `json:"record,omitempty"`
	Decision     string            `json:"decision,omitempty"`
	PlacementID  string            `json:"placement,omitempty"`
	Redecided    bool              `json:"redecided,omitempty"` // by the rule, because of the action: it was waiting
	VersionAfter int64             `json:"version_after"`
}

// askChange is a placement's wish for a link that was added or taken away.
type askChange struct {
	Added     bool    `json:"added"`
	Link      linkRow `json:"link"`
	Placement string  `json:"placement"`
}

type notificationBefore struct {
	ID     string                        `json:"id"`
	UserID string                        `json:"user"`
	Key    switchboard.MatchKey          `json:"key"`
	State  switchboard.NotificationState `json:"state"`
}

type createdRecord struct {
	ID      string `json:"id"`
	Version int64  `json:"version"`
}

// blockBefore is a sender that the action has blocked, and when: a later block
// is another's.
type blockBefore struct {
	Key switchboard.MatchKey `json:"key"`
	At  int64                `json:"at"`
}

// putsBack reports whether the log, taking an action back, has put the message
// where it was.
func (l *changeLog) putsBack(id string) bool {
	return l != nil && l.undoing && slices.ContainsFunc(l.Messages, func(b messageBefore) bool { return b.ID == id })
}

// message notes a message as it is before its change.
func (l *changeLog) message(m *switchboard.Message) {
	if l == nil || l.undoing {
		return
	}
	for i := range l.Messages {
		if l.Messages[i].ID == m.ID { // changed twice by one action: the first state is the one to go back to
			l.Messages[i].VersionAfter++
			return
		}
	}
	b := messageBefore{ID: m.ID, State: m.State, PlacementID: m.PlacementID, VersionAfter: m.Version + 1}
	if m.Record != nil {
		b.RecordID = m.Record.ID
	}
	if m.Decision != nil {
		b.Decision, _ = encodeDecision(*m.Decision) // it was decoded from what this encodes
	}
	l.Messages = append(l.Messages, b)
}

// redecided notes a waiting message before the rule decides it again.
func (l *changeLog) redecided(m *switchboard.Message) {
	if l == nil || l.undoing {
		return
	}
	l.message(m)
	i := slices.IndexFunc(l.Messages, func(b messageBefore) bool { return b.ID == m.ID })
	l.Messages[i].Redecided = true
}

func (l *changeLog) cleared(key switchboard.MatchKey, user string, n openNotification) {
	if l != nil && !l.undoing {
		l.Notifications = append(l.Notifications, notificationBefore{n.id, user, key, n.state})
	}
}

// reopen returns the notification that the action being taken back had cleared.
func (l *changeLog) reopen(key switchboard.MatchKey, user string) (openNotification, bool) {
	if l == nil || !l.undoing {
		return openNotification{}, false
	}
	for _, n := range l.Notifications {
		if n.Key == key && n.UserID == user {
			return openNotification{id: n.ID, state: n.State}, true
		}
	}
	return openNotification{}, false
}

func (l *changeLog) ask(c askChange) {
	if l != nil && !l.undoing {
		l.Asks = append(l.Asks, c)
	}
}

// keepUndo stores the log and returns the token that takes the action back.
func (t *tx) keepUndo(actor switchboard.Actor) (string, error) {
	payload, err := json.Marshal(t.log)
	if err != nil {
		return "", err
	}
	token := t.db.secretToken()
	if err := t.exec("DELETE FROM undo WHERE expires_at < $1", micros(t.now)); err != nil {
		return "", err
	}
	return token, t.exec("INSERT INTO undo (org_id, token_hash, actor_id, payload, expires_at) VALUES ($1, $2, $3, $4, $5)",
		actor.OrgID, hashToken(token), actor.ID, string(payload), micros(t.now.Add(undoLife)))
}

// Undo takes back the action that token was given for: its messages, links,
// notifications, blocks, and the record it created if that is still untouched.
// It fails with undo_gone for a token that is unknown, used, expired or another
// actor's, and with conflict, changing nothing, if a person or the rule changed
// one of the messages since. It returns the messages as they are now.
func (db *DB) Undo(ctx context.Context, actor switchboard.Actor, token string) ([]*switchboard.Message, error) {
	var after []*switchboard.Message
	err := db.inRecordTx(ctx, func(t *tx) error {
		log, err := t.takeUndo(actor, token)
		if err != nil {
			return err
		}
		t.log = log
		ids := make([]string, len(log.Messages))
		for i, m := range log.Messages {
			ids[i] = m.ID
		}
		if err := t.takeBack(actor.OrgID, log, ids); err != nil {
			return err
		}
		if err := t.audit(actor, "undo", "message", firstOf(ids), ""); err != nil {
			return err
		}
		after, err = t.messagesByID(actor.OrgID, ids)
		return err
	})
	return after, err
}

func firstOf(ids []string) string {
	if len(ids) == 0 {
		return ""
	}
	return ids[0]
}

func (t *tx) takeUndo(actor switchboard.Actor, token string) (*changeLog, error) {
	var payload string
	err := t.one("DELETE FROM undo WHERE org_id = $1 AND token_hash = $2 AND actor_id = $3 AND expires_at >= $4 RETURNING payload",
		[]any{actor.OrgID, hashToken(token), actor.ID, micros(t.now)}, &payload)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, switchboard.Errorf(switchboard.CodeUndoGone, "This can't be undone any more: the undo was used already, is older than a day, or belongs to somebody else.")
	}
	if err != nil {
		return nil, err
	}
	log := &changeLog{}
	if err := json.Unmarshal([]byte(payload), log); err != nil {
		return nil, err
	}
	log.undoing = true
	return log, nil
}

func (t *tx) takeBack(org string, log *changeLog, ids []string) error {
	senders := map[switchboard.MatchKey]switchboard.Sender{}
	for _, s := range log.Senders {
		senders[s.Key] = s
	}
	if log.Created != nil { // it may match others by now
		keys, err := t.matchKeys(org, log.Created.ID)
		if err != nil {
			return err
		}
		for _, k := range keys {
			if _, ok := senders[k]; !ok {
				senders[k] = senderOfKey(k)
			}
		}
	}
	locked, err := t.lockSenders(org, senders, nil)
	if err != nil {
		return err
	}
	if err := t.holdRecords(org, log); err != nil {
		return err
	}
	snap, err := t.snapshot(org)
	if err != nil {
		return err
	}
	now, err := t.messagesByID(org, ids)
	if err != nil {
		return err
	}
	touched := unsettled{}
	for _, b := range log.Messages {
		i := slices.IndexFunc(now, func(m *switchboard.Message) bool { return m.ID == b.ID })
		if i < 0 || now[i].Version != b.VersionAfter {
			return undoConflict(now, i)
		}
		touched.add(now[i].Sender.Key)
		if err := t.putBack(org, b); err != nil {
			return err
		}
	}
	for _, a := range slices.Backward(log.Asks) {
		if err := t.reverseAsk(org, a); err != nil {
			return err
		}
		touched.add(a.Link.Key)
	}
	for _, b := range log.Blocks {
		if err := t.unblock(org, b); err != nil {
			return err
		}
	}
	if log.Created != nil {
		if err := t.removeUntouched(org, snap, *log.Created, locked, touched); err != nil {
			return err
		}
	}
	if err := t.pushMessages(org, snap, ids...); err != nil {
		return err
	}
	return t.settle(org, snap, touched)
}

// holdRecords puts, in the place of each record that gets messages or links
// back, the one that stands for it now, and keeps these, and the one that goes,
// from being changed until the transaction ends: a link follows what its record
// is. The senders are locked.
func (t *tx) holdRecords(org string, log *changeLog) error {
	var back []*string
	for i := range log.Messages {
		if b := &log.Messages[i]; b.RecordID != "" {
			back = append(back, &b.RecordID)
		}
	}
	for i := range log.Asks {
		back = append(back, &log.Asks[i].Link.RecordID)
	}
	locks, was := map[string]string{}, make([]string, len(back))
	for i, id := range back {
		was[i] = *id
		var err error
		if *id, err = t.standIn(org, was[i]); err != nil {
			return err
		}
		locks[*id] = t.db.dialect.forShare
	}
	if log.Created != nil {
		locks[log.Created.ID] = t.db.dialect.forUpdate
	}
	for _, id := range slices.Sorted(maps.Keys(locks)) {
		if err := t.lockRecord(org, id, locks[id]); err != nil {
			return err
		}
	}
	for i, id := range back {
		if now, err := t.standIn(org, was[i]); err != nil {
			return err
		} else if now != *id {
			return errAgain // it was merged before it was locked
		}
	}
	return nil
}

func undoConflict(now []*switchboard.Message, i int) error {
	if i < 0 {
		return switchboard.Errorf(switchboard.CodeConflict, "Could not undo: one of the texts is gone.")
	}
	m := now[i]
	who := "The rule"
	if m.Decision != nil && m.Decision.By != nil {
		who = m.Decision.By.Name
	}
	return switchboard.Errorf(switchboard.CodeConflict, "Could not undo: %s changed %s in the meantime. Open it to see where it is now.", who, m.Name())
}

func (t *tx) putBack(org string, b messageBefore) error {
	var record, decision any
	reason := ""
	if b.RecordID != "" {
		record = b.RecordID
	}
	if b.Decision != "" {
		d, err := decodeDecision(b.Decision)
		if err != nil {
			return err
		}
		decision, reason = b.Decision, string(d.Reason)
	}
	if b.Redecided {
		if err := t.exec("UPDATE message SET rule_reason = $3, rule_record_id = '' WHERE org_id = $1 AND id = $2", org, b.ID, reason); err != nil {
			return err
		}
	}
	return t.exec(`UPDATE message SET state = $3, record_id = $4, reason = $5, decision = $6, placement_id = $7, decided_at = $8, version = version + 1
		WHERE org_id = $1 AND id = $2`, org, b.ID, string(b.State), record, reason, decision, b.PlacementID, micros(t.now))
}

// removeUntouched deletes the record that the action created, unless somebody
// has changed it, a message is on it, or it stands for another. It is held.
func (t *tx) removeUntouched(org string, snap *snapshot, c createdRecord, locked map[switchboard.MatchKey]*heard, touched unsettled) error {
	keys, err := t.matchKeys(org, c.ID)
	if err != nil {
		return err
	}
	for _, k := range keys {
		if locked[k] == nil {
			return errAgain
		}
	}
	var used int
	if err := t.one("SELECT COUNT(*) FROM message m WHERE "+onRecord, []any{org, c.ID}, &used); err != nil || used > 0 {
		return err
	}
	if err := t.one("SELECT COUNT(*) FROM record_sync WHERE org_id = $1 AND merged_into = $2 AND merged_into <> ''", []any{org, c.ID}, &used); err != nil || used > 0 {
		return err
	}
	r, err := t.record(org, c.ID)
	if err != nil {
		return err
	}
	if r.Deleted || r.Version != c.Version {
		return nil
	}
	if err := t.setDeleted(org, r, true); err != nil {
		return err
	}
	if err := t.pushRecords(org, snap, c.ID); err != nil {
		return err
	}
	for _, key := range keys {
		if _, err := t.decideAgain(org, snap, key, switchboard.Change{Kind: switchboard.RecordDeleted, Record: r.Ref()}); err != nil {
			return err
		}
		touched.add(key)
	}
	return nil
}
