package store

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/switchboardhq/switchboard"
)

// candidates returns the records that match each key, with their latest
// previous message. The keys' senders are locked. The rows come in the order of
// their table: in that of the fields' positions SQLite would sort each record's.
func (t *tx) candidates(org string, keys []string) (map[switchboard.MatchKey][]switchboard.Candidate, error) {
	found := make(map[switchboard.MatchKey][]switchboard.Candidate, len(keys))
	var positions []int64 // of the fields by which the last candidate matched
	err := t.each(func(rows *sql.Rows) error {
		var key string
		var position int64
		var ref switchboard.RecordRef
		var m switchboard.Matched
		var last sql.NullString
		if err := rows.Scan(&key, &ref.ID, &m.Field, &m.Value, &position, &ref.Object, &ref.Name, &last); err != nil {
			return err
		}
		k := switchboard.MatchKey(key)
		c := found[k]
		if n := len(c); n > 0 && c[n-1].Record.ID == ref.ID {
			i := len(positions)
			for i > 0 && positions[i-1] > position {
				i--
			}
			positions = slices.Insert(positions, i, position)
			c[n-1].Matched = slices.Insert(c[n-1].Matched, i, m)
			return nil
		}
		positions = append(positions[:0], position)
		moment, err := parseMoment(last.String)
		if err != nil {
			return err
		}
		found[k] = append(c, switchboard.Candidate{Record: ref, Matched: []switchboard.Matched{m}, Last: moment})
		return nil
	}, `SELECT n.match_key, n.record_id, n.field, n.value, n.position, n.object, n.name,
			(SELECT CAST(m.message_time AS TEXT) || ' ' || CAST(m.seq AS TEXT) FROM message m
				WHERE m.org_id = n.org_id AND m.sender_key = n.match_key AND m.record_id = n.record_id
				ORDER BY m.message_time DESC, m.seq DESC LIMIT 1)
		FROM record_number n
		WHERE n.org_id = $1 AND `+t.in("n.match_key", "$2")+`
		ORDER BY n.match_key, n.record_id, n.field`, org, t.list(keys))
	return found, err
}

func parseMoment(s string) (switchboard.Moment, error) {
	if s == "" {
		return switchboard.Moment{}, nil
	}
	at, seq, _ := strings.Cut(s, " ")
	us, err := strconv.ParseInt(at, 10, 64)
	if err != nil {
		return switchboard.Moment{}, fmt.Errorf("read a message's time: %w", err)
	}
	n, err := strconv.ParseInt(seq, 10, 64)
	if err != nil {
		return switchboard.Moment{}, fmt.Errorf("read a message's sequence number: %w", err)
	}
	return switchboard.Moment{At: fromMicros(us), Seq: n}, nil
}

// storedDecision is a decision as the message's row holds it.
type storedDecision struct {
	Outcome    switchboard.Outcome    `json:"o"`
	Reason     switchboard.Reason     `json:"r"`
	Record     *switchboard.RecordRef `json:"rec,omitempty"`
	Sender     string                 `json:"s"`
	Candidates []storedCandidate      `json:"c,omitempty"`
	Retro      bool                   `json:"retro,omitempty"`
	Change     *switchboard.Change    `json:"ch,omitempty"`
	By         *switchboard.By        `json:"by,omitempty"`
	From       *switchboard.RecordRef `json:"from,omitempty"`
	Dismissal  string                 `json:"why,omitempty"`
	Refused    string                 `json:"no,omitempty"`
	Settings   int64                  `json:"v"`
}

type storedCandidate struct {
	Record  switchboard.RecordRef `json:"rec"`
	Matched []switchboard.Matched `json:"m"`
	At      int64                 `json:"at,omitempty"`
	Seq     int64                 `json:"seq,omitempty"`
}

func encodeDecision(d switchboard.Decision) (string, error) {
	s := storedDecision{Outcome: d.Outcome, Reason: d.Reason, Record: d.Record, Sender: d.Sender, Retro: d.Retroactive,
		Change: d.Change, By: d.By, From: d.From, Dismissal: d.Dismissal, Refused: d.Refused, Settings: d.SettingsVersion}
	if len(d.Candidates) > 0 {
		s.Candidates = make([]storedCandidate, len(d.Candidates))
		for i, c := range d.Candidates {
			s.Candidates[i] = storedCandidate{Record: c.Record, Matched: c.Matched, At: micros(c.Last.At), Seq: c.Last.Seq}
		}
	}
	b, err := json.Marshal(s)
	return string(b), err
}

func decodeDecision(text string) (switchboard.Decision, error) {
	var s storedDecision
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return switchboard.Decision{}, fmt.Errorf("read a stored decision: %w", err)
	}
	d := switchboard.Decision{Outcome: s.Outcome, Reason: s.Reason, Record: s.Record, Sender: s.Sender, Retroactive: s.Retro,
		Change: s.Change, By: s.By, From: s.From, Dismissal: s.Dismissal, Refused: s.Refused, SettingsVersion: s.Settings}
	for _, c := range s.Candidates {
		d.Candidates = append(d.Candidates, switchboard.Candidate{Record: c.Record, Matched: c.Matched, Last: switchboard.Moment{At: fromMicros(c.At), Seq: c.Seq}})
	}
	return d, nil
}

// localDate is where {date} and the pages take a day from.
func (s *snapshot) local(at time.Time) time.Time { return at.In(s.location) }
