package store_test

import (
	"context"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
	"github.com/switchboardhq/switchboard/internal/store/storetest"
)

// meet runs first on one node up to its COMMIT, and then second on another: it
// lets first go on when second waits for it, or has ended.
func meet(t *testing.T, nodes [2]*store.DB, database string, first, second func(*store.DB) error) {
	t.Helper()
	there, on := make(chan struct{}), make(chan struct{})
	var once sync.Once
	skip := 0
	err := nodes[0].Linger(database, func(statement string) {
		switch {
		case strings.HasPrefix(statement, "SET LOCAL"):
			skip++ // a text's number is reserved beforehand
		case !strings.EqualFold(statement, "commit"):
		case skip > 0:
			skip--
		default:
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
			config := storetest.Config(t, storetest.Postgres, storetest.NewClock())
			nodes := [2]*store.DB{storetest.OpenConfig(t, config), storetest.OpenConfig(t, config)}
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
			meet(t, nodes, config.Database, func(db *store.DB) error { return change(db, dana, ada.ID) }, func(db *store.DB) error {
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
	config := storetest.Config(t, storetest.Postgres, storetest.NewClock())
	nodes := [2]*store.DB{storetest.OpenConfig(t, config), storetest.OpenConfig(t, config)}
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
	meet(t, nodes, config.Database, func(db *store.DB) error {
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
	merged := func(r, into switchboard.RemoteRecord) store.Remote {
		r.Deleted, r.MasterID = true, into.SalesforceID
		return store.Remote{ReadAt: time.Now().AddDate(1000, 0, 0), Records: []switchboard.RemoteRecord{r}}
	}
	for name, change := range map[string]func(db *store.DB, dana switchboard.Actor, ben string) error{
		"delete": func(db *store.DB, dana switchboard.Actor, ben string) error {
			_, err := db.DeleteRecord(ctx, dana, ben)
			return err
		},
		"merge": func(db *store.DB, dana switchboard.Actor, _ string) error {
			_, err := db.ApplyRemote(ctx, dana.OrgID, merged(ben, cleo))
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			config := storetest.Config(t, storetest.Postgres, storetest.NewClock())
			nodes := [2]*store.DB{storetest.OpenConfig(t, config), storetest.OpenConfig(t, config)}
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
			applyRemote(t, db, org, merged(ada, ben))
			meet(t, nodes, config.Database, func(db *store.DB) error {
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
