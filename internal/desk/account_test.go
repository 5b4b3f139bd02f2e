package desk_test

import (
	"slices"
	"testing"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/desk"
	"github.com/switchboardhq/switchboard/internal/intake"
	"github.com/switchboardhq/switchboard/internal/live"
	"github.com/switchboardhq/switchboard/internal/store"
	"github.com/switchboardhq/switchboard/internal/store/storetest"
)

func newDesk(db *store.DB, clock *storetest.Clock) *desk.Desk {
	return desk.New(db, intake.New(db, intake.Config{}), &live.Hub{}, clock.Now, []string{"generic"})
}

func TestOnlyAdminsConfigure(t *testing.T) {
	storetest.EachClock(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		d, ctx := newDesk(db, clock), t.Context()
		dana := storetest.Admin(t, db)
		c := storetest.Channel(t, db, dana)
		name := "Roofing"
		for _, actor := range []switchboard.Actor{storetest.User(t, db, "Sam Ortiz", switchboard.Agent), storetest.User(t, db, "Kim Lee", switchboard.Viewer), {OrgID: dana.OrgID, Name: "A key", Role: switchboard.Agent, Key: true}} {
			for what, do := range map[string]func() error{
				"AddUser":        func() error { _, _, err := d.AddUser(ctx, actor, "X", "x@example.com", switchboard.Viewer); return err },
				"SignInLink":     func() error { _, _, err := d.SignInLink(ctx, actor, dana.ID); return err },
				"SetUserActive":  func() error { _, err := d.SetUserActive(ctx, actor, dana.ID, false); return err },
				"SetUserRole":    func() error { _, err := d.SetUserRole(ctx, actor, dana.ID, switchboard.Viewer); return err },
				"CreateAPIKey":   func() error { _, _, err := d.CreateAPIKey(ctx, actor, "X", switchboard.Viewer); return err },
				"RevokeAPIKey":   func() error { return d.RevokeAPIKey(ctx, actor, "x") },
				"UpdateOrg":      func() error { _, err := d.UpdateOrg(ctx, actor, store.OrgSettings{Name: "X"}); return err },
				"SetPhoneFields": func() error { _, err := d.SetPhoneFields(ctx, actor, switchboard.DefaultPhoneFields()); return err },
				"SetUnknownNumbers": func() error {
					_, err := d.SetUnknownNumbers(ctx, actor, switchboard.DefaultUnknownNumbers())
					return err
				},
				"UpdateChannel": func() error {
					_, err := d.UpdateChannel(ctx, actor, c.ID, store.ChannelUpdate{Name: &name})
					return err
				},
			} {
				if err := do(); switchboard.ErrorCode(err) != switchboard.CodeForbidden {
					t.Errorf("%s by %s: %v, want it forbidden", what, actor.Role, err)
				}
			}
		}
	})
}

// Who takes away their own way in could not give it back.
func TestAdminsCantLockThemselvesOut(t *testing.T) {
	storetest.EachClock(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		d, ctx := newDesk(db, clock), t.Context()
		dana := storetest.Admin(t, db)
		kim := storetest.User(t, db, "Kim Lee", switchboard.Admin)
		if _, err := d.SetUserActive(ctx, dana, dana.ID, false); switchboard.ErrorCode(err) != switchboard.CodeConflict {
			t.Errorf("disabling oneself: %v", err)
		}
		if _, err := d.SetUserRole(ctx, dana, dana.ID, switchboard.Viewer); switchboard.ErrorCode(err) != switchboard.CodeConflict {
			t.Errorf("taking one's own role: %v", err)
		}
		if u, err := d.SetUserActive(ctx, dana, kim.ID, false); err != nil || u.Active {
			t.Errorf("disabling a colleague: %+v, %v", u, err)
		}
		if _, err := d.SetUserActive(ctx, switchboard.Actor{OrgID: dana.OrgID, Name: "Command line", Role: switchboard.Admin}, dana.ID, false); switchboard.ErrorCode(err) != switchboard.CodeConflict {
			t.Errorf("disabling the last admin: %v", err)
		}
	})
}

func TestAddUserChecksAndLinks(t *testing.T) {
	storetest.EachClock(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		d, ctx := newDesk(db, clock), t.Context()
		dana := storetest.Admin(t, db)
		for _, c := range []struct {
			name, email string
			role        switchboard.Role
			code        switchboard.Code
		}{
			{"", "sam@example.com", switchboard.Agent, switchboard.CodeInvalid},
			{"Sam", "sam", switchboard.Agent, switchboard.CodeInvalid},
			{"Sam", "sam@example.com", "owner", switchboard.CodeInvalid},
			{"Dana", " DANA@example.com", switchboard.Agent, switchboard.CodeAlreadyExists},
		} {
			if _, _, err := d.AddUser(ctx, dana, c.name, c.email, c.role); switchboard.ErrorCode(err) != c.code {
				t.Errorf("AddUser(%q, %q, %q): %v, want %s", c.name, c.email, c.role, err, c.code)
			}
		}
		u, token, err := d.AddUser(ctx, dana, " Sam Ortiz ", "Sam@Example.com", switchboard.Agent)
		if err != nil || u.Name != "Sam Ortiz" || u.Email != "sam@example.com" {
			t.Fatalf("AddUser: %+v, %v", u, err)
		}
		l, err := db.UseLink(ctx, token)
		if err != nil || l.User.ID != u.ID {
			t.Errorf("the link signs in %+v, %v", l.User, err)
		}
	})
}

// A text that waits is decided again when a field begins to be matched, before
// the change is answered.
func TestPhoneFieldsDecideAgain(t *testing.T) {
	storetest.EachClock(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		d, ctx := newDesk(db, clock), t.Context()
		dana := storetest.Admin(t, db)
		c := storetest.Channel(t, db, dana)
		r, _, err := d.CreateRecord(ctx, dana, switchboard.Contact, switchboard.Fields{"LastName": "Okafor", "Fax": "(512) 555-0177"})
		if err != nil {
			t.Fatal(err)
		}
		m := storetest.Text(t, db, dana.OrgID, c, "+15125550177", "Hello")
		fields := switchboard.DefaultPhoneFields()
		fields[switchboard.Contact] = append(slices.Clone(fields[switchboard.Contact]), "Fax")
		if _, err := d.SetPhoneFields(ctx, dana, fields); err != nil {
			t.Fatal(err)
		}
		after, err := db.Message(ctx, dana.OrgID, m.ID)
		if err != nil || after.Record == nil || after.Record.ID != r.ID || !after.Decision.Retroactive {
			t.Errorf("the text that waited is %s, %+v, %v", after.State, after.Decision, err)
		}
	})
}
