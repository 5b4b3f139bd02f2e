package store_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
	"github.com/switchboardhq/switchboard/internal/store/storetest"
)

// told claims the jobs for the webhook, ends them, and returns whom they are about.
func told(t *testing.T, db *store.DB) []string {
	t.Helper()
	jobs, err := db.ClaimJobs(context.Background(), store.KindWebhook, 100, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	var subjects []string
	for _, j := range jobs {
		subjects = append(subjects, j.SubjectID)
		finish(t, db, store.JobResult{Job: j})
	}
	return subjects
}

func bell(t *testing.T, db *store.DB, a switchboard.Actor) switchboard.Notification {
	t.Helper()
	b, err := db.OpenNotifications(context.Background(), a.OrgID, a.ID, 10)
	if err != nil || len(b.Notifications) != 1 {
		t.Fatalf("%d notifications are open, %v", len(b.Notifications), err)
	}
	return b.Notifications[0]
}

// A job is written when a notification becomes unread, and at no other time,
// and only for an org that has somebody to tell.
func TestWhenTheWebhookIsTold(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		dana := storetest.Admin(t, db)
		c := storetest.Channel(t, db, dana)
		const from = "+12065550142"
		want := func(when string, n int) {
			t.Helper()
			if got := told(t, db); len(got) != n || n > 0 && got[0] != bell(t, db, dana).ID {
				t.Errorf("%s: told of %v, want %d", when, got, n)
			}
		}
		times := func(n int64) {
			t.Helper()
			if r, err := db.Raised(ctx, dana.OrgID, bell(t, db, dana).ID); err != nil || r.Times != n {
				t.Errorf("raised %d times, %v, want %d", r.Times, err, n)
			}
		}
		storetest.Text(t, db, dana.OrgID, c, "+12065550143", "Nobody is told of this")
		if _, err := db.SetEndpoint(ctx, dana, "https://pager.example/hook"); err != nil {
			t.Fatal(err)
		}
		if got := told(t, db); len(got) != 0 {
			t.Errorf("told of what came before there was a webhook: %v", got)
		}
		if _, err := db.MarkAllRead(ctx, dana); err != nil {
			t.Fatal(err)
		}
		quiet := storetest.Contact(t, db, dana, "Jo Martin", "+12065550143") // places it: the bell is cleared
		if got := told(t, db); len(got) != 0 {
			t.Errorf("told of what no longer waits: %v", got)
		}
		storetest.Text(t, db, dana.OrgID, c, "+12065550143", "It goes to "+quiet.Name)
		if got := told(t, db); len(got) != 0 {
			t.Errorf("told of what the rule placed: %v", got)
		}

		first := storetest.Text(t, db, dana.OrgID, c, from, "Hello")
		want("a first text", 1)
		times(1)
		second := storetest.Text(t, db, dana.OrgID, c, from, "Hello?")
		want("another one while nobody has read it", 0)
		if _, err := db.MarkRead(ctx, dana, bell(t, db, dana).ID); err != nil {
			t.Fatal(err)
		}
		want("somebody has read it", 0)
		third := storetest.Text(t, db, dana.OrgID, c, from, "Is anybody there?")
		want("one after it was read", 1)
		times(2)
		changed, err := db.Place(ctx, dana, store.Placement{MessageIDs: []string{first.ID, second.ID, third.ID}, RecordID: quiet.ID})
		if err != nil {
			t.Fatal(err)
		}
		want("all are placed", 0)
		if _, err := db.Undo(ctx, dana, changed.Undo); err != nil {
			t.Fatal(err)
		}
		want("that is undone", 1)
		times(2) // no other raising: a receiver that has taken it is not told again
		if err := db.DeleteEndpoint(ctx, dana); err != nil {
			t.Fatal(err)
		}
		storetest.Text(t, db, dana.OrgID, c, "+12065550144", "Nobody is told of this either")
		want("the webhook is removed", 0)
	})
}

func TestASecretBelongsToOneAddress(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		dana := storetest.Admin(t, db)
		_, err := db.Endpoint(ctx, dana.OrgID)
		wantCode(t, err, switchboard.CodeNotFound)
		wantCode(t, db.DeleteEndpoint(ctx, dana), switchboard.CodeNotFound)
		set := func(url string) string {
			t.Helper()
			secret, err := db.SetEndpoint(ctx, dana, url)
			if err != nil {
				t.Fatal(err)
			}
			return secret
		}
		before, err := db.Settings(ctx, dana.OrgID)
		if err != nil {
			t.Fatal(err)
		}
		first := set("https://a.example/")
		if s, err := db.EndpointSecret(ctx, dana.OrgID); err != nil || s != first || !strings.HasPrefix(s, "whsec_") {
			t.Errorf("the secret is %q, %v, was shown as %q", s, err, first)
		}
		after, err := db.Settings(ctx, dana.OrgID)
		if err != nil || after.Version <= before.Version {
			t.Errorf("the settings' version went from %d to %d, %v", before.Version, after.Version, err)
		}
		if again := set("https://a.example/"); again != "" {
			t.Error("the secret of the same address is shown again")
		}
		second := set("https://b.example/")
		if s, err := db.EndpointSecret(ctx, dana.OrgID); err != nil || s != second || s == first {
			t.Errorf("another address has the secret %q, %v", s, err)
		}
		if e, err := db.Endpoint(ctx, dana.OrgID); err != nil || e.URL != "https://b.example/" {
			t.Errorf("the webhook is %+v, %v", e, err)
		}
		trail, _, err := db.AuditTrail(ctx, dana.OrgID, store.AuditFilter{Page: store.Page{Limit: 10}})
		if err != nil || trail[0].Action != "endpoint.set" || trail[0].Detail != "" {
			t.Errorf("the trail says %+v, %v", trail, err)
		}
	})
}
