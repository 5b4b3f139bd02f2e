package store

import (
	"maps"
	"slices"
	"time"

	"github.com/switchboardhq/switchboard"
)

// consent is a wish that came in an event of its own, after so many texts of
// the batch.
type consent struct {
	after  int
	key    receiptKey // its id is "" where the provider gives the event none
	known  bool       // it was applied when it came before: somebody may have changed his mind since
	sender switchboard.Sender
	optOut bool
	at     time.Time
}

// consented applies the wishes that came before the text with this index.
func (r *receiver) consented(text int) {
	for len(r.consents) > 0 && r.consents[0].after <= text {
		c := r.consents[0]
		r.consents = r.consents[1:]
		if !c.known {
			r.wish(c.sender.Key, c.optOut, c.at)
		}
	}
}

// wish marks a sender opted out or in. An older wish never overrules a newer one.
func (r *receiver) wish(key switchboard.MatchKey, optOut bool, at time.Time) {
	h := r.senders[key]
	if micros(at) < h.consentAt {
		return
	}
	h.optedOut, h.consentAt = optOut, micros(at)
	r.wished[key] = h
}

func (r *receiver) writeConsent() error {
	r.consented(len(r.texts))
	for _, key := range slices.Sorted(maps.Keys(r.wished)) {
		h := r.wished[key]
		if err := r.storeSender(r.org, h.sender); err != nil {
			return err
		}
		err := r.exec("UPDATE sender SET opted_out = $3, consent_at = $4 WHERE org_id = $1 AND match_key = $2", r.org, string(key), h.optedOut, h.consentAt)
		if err != nil {
			return err
		}
	}
	return nil
}
