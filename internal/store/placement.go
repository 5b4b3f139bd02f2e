package store

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/switchboardhq/switchboard"
)

// Placement is what a person decided about messages.
type Placement struct {
	MessageIDs []string
	RecordID   string
	// WholeSender takes all unassigned messages of the messages' senders along.
	WholeSender bool
	// Remember links the senders to the record.
	Remember bool
	// Version, if not 0, must be that of the first message: else somebody was
	// faster, and the error is a conflict that says who.
	Version int64
}

// Changed is what an action of a person did.
type Changed struct {
	Messages []*switchboard.Message // as they are now; the ones asked for come first
	Undo     string                 // the token that takes it back
	Record   *switchboard.Record    // made by the action, if one was
	// CameAlong holds, after a remembered number was forgotten, the later
	// messages that came to the record by it alone: to take off or to leave.
	CameAlong []*switchboard.Message
}

// Place assigns messages to a record, in the name of the actor. A message that
// is assigned or dismissed already is moved. It fails with record_deleted for
// a deleted record, and with conflict if Version is not the message's any more.
func (db *DB) Place(ctx context.Context, actor switchboard.Actor, p Placement) (Changed, error) {
	var c Changed
	err := db.inTx(ctx, func(t *tx) (err error) {
		t.log = &changeLog{}
		c, err = t.place(actor, p)
		if err == nil {
			c.Undo, err = t.keepUndo(actor)
		}
		return err
	})
	return c, err
}

// PlaceOnNew creates a record, whose fields have been checked, and assigns the
// messages to it: one action, undone as one.
func (db *DB) PlaceOnNew(ctx context.Context, actor switchboard.Actor, object switchboard.Object, fields switchboard.Fields, p Placement) (Changed, error) {
	var c Changed
	err := db.inRecordTx(ctx, func(t *tx) error {
		t.log = &changeLog{}
		// All senders are locked in one go, so that no two actions wait for each other.
		snap, err := t.heldSnapshot(actor.OrgID)
		if err != nil {
			return err
		}
		numbers, _ := switchboard.RecordNumbers(object, fields, snap.settings.PhoneFields, snap.settings.Region)
		senders := map[switchboard.MatchKey]switchboard.Sender{}
		for _, n := range numbers {
			senders[n.Key] = switchboard.Sender{Kind: switchboard.SenderPhone, Address: string(n.Phone), Key: n.Key}
		}
		messages, err := t.lockMessages(actor.OrgID, p.MessageIDs, senders)
		if err != nil {
			return err
		}
		if err := checkVersion(messages[0], p.Version, fields); err != nil {
			return err
		}
		if p.WholeSender { // those that wait now, before the new record places some of them
			if messages, err = t.withWaiting(actor.OrgID, messages); err != nil {
				return err
			}
			p.MessageIDs, p.WholeSender = nil, false
			for _, m := range messages {
				p.MessageIDs = append(p.MessageIDs, m.ID)
			}
		}
		record, resolved, err := t.createRecord(actor, object, fields, switchboard.OriginPerson)
		if err != nil {
			return err
		}
		t.log.Created = &createdRecord{record.ID, record.Version}
		p.RecordID, p.Version = record.ID, 0
		if c, err = t.place(actor, p); err != nil {
			return err
		}
		c.Record = record
		for _, m := range resolved {
			if !slices.ContainsFunc(c.Messages, func(have *switchboard.Message) bool { return have.ID == m.ID }) {
				c.Messages = append(c.Messages, m)
			}
		}
		c.Undo, err = t.keepUndo(actor)
		return err
	})
	return c, err
}

func (t *tx) place(actor switchboard.Actor, p Placement) (Changed, error) {
	org := actor.OrgID
	messages, err := t.lockMessages(org, p.MessageIDs, nil)
	if err != nil {
		return Changed{}, err
	}
	record, err := t.liveRecord(org, p.RecordID, t.db.dialect.forShare)
	if err != nil {
		return Changed{}, err
	}
	if err := checkVersion(messages[0], p.Version, record); err != nil {
		return Changed{}, err
	}
	if p.WholeSender {
		if messages, err = t.withWaiting(org, messages); err != nil {
			return Changed{}, err
		}
	}
	snap, err := t.snapshot(org)
	if err != nil {
		return Changed{}, err
	}
	var c Changed
	touched := unsettled{}
	placement := t.newID()
	if !p.Remember {
		placement = forgetful + placement
	}
	for _, m := range messages {
		if err := t.leave(org, m, &record, &c); err != nil {
			return Changed{}, err
		}
		var d *switchboard.Decision
		if m.Decision != nil {
			placed := m.Decision.Placed(record, actor.By())
			d = &placed
		}
		placements := append(remembering(m, record.ID), placement)
		if err := t.setMessage(org, m, switchboard.Assigned, &record, d, strings.Join(placements, " ")); err != nil {
			return Changed{}, err
		}
		if p.Remember {
			err := t.askLink(org, linkRow{ID: t.newID(), Key: m.Sender.Key, Address: m.Sender.Address, Kind: m.Sender.Kind, RecordID: record.ID,
				ByID: actor.ID, ByName: actor.Name, ByEmail: emailOf(snap, actor.ID), CreatedAt: micros(t.now)}, placement)
			if err != nil {
				return Changed{}, err
			}
		}
		touched.add(m.Sender.Key)
	}
	if err := t.finish(actor, snap, "message.assign", messages, touched, record.ID, &c); err != nil {
		return Changed{}, err
	}
	return c, nil
}

func emailOf(snap *snapshot, user string) string {
	for _, u := range snap.users {
		if u.ID == user {
			return u.Email
		}
	}
	return ""
}

// checkVersion fails if the message is not as the actor saw it.
func checkVersion(m *switchboard.Message, version int64, choice any) error {
	if version == 0 || version == m.Version {
		return nil
	}
	name := ""
	switch c := choice.(type) {
	case switchboard.RecordRef:
		name = " Your choice, " + c.Name + ", was not saved."
	default:
		name = " Your choice was not saved."
	}
	who := "The rule"
	if m.Decision != nil && m.Decision.By != nil {
		who = m.Decision.By.Name
	}
	switch m.State {
	case switchboard.Assigned:
		return switchboard.Errorf(switchboard.CodeConflict, "%s assigned this to %s in the meantime.%s", who, m.Record.Name, name)
	case switchboard.Dismissed:
		return switchboard.Errorf(switchboard.CodeConflict, "%s dismissed this in the meantime.%s", who, name)
	}
	return switchboard.Errorf(switchboard.CodeConflict, "%s changed this in the meantime.%s", who, name)
}

// lockMessages locks the senders of the messages, and those of more, and reads
// the messages as they are then, in the order of ids.
func (t *tx) lockMessages(org string, ids []string, more map[switchboard.MatchKey]switchboard.Sender) ([]*switchboard.Message, error) {
	if len(ids) == 0 {
		return nil, switchboard.Invalid("message_ids", "Choose at least one text.")
	}
	messages, err := t.messagesByID(org, ids)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		if !slices.ContainsFunc(messages, func(m *switchboard.Message) bool { return m.ID == id }) {
			return nil, switchboard.Errorf(switchboard.CodeNotFound, "There is no message %q.", id)
		}
	}
	senders := map[switchboard.MatchKey]switchboard.Sender{}
	for k, s := range more {
		senders[k] = s
	}
	for _, m := range messages {
		senders[m.Sender.Key] = m.Sender
	}
	if _, err := t.lockSenders(org, senders, nil); err != nil {
		return nil, err
	}
	if t.log != nil {
		for _, s := range senders {
			if !slices.ContainsFunc(t.log.Senders, func(have switchboard.Sender) bool { return have.Key == s.Key }) {
				t.log.Senders = append(t.log.Senders, s)
			}
		}
	}
	return t.messagesByID(org, ids)
}

// withWaiting adds the senders' other unassigned messages.
func (t *tx) withWaiting(org string, messages []*switchboard.Message) ([]*switchboard.Message, error) {
	have := map[string]bool{}
	keys := map[string]bool{}
	for _, m := range messages {
		have[m.ID] = true
		keys[string(m.Sender.Key)] = true
	}
	sorted := make([]string, 0, len(keys))
	for k := range keys {
		sorted = append(sorted, k)
	}
	slices.Sort(sorted)
	waiting, err := t.messages("m.org_id = $1 AND m.state = 'unassigned' AND m.direction = 'inbound' AND "+t.in("m.sender_key", "$2")+" ORDER BY m.sender_key, m.message_time, m.seq",
		org, t.list(sorted))
	if err != nil {
		return nil, err
	}
	for _, m := range waiting {
		if !have[m.ID] {
			messages = append(messages, m)
		}
	}
	return messages, nil
}

// leave takes a message off the record that it is on, if that is another than
// to: the link that its placement asked for goes, and what came along by the
// link is reported.
func (t *tx) leave(org string, m *switchboard.Message, to *switchboard.RecordRef, c *Changed) error {
	if m.Record == nil || to != nil && to.ID == m.Record.ID {
		return nil
	}
	gone, err := t.unask(org, m)
	if err != nil || !gone {
		return err
	}
	later, err := t.messages("m.org_id = $1 AND m.sender_key = $2 AND m.record_id = $3 AND m.placement_id = '' AND m.seq > $4 AND m.direction = 'inbound' ORDER BY m.message_time, m.seq",
		org, string(m.Sender.Key), m.Record.ID, m.Seq)
	if err != nil {
		return err
	}
	for _, l := range later {
		if l.Decision != nil && matchedByLinkAlone(*l.Decision, m.Record.ID) {
			c.CameAlong = append(c.CameAlong, l)
		}
	}
	return nil
}

func matchedByLinkAlone(d switchboard.Decision, record string) bool {
	for _, c := range d.Candidates {
		if c.Record.ID == record {
			return len(c.Matched) == 1 && c.Matched[0].Field == switchboard.LinkField
		}
	}
	return false
}

// setMessage writes where a message stands now by a person's action.
func (t *tx) setMessage(org string, m *switchboard.Message, state switchboard.State, record *switchboard.RecordRef, d *switchboard.Decision, placement string) error {
	t.log.message(m)
	var recordID, decision any
	reason := ""
	if record != nil {
		recordID = record.ID
		if err := t.keepSender(org, record.ID, m.Sender.Key); err != nil {
			return err
		}
	}
	if d != nil {
		text, err := encodeDecision(*d)
		if err != nil {
			return err
		}
		decision, reason = text, string(d.Reason)
	}
	return t.exec(`UPDATE message SET state = $3, record_id = $4, reason = $5, decision = $6, placement_id = $7, decided_at = $8, version = version + 1
		WHERE org_id = $1 AND id = $2`, org, m.ID, string(state), recordID, reason, decision, placement, micros(t.now))
}

// finish settles the senders, leaves the trail, and reads the messages back.
func (t *tx) finish(actor switchboard.Actor, snap *snapshot, action string, messages []*switchboard.Message, touched unsettled, detail string, c *Changed) error {
	if err := t.settle(actor.OrgID, snap, touched); err != nil {
		return err
	}
	ids := make([]string, len(messages))
	for i, m := range messages {
		ids[i] = m.ID
		if err := t.audit(actor, action, "message", m.ID, detail); err != nil {
			return err
		}
	}
	if err := t.pushMessages(actor.OrgID, snap, ids...); err != nil {
		return err
	}
	var err error
	c.Messages, err = t.messagesByID(actor.OrgID, ids)
	return err
}

// TakeOff takes messages off their records. They stand in the queue again,
// without a bell, and the rule leaves them alone. It fails with not_assigned if
// one of them is on no record.
func (db *DB) TakeOff(ctx context.Context, actor switchboard.Actor, ids []string, version int64) (Changed, error) {
	return db.actOn(ctx, actor, "message.take_off", ids, version, nil, takeOff(actor))
}

func takeOff(actor switchboard.Actor) func(*tx, *switchboard.Message, *Changed) error {
	return func(t *tx, m *switchboard.Message, c *Changed) error {
		if m.State != switchboard.Assigned || m.Record == nil {
			return switchboard.Errorf(switchboard.CodeNotAssigned, "%s is not assigned, so there is nothing to take it off.", m.Name())
		}
		if m.Direction == switchboard.Outbound {
			return switchboard.Errorf(switchboard.CodeConflict, "%s was sent by us. Move it to another record instead of taking it off.", m.Name())
		}
		if err := t.leave(actor.OrgID, m, nil, c); err != nil {
			return err
		}
		d := m.Decision.TakenOff(*m.Record, actor.By())
		return t.setMessage(actor.OrgID, m, switchboard.Unassigned, nil, &d, "")
	}
}

// Dismissal is why messages need no record.
type Dismissal struct {
	MessageIDs  []string
	Reason      string // spam or not_needed
	BlockSender bool   // from now on the senders' texts are dismissed as they come
	WholeSender bool   // all unassigned messages of the senders go along
	Version     int64  // as in Placement
}

// Dismiss takes messages out of the queue without placing them.
func (db *DB) Dismiss(ctx context.Context, actor switchboard.Actor, d Dismissal) (Changed, error) {
	var whole func(*tx, []*switchboard.Message) ([]*switchboard.Message, error)
	if d.WholeSender {
		whole = func(t *tx, m []*switchboard.Message) ([]*switchboard.Message, error) {
			return t.withWaiting(actor.OrgID, m)
		}
	}
	return db.actOn(ctx, actor, "message.dismiss", d.MessageIDs, d.Version, whole, func(t *tx, m *switchboard.Message, c *Changed) error {
		if m.Direction == switchboard.Outbound {
			return switchboard.Errorf(switchboard.CodeConflict, "%s was sent by us and can't be dismissed.", m.Name())
		}
		if err := t.leave(actor.OrgID, m, nil, c); err != nil {
			return err
		}
		decision := m.Decision.Dismissed(d.Reason, m.Record, actor.By())
		if err := t.setMessage(actor.OrgID, m, switchboard.Dismissed, nil, &decision, ""); err != nil {
			return err
		}
		if !d.BlockSender {
			return nil
		}
		return t.block(actor, m.Sender, d.Reason)
	})
}

// actOn runs change on each message under the locks of their senders, and makes
// one undoable action of it.
func (db *DB) actOn(ctx context.Context, actor switchboard.Actor, action string, ids []string, version int64,
	more func(*tx, []*switchboard.Message) ([]*switchboard.Message, error), change func(*tx, *switchboard.Message, *Changed) error,
) (Changed, error) {
	var c Changed
	err := db.inTx(ctx, func(t *tx) (err error) {
		c, err = t.actOn(actor, action, ids, version, more, change)
		return err
	})
	return c, err
}

func (t *tx) actOn(actor switchboard.Actor, action string, ids []string, version int64,
	more func(*tx, []*switchboard.Message) ([]*switchboard.Message, error), change func(*tx, *switchboard.Message, *Changed) error,
) (Changed, error) {
	var c Changed
	t.log = &changeLog{}
	messages, err := t.lockMessages(actor.OrgID, ids, nil)
	if err != nil {
		return c, err
	}
	if err := checkVersion(messages[0], version, nil); err != nil {
		return c, err
	}
	if more != nil {
		if messages, err = more(t, messages); err != nil {
			return c, err
		}
	}
	snap, err := t.snapshot(actor.OrgID)
	if err != nil {
		return c, err
	}
	touched := unsettled{}
	for _, m := range messages {
		if err := change(t, m, &c); err != nil {
			return c, err
		}
		touched.add(m.Sender.Key)
	}
	if err := t.finish(actor, snap, action, messages, touched, fmt.Sprintf("%d", len(messages)), &c); err != nil {
		return c, err
	}
	c.Undo, err = t.keepUndo(actor)
	return c, err
}
