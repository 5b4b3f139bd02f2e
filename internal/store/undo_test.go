package store_test

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
	"github.com/switchboardhq/switchboard/internal/store/storetest"
)

// rows returns all rows of the org in the table, one line each, sorted, without
// the columns that count or date changes.
func rows(t *testing.T, w *world, table string) []string {
	t.Helper()
	found, err := w.db.Rows(context.Background(), "SELECT * FROM "+table+" WHERE org_id = $1", w.org)
	if err != nil {
		t.Fatal(err)
	}
	defer found.Close()
	columns, err := found.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for found.Next() {
		values, into := make([]sql.NullString, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := found.Scan(into...); err != nil {
			t.Fatal(err)
		}
		var line []string
		for i, c := range columns {
			switch c {
			case "version", "updated_at", "decided_at", "seq", "waiting_changed_at", "org_id":
			default:
				line = append(line, c+"="+values[i].String)
			}
		}
		all = append(all, strings.Join(line, " "))
	}
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	slices.Sort(all)
	return all
}

// everything returns all that an action of a person can change.
func everything(t *testing.T, w *world) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for _, table := range []string{"message", "receipt", "record", "record_number", "rejected_number", "link", "link_ask", "notification", "sender", "undo"} {
		all[table] = rows(t, w, table)
	}
	return all
}

// scene is two contacts without a number, two texts of one number, and one of a
// name.
type scene struct {
	*world
	c             switchboard.Channel
	dana          switchboard.Actor
	ada, ben      *switchboard.Record
	one, two, mtn *switchboard.Message
}

// placed puts one of the number's texts and the name's on Ada, remembered.
func placed(t *testing.T, s scene) {
	_, err := s.db.Place(context.Background(), s.dana, store.Placement{MessageIDs: []string{s.one.ID, s.mtn.ID}, RecordID: s.ada.ID, Remember: true})
	if err != nil {
		t.Fatal(err)
	}
}

// Undo leaves behind what was there before, to the last column.
func TestUndoPutsBackExactlyWhatWasThere(t *testing.T) {
	ctx := context.Background()
	for _, tc := range []struct {
		name string
		// before prepares; act is what is taken back.
		before func(*testing.T, scene)
		act    func(scene) (store.Changed, error)
	}{
		{"place", nil, func(s scene) (store.Changed, error) {
			return s.db.Place(ctx, s.dana, store.Placement{MessageIDs: []string{s.one.ID}, RecordID: s.ada.ID})
		}},
		{"place all of the sender's, and remember", nil, func(s scene) (store.Changed, error) {
			return s.db.Place(ctx, s.dana, store.Placement{MessageIDs: []string{s.one.ID, s.mtn.ID}, RecordID: s.ada.ID, WholeSender: true, Remember: true})
		}},
		{"place what was read", func(t *testing.T, s scene) {
			read, _, err := s.db.Notifications(ctx, s.org, store.NotificationFilter{Page: store.Page{Limit: 50}})
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range read {
				if _, err := s.db.MarkRead(ctx, s.dana, n.ID); err != nil {
					t.Fatal(err)
				}
			}
		}, func(s scene) (store.Changed, error) {
			return s.db.Place(ctx, s.dana, store.Placement{MessageIDs: []string{s.one.ID}, RecordID: s.ada.ID, WholeSender: true})
		}},
		{"move", placed, func(s scene) (store.Changed, error) {
			return s.db.Place(ctx, s.dana, store.Placement{MessageIDs: []string{s.one.ID, s.mtn.ID}, RecordID: s.ben.ID, Remember: true})
		}},
		{"place where it is", placed, func(s scene) (store.Changed, error) {
			return s.db.Place(ctx, s.dana, store.Placement{MessageIDs: []string{s.one.ID}, RecordID: s.ada.ID, Remember: true})
		}},
		{"take off", placed, func(s scene) (store.Changed, error) {
			return s.db.TakeOff(ctx, s.dana, []string{s.one.ID, s.mtn.ID}, 0)
		}},
		{"dismiss", nil, func(s scene) (store.Changed, error) {
			return s.db.Dismiss(ctx, s.dana, store.Dismissal{MessageIDs: []string{s.one.ID}, Reason: "spam", WholeSender: true})
		}},
		{"dismiss what was placed, and block", placed, func(s scene) (store.Changed, error) {
			return s.db.Dismiss(ctx, s.dana, store.Dismissal{MessageIDs: []string{s.mtn.ID}, Reason: "not_needed", BlockSender: true})
		}},
		{"dismiss one of a sender that is blocked already", func(t *testing.T, s scene) {
			if _, err := s.db.Block(ctx, s.dana, s.one.Sender, "rude"); err != nil {
				t.Fatal(err)
			}
		}, func(s scene) (store.Changed, error) {
			return s.db.Dismiss(ctx, s.dana, store.Dismissal{MessageIDs: []string{s.one.ID}, Reason: "spam", BlockSender: true})
		}},
		{"place on a new record", nil, func(s scene) (store.Changed, error) {
			return s.db.PlaceOnNew(ctx, s.dana, switchboard.Contact, switchboard.Fields{"LastName": "Roe", "MobilePhone": "(512) 555-0177"},
				store.Placement{MessageIDs: []string{s.mtn.ID}, Remember: true})
		}},
		{"place on a new record that nothing was waiting for", placed, func(s scene) (store.Changed, error) {
			return s.db.PlaceOnNew(ctx, s.dana, switchboard.Lead, switchboard.Fields{"LastName": "Roe", "Company": "Roe", "Phone": "512 555 0199"},
				store.Placement{MessageIDs: []string{s.one.ID}, WholeSender: true})
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			storetest.Each(t, func(t *testing.T, db *store.DB) {
				w, _ := newWorld(t, db)
				s := scene{world: w, dana: w.users[0], c: switchboard.Channel{ID: w.channels[0]}}
				s.ada, s.ben = storetest.Contact(t, db, s.dana, "Ada Okafor", ""), storetest.Contact(t, db, s.dana, "Ben Okafor", "")
				s.one = storetest.Text(t, db, w.org, s.c, "+15125550177", "Hello")
				s.two = storetest.Text(t, db, w.org, s.c, "+15125550177", "Hello?")
				s.mtn = storetest.Text(t, db, w.org, s.c, "MTN", "Your balance is low")
				if tc.before != nil {
					tc.before(t, s)
				}
				before := everything(t, w)
				changed, err := tc.act(s)
				if err != nil {
					t.Fatal(err)
				}
				if cmp.Equal(before, everything(t, w)) {
					t.Fatal("the action changed nothing")
				}
				if _, err := db.Undo(ctx, s.dana, changed.Undo); err != nil {
					t.Fatal(err)
				}
				after := everything(t, w)
				if r := changed.Record; r != nil { // it stands among the deleted ones, and can be restored
					after["record"] = slices.DeleteFunc(after["record"], func(line string) bool {
						return strings.Contains(line, "id="+r.ID) && (strings.Contains(line, "deleted=true") || strings.Contains(line, "deleted=1"))
					})
					after["sender"] = slices.DeleteFunc(after["sender"], func(line string) bool { return strings.Contains(line, "match_key=+15125550199") })
				}
				if diff := cmp.Diff(before, after); diff != "" {
					t.Errorf("undo left (-before +after):\n%s", diff)
				}
				if _, err := db.Undo(ctx, s.dana, changed.Undo); switchboard.ErrorCode(err) != switchboard.CodeUndoGone {
					t.Errorf("the second undo: %v, want undo_gone", err)
				}
			})
		})
	}
}

func TestUndoIsRefusedOnceSomebodyActed(t *testing.T) {
	ctx := context.Background()
	for _, tc := range []struct {
		name string
		then func(db *store.DB, sam switchboard.Actor, m *switchboard.Message, ada *switchboard.Record) error
		code switchboard.Code
		says string
	}{
		{"a person took it off", func(db *store.DB, sam switchboard.Actor, m *switchboard.Message, _ *switchboard.Record) error {
			_, err := db.TakeOff(ctx, sam, []string{m.ID}, 0)
			return err
		}, switchboard.CodeConflict, "Ola Berg"},
		{"a person placed it where it is", func(db *store.DB, sam switchboard.Actor, m *switchboard.Message, ada *switchboard.Record) error {
			_, err := db.Place(ctx, sam, store.Placement{MessageIDs: []string{m.ID}, RecordID: ada.ID})
			return err
		}, switchboard.CodeConflict, "Ola Berg"},
		{"somebody edited the record", func(db *store.DB, sam switchboard.Actor, _ *switchboard.Message, ada *switchboard.Record) error {
			_, _, err := db.UpdateRecord(ctx, sam, ada.ID, 0, switchboard.Fields{"Title": "Owner"}, switchboard.CheckFields)
			return err
		}, "", ""},
		{"somebody deleted the record", func(db *store.DB, sam switchboard.Actor, _ *switchboard.Message, ada *switchboard.Record) error {
			_, err := db.DeleteRecord(ctx, sam, ada.ID)
			return err
		}, "", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			storetest.Each(t, func(t *testing.T, db *store.DB) {
				w, _ := newWorld(t, db)
				dana, ola := w.users[0], w.users[1]
				ada := storetest.Contact(t, db, dana, "Ada Okafor", "")
				m := storetest.Text(t, db, w.org, switchboard.Channel{ID: w.channels[0]}, "+15125550177", "Hello")
				changed, err := db.Place(ctx, dana, store.Placement{MessageIDs: []string{m.ID}, RecordID: ada.ID})
				if err != nil {
					t.Fatal(err)
				}
				if _, err := db.Undo(ctx, ola, changed.Undo); switchboard.ErrorCode(err) != switchboard.CodeUndoGone {
					t.Errorf("somebody else's undo: %v, want undo_gone", err)
				}
				if err := tc.then(db, ola, m, ada); err != nil {
					t.Fatal(err)
				}
				before := everything(t, w)
				_, err = db.Undo(ctx, dana, changed.Undo)
				wantCode(t, err, tc.code)
				if tc.code == "" {
					if got := storetest.Message(t, db, w.org, m.ID); got.State != switchboard.Unassigned || got.Decision.Reason != switchboard.ReasonNoMatch {
						t.Errorf("undo left it %s, %s", got.State, got.Decision.Reason)
					}
					return
				}
				if !strings.Contains(switchboard.ErrorMessage(err), tc.says) || !strings.Contains(switchboard.ErrorMessage(err), m.Name()) {
					t.Errorf("the refusal is %q, which does not name %s and %s", switchboard.ErrorMessage(err), tc.says, m.Name())
				}
				if diff := cmp.Diff(before, everything(t, w)); diff != "" {
					t.Errorf("a refused undo changed (-before +after):\n%s", diff)
				}
			})
		})
	}
}

// Writing a number in another form, or moving it between a record's fields,
// does not change who has it: what waits is left as it was decided.
func TestWritingANumberAnewDecidesNothing(t *testing.T) {
	ctx := context.Background()
	for name, patch := range map[string]switchboard.Fields{
		"in another form":            {"MobilePhone": "+1 512 555 0177 ext. 12"},
		"in another field":           {"MobilePhone": nil, "HomePhone": "(512) 555-0177"},
		"in two fields":              {"Phone": "512.555.0177"},
		"together with another one":  {"MobilePhone": "(512) 555-0177 / (512) 555-0199"},
		"with another name":          {"LastName": "Roe"},
		"with a country of its plan": {"MailingCountry": "Canada"},
	} {
		t.Run(name, func(t *testing.T) {
			storetest.Each(t, func(t *testing.T, db *store.DB) {
				w, _ := newWorld(t, db)
				dana := w.users[0]
				ada := storetest.Contact(t, db, dana, "Ada Okafor", "(512) 555-0177")
				storetest.Contact(t, db, dana, "Ben Okafor", "(512) 555-0177")
				m := storetest.Text(t, db, w.org, switchboard.Channel{ID: w.channels[0]}, "+15125550177", "Hello")
				if m.Decision.Reason != switchboard.ReasonAmbiguous {
					t.Fatalf("the text is %s", m.Decision.Reason)
				}
				_, resolved, err := db.UpdateRecord(ctx, dana, ada.ID, 0, patch, switchboard.CheckFields)
				if err != nil || len(resolved) != 0 {
					t.Errorf("the edit settled %v (%v)", resolved, err)
				}
				if diff := cmp.Diff(m, storetest.Message(t, db, w.org, m.ID)); diff != "" {
					t.Errorf("the edit changed the text (-before +after):\n%s", diff)
				}
			})
		})
	}
}

// A new record goes with the action that made it, unless somebody has use for it.
func TestUndoLeavesANewRecordThatIsInUse(t *testing.T) {
	ctx := context.Background()
	for _, tc := range []struct {
		name string
		then func(*testing.T, *world, *switchboard.Record)
		gone bool
	}{
		{"nothing happened to it", func(*testing.T, *world, *switchboard.Record) {}, true},
		{"a text came to it", func(t *testing.T, w *world, r *switchboard.Record) {
			m := storetest.Text(t, w.db, w.org, switchboard.Channel{ID: w.channels[0]}, "+15125550177", "And?")
			if m.Record == nil || m.Record.ID != r.ID {
				t.Fatalf("the text went to %v", m.Record)
			}
		}, false},
		{"another was merged into it", func(t *testing.T, w *world, r *switchboard.Record) {
			other, there := remoteContact(1, "Other", ""), switchboard.RemoteRecord{SalesforceID: sfID("003", 2), Object: r.Object, Key: r.ID, Stamp: worldStart, Fields: r.Fields}
			applyRemote(t, w.db, w.org, store.Remote{Records: []switchboard.RemoteRecord{other, there}})
			applyRemote(t, w.db, w.org, store.Remote{Records: []switchboard.RemoteRecord{merged(other, there)}})
		}, false},
		{"somebody edited it", func(t *testing.T, w *world, r *switchboard.Record) {
			if _, _, err := w.db.UpdateRecord(ctx, w.users[1], r.ID, 0, switchboard.Fields{"Title": "Owner"}, switchboard.CheckFields); err != nil {
				t.Fatal(err)
			}
		}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			storetest.Each(t, func(t *testing.T, db *store.DB) {
				w, _ := newWorld(t, db)
				m := storetest.Text(t, db, w.org, switchboard.Channel{ID: w.channels[0]}, "+15125550177", "Hello")
				changed, err := db.PlaceOnNew(ctx, w.users[0], switchboard.Contact, switchboard.Fields{"LastName": "Roe", "MobilePhone": "(512) 555-0177"}, store.Placement{MessageIDs: []string{m.ID}})
				if err != nil {
					t.Fatal(err)
				}
				tc.then(t, w, changed.Record)
				if _, err := db.Undo(ctx, w.users[0], changed.Undo); err != nil {
					t.Fatal(err)
				}
				if r, err := db.Record(ctx, w.org, changed.Record.ID); err != nil || r.Deleted != tc.gone {
					t.Errorf("the new record is deleted: %v, want %v (%v)", r.Deleted, tc.gone, err)
				}
				if got := storetest.Message(t, db, w.org, m.ID); got.State != switchboard.Unassigned {
					t.Errorf("the text is %s", got.State)
				}
			})
		})
	}
}

func TestUndoLastsADay(t *testing.T) {
	ctx := context.Background()
	for _, tc := range []struct {
		name  string
		later time.Duration
		code  switchboard.Code
	}{
		{"within the day", 24*time.Hour - time.Minute, ""},
		{"after it", 24*time.Hour + time.Minute, switchboard.CodeUndoGone},
	} {
		t.Run(tc.name, func(t *testing.T) {
			storetest.EachClock(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
				w, _ := newWorld(t, db)
				ada := storetest.Contact(t, db, w.users[0], "Ada Okafor", "")
				m := storetest.Text(t, db, w.org, switchboard.Channel{ID: w.channels[0]}, "+15125550177", "Hello")
				changed, err := db.Place(ctx, w.users[0], store.Placement{MessageIDs: []string{m.ID}, RecordID: ada.ID})
				if err != nil {
					t.Fatal(err)
				}
				clock.Advance(tc.later)
				_, err = db.Undo(ctx, w.users[0], changed.Undo)
				wantCode(t, err, tc.code)
			})
		})
	}
}

// A token is good in its own org only.
func TestUndoStaysInItsOrg(t *testing.T) {
	ctx := context.Background()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, _ := newWorld(t, db)
		other, _ := newWorld(t, db)
		ada := storetest.Contact(t, db, w.users[0], "Ada Okafor", "")
		m := storetest.Text(t, db, w.org, switchboard.Channel{ID: w.channels[0]}, "+15125550177", "Hello")
		changed, err := db.Place(ctx, w.users[0], store.Placement{MessageIDs: []string{m.ID}, RecordID: ada.ID})
		if err != nil {
			t.Fatal(err)
		}
		foreign := w.users[0]
		foreign.OrgID = other.org
		_, err = db.Undo(ctx, foreign, changed.Undo)
		wantCode(t, err, switchboard.CodeUndoGone)
		if _, err := db.Undo(ctx, w.users[0], changed.Undo); err != nil {
			t.Error(err)
		}
	})
}

// What an action took off a record that was merged into another since, or
// converted, comes back to the one that stands for it: its texts, and the
// number that was remembered.
func TestUndoFollowsAMerge(t *testing.T) {
	ctx := context.Background()
	lead := switchboard.RemoteRecord{SalesforceID: sfID("00Q", 1), Object: switchboard.Lead, Stamp: worldStart, Fields: switchboard.Fields{"LastName": "Okafor", "Company": "Acme"}}
	converted := lead
	ada, ben, cleo := remoteContact(1, "Ada", ""), remoteContact(2, "Ben", ""), remoteContact(3, "Cleo", "")
	converted.ConvertedID = ben.SalesforceID
	type acts struct {
		*testing.T
		db   *store.DB
		dana switchboard.Actor
		m    *switchboard.Message
	}
	takeOff := func(a acts) (store.Changed, error) { return a.db.TakeOff(ctx, a.dana, []string{a.m.ID}, 0) }
	move := func(to switchboard.RemoteRecord) func(acts) (store.Changed, error) {
		return func(a acts) (store.Changed, error) {
			return a.db.Place(ctx, a.dana, store.Placement{MessageIDs: []string{a.m.ID}, RecordID: bySalesforceID(a.T, a.db, a.dana.OrgID, to.SalesforceID).ID, Remember: true})
		}
	}
	for _, tc := range []struct {
		name   string
		on     switchboard.RemoteRecord
		act    func(acts) (store.Changed, error)
		merges []switchboard.RemoteRecord // one after the other
		ends   switchboard.RemoteRecord
	}{
		{"taken off", ada, takeOff, []switchboard.RemoteRecord{merged(ada, ben)}, ben},
		{"dismissed", ada, func(a acts) (store.Changed, error) {
			return a.db.Dismiss(ctx, a.dana, store.Dismissal{MessageIDs: []string{a.m.ID}, Reason: "spam"})
		}, []switchboard.RemoteRecord{merged(ada, ben)}, ben},
		{"merged twice", ada, takeOff, []switchboard.RemoteRecord{merged(ada, ben), merged(ben, cleo)}, cleo},
		{"moved to the winner", ada, move(ben), []switchboard.RemoteRecord{merged(ada, ben)}, ben},
		{"moved to a third", ada, move(cleo), []switchboard.RemoteRecord{merged(ada, ben)}, ben},
		{"converted", lead, takeOff, []switchboard.RemoteRecord{converted}, ben},
		{"brought back", ada, takeOff, []switchboard.RemoteRecord{merged(ada, ben), ada}, ada},
	} {
		t.Run(tc.name, func(t *testing.T) {
			storetest.Each(t, func(t *testing.T, db *store.DB) {
				dana, channel := connected(t, db)
				org := dana.OrgID
				applyRemote(t, db, org, store.Remote{Records: []switchboard.RemoteRecord{ada, ben, cleo, lead}})
				m := storetest.Text(t, db, org, channel, "MTN", "Hello")
				on := bySalesforceID(t, db, org, tc.on.SalesforceID)
				if _, err := db.Place(ctx, dana, store.Placement{MessageIDs: []string{m.ID}, RecordID: on.ID, Remember: true}); err != nil {
					t.Fatal(err)
				}
				changed, err := tc.act(acts{t, db, dana, m})
				if err != nil {
					t.Fatal(err)
				}
				for _, r := range tc.merges {
					applyRemote(t, db, org, store.Remote{Records: []switchboard.RemoteRecord{r}})
				}
				if _, err := db.Undo(ctx, dana, changed.Undo); err != nil {
					t.Fatal(err)
				}
				want := bySalesforceID(t, db, org, tc.ends.SalesforceID)
				if got := storetest.Message(t, db, org, m.ID); got.Record == nil || got.Record.ID != want.ID {
					t.Errorf("the text is on %+v, want %s", got.Record, want.Name)
				}
				links, _, err := db.Links(ctx, org, store.LinkFilter{Page: store.Page{Limit: 5}})
				if err != nil || len(links) != 1 || links[0].Record.ID != want.ID {
					t.Errorf("the number is remembered by %+v, %v; want %s", links, err, want.Name)
				}
				next := storetest.Text(t, db, org, channel, "MTN", "Hello?")
				if next.Record == nil || next.Record.ID != want.ID {
					t.Errorf("the next text is on %+v, want %s", next.Record, want.Name)
				}
				// The wish for the link has come back with it.
				if _, err := db.TakeOff(ctx, dana, []string{m.ID}, 0); err != nil {
					t.Fatal(err)
				}
				if next := storetest.Text(t, db, org, channel, "MTN", "Hello!"); next.Record != nil {
					t.Errorf("taken off again, the number goes on to %s", next.Record.Name)
				}
			})
		})
	}
}
