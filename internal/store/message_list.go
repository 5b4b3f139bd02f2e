package store

import (
	"context"
	"database/sql"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/switchboardhq/switchboard"
)

// MessageFilter narrows a list of messages. What is zero narrows nothing.
type MessageFilter struct {
	State     switchboard.State
	From      string               // a sender as people write it, whose inbound messages are meant; the org's region completes it
	SenderKey switchboard.MatchKey // both directions
	RecordID  string
	ChannelID string
	Reason    switchboard.Reason
	Since     time.Time // stored at or after
	Until     time.Time // stored before
	// Q finds one message by its name (SMS-000042), all of a number, or those
	// whose text, or whose sender's digits, hold each of its words.
	Q string
	Page
}

// textScan bounds the messages that one page of a search in texts looks at,
// and textChunk how many are read at a time.
const (
	textScan  = 20_000
	textChunk = 1000
)

// Messages lists messages, newest stored first. A search in texts looks at a
// bounded number of messages: it may answer fewer than asked for, even none,
// and a cursor with which it goes on.
func (db *DB) Messages(ctx context.Context, org string, f MessageFilter) ([]*switchboard.Message, string, error) {
	var list []*switchboard.Message
	next := ""
	err := db.inRead(ctx, func(t *tx) error {
		snap, err := t.snapshot(org)
		if err != nil {
			return err
		}
		words, err := f.find(snap.settings.Region)
		if err != nil {
			return err
		}
		if len(words) > 0 {
			list, next, err = t.searchTexts(org, f, words)
			return err
		}
		q := f.query(org)
		list, err = t.messages(q.where()+" ORDER BY m.id DESC "+q.limit(f.Limit+1), q.args...)
		list, next = cutPage(list, f.Limit, func(m *switchboard.Message) string { return m.ID })
		return err
	})
	return list, next, err
}

var messageName = regexp.MustCompile(`^(?i:sms)[- ]?0*([0-9]{1,18})$`)

// find turns Q and From into what an index answers. What remains of Q are words
// to look for in texts.
func (f *MessageFilter) find(region string) (words []string, err error) {
	if f.From != "" {
		f.SenderKey = switchboard.ParseSender(f.From, region).Key
	}
	f.Q = strings.TrimSpace(f.Q)
	if f.Q == "" || messageName.MatchString(f.Q) {
		return nil, nil
	}
	if s := switchboard.ParseSender(f.Q, region); f.SenderKey == "" && s.Kind == switchboard.SenderPhone {
		f.SenderKey, f.Q = s.Key, ""
		return nil, nil
	}
	if len(f.Q) > maxQuery {
		return nil, switchboard.Invalid("q", "Search for at most %d characters.", maxQuery)
	}
	return strings.Fields(strings.ToLower(f.Q)), nil
}

// maxQuery bounds, in bytes, what a search takes.
const maxQuery = 256

func (f *MessageFilter) query(org string) *query {
	q := newQuery("m.org_id = ?", org)
	if m := messageName.FindStringSubmatch(f.Q); m != nil {
		number, _ := strconv.ParseInt(m[1], 10, 64) // 18 digits fit
		q.and("m.number = ?", number)
	}
	if f.State != "" {
		q.and("m.state = ?", string(f.State))
		if f.State != switchboard.Assigned {
			q.and("m.state <> 'assigned'") // says that the index of those will do
		}
	}
	if f.SenderKey != "" {
		q.and("m.sender_key = ?", string(f.SenderKey))
	}
	if f.From != "" {
		q.and("m.direction = 'inbound'")
	}
	if f.RecordID != "" {
		q.and(`m.record_id = ? AND m.sender_key IN (
			SELECT match_key FROM record_number WHERE org_id = ? AND record_id = ?
			UNION SELECT match_key FROM record_sender WHERE org_id = ? AND record_id = ?)`, f.RecordID, org, f.RecordID, org, f.RecordID)
	}
	if f.ChannelID != "" {
		q.and("m.channel_id = ?", f.ChannelID)
	}
	if f.Reason != "" {
		q.and("m.reason = ?", string(f.Reason))
	}
	if !f.Since.IsZero() {
		q.and("m.id >= ?", lowestID(f.Since))
	}
	if !f.Until.IsZero() {
		q.and("m.id < ?", lowestID(f.Until))
	}
	if f.Cursor != "" {
		q.and("m.id < ?", f.Cursor)
	}
	return q
}

// searchTexts looks through the messages, newest first, for those that hold all words.
func (t *tx) searchTexts(org string, f MessageFilter, words []string) (found []*switchboard.Message, next string, err error) {
	var ids []string
	for seen := 0; seen < textScan; seen += textChunk {
		q := f.query(org)
		n := 0
		err := t.each(func(rows *sql.Rows) error {
			var id, sender, body string
			if err := rows.Scan(&id, &sender, &body); err != nil {
				return err
			}
			n++
			f.Cursor = id
			if len(ids) < f.Limit && holdsAll(body, sender, words) {
				ids = append(ids, id)
				if len(ids) == f.Limit {
					next = id
				}
			}
			return nil
		}, "SELECT m.id, m.sender, m.body FROM message m WHERE "+q.where()+" ORDER BY m.id DESC "+q.limit(textChunk), q.args...)
		if err != nil {
			return nil, "", err
		}
		if n < textChunk && next == "" {
			found, err = t.messagesByID(org, ids)
			return found, "", err
		}
		if next != "" {
			break
		}
	}
	if next == "" {
		next = f.Cursor
	}
	found, err = t.messagesByID(org, ids)
	return found, next, err
}

func holdsAll(body, sender string, words []string) bool {
	body = strings.ToLower(body)
	for _, w := range words {
		if strings.Contains(body, w) {
			continue
		}
		digits := onlyDigits(w)
		if len(digits) < 3 || strings.ContainsFunc(w, unicode.IsLetter) || !strings.Contains(sender, digits) {
			return false
		}
	}
	return true
}

func onlyDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}

// Conversation returns the newest messages exchanged with a sender, in both
// directions, at most limit of them, oldest first. The order is that of message
// time.
func (db *DB) Conversation(ctx context.Context, org string, key switchboard.MatchKey, limit int) ([]*switchboard.Message, error) {
	var list []*switchboard.Message
	err := db.inRead(ctx, func(t *tx) (err error) {
		// The inner statement sorts by the index, without reading a text.
		list, err = t.messages(`m.org_id = $1 AND m.id IN (SELECT id FROM message
			WHERE org_id = $1 AND sender_key = $2 ORDER BY message_time DESC, seq DESC LIMIT $3) ORDER BY m.message_time DESC, m.seq DESC`, org, string(key), limit)
		slices.Reverse(list)
		return err
	})
	return list, err
}

// MessagesByID returns messages in the order of ids; those that do not exist
// are left out.
func (db *DB) MessagesByID(ctx context.Context, org string, ids []string) ([]*switchboard.Message, error) {
	var list []*switchboard.Message
	err := db.inRead(ctx, func(t *tx) (err error) {
		list, err = t.messagesByID(org, ids)
		return err
	})
	return list, err
}
