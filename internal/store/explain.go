package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/switchboardhq/switchboard"
)

// Explain says what would happen to a text from a sender on a channel now. It
// writes nothing.
func (db *DB) Explain(ctx context.Context, org, channelID, from string) (switchboard.Decision, error) {
	var d switchboard.Decision
	err := db.inRead(ctx, func(t *tx) error {
		snap, err := t.snapshot(org)
		if err != nil {
			return err
		}
		c := snap.channel(channelID)
		if c == nil {
			return switchboard.Errorf(switchboard.CodeNotFound, "There is no channel %q.", channelID)
		}
		s := switchboard.ParseSender(from, c.Region)
		var blocked, optedOut bool
		err = t.one("SELECT blocked, opted_out FROM sender WHERE org_id = $1 AND match_key = $2", []any{org, string(s.Key)}, &blocked, &optedOut)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		candidates, err := t.candidates(org, []string{string(s.Key)})
		if err != nil {
			return err
		}
		u := snap.settings.UnknownNumbers
		d = switchboard.Route(switchboard.Facts{Sender: s, Blocked: blocked, Candidates: candidates[s.Key],
			Create: u.MayCreate(s, blocked, optedOut), SettingsVersion: snap.settings.Version})
		return nil
	})
	return d, err
}
