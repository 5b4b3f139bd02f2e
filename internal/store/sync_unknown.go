package store

import (
	"context"
	"encoding/json"
	"maps"

	"github.com/switchboardhq/switchboard"
)

// seenUnknownNumbers is the setting as it was last seen in the Salesforce org.
type seenUnknownNumbers struct {
	switchboard.RemoteUnknownNumbers
	Stranger bool `json:",omitempty"` // its owner was no user here
}

// SetRemoteUnknownNumbers takes Create Records From Unknown Numbers over from
// the Salesforce org when somebody has changed it there. What was last changed
// holds, on whichever side; the setting that a package brings along, which is
// off, is nobody's change. An owner who is no user here changes nothing until he
// is one, which stranger reports. It fails with invalid for what cannot be, and
// changes nothing then.
func (db *DB) SetRemoteUnknownNumbers(ctx context.Context, org string, r switchboard.RemoteUnknownNumbers) (stranger bool, err error) {
	var text, owner string
	err = db.inRead(ctx, func(t *tx) error {
		if err := t.one("SELECT unknown_numbers FROM salesforce WHERE org_id = $1", []any{org}, &text); err != nil || r.OwnerID == "" {
			return err
		}
		snap, err := t.snapshot(org)
		if err != nil {
			return err
		}
		users, err := t.userMap(org, snap.users)
		owner = users.here[r.OwnerID]
		return err
	})
	if err != nil {
		return false, err
	}
	stranger = r.Owner != "" && owner == ""
	var before seenUnknownNumbers
	if text != "" {
		if err := json.Unmarshal([]byte(text), &before); err != nil {
			return stranger, err
		}
	}
	now, err := db.Settings(ctx, org)
	if err != nil {
		return stranger, err
	}
	u := now.UnknownNumbers
	if seen := text != ""; seen && !sameUnknownNumbers(before.RemoteUnknownNumbers, r) || !seen && r.Enabled {
		u.Enabled, u.Object, u.PhoneField, u.Fields = r.Enabled, r.Object, r.PhoneField, r.Fields
	}
	if !stranger && (before.Owner != r.Owner || before.Stranger) {
		u.OwnerID = owner
	}
	if have := now.UnknownNumbers; u.OwnerID != have.OwnerID || u.Enabled != have.Enabled || u.Object != have.Object || u.PhoneField != have.PhoneField || !maps.Equal(u.Fields, have.Fields) {
		if _, err := db.SetUnknownNumbers(ctx, salesforceActor(org), u); err != nil {
			return stranger, err
		}
	}
	after, err := json.Marshal(seenUnknownNumbers{r, stranger})
	if err != nil || string(after) == text {
		return stranger, err
	}
	return stranger, db.inTx(ctx, func(t *tx) error {
		return t.exec("UPDATE salesforce SET unknown_numbers = $2 WHERE org_id = $1", org, string(after))
	})
}

// sameUnknownNumbers compares all but the owners.
func sameUnknownNumbers(a, b switchboard.RemoteUnknownNumbers) bool {
	return a.Enabled == b.Enabled && a.Object == b.Object && a.PhoneField == b.PhoneField && maps.Equal(a.Fields, b.Fields)
}
