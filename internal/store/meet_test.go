package store_test

import (
	"context"
	"errors"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
	"github.com/switchboardhq/switchboard/internal/store/storetest"
)

// twoNodes opens one PostgreSQL database twice, as two machines do, and says
// where it is.
func twoNodes(t *testing.T) (nodes [2]*store.DB, database string) {
	t.Helper()
	config := storetest.Config(t, storetest.Postgres, storetest.NewClock())
	return [2]*store.DB{storetest.OpenConfig(t, config), storetest.OpenConfig(t, config)}, config.Database
}

// meet runs first on one node up to its COMMIT, and then second on another: it
// lets first go on when second waits for it, or has ended.
func meet(t *testing.T, nodes [2]*store.DB, database string, first, second func(*store.DB) error) {
	t.Helper()
	skip := 0
	meetAt(t, nodes, database, func(statement string) bool {
		switch {
		case strings.HasPrefix(statement, "SET LOCAL"):
			skip++ // a text's number is reserved beforehand
		case !strings.EqualFold(statement, "commit"):
		case skip > 0:
			skip--
		default:
			return true
		}
		return false
	}, first, second)
}

// meetAt is meet with first running up to the statement for which at says so.
func meetAt(t *testing.T, nodes [2]*store.DB, database string, at func(statement string) bool, first, second func(*store.DB) error) {
	t.Helper()
	there, on := make(chan struct{}), make(chan struct{})
	var once sync.Once
	err := nodes[0].Linger(database, func(statement string) {
		if at(statement) {
			once.Do(func() {
				close(there)
				<-on
			})
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	one, two := make(chan error, 1), make(chan error, 1)
	go func() { one <- first(nodes[0]) }()
	<-there
	go func() { two <- second(nodes[1]) }()
	for len(two) == 0 && !waits(t, nodes[1]) {
		time.Sleep(time.Millisecond)
	}
	close(on)
	for _, ended := range []chan error{one, two} {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

// waits reports whether somebody waits for a lock in the node's database.
func waits(t *testing.T, db *store.DB) bool {
	t.Helper()
	rows, err := db.Rows(context.Background(), "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	waiting := rows.Next()
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return waiting
}

// A number that an undo remembers again follows what happens to its record
// meanwhile: a deleted one gets no texts by it, and a renamed one gets them by
// its new name.
func TestAnUndoAndAChangeOfTheRecordAtOnce(t *testing.T) {
	ctx := context.Background()
	for name, change := range map[string]func(db *store.DB, dana switchboard.Actor, id string) error{
		"delete": func(db *store.DB, dana switchboard.Actor, id string) error {
			_, err := db.DeleteRecord(ctx, dana, id)
			return err
		},
		"rename": func(db *store.DB, dana switchboard.Actor, id string) error {
			_, _, err := db.UpdateRecord(ctx, dana, id, 0, switchboard.Fields{"LastName": "Roe"}, switchboard.CheckFields)
			return err
		},
		"restore": func(db *store.DB, dana switchboard.Actor, id string) error {
			_, _, err := db.RestoreRecord(ctx, dana, id)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			nodes, database := twoNodes(t)
			db := nodes[1]
			w, _ := newWorld(t, db)
			c, dana := switchboard.Channel{ID: w.channels[0]}, w.users[0]
			ada := storetest.Contact(t, db, dana, "Ada Okafor", "")
			m := storetest.Text(t, db, w.org, c, "MTN", "Hello")
			if _, err := db.Place(ctx, dana, store.Placement{MessageIDs: []string{m.ID}, RecordID: ada.ID, Remember: true}); err != nil {
				t.Fatal(err)
			}
			off, err := db.TakeOff(ctx, dana, []string{m.ID}, 0)
			if err != nil {
				t.Fatal(err)
			}
			if name == "restore" {
				if _, err := db.DeleteRecord(ctx, dana, ada.ID); err != nil {
					t.Fatal(err)
				}
			}
			meet(t, nodes, database, func(db *store.DB) error { return change(db, dana, ada.ID) }, func(db *store.DB) error {
				_, err := db.Undo(ctx, dana, off.Undo)
				return err
			})
			next := storetest.Text(t, db, w.org, c, "MTN", "Hello?")
			switch {
			case name == "delete" && next.State != switchboard.Unassigned:
				t.Errorf("the next text is %s, on a deleted record", next.State)
			case name == "rename" && (len(next.Decision.Candidates) != 1 || next.Decision.Candidates[0].Record.Name != "Ada Roe"):
				t.Errorf("the next text is on %+v", next.Decision.Candidates)
			case name == "restore" && next.State != switchboard.Assigned:
				t.Errorf("the next text is %s: the number was not remembered", next.State)
			}
		})
	}
}

// A new record that has come to match another number stays when an undo would
// take it away and a text of that number arrives at once.
func TestAnUndoAndATextAtOnce(t *testing.T) {
	ctx := context.Background()
	nodes, database := twoNodes(t)
	db := nodes[1]
	w, _ := newWorld(t, db)
	c, dana := switchboard.Channel{ID: w.channels[0]}, w.users[0]
	m := storetest.Text(t, db, w.org, c, "MTN", "Hello")
	made, err := db.PlaceOnNew(ctx, dana, switchboard.Contact, switchboard.Fields{"LastName": "Roe", "AssistantPhone": "(512) 555-0177"}, store.Placement{MessageIDs: []string{m.ID}})
	if err != nil {
		t.Fatal(err)
	}
	fields := maps.Clone(defaultFields)
	fields["Contact"] = []string{"AssistantPhone"}
	if _, err := db.SetPhoneFields(ctx, dana, fields); err != nil {
		t.Fatal(err)
	}
	if err := db.Reindex(ctx, w.org, nil); err != nil {
		t.Fatal(err)
	}
	var text *switchboard.Message
	meet(t, nodes, database, func(db *store.DB) error {
		text = storetest.Text(t, db, w.org, c, "+15125550177", "Hello?")
		return nil
	}, func(db *store.DB) error {
		_, err := db.Undo(ctx, dana, made.Undo)
		return err
	})
	if r := storetest.RecordOf(t, db, w.org, made.Record.ID); text.State != switchboard.Assigned || r.Deleted {
		t.Errorf("the text is %s, and the record is deleted: %v", text.State, r.Deleted)
	}
}

// What an undo puts back follows the one that stands for its record, even when
// that one is just being deleted or merged in turn.
func TestAnUndoAndAChangeOfAMergesWinnerAtOnce(t *testing.T) {
	ctx := context.Background()
	ada, ben, cleo := remoteContact(1, "Ada", ""), remoteContact(2, "Ben", ""), remoteContact(3, "Cleo", "")
	for name, change := range map[string]func(db *store.DB, dana switchboard.Actor, ben string) error{
		"delete": func(db *store.DB, dana switchboard.Actor, ben string) error {
			_, err := db.DeleteRecord(ctx, dana, ben)
			return err
		},
		"merge": func(db *store.DB, dana switchboard.Actor, _ string) error {
			applyRemote(t, db, dana.OrgID, store.Remote{Records: []switchboard.RemoteRecord{merged(ben, cleo)}})
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			nodes, database := twoNodes(t)
			db := nodes[1]
			dana, c := connected(t, db)
			org := dana.OrgID
			applyRemote(t, db, org, store.Remote{Records: []switchboard.RemoteRecord{ada, ben, cleo}})
			m := storetest.Text(t, db, org, c, "MTN", "Hello")
			if _, err := db.Place(ctx, dana, store.Placement{MessageIDs: []string{m.ID}, RecordID: bySalesforceID(t, db, org, ada.SalesforceID).ID, Remember: true}); err != nil {
				t.Fatal(err)
			}
			off, err := db.TakeOff(ctx, dana, []string{m.ID}, 0)
			if err != nil {
				t.Fatal(err)
			}
			applyRemote(t, db, org, store.Remote{Records: []switchboard.RemoteRecord{merged(ada, ben)}})
			meet(t, nodes, database, func(db *store.DB) error {
				return change(db, dana, bySalesforceID(t, db, org, ben.SalesforceID).ID)
			}, func(db *store.DB) error {
				_, err := db.Undo(ctx, dana, off.Undo)
				return err
			})
			next := storetest.Text(t, db, org, c, "MTN", "Hello?")
			switch {
			case name == "delete" && next.State != switchboard.Unassigned:
				t.Errorf("the next text is %s, on a deleted record", next.State)
			case name == "merge" && (next.Record == nil || next.Record.ID != bySalesforceID(t, db, org, cleo.SalesforceID).ID):
				t.Errorf("the next text is on %+v", next.Record)
			}
		})
	}
}

// Whoever places a text in Salesforce on a record that is just being merged has
// placed it on the one that stands for it.
func TestAPlacementThereAndAMergeAtOnce(t *testing.T) {
	nodes, database := twoNodes(t)
	db := nodes[1]
	dana, c := connected(t, db)
	org := dana.OrgID
	ben, cleo := remoteContact(2, "Ben", ""), remoteContact(3, "Cleo", "")
	applyRemote(t, db, org, store.Remote{Records: []switchboard.RemoteRecord{ben, cleo}})
	m := storetest.Text(t, db, org, c, "MTN", "Hello")
	row := pushed(t, db, org, 1, m.ID)
	row.Lookups = map[switchboard.Object]string{switchboard.Contact: ben.SalesforceID}
	meet(t, nodes, database, func(db *store.DB) error {
		applyRemote(t, db, org, store.Remote{Records: []switchboard.RemoteRecord{merged(ben, cleo)}})
		return nil
	}, func(db *store.DB) error {
		applyRemote(t, db, org, store.Remote{Messages: []switchboard.RemoteMessage{row}})
		return nil
	})
	want := bySalesforceID(t, db, org, cleo.SalesforceID)
	if m := storetest.Message(t, db, org, m.ID); m.Record == nil || m.Record.ID != want.ID {
		t.Errorf("it is on %+v", m.Record)
	}
}

// A record that is heard of from Salesforce, just when it is refused, stays.
func TestARefusalAndTheRecordsArrivalAtOnce(t *testing.T) {
	ctx := context.Background()
	nodes, database := twoNodes(t)
	db := nodes[1]
	dana, c := connected(t, db)
	u := switchboard.DefaultUnknownNumbers()
	u.Enabled = true
	if _, err := db.SetUnknownNumbers(ctx, dana, u); err != nil {
		t.Fatal(err)
	}
	m := storetest.Text(t, db, dana.OrgID, c, "+15125550177", "Hello")
	there := switchboard.RemoteRecord{SalesforceID: sfID("003", 1), Object: switchboard.Contact, Key: m.Record.ID, Stamp: worldStart,
		Fields: storetest.RecordOf(t, db, dana.OrgID, m.Record.ID).Fields}
	meet(t, nodes, database, func(db *store.DB) error {
		applyRemote(t, db, dana.OrgID, store.Remote{Records: []switchboard.RemoteRecord{there}})
		return nil
	}, func(db *store.DB) error {
		_, err := db.RefuseRecord(ctx, dana.OrgID, m.Record.ID, store.Refusal{Message: "No."})
		return err
	})
	if r := bySalesforceID(t, db, dana.OrgID, there.SalesforceID); r.Deleted || storetest.Message(t, db, dana.OrgID, m.ID).Record == nil {
		t.Errorf("it was taken away, and its text waits")
	}
}

// A deleted record that is being merged is stood for by another, and can't be
// restored any more.
func TestARestoreAndAMergeAtOnce(t *testing.T) {
	ctx := context.Background()
	nodes, database := twoNodes(t)
	db := nodes[1]
	dana, c := connected(t, db)
	org := dana.OrgID
	ben, cleo := remoteContact(2, "Ben", "(512) 555-0177"), remoteContact(3, "Cleo", "")
	applyRemote(t, db, org, store.Remote{Records: []switchboard.RemoteRecord{ben, cleo}})
	id := bySalesforceID(t, db, org, ben.SalesforceID).ID
	if _, err := db.DeleteRecord(ctx, dana, id); err != nil {
		t.Fatal(err)
	}
	meet(t, nodes, database, func(db *store.DB) error {
		applyRemote(t, db, org, store.Remote{Records: []switchboard.RemoteRecord{merged(ben, cleo)}})
		return nil
	}, func(db *store.DB) error {
		_, _, err := db.RestoreRecord(ctx, dana, id)
		wantCode(t, err, switchboard.CodeConflict)
		return nil
	})
	if m := storetest.Text(t, db, org, c, "+15125550177", "Hello"); m.Record != nil {
		t.Errorf("a text is on %s, which was merged", m.Record.Name)
	}
}

// What Salesforce took for a duplicate is stood for by the record that exists
// there, or by the one that stands for that by then.
func TestADuplicateAndAMergeAtOnce(t *testing.T) {
	ctx := context.Background()
	nodes, database := twoNodes(t)
	db := nodes[1]
	dana, c := connected(t, db)
	org := dana.OrgID
	ben, cleo := remoteContact(2, "Ben", "(512) 555-0177"), remoteContact(3, "Cleo", "")
	applyRemote(t, db, org, store.Remote{Records: []switchboard.RemoteRecord{ben, cleo}})
	ours := storetest.Contact(t, db, dana, "Ben", "")
	m := storetest.Text(t, db, org, c, "MTN", "Hello")
	if _, err := db.Place(ctx, dana, store.Placement{MessageIDs: []string{m.ID}, RecordID: ours.ID, Remember: true}); err != nil {
		t.Fatal(err)
	}
	meet(t, nodes, database, func(db *store.DB) error {
		applyRemote(t, db, org, store.Remote{Records: []switchboard.RemoteRecord{merged(ben, cleo)}})
		return nil
	}, func(db *store.DB) error {
		_, err := db.AdoptRecord(ctx, dana, ours.ID, ben.SalesforceID)
		return err
	})
	want := bySalesforceID(t, db, org, cleo.SalesforceID)
	next := storetest.Text(t, db, org, c, "MTN", "Hello?")
	for _, m := range []*switchboard.Message{storetest.Message(t, db, org, m.ID), next} {
		if m.Record == nil || m.Record.ID != want.ID {
			t.Errorf("%q is on %+v, want %s", m.Body, m.Record, want.Name)
		}
	}
}

// Whoever writes a record reads its numbers by the settings that hold when it is
// written, or is seen by the reindex that follows their change: another reindex
// finds nothing to mend.
func TestARecordIsReadByTheSettingsThatHold(t *testing.T) {
	ctx := context.Background()
	const mobile, assistant = "(512) 555-0177", "(512) 555-0188"
	fields := switchboard.Fields{"LastName": "Okafor", "MobilePhone": mobile, "AssistantPhone": assistant}
	theirs := remoteContact(1, "Okafor", mobile)
	theirs.Fields["AssistantPhone"] = assistant
	edited, gone := theirs, theirs
	edited.Fields = switchboard.Fields{"LastName": "Okafor", "MobilePhone": assistant, "AssistantPhone": mobile}
	gone.Deleted = true
	type scene struct {
		dana    switchboard.Actor
		channel switchboard.Channel
		ours    *switchboard.Record
		text    *switchboard.Message
	}
	remote := func(records ...switchboard.RemoteRecord) func(*store.DB, scene) error {
		return func(db *store.DB, s scene) error {
			applyRemote(t, db, s.dana.OrgID, store.Remote{Records: records})
			return nil
		}
	}
	writers := map[string]struct{ before, write func(*store.DB, scene) error }{
		"create": {nil, func(db *store.DB, s scene) error {
			_, _, err := db.CreateRecord(ctx, s.dana, switchboard.Contact, fields, switchboard.OriginPerson)
			return err
		}},
		"import": {nil, func(db *store.DB, s scene) error {
			_, err := db.CreateRecords(ctx, s.dana, switchboard.OriginImport, []store.NewRecord{{Object: switchboard.Contact, Fields: fields}})
			return err
		}},
		"place on a new one": {nil, func(db *store.DB, s scene) error {
			_, err := db.PlaceOnNew(ctx, s.dana, switchboard.Contact, fields, store.Placement{MessageIDs: []string{s.text.ID}})
			return err
		}},
		"edit": {nil, func(db *store.DB, s scene) error {
			_, _, err := db.UpdateRecord(ctx, s.dana, s.ours.ID, 0, fields, allow)
			return err
		}},
		"restore": {func(db *store.DB, s scene) error {
			_, _, err := db.UpdateRecord(ctx, s.dana, s.ours.ID, 0, fields, allow)
			if err == nil {
				_, err = db.DeleteRecord(ctx, s.dana, s.ours.ID)
			}
			return err
		}, func(db *store.DB, s scene) error {
			_, _, err := db.RestoreRecord(ctx, s.dana, s.ours.ID)
			return err
		}},
		"create in Salesforce":  {nil, remote(theirs)},
		"edit in Salesforce":    {remote(theirs), remote(edited)},
		"restore in Salesforce": {func(db *store.DB, s scene) error { return errors.Join(remote(theirs)(db, s), remote(gone)(db, s)) }, remote(theirs)},
		"create for a text": {func(db *store.DB, s scene) error {
			u := switchboard.DefaultUnknownNumbers()
			u.Enabled = true
			_, err := db.SetUnknownNumbers(ctx, s.dana, u)
			return err
		}, func(db *store.DB, s scene) error {
			storetest.Text(t, db, s.dana.OrgID, s.channel, "+15125550199", "Hello")
			return nil
		}},
	}
	changes := map[string]func(*store.DB, scene) error{
		"other fields": func(db *store.DB, s scene) error {
			if _, err := db.SetUnknownNumbers(ctx, s.dana, switchboard.DefaultUnknownNumbers()); err != nil {
				return err
			}
			_, err := db.SetPhoneFields(ctx, s.dana, switchboard.PhoneFields{switchboard.Contact: {"AssistantPhone"}})
			return err
		},
		"another region": func(db *store.DB, s scene) error {
			_, err := db.UpdateOrg(ctx, s.dana, store.OrgSettings{Region: "GB"})
			return err
		},
	}
	nodes, database := twoNodes(t)
	db := nodes[1]
	for writer, w := range writers {
		for change, settle := range changes {
			t.Run(writer+", "+change, func(t *testing.T) {
				world, _ := newWorld(t, db)
				s := scene{dana: world.users[0], channel: switchboard.Channel{ID: world.channels[0]}}
				s.ours = storetest.Contact(t, db, s.dana, "Ada", "")
				s.text = storetest.Text(t, db, world.org, s.channel, "MTN", "Hello")
				if _, err := db.SetPhoneFields(ctx, s.dana, switchboard.PhoneFields{switchboard.Contact: {"MobilePhone"}}); err != nil {
					t.Fatal(err)
				}
				if w.before != nil {
					if err := w.before(db, s); err != nil {
						t.Fatal(err)
					}
				}
				// It has read the settings, and locked nothing.
				locks := func(statement string) bool { return strings.HasPrefix(statement, "INSERT INTO sender") }
				meetAt(t, nodes, database, locks, func(db *store.DB) error { return w.write(db, s) }, func(db *store.DB) error {
					if err := settle(db, s); err != nil {
						return err
					}
					return db.Reindex(ctx, world.org, nil)
				})
				before := rows(t, world, "record_number")
				if err := db.Reindex(ctx, world.org, nil); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(before, rows(t, world, "record_number")); diff != "" {
					t.Errorf("another reindex changed (-before +after):\n%s", diff)
				}
			})
		}
	}
}
