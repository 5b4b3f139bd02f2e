package store

import (
	"database/sql"
	"errors"
	"slices"
	"strings"

	"github.com/switchboardhq/switchboard"
)

type receiptKey struct{ provider, account, id string }

// receiptOf is what became of an outbound message.
type receiptOf struct {
	key    receiptKey
	status switchboard.DeliveryStatus
}

// accountKey is the key of an id that a provider gave; "" stands for an account
// that is the channel itself.
func accountKey(c *switchboard.Channel, account, id string) receiptKey {
	if account == "" {
		account = c.ID
	}
	return receiptKey{c.Provider, account, id}
}

// claim tries to put a receipt into the book under an id of its own. If another
// id stands there, the event is known.
type claim struct {
	key   receiptKey
	id    string
	known func(id string)
}

// dedupe claims each text's receipt, and each consent's that has an id. What is
// taken is known: by an earlier one of this batch, or by one that is stored.
func (r *receiver) dedupe() error {
	first := make(map[receiptKey]*arriving, len(r.texts))
	claims := make([]claim, 0, len(r.texts))
	for _, a := range r.texts {
		if same := first[a.key]; same != nil {
			a.sameAs = same
			r.again = append(r.again, a)
			continue
		}
		first[a.key] = a
		claims = append(claims, claim{a.key, a.message.ID, func(id string) {
			a.known, a.message.ID = true, id
			r.again = append(r.again, a)
		}})
	}
	heard := map[receiptKey]bool{}
	for _, c := range r.consents {
		switch {
		case c.key.id == "":
		case heard[c.key]:
			c.known = true
		default:
			heard[c.key] = true
			claims = append(claims, claim{c.key, r.newID(), func(string) { c.known = true }})
		}
	}
	// Rows of several writers have to come in one order.
	slices.SortFunc(claims, func(a, b claim) int { return a.key.compare(b.key) })
	i := insertion{into: "receipt (org_id, provider, account, provider_message_id, message_id)", tail: "ON CONFLICT DO NOTHING", shared: []any{r.org}, width: 4, alike: 2}
	for _, c := range claims {
		i.args = append(i.args, c.key.provider, c.key.account, c.key.id, c.id)
	}
	added, err := r.insertN(i)
	if err != nil || added == int64(len(claims)) {
		return err // all are new, as nearly always
	}
	return r.findKnown(claims)
}

func (k receiptKey) compare(o receiptKey) int {
	if c := strings.Compare(k.provider, o.provider); c != 0 {
		return c
	}
	if c := strings.Compare(k.account, o.account); c != 0 {
		return c
	}
	return strings.Compare(k.id, o.id)
}

// findKnown compares the receipts with the ids we tried to give them.
func (r *receiver) findKnown(claims []claim) error {
	byAccount := map[receiptKey]map[string]claim{}
	for _, c := range claims {
		k := receiptKey{c.key.provider, c.key.account, ""}
		if byAccount[k] == nil {
			byAccount[k] = map[string]claim{}
		}
		byAccount[k][c.key.id] = c
	}
	for k, claimed := range byAccount {
		ids := make([]string, 0, len(claimed))
		for id := range claimed {
			ids = append(ids, id)
		}
		err := r.each(func(rows *sql.Rows) error {
			var id, holder string
			if err := rows.Scan(&id, &holder); err != nil {
				return err
			}
			if c, ok := claimed[id]; ok && c.id != holder {
				c.known(holder)
			}
			return nil
		}, "SELECT provider_message_id, message_id FROM receipt WHERE org_id = $1 AND provider = $2 AND account = $3 AND "+r.in("provider_message_id", "$4"),
			r.org, k.provider, k.account, r.list(ids))
		if err != nil {
			return err
		}
	}
	return nil
}

// flagReused marks stored messages whose id came again with another text: the
// first is kept, a person should know.
func (r *receiver) flagReused() error {
	slices.SortFunc(r.again, func(a, b *arriving) int { return strings.Compare(a.stored().message.ID, b.stored().message.ID) })
	for _, a := range r.again {
		id := a.stored().message.ID
		var body, flags string
		err := r.one("SELECT body, flags FROM message WHERE org_id = $1 AND id = $2", []any{r.org, id}, &body, &flags)
		if errors.Is(err, sql.ErrNoRows) {
			continue // the message was deleted; its receipt outlives it
		}
		if err != nil {
			return err
		}
		if body == a.message.Body || strings.Contains(flags, string(switchboard.FlagIDReused)) {
			continue
		}
		if err := r.exec("UPDATE message SET flags = $3 WHERE org_id = $1 AND id = $2", r.org, id, addFlag(flags, switchboard.FlagIDReused)); err != nil {
			return err
		}
	}
	return nil
}

func addFlag(flags string, f switchboard.Flag) string {
	if flags == "" {
		return string(f)
	}
	return flags + "," + string(f)
}

// noteDeliveries writes down what became of messages that went out.
func (r *receiver) noteDeliveries() error {
	for _, d := range r.deliveries {
		var id string
		err := r.one("SELECT message_id FROM receipt WHERE org_id = $1 AND provider = $2 AND account = $3 AND provider_message_id = $4",
			[]any{r.org, d.key.provider, d.key.account, d.key.id}, &id)
		if errors.Is(err, sql.ErrNoRows) {
			continue // sent elsewhere, and never reported as sent
		}
		if err != nil {
			return err
		}
		if err := r.exec("UPDATE message SET delivery = $3 WHERE org_id = $1 AND id = $2 AND direction = 'outbound'", r.org, id, string(d.status)); err != nil {
			return err
		}
	}
	return nil
}
