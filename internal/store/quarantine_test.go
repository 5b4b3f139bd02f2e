package store_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/seal"
	"github.com/switchboardhq/switchboard/internal/store"
	"github.com/switchboardhq/switchboard/internal/store/storetest"
)

func TestTheQuarantineKeepsWhatCouldNotBeRead(t *testing.T) {
	storetest.EachClock(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		ctx := context.Background()
		dana := storetest.Admin(t, db)
		c := storetest.Channel(t, db, dana)
		first := store.NewQuarantined{ChannelID: c.ID, ReceivedAt: clock.Now(), Reason: "The body is not JSON.", Request: []byte("POST \x00\xff"), Same: "a", Size: 2}
		second := store.NewQuarantined{ChannelID: c.ID, ReceivedAt: clock.Now(), Reason: "It names no sender.", Request: []byte("POST {}"), Same: "b", Size: 2}
		for _, n := range []store.NewQuarantined{first, second, first} {
			if err := db.Quarantine(ctx, dana.OrgID, n); err != nil {
				t.Fatal(err)
			}
		}
		list, next, err := db.Quarantined(ctx, dana.OrgID, store.Page{Limit: 1})
		if err != nil || next == "" || len(list) != 1 || list[0].Reason != second.Reason {
			t.Fatalf("the newest is %+v, %q, %v", list, next, err)
		}
		list, next, err = db.Quarantined(ctx, dana.OrgID, store.Page{Limit: 1, Cursor: next})
		if err != nil || next != "" || len(list) != 1 {
			t.Fatalf("the one before is %+v, %q, %v", list, next, err)
		}
		item, request, err := db.OpenQuarantined(ctx, dana.OrgID, list[0].ID)
		if err != nil || !bytes.Equal(request, first.Request) || item.Provider != "generic" || item.Size != 2 || !item.ReceivedAt.Equal(first.ReceivedAt) {
			t.Errorf("opened: %+v, %q, %v", item, request, err)
		}
		for range 2 {
			if err := db.MarkReplayed(ctx, dana, item.ID); err != nil {
				t.Fatal(err)
			}
		}
		if list, _, _ := db.Quarantined(ctx, dana.OrgID, store.Page{Limit: 10}); len(list) != 1 || list[0].ID == item.ID {
			t.Errorf("after it was replayed the list is %+v", list)
		}
		if err := db.Quarantine(ctx, dana.OrgID, first); err != nil { // the provider sends it once more
			t.Fatal(err)
		}
		if list, _, _ := db.Quarantined(ctx, dana.OrgID, store.Page{Limit: 10}); len(list) != 1 {
			t.Errorf("what was replayed came back: %+v", list)
		}
		_, _, err = db.OpenQuarantined(ctx, dana.OrgID, "none")
		wantCode(t, err, switchboard.CodeNotFound)
		wantCode(t, db.Quarantine(ctx, dana.OrgID, store.NewQuarantined{ChannelID: "none"}), switchboard.CodeNotFound)
	})
}

// What must not be readable in the database is not, and another key does not open it.
func TestSecretsAreSealed(t *testing.T) {
	clock := storetest.NewClock()
	config := storetest.Config(t, storetest.SQLite, clock)
	db := storetest.OpenConfig(t, config)
	ctx := context.Background()
	dana := storetest.Admin(t, db)
	const needle = "needle-in-the-database"
	c, token, err := db.CreateChannel(ctx, dana, store.NewChannel{Provider: "generic", Region: "US", Secret: needle + "-secret"})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Quarantine(ctx, dana.OrgID, store.NewQuarantined{ChannelID: c.ID, Request: []byte(needle + "-request")}); err != nil {
		t.Fatal(err)
	}
	_, key, err := db.CreateAPIKey(ctx, dana, "Reports", switchboard.Viewer)
	if err != nil {
		t.Fatal(err)
	}
	link, err := db.CreateSignInLink(ctx, dana, dana.ID)
	if err != nil {
		t.Fatal(err)
	}
	commitSession(t, db, "session-token-of-dana", dana.ID, clock.Now().Add(1e15))
	var stored []byte
	for _, name := range []string{store.DatabaseFile, store.DatabaseFile + "-wal"} {
		b, err := os.ReadFile(filepath.Join(config.Dir, name))
		if err != nil {
			t.Fatal(err)
		}
		stored = append(stored, b...)
	}
	if !bytes.Contains(stored, []byte("dana@example.com")) {
		t.Fatal("this test does not look where things are stored")
	}
	for what, secret := range map[string]string{"a sealed value": needle, "a webhook token": token, "an API key": key, "a sign-in link": link, "a session": "session-token-of-dana"} {
		if bytes.Contains(stored, []byte(secret)) {
			t.Errorf("%s stands in the database", what)
		}
	}

	list, _, err := db.Quarantined(ctx, dana.OrgID, store.Page{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	if config.Key, err = seal.Generate(); err != nil {
		t.Fatal(err)
	}
	other := storetest.OpenConfig(t, config)
	_, _, err = other.OpenQuarantined(ctx, dana.OrgID, list[0].ID)
	wantCode(t, err, switchboard.CodeUnavailable)
	if a, err := other.AccountByToken(ctx, "generic", token); err != nil || a.SecretErr == nil || a.Secret != "" {
		t.Errorf("another key opened the secret: %+v, %v", a, err)
	}
}
