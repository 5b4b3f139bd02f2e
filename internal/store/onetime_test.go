package store_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
	"github.com/switchboardhq/switchboard/internal/store/storetest"
)

func TestASignInLinkWorksOnce(t *testing.T) {
	storetest.EachClock(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		ctx := context.Background()
		dana := storetest.Admin(t, db)
		token, err := db.CreateSignInLink(ctx, dana, dana.ID)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // looking at it, as a mail scanner does, uses nothing up
			if l, err := db.PeekLink(ctx, token); err != nil || l.User.ID != dana.ID || l.SetUp {
				t.Fatalf("the link leads to %+v, %v", l, err)
			}
		}
		var wg sync.WaitGroup
		errs := make([]error, 4)
		for i := range errs {
			wg.Go(func() { _, errs[i] = db.UseLink(ctx, token) })
		}
		wg.Wait()
		used := 0
		for _, err := range errs {
			if err == nil {
				used++
			} else {
				wantCode(t, err, switchboard.CodeLinkExpired)
			}
		}
		if used != 1 {
			t.Errorf("the link was used %d times", used)
		}
		_, err = db.PeekLink(ctx, token)
		wantCode(t, err, switchboard.CodeLinkExpired)

		old, err := db.CreateSignInLink(ctx, dana, dana.ID)
		if err != nil {
			t.Fatal(err)
		}
		clock.Advance(14 * time.Minute)
		if _, err := db.PeekLink(ctx, old); err != nil {
			t.Errorf("after 14 minutes: %v", err)
		}
		clock.Advance(2 * time.Minute)
		_, err = db.UseLink(ctx, old)
		wantCode(t, err, switchboard.CodeLinkExpired)
		_, err = db.UseLink(ctx, "made up")
		wantCode(t, err, switchboard.CodeLinkExpired)
	})
}

func TestTheSetupLinkIsDeadOnceThereIsAnAdmin(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		org := storetest.Org(t, db)
		first, err := db.CreateSetupLink(ctx, org)
		if err != nil {
			t.Fatal(err)
		}
		second, err := db.CreateSetupLink(ctx, org)
		if err != nil {
			t.Fatal(err)
		}
		if l, err := db.PeekLink(ctx, first); err != nil || !l.SetUp || l.OrgID != org {
			t.Errorf("the set-up link is %+v, %v", l, err)
		}
		_, err = db.UseLink(ctx, first)
		wantCode(t, err, switchboard.CodeInvalid)

		if has, err := db.HasAdmin(ctx, org); has || err != nil {
			t.Errorf("an admin before set-up: %v, %v", has, err)
		}
		_, err = db.SetUp(ctx, first, store.NewUser{Name: "Dana Reyes", Email: "dana@example.com"}, store.OrgSettings{TimeZone: "Mars/Olympus"})
		wantCode(t, err, switchboard.CodeInvalid)
		u, err := db.SetUp(ctx, first, store.NewUser{Name: "Dana Reyes", Email: "dana@example.com", PasswordHash: "hash"}, store.OrgSettings{Name: "Northside", Region: "GB", TimeZone: "Europe/London"})
		if err != nil || u.Role != switchboard.Admin {
			t.Fatalf("set-up made %+v, %v", u, err)
		}
		if _, hash, _ := db.PasswordHash(ctx, org, "dana@example.com"); hash != "hash" {
			t.Error("set-up lost the password")
		}
		if s, _ := db.Settings(ctx, org); s.OrgName != "Northside" || s.Region != "GB" || s.TimeZone != "Europe/London" {
			t.Errorf("set-up left the settings %+v", s)
		}
		_, err = db.SetUp(ctx, first, store.NewUser{Name: "Eve", Email: "eve@example.com"}, store.OrgSettings{})
		wantCode(t, err, switchboard.CodeLinkExpired)
		_, err = db.SetUp(ctx, second, store.NewUser{Name: "Eve", Email: "eve@example.com"}, store.OrgSettings{})
		wantCode(t, err, switchboard.CodeSetUpDone)
		_, err = db.CreateSetupLink(ctx, org)
		wantCode(t, err, switchboard.CodeSetUpDone)
	})
}

func TestSessionsEnd(t *testing.T) {
	storetest.EachClock(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		ctx := context.Background()
		s := db.Sessions(ctx)
		commitSession(t, db, "short", "", clock.Now().Add(time.Minute))
		commitSession(t, db, "long", "", clock.Now().Add(time.Hour))
		commitSession(t, db, "long", "", clock.Now().Add(2*time.Hour))
		found := func(token string) bool {
			_, ok, err := s.Find(token)
			if err != nil {
				t.Fatal(err)
			}
			return ok
		}
		if !found("short") || !found("long") || found("other") {
			t.Error("sessions that were stored are not found, or others are")
		}
		clock.Advance(2 * time.Minute)
		if found("short") || !found("long") {
			t.Error("a session outlives its time, or doesn't last as long")
		}
		if n, err := s.Clean(ctx); n != 1 || err != nil {
			t.Errorf("cleaning forgot %d sessions, %v; want 1", n, err)
		}
		if err := s.Delete("long"); err != nil || found("long") {
			t.Errorf("the session was ended and goes on, %v", err)
		}
		if err := s.Delete("long"); err != nil {
			t.Errorf("ending it again: %v", err)
		}
	})
}

func TestAnAPIKeyWorksUntilItIsRevoked(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		dana := storetest.Admin(t, db)
		k, key, err := db.CreateAPIKey(ctx, dana, "Reports", switchboard.Viewer)
		if err != nil || !strings.HasPrefix(key, "sbk_") {
			t.Fatalf("made %q, %v", key, err)
		}
		want := switchboard.Actor{OrgID: dana.OrgID, ID: k.ID, Name: "Reports", Role: switchboard.Viewer, Key: true}
		if got, err := db.ActorByKey(ctx, key); err != nil || got != want {
			t.Errorf("the key acts as %+v, %v; want %+v", got, err, want)
		}
		_, err = db.ActorByKey(ctx, key+"x")
		wantCode(t, err, switchboard.CodeUnauthorized)
		if err := db.RevokeAPIKey(ctx, dana, k.ID); err != nil {
			t.Fatal(err)
		}
		_, err = db.ActorByKey(ctx, key)
		wantCode(t, err, switchboard.CodeUnauthorized)
		keys, err := db.APIKeys(ctx, dana.OrgID)
		if err != nil || len(keys) != 1 || keys[0].RevokedAt.IsZero() {
			t.Errorf("the keys are %+v, %v", keys, err)
		}
		wantCode(t, db.RevokeAPIKey(ctx, dana, "none"), switchboard.CodeNotFound)
	})
}
