package store

import (
	"database/sql"
	"errors"
	"time"

	"github.com/switchboardhq/switchboard"
)

// twinWindow is how long after one kind of callback its twin of another kind
// may come.
const twinWindow = 10 * time.Minute

// joinTwins finds the texts that came before in another kind of callback:
// TrueDialog posts a keyword text twice, as type 1 and as type 11, under
// different ids. The later one joins the earlier one's message, each at most
// once. An equal text of the same kind may be a repeat or may be meant: it is
// kept and flagged.
func (r *receiver) joinTwins() error {
	var earlier []*arriving
	for a := range r.fresh {
		if a.text.Twin == "" {
			continue
		}
		joined, err := r.joinTwin(a, earlier)
		if err != nil {
			return err
		}
		if !joined {
			if err := r.flagRepeat(a, earlier); err != nil {
				return err
			}
			earlier = append(earlier, a)
		}
	}
	return nil
}

func (a *arriving) sameText(b *arriving) bool {
	return a.key.provider == b.key.provider && a.key.account == b.key.account && a.message.Sender.Key == b.message.Sender.Key &&
		a.message.Ours == b.message.Ours && a.message.Body == b.message.Body && a.message.Direction == b.message.Direction &&
		a.at.Sub(b.at).Abs() <= twinWindow
}

func (r *receiver) joinTwin(a *arriving, earlier []*arriving) (bool, error) {
	id := ""
	err := r.one(`SELECT id FROM message WHERE org_id = $1 AND sender_key = $2 AND account = $3 AND ours = $4 AND body = $5 AND direction = $6
			AND twin <> '' AND twin <> $7 AND NOT twin_joined AND received_at >= $8 AND received_at <= $9 ORDER BY number LIMIT 1`+r.db.dialect.forUpdate,
		r.twinArgs(a), &id)
	switch {
	case err == nil:
		if err := r.exec("UPDATE message SET twin_joined = TRUE WHERE org_id = $1 AND id = $2", r.org, id); err != nil {
			return false, err
		}
		a.known = true
		a.message.ID = id
		return true, r.redirectReceipt(a, id)
	case !errors.Is(err, sql.ErrNoRows):
		return false, err
	}
	for _, b := range earlier {
		if !b.joined && b.text.Twin != a.text.Twin && a.sameText(b) {
			b.joined, a.sameAs = true, b
			return true, r.redirectReceipt(a, b.message.ID)
		}
	}
	return false, nil
}

func (r *receiver) twinArgs(a *arriving) []any {
	return []any{r.org, string(a.message.Sender.Key), a.key.account, a.message.Ours, a.message.Body, string(a.message.Direction), a.text.Twin,
		micros(a.at.Add(-twinWindow)), micros(a.at.Add(twinWindow))}
}

// redirectReceipt makes the text's own id lead to the message that it joined.
func (r *receiver) redirectReceipt(a *arriving, message string) error {
	return r.exec("UPDATE receipt SET message_id = $5 WHERE org_id = $1 AND provider = $2 AND account = $3 AND provider_message_id = $4",
		r.org, a.key.provider, a.key.account, a.key.id, message)
}

// flagRepeat marks a text that came before in a callback of its own kind, be it
// as one that joined its twin.
func (r *receiver) flagRepeat(a *arriving, earlier []*arriving) error {
	var n int
	err := r.one(`SELECT COUNT(*) FROM message WHERE org_id = $1 AND sender_key = $2 AND account = $3 AND ours = $4 AND body = $5 AND direction = $6
		AND (twin = $7 OR twin_joined) AND received_at >= $8 AND received_at <= $9`, r.twinArgs(a), &n)
	if err != nil {
		return err
	}
	for _, b := range earlier {
		if (b.joined || b.text.Twin == a.text.Twin) && a.sameText(b) {
			n++
		}
	}
	if n > 0 {
		a.message.Flags = append(a.message.Flags, switchboard.FlagPossibleRepeat)
	}
	return nil
}
