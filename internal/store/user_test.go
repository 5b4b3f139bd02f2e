package store_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
	"github.com/switchboardhq/switchboard/internal/store/storetest"
)

func TestAUsersEmailIsTakenOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		dana := storetest.Admin(t, db)
		_, err := db.CreateUser(ctx, dana, store.NewUser{Name: "Other", Email: "dana@example.com", Role: switchboard.Agent})
		wantCode(t, err, switchboard.CodeAlreadyExists)
		u, err := db.UserByEmail(ctx, dana.OrgID, "dana@example.com")
		if err != nil || u.ID != dana.ID || u.Name != "Dana Reyes" || u.Role != switchboard.Admin || !u.Active {
			t.Errorf("dana@example.com is %+v, %v", u, err)
		}
		_, err = db.UserByEmail(ctx, dana.OrgID, "nobody@example.com")
		wantCode(t, err, switchboard.CodeNotFound)
	})
}

func TestTheFirstAdminTakesChannelsThatNobodyAuthenticated(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		c := storetest.Channel(t, db, storetest.System(t, db))
		m := storetest.Text(t, db, storetest.Org(t, db), c, "+15125550177", "Before anybody is there")

		sam := storetest.User(t, db, "Sam Ortiz", switchboard.Agent)
		dana := storetest.Admin(t, db)
		got, err := db.Channel(ctx, dana.OrgID, c.ID)
		if err != nil || got.AuthenticatedBy != dana.ID {
			t.Errorf("the channel is authenticated by %q, %v; want Dana", got.AuthenticatedBy, err)
		}
		if got := bells(t, db, dana, sam); got["Dana Reyes"] != 1 || len(got) != 1 {
			t.Errorf("the text that waited (%s) rings %v, want Dana alone", m.Name(), got)
		}
		storetest.User(t, db, "Eve Lund", switchboard.Admin)
		if got, _ := db.Channel(ctx, dana.OrgID, c.ID); got.AuthenticatedBy != dana.ID {
			t.Error("the second admin took the channel")
		}
	})
}

func TestWhoIsDisabledIsOutAndTheOtherAdminsHear(t *testing.T) {
	storetest.EachClock(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		ctx := context.Background()
		dana := storetest.Admin(t, db)
		eve := storetest.User(t, db, "Eve Lund", switchboard.Admin)
		sam := storetest.User(t, db, "Sam Ortiz", switchboard.Agent)
		c := storetest.Channel(t, db, dana)
		const senders = 230 // more than are settled at once
		texts := make([]switchboard.Event, senders)
		for i := range texts {
			texts[i].Text = &switchboard.Text{ProviderMessageID: fmt.Sprint(i), Sender: fmt.Sprintf("+1512555%04d", i), Body: "Hello"}
		}
		storetest.Receive(t, db, dana.OrgID, c, texts...)
		if got := bells50(t, db, dana); got != senders {
			t.Fatalf("Dana has %d open notifications, want %d", got, senders)
		}
		commitSession(t, db, "token", dana.ID, clock.Now().Add(time.Hour))
		link, err := db.CreateSignInLink(ctx, eve, dana.ID)
		if err != nil {
			t.Fatal(err)
		}

		if _, err := db.SetUserActive(ctx, eve, dana.ID, false); err != nil {
			t.Fatal(err)
		}
		if got := bells50(t, db, dana); got != 0 {
			t.Errorf("Dana is disabled and has %d open notifications", got)
		}
		if got := bells50(t, db, eve); got != senders {
			t.Errorf("Eve has %d open notifications, want %d", got, senders)
		}
		if got := bells50(t, db, sam); got != 0 {
			t.Errorf("Sam, no admin, has %d open notifications", got)
		}
		if _, found, err := db.Sessions(ctx).FindCtx(ctx, "token"); found || err != nil {
			t.Errorf("Dana's session goes on: %v, %v", found, err)
		}
		commitSession(t, db, "token", dana.ID, clock.Now().Add(time.Hour)) // a request that was under way
		if _, found, _ := db.Sessions(ctx).FindCtx(ctx, "token"); found {
			t.Error("Dana's session came back")
		}
		_, err = db.PeekLink(ctx, link)
		wantCode(t, err, switchboard.CodeLinkExpired)
		_, err = db.CreateSignInLink(ctx, eve, dana.ID)
		wantCode(t, err, switchboard.CodeConflict)

		if _, err := db.SetUserActive(ctx, eve, dana.ID, true); err != nil {
			t.Fatal(err)
		}
		if d, e := bells50(t, db, dana), bells50(t, db, eve); d != senders || e != 0 {
			t.Errorf("Dana is back: %d notifications for her, %d for Eve", d, e)
		}
	})
}

// bells50 counts a user's open notifications, page by page.
func bells50(t *testing.T, db *store.DB, u switchboard.Actor) int {
	t.Helper()
	n, cursor := 0, ""
	for {
		list, next, err := db.Notifications(context.Background(), u.OrgID, store.NotificationFilter{UserID: u.ID, State: switchboard.Unread, Page: store.Page{Limit: 50, Cursor: cursor}})
		if err != nil {
			t.Fatal(err)
		}
		n += len(list)
		if cursor = next; cursor == "" {
			return n
		}
	}
}

func commitSession(t *testing.T, db *store.DB, token, user string, expiry time.Time) {
	t.Helper()
	b, err := scs.GobCodec{}.Encode(expiry, map[string]any{store.SessionUser: user})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Sessions(t.Context()).CommitCtx(t.Context(), token, b, expiry); err != nil {
		t.Fatal(err)
	}
}

func TestTheLastAdminStays(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		dana := storetest.Admin(t, db)
		_, err := db.SetUserActive(ctx, dana, dana.ID, false)
		wantCode(t, err, switchboard.CodeConflict)
		_, err = db.SetUserRole(ctx, dana, dana.ID, switchboard.Agent)
		wantCode(t, err, switchboard.CodeConflict)

		// Of two admins who take each other's role away at once, one stays.
		eve := storetest.User(t, db, "Eve Lund", switchboard.Admin)
		errs := make([]error, 2)
		var wg sync.WaitGroup
		wg.Go(func() { _, errs[0] = db.SetUserRole(ctx, dana, eve.ID, switchboard.Viewer) })
		wg.Go(func() { _, errs[1] = db.SetUserActive(ctx, eve, dana.ID, false) })
		wg.Wait()
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Errorf("the two changes: %v and %v; one has to succeed", errs[0], errs[1])
		}
		users, err := db.Users(ctx, dana.OrgID)
		if err != nil {
			t.Fatal(err)
		}
		admins := 0
		for _, u := range users {
			if u.Active && u.Role == switchboard.Admin {
				admins++
			}
		}
		if admins != 1 {
			t.Errorf("%d active admins are left: %+v", admins, users)
		}
	})
}

func TestAPasswordSignsOutEverywhere(t *testing.T) {
	storetest.EachClock(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		ctx := context.Background()
		dana := storetest.Admin(t, db)
		sam := storetest.User(t, db, "Sam Ortiz", switchboard.Agent)
		commitSession(t, db, "danas", dana.ID, clock.Now().Add(time.Hour))
		commitSession(t, db, "sams", sam.ID, clock.Now().Add(time.Hour))
		if err := db.SetPasswordHash(ctx, dana, dana.ID, "hash"); err != nil {
			t.Fatal(err)
		}
		u, hash, err := db.PasswordHash(ctx, dana.OrgID, "dana@example.com")
		if err != nil || u.ID != dana.ID || hash != "hash" {
			t.Errorf("the password of dana@example.com: %v, %q, %v", u.ID, hash, err)
		}
		if _, found, _ := db.Sessions(ctx).FindCtx(ctx, "danas"); found {
			t.Error("Dana's session goes on after a new password")
		}
		if _, found, _ := db.Sessions(ctx).FindCtx(ctx, "sams"); !found {
			t.Error("Sam was signed out by Dana's password")
		}
		wantCode(t, db.SetPasswordHash(ctx, dana, "nobody", "hash"), switchboard.CodeNotFound)
	})
}

func TestPreferencesAreOnesOwn(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		dana := storetest.Admin(t, db)
		sam := storetest.User(t, db, "Sam Ortiz", switchboard.Agent)
		if err := db.SetPreferences(ctx, sam, store.Preferences{Theme: "dark", KeysOff: true}); err != nil {
			t.Fatal(err)
		}
		if p, err := db.Preferences(ctx, sam.OrgID, sam.ID); err != nil || p != (store.Preferences{Theme: "dark", KeysOff: true}) {
			t.Errorf("Sam's preferences: %+v, %v", p, err)
		}
		if p, err := db.Preferences(ctx, dana.OrgID, dana.ID); err != nil || p != (store.Preferences{}) {
			t.Errorf("Dana's preferences: %+v, %v", p, err)
		}
		wantCode(t, db.SetPreferences(ctx, sam, store.Preferences{Theme: "pink"}), switchboard.CodeInvalid)
	})
}

// A text that is being stored while its channel's user is disabled is told to
// somebody who is there.
func TestATextDuringAChangeOfUsersIsHeard(t *testing.T) {
	clock := storetest.NewClock()
	db := storetest.Open(t, storetest.Postgres, clock) // SQLite has one writer
	ctx := context.Background()
	dana := storetest.Admin(t, db)
	eve := storetest.User(t, db, "Eve Lund", switchboard.Admin)
	c := storetest.Channel(t, db, dana)
	text := switchboard.Event{Text: &switchboard.Text{ProviderMessageID: "1", Sender: "+15125550177", Body: "Hello"}}
	err := db.ReceiveThen(ctx, dana.OrgID, []store.Delivery{{ChannelID: c.ID, Events: []switchboard.Event{text}}}, func() {
		if _, err := db.SetUserActive(ctx, eve, dana.ID, false); err != nil {
			t.Error(err)
		}
		clock.Advance(14 * time.Second) // it may take 15
		if err := db.SettleBells(ctx, dana.OrgID); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	clock.Advance(time.Minute)
	if err := db.SettleBells(ctx, dana.OrgID); err != nil {
		t.Fatal(err)
	}
	if d, e := bells50(t, db, dana), bells50(t, db, eve); d != 0 || e != 1 {
		t.Errorf("the text rings %d times for Dana, who is disabled, and %d times for Eve", d, e)
	}
}
