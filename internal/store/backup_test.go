package store_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
	"github.com/switchboardhq/switchboard/internal/store/storetest"
)

// A copy that is taken while texts come in holds a beginning of them: each of
// its texts whole, and none without those before it.
func TestBackupWhileWritingIsConsistent(t *testing.T) {
	c := storetest.Config(t, storetest.SQLite, storetest.NewClock())
	db := storetest.OpenConfig(t, c)
	admin := storetest.Admin(t, db)
	channel := storetest.Channel(t, db, admin)
	storetest.Text(t, db, admin.OrgID, channel, "+15125550177", "text 0")

	var writing sync.WaitGroup
	ctx, stop := context.WithCancel(t.Context())
	writing.Go(func() {
		for i := 1; ctx.Err() == nil; i++ {
			storetest.Text(t, db, admin.OrgID, channel, "+15125550177", fmt.Sprint("text ", i))
		}
	})
	file := filepath.Join(t.TempDir(), "copy.db")
	if err := store.Backup(t.Context(), c.Dir, file); err != nil {
		t.Error(err)
	}
	stop()
	writing.Wait()
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("the copy: %v, %v; want it readable by its owner alone", info.Mode(), err)
	}
	if err := store.Backup(t.Context(), c.Dir, file); err == nil || !strings.Contains(err.Error(), "is there already") {
		t.Errorf("a second backup to one file: %v", err)
	}

	elsewhere := storetest.Config(t, storetest.SQLite, storetest.NewClock())
	elsewhere.Key = c.Key
	if kept, err := store.Restore(t.Context(), elsewhere.Dir, file); err != nil || kept != "" {
		t.Fatalf("restore: kept %q, %v", kept, err)
	}
	restored := storetest.OpenConfig(t, elsewhere)
	messages, _, err := restored.Messages(t.Context(), admin.OrgID, store.MessageFilter{Page: store.Page{Limit: 500}})
	if err != nil || len(messages) == 0 {
		t.Fatalf("%d messages in the copy, %v", len(messages), err)
	}
	for i, m := range messages {
		if want := fmt.Sprint("text ", len(messages)-1-i); m.Body != want {
			t.Fatalf("message %d of the copy is %q, want %q", i, m.Body, want)
		}
	}
	bells, _, err := restored.Notifications(t.Context(), admin.OrgID, store.NotificationFilter{Page: store.Page{Limit: 10}})
	if err != nil || len(bells) != 1 || bells[0].Count != len(messages) {
		t.Errorf("the copy's notifications %+v, %v; want one that counts its %d messages", bells, err, len(messages))
	}
	if _, err := restored.WebhookToken(t.Context(), admin.OrgID, channel.ID); err != nil {
		t.Errorf("the copy's secrets can't be read: %v", err)
	}
}

func TestRestoreKeepsWhatItReplaces(t *testing.T) {
	c := storetest.Config(t, storetest.SQLite, storetest.NewClock())
	db, err := store.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	admin := storetest.Admin(t, db)
	storetest.Contact(t, db, admin, "Before", "")
	file := filepath.Join(t.TempDir(), "copy.db")
	if err := store.Backup(t.Context(), c.Dir, file); err != nil {
		t.Fatal(err)
	}
	storetest.Contact(t, db, admin, "After", "")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	kept, err := store.Restore(t.Context(), c.Dir, file)
	if err != nil || kept == "" {
		t.Fatalf("restore: kept %q, %v", kept, err)
	}
	if got := namesIn(t, c, admin); got != "Before" {
		t.Errorf("after restore: %q", got)
	}
	if err := os.Rename(kept, filepath.Join(c.Dir, store.DatabaseFile)); err != nil {
		t.Fatal(err)
	}
	if got := namesIn(t, c, admin); got != "After Before" {
		t.Errorf("what was replaced: %q", got)
	}
	broken := filepath.Join(t.TempDir(), "broken.db")
	if err := os.WriteFile(broken, []byte("SQLite format 3\x00 and then nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Restore(t.Context(), c.Dir, broken); err == nil {
		t.Error("a broken copy was restored")
	}
	if got := namesIn(t, c, admin); got != "After Before" {
		t.Errorf("after a restore that failed: %q", got)
	}
}

// namesIn returns the names of the records in the store at c, newest first.
func namesIn(t *testing.T, c store.Config, by switchboard.Actor) string {
	t.Helper()
	db, err := store.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	records, _, err := db.Records(t.Context(), by.OrgID, store.RecordFilter{Page: store.Page{Limit: 10}})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range records {
		got = append(got, r.Name)
	}
	return strings.Join(got, " ")
}
