package store

import (
	"database/sql"
	"errors"
	"maps"
	"slices"

	"github.com/switchboardhq/switchboard"
)

// unsettled is the senders whose unassigned messages a transaction changed.
type unsettled map[switchboard.MatchKey]*unsettledSender

type unsettledSender struct {
	ring map[string]bool // the channels on which a new one came that rings
	// fresh is set where nothing of the sender waited before this transaction:
	// these are all its unassigned messages then, and none of its notifications is
	// open, so that nothing has to be read.
	fresh *belledGroups
}

type belledGroups struct {
	sender switchboard.Sender
	groups []waitingGroup
}

// add says that messages of the sender changed.
func (u unsettled) add(key switchboard.MatchKey) {
	if u[key] == nil {
		u[key] = &unsettledSender{}
	}
	u[key].fresh = nil
}

// ring says that a message of the sender, on the channel, is to be heard of.
func (u unsettled) ring(key switchboard.MatchKey, channelID string) {
	u.add(key)
	u[key].rings(channelID)
}

func (s *unsettledSender) rings(channelID string) {
	if s.ring == nil {
		s.ring = map[string]bool{}
	}
	s.ring[channelID] = true
}

// arrive says that a new message was left to a person, and rings.
func (u unsettled) arrive(h *heard, m *switchboard.Message, reason switchboard.Reason) {
	s := u[m.Sender.Key]
	if s == nil {
		s = &unsettledSender{}
		if !h.waiting {
			s.fresh = &belledGroups{sender: h.sender}
		}
		u[m.Sender.Key] = s
	}
	s.rings(m.ChannelID)
	if s.fresh == nil {
		return
	}
	moment := switchboard.Moment{At: m.Time, Seq: m.Seq}
	for i := range s.fresh.groups {
		if g := &s.fresh.groups[i]; g.channel == m.ChannelID && g.reason == reason {
			g.count++
			g.oldest = min(g.oldest, micros(m.Time))
			if moment.Compare(g.newest) > 0 {
				g.newest, g.message = moment, m.ID
			}
			return
		}
	}
	s.fresh.groups = append(s.fresh.groups, waitingGroup{channel: m.ChannelID, reason: reason, count: 1, oldest: micros(m.Time), newest: moment, message: m.ID})
}

// unread returns the senders whose messages have to be read.
func (u unsettled) unread() []string {
	var keys []string
	for k, s := range u {
		if s.fresh == nil {
			keys = append(keys, string(k))
		}
	}
	slices.Sort(keys)
	return keys
}

func (u unsettled) keys() []string {
	keys := make([]string, 0, len(u))
	for k := range u {
		keys = append(keys, string(k))
	}
	slices.Sort(keys)
	return keys
}

// waitingGroup sums up a sender's unassigned messages of one channel and reason.
type waitingGroup struct {
	channel string
	reason  switchboard.Reason
	count   int
	oldest  int64
	newest  switchboard.Moment
	message string // the newest
}

// settle derives, for each sender, what follows from its unassigned messages:
// its place in the queue, and the notifications. It looks at the messages as
// they stand, so it may run as often as one likes.
func (t *tx) settle(org string, snap *snapshot, senders unsettled) error {
	if len(senders) == 0 {
		return nil
	}
	keys := senders.keys()
	groups, bells := map[switchboard.MatchKey][]waitingGroup{}, map[switchboard.MatchKey]*belled{}
	if unread := senders.unread(); len(unread) > 0 {
		var err error
		if groups, err = t.waitingGroups(org, unread); err != nil {
			return err
		}
		if bells, err = t.belled(org, unread); err != nil {
			return err
		}
		if keys, err = t.nameUnstored(org, keys, unread, groups, bells); err != nil {
			return err
		}
	}
	for k, s := range senders {
		if s.fresh != nil {
			groups[k], bells[k] = s.fresh.groups, &belled{sender: s.fresh.sender}
		}
	}
	if err := t.queue(org, keys, groups, bells); err != nil {
		return err
	}
	added := insertion{
		into:   "notification (org_id, created_at, updated_at, state, id, user_id, match_key, sender_kind, sender, message_id, count, body)",
		shared: []any{org, micros(t.now), micros(t.now), string(switchboard.Unread)},
		width:  8,
	}
	var raised []string
	for _, k := range keys {
		key := switchboard.MatchKey(k)
		var waiting []switchboard.Waiting
		for _, g := range groups[key] {
			if g.reason == switchboard.ReasonPerson {
				continue // a person took it off: it waits without a bell
			}
			waiting = append(waiting, switchboard.Waiting{ChannelID: g.channel, Count: g.count, MessageID: g.message, Newest: g.newest, Ring: senders[key].ring[g.channel]})
		}
		rows, unread, err := t.ring(org, snap, bells[key].sender, bells[key].open, switchboard.Bells(waiting, snap.recipientsOf))
		if err != nil {
			return err
		}
		added.args, raised = append(added.args, rows...), append(raised, unread...)
	}
	if err := t.insert(added); err != nil {
		return err
	}
	return t.tellOutside(org, snap, raised)
}

// nameUnstored adds to bells the senders without a row, of whom nothing waited
// before. It returns the keys without those of whom nothing is waiting now
// either.
func (t *tx) nameUnstored(org string, keys, unread []string, groups map[switchboard.MatchKey][]waitingGroup, bells map[switchboard.MatchKey]*belled) ([]string, error) {
	for _, k := range unread {
		key := switchboard.MatchKey(k)
		if bells[key] != nil {
			continue
		}
		if len(groups[key]) == 0 {
			keys = slices.DeleteFunc(keys, func(other string) bool { return other == k })
			continue
		}
		newest, err := t.messagesByID(org, []string{groups[key][0].message})
		if err != nil {
			return nil, err
		}
		bells[key] = &belled{sender: newest[0].Sender}
	}
	return keys, nil
}

// waitingGroups reads the senders' unassigned messages, summed up by channel
// and reason. The newest of a group is found by one text that sorts as its
// message time and sequence number do.
func (t *tx) waitingGroups(org string, keys []string) (map[switchboard.MatchKey][]waitingGroup, error) {
	groups := map[switchboard.MatchKey][]waitingGroup{}
	err := t.each(func(rows *sql.Rows) error {
		var key, newest string
		var g waitingGroup
		if err := rows.Scan(&key, &g.channel, &g.reason, &g.count, &g.oldest, &newest); err != nil {
			return err
		}
		moment, err := parseMoment(newest[1:18] + " " + newest[19:31])
		if err != nil {
			return err
		}
		g.newest, g.message = moment, newest[31:]
		groups[switchboard.MatchKey(key)] = append(groups[switchboard.MatchKey(key)], g)
		return nil
	}, `SELECT sender_key, channel_id, reason, COUNT(*), MIN(message_time),
			MAX(CAST(100000000000000000 + message_time AS TEXT) || CAST(1000000000000 + seq AS TEXT) || id)
		FROM message WHERE org_id = $1 AND state = 'unassigned' AND direction = 'inbound' AND `+t.in("sender_key", "$2")+`
		GROUP BY sender_key, channel_id, reason ORDER BY sender_key, channel_id, reason`, org, t.list(keys))
	return groups, err
}

// queue writes the senders' places in the queue of what waits for a person.
func (t *tx) queue(org string, keys []string, groups map[switchboard.MatchKey][]waitingGroup, bells map[switchboard.MatchKey]*belled) error {
	// The senders are locked, and most have rows: this is one statement for many updates.
	i := insertion{
		into: `sender (org_id, seq, waiting_changed_at, match_key, kind, address, waiting, waiting_message_id, waiting_at, waiting_since, waiting_reason, waiting_channel)`,
		tail: `ON CONFLICT (org_id, match_key) DO UPDATE SET waiting = excluded.waiting, waiting_message_id = excluded.waiting_message_id,
			waiting_at = excluded.waiting_at, waiting_since = excluded.waiting_since, waiting_reason = excluded.waiting_reason,
			waiting_channel = excluded.waiting_channel, waiting_changed_at = excluded.waiting_changed_at`,
		shared: []any{org, 0, micros(t.now)},
		width:  9,
	}
	for _, k := range keys {
		s := bells[switchboard.MatchKey(k)].sender
		var n int
		var oldest, newest int64
		var at switchboard.Moment
		var message, channel string
		var reason switchboard.Reason
		for i, g := range groups[s.Key] {
			n += g.count
			if i == 0 || g.oldest < oldest {
				oldest = g.oldest
			}
			if i == 0 || g.newest.Compare(at) > 0 {
				at, newest, message, reason, channel = g.newest, micros(g.newest.At), g.message, g.reason, g.channel
			}
		}
		i.args = append(i.args, k, string(s.Kind), s.Address, n, message, newest, oldest, string(reason), channel)
	}
	return t.insert(i)
}

// belled is a sender with its notifications that are not cleared, by user.
type belled struct {
	sender switchboard.Sender
	open   map[string]openNotification
}

// openNotification is one that is not cleared.
type openNotification struct {
	id, message, body string
	count             int
	state             switchboard.NotificationState
}

// belled reads the senders and their open notifications.
func (t *tx) belled(org string, keys []string) (map[switchboard.MatchKey]*belled, error) {
	found := make(map[switchboard.MatchKey]*belled, len(keys))
	err := t.each(func(rows *sql.Rows) error {
		var s switchboard.Sender
		var user, id, message, state, body sql.NullString
		var count sql.NullInt64
		if err := rows.Scan(&s.Key, &s.Kind, &s.Address, &user, &id, &message, &count, &state, &body); err != nil {
			return err
		}
		b := found[s.Key]
		if b == nil {
			b = &belled{sender: s, open: map[string]openNotification{}}
			found[s.Key] = b
		}
		if id.Valid {
			b.open[user.String] = openNotification{id.String, message.String, body.String, int(count.Int64), switchboard.NotificationState(state.String)}
		}
		return nil
	}, `SELECT s.match_key, s.kind, s.address, n.user_id, n.id, n.message_id, n.count, n.state, n.body
		FROM sender s LEFT JOIN notification n ON n.org_id = s.org_id AND n.match_key = s.match_key AND n.state <> 'cleared'
		WHERE s.org_id = $1 AND `+t.in("s.match_key", "$2"), org, t.list(keys))
	return found, err
}

// ring brings one sender's open notifications in line with its bells, and
// returns the rows of those to be added, and the ids of all that have become
// unread.
func (t *tx) ring(org string, snap *snapshot, s switchboard.Sender, open map[string]openNotification, bells []switchboard.Bell) (added []any, unread []string, err error) {
	written := switchboard.Reader{Region: snap.settings.Region}.Number(s.Address)
	wanted := map[string]bool{}
	for _, b := range bells {
		wanted[b.UserID] = true
		body := switchboard.NotificationBody(written, b.Count, b.Why)
		o, wasOpen := open[b.UserID]
		if !wasOpen {
			var ok bool
			if o, ok = t.log.reopen(s.Key, b.UserID); !ok {
				id := t.newID()
				unread = append(unread, id)
				added = append(added, id, b.UserID, string(s.Key), string(s.Kind), s.Address, b.MessageID, b.Count, body)
				continue
			}
		}
		state, again := o.state, 0
		if b.Ring && state != switchboard.Unread {
			state, again = switchboard.Unread, 1
		}
		if again > 0 || !wasOpen && state == switchboard.Unread {
			unread = append(unread, o.id)
		}
		now := openNotification{o.id, b.MessageID, body, b.Count, state}
		if now == o {
			continue
		}
		err := t.exec("UPDATE notification SET message_id = $3, count = $4, state = $5, body = $6, updated_at = $7, raised = raised + $8 WHERE org_id = $1 AND id = $2",
			org, o.id, b.MessageID, b.Count, string(state), body, micros(t.now), again)
		if err != nil {
			return nil, nil, err
		}
	}
	for _, user := range slices.Sorted(maps.Keys(open)) {
		if wanted[user] {
			continue
		}
		o := open[user]
		t.log.cleared(s.Key, user, o)
		err := t.exec("UPDATE notification SET count = 0, state = 'cleared', body = $4, updated_at = $3 WHERE org_id = $1 AND id = $2",
			org, o.id, micros(t.now), switchboard.NotificationBody(written, 0, ""))
		if err != nil {
			return nil, nil, err
		}
	}
	return added, unread, nil
}

// decideAgain runs the rule again on the sender's waiting messages, oldest
// first, because the records that match it have changed. What one of them gets
// is history for the next. Messages that a person took off a record, or that an
// undo has just put back, stay as they are. It returns the ids of those that were placed. The sender is locked;
// the caller settles it.
func (t *tx) decideAgain(org string, snap *snapshot, key switchboard.MatchKey, change switchboard.Change) ([]string, error) {
	waiting, err := t.messages("m.org_id = $1 AND m.state = 'unassigned' AND m.direction = 'inbound' AND m.reason <> 'person' AND m.sender_key = $2 ORDER BY m.message_time, m.seq",
		org, string(key))
	if err != nil || len(waiting) == 0 {
		return nil, err
	}
	byKey, err := t.candidates(org, []string{string(key)})
	if err != nil {
		return nil, err
	}
	var blocked bool
	err = t.one("SELECT blocked FROM sender WHERE org_id = $1 AND match_key = $2", []any{org, string(key)}, &blocked)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, err
	}
	candidates := byKey[key]
	var placed []string
	for _, m := range waiting {
		if t.log.putsBack(m.ID) {
			continue
		}
		d := switchboard.Route(switchboard.Facts{Sender: m.Sender, Blocked: blocked, Candidates: candidates, SettingsVersion: snap.settings.Version})
		if d.Record != nil {
			d.Retroactive, d.Change = true, &change
			placed = append(placed, m.ID)
			moment := switchboard.Moment{At: m.Time, Seq: m.Seq}
			i := slices.IndexFunc(candidates, func(c switchboard.Candidate) bool { return c.Record.ID == d.Record.ID })
			if moment.Compare(candidates[i].Last) > 0 {
				candidates[i].Last = moment
			}
		}
		if err := t.redecided(org, m, d); err != nil {
			return nil, err
		}
	}
	return placed, t.pushMessages(org, snap, idsOf(waiting)...)
}

// redecided stores what the rule says now about a waiting message; nothing if
// it says what it said before.
func (t *tx) redecided(org string, m *switchboard.Message, d switchboard.Decision) error {
	text, err := encodeDecision(d)
	if err != nil {
		return err
	}
	if m.Decision != nil && d.Record == nil {
		old := *m.Decision
		old.SettingsVersion = d.SettingsVersion
		if before, err := encodeDecision(old); err != nil || before == text {
			return err
		}
	}
	var record any
	ruleRecord := ""
	if d.Record != nil {
		record, ruleRecord = d.Record.ID, d.Record.ID
	}
	t.log.redecided(m)
	return t.exec(`UPDATE message SET state = $3, record_id = $4, reason = $5, rule_reason = $5, rule_record_id = $6, decision = $7, decided_at = $8, version = version + 1
		WHERE org_id = $1 AND id = $2`, org, m.ID, string(d.State()), record, string(d.Reason), ruleRecord, text, micros(t.now))
}
