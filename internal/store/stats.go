package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"github.com/switchboardhq/switchboard"
)

// Bounds of what Stats reads: texts, and decisions of people.
const (
	statsTexts  = 1_000_000
	statsPeople = 5000
)

// DayCount is how many texts came in on one day, by what the rule said of them
// last.
type DayCount struct {
	Start    time.Time // midnight in the org's time zone
	ByReason map[switchboard.Reason]int
	Texts    int
}

// Move is an automatic placement that a person changed later.
type Move struct {
	Message *switchboard.Message // as it is now: where it went, and who decided
	Chosen  switchboard.RecordRef
	Reason  switchboard.Reason // why the rule chose it
	At      time.Time
}

// PlacingTimes is how long senders waited until a person placed their texts,
// from when the oldest was received.
type PlacingTimes struct {
	Senders   int
	Median    time.Duration
	NineOfTen time.Duration               // nine of ten waited no longer
	Within    [len(placingBounds) + 1]int // by PlacingBounds; the last one holds the rest
}

var placingBounds = [...]time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 4 * time.Hour}

// PlacingBounds returns the times that [PlacingTimes] counts by.
func PlacingBounds() []time.Duration { return slices.Clone(placingBounds[:]) }

// Stats is how the rule and the people have been doing.
type Stats struct {
	Days   []DayCount // oldest first; fewer than asked for where those hold more texts than are counted
	Texts  int        // of all days
	Placed int        // of those: by the rule, without a person
	Moved  int        // automatic placements that a person changed in these days
	Moves  []Move     // the newest of them
	Times  PlacingTimes
}

// ByReason sums up the days.
func (s *Stats) ByReason() map[switchboard.Reason]int {
	sum := map[switchboard.Reason]int{}
	for _, d := range s.Days {
		for r, n := range d.ByReason {
			sum[r] += n
		}
	}
	return sum
}

// Stats returns how it went over the last days, today included, in the org's
// time zone, with at most moves of what was moved. It reads a bounded part of
// the store: at most a million texts, by an index alone and most of them once,
// and what people decided 5,000 times.
func (db *DB) Stats(ctx context.Context, org string, days, moves int) (Stats, error) {
	var s Stats
	err := db.inRead(ctx, func(t *tx) error {
		s = Stats{}
		snap, err := t.snapshot(org)
		if err != nil {
			return err
		}
		if err := t.countDays(org, snap.location, days, db.reasonCounts(org), &s); err != nil {
			return err
		}
		y, m, d := t.now.In(snap.location).Date()
		since := time.Date(y, m, d-days+1, 0, 0, 0, 0, snap.location)
		return t.countPeople(org, since, moves, &s)
	})
	return s, err
}

// countDays counts the texts of each day, the last one first, until there are
// too many. Numbers grow as ids do, and their index holds the reasons.
func (t *tx) countDays(org string, location *time.Location, days int, counts *reasonCounts, s *Stats) error {
	y, m, d := t.now.In(location).Date()
	var end sql.NullInt64
	if err := t.one("SELECT MAX(number) + 1 FROM message WHERE org_id = $1", []any{org}, &end); err != nil {
		return err
	}
	counts.mu.Lock()
	defer counts.mu.Unlock()
	if err := counts.look(t, org, end.Int64); err != nil {
		return err
	}
	counted := int64(0)
	for i := range days {
		day := DayCount{Start: time.Date(y, m, d-i, 0, 0, 0, 0, location), ByReason: map[switchboard.Reason]int{}}
		first := end.Int64
		err := t.one("SELECT number FROM message WHERE org_id = $1 AND id >= $2 ORDER BY id LIMIT 1", []any{org, lowestID(day.Start)}, &first)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if counted += end.Int64 - first; counted > statsTexts && i > 0 {
			break
		}
		if first < end.Int64 {
			if err := counts.add(t, org, stretch{first, end.Int64}, &day); err != nil {
				return err
			}
			end.Int64 = first
		}
		s.Days = append(s.Days, day)
		s.Texts += day.Texts
		for _, r := range placedByRule {
			s.Placed += day.ByReason[r]
		}
	}
	slices.Reverse(s.Days)
	return nil
}

// placedByRule are the reasons of texts that no person had to place.
var placedByRule = [...]switchboard.Reason{switchboard.ReasonOnlyMatch, switchboard.ReasonOnlyHistory, switchboard.ReasonLatestHistory, switchboard.ReasonCreatedRecord}

// countPeople looks at what people decided since a time: what the rule had
// placed and they moved, and how long what it had not placed waited for them.
func (t *tx) countPeople(org string, since time.Time, moves int, s *Stats) error {
	type sender struct{ placement, key string }
	waited := map[sender]time.Duration{}
	var moved []string
	err := t.each(func(rows *sql.Rows) error {
		var id, chosen, state string
		var record sql.NullString
		var by sender
		var received, decided int64
		if err := rows.Scan(&id, &by.key, &by.placement, &state, &record, &chosen, &received, &decided); err != nil {
			return err
		}
		switch {
		case chosen != "" && chosen != record.String:
			s.Moved++
			if len(moved) < moves {
				moved = append(moved, id)
			}
		case chosen == "" && state == string(switchboard.Assigned):
			waited[by] = max(waited[by], time.Duration(decided-received)*time.Microsecond)
		}
		return nil
	}, `SELECT id, sender_key, placement_id, state, record_id, rule_record_id, received_at, decided_at FROM message
		WHERE org_id = $1 AND reason = 'person' AND decided_at >= $2 AND direction = 'inbound' ORDER BY decided_at DESC, id DESC LIMIT $3`, org, micros(since), statsPeople)
	if err != nil {
		return err
	}
	times := make([]time.Duration, 0, len(waited))
	for _, d := range waited {
		times = append(times, d)
	}
	s.Times = placingTimes(times)
	s.Moves, err = t.moves(org, moved)
	return err
}

func placingTimes(times []time.Duration) PlacingTimes {
	p := PlacingTimes{Senders: len(times)}
	if len(times) == 0 {
		return p
	}
	slices.Sort(times)
	p.Median = times[(len(times)-1)/2]
	p.NineOfTen = times[(len(times)*9+9)/10-1]
	for _, d := range times {
		i := slices.IndexFunc(placingBounds[:], func(b time.Duration) bool { return d < b })
		if i < 0 {
			i = len(placingBounds)
		}
		p.Within[i]++
	}
	return p
}

// moves reads what was moved, in the order of ids.
func (t *tx) moves(org string, ids []string) ([]Move, error) {
	messages, err := t.messagesByID(org, ids)
	if err != nil || len(messages) == 0 {
		return nil, err
	}
	was := map[string]Move{}
	err = t.each(func(rows *sql.Rows) error {
		var id string
		var m Move
		var at int64
		err := rows.Scan(&id, &m.Chosen.ID, &m.Chosen.Object, &m.Chosen.Name, &m.Reason, &at)
		m.At = fromMicros(at)
		was[id] = m
		return err
	}, `SELECT m.id, r.id, r.object, r.name, m.rule_reason, m.decided_at FROM message m JOIN record r ON r.org_id = m.org_id AND r.id = m.rule_record_id
		WHERE m.org_id = $1 AND `+t.in("m.id", "$2"), org, t.list(ids))
	if err != nil {
		return nil, err
	}
	list := make([]Move, 0, len(messages))
	for _, m := range messages {
		if move, ok := was[m.ID]; ok {
			move.Message = m
			list = append(list, move)
		}
	}
	return list, nil
}
