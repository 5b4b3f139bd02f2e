package desk_test

import (
	"testing"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
	"github.com/switchboardhq/switchboard/internal/store/storetest"
)

func TestWhoMayDoWhatAboutSalesforce(t *testing.T) {
	storetest.EachClock(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		d, ctx := newDesk(db, clock), t.Context()
		dana := storetest.Admin(t, db)
		agent, viewer := storetest.User(t, db, "Sam Ortiz", switchboard.Agent), storetest.User(t, db, "Kim Lee", switchboard.Viewer)
		r := storetest.Contact(t, db, dana, "Ada Okafor", "(512) 555-0177")
		c := store.Salesforce{SalesforceSettings: store.SalesforceSettings{Method: "client_credentials", LoginURL: "https://acme.my.salesforce.com", ClientID: "id", APIVersion: "62.0"},
			UserID: dana.ID, SalesforceUserID: "0055g000004CVEpAAO", SalesforceOrgID: "00D5g000004CVEpEAO"}
		if err := d.ConnectSalesforce(ctx, dana, c, store.SalesforceSecret{ClientSecret: "hush"}); err != nil {
			t.Fatal(err)
		}
		adopt := func(actor switchboard.Actor) error {
			_, err := d.UseExisting(ctx, actor, r.ID, "0035g000004CVEpAAO")
			return err
		}
		for _, x := range []struct {
			what   string
			do     func(switchboard.Actor) error
			agents bool
		}{
			{"connecting", func(a switchboard.Actor) error { return d.ConnectSalesforce(ctx, a, c, store.SalesforceSecret{}) }, false},
			{"disconnecting", func(a switchboard.Actor) error { return d.DisconnectSalesforce(ctx, a) }, false},
			{"syncing", func(a switchboard.Actor) error { return d.SyncSalesforce(ctx, a) }, false},
			{"retrying a text", func(a switchboard.Actor) error { return d.RetrySalesforce(ctx, a, store.KindMessagePush, "m") }, false},
			{"retrying a record", func(a switchboard.Actor) error { return d.RetrySalesforce(ctx, a, store.KindRecordPush, r.ID) }, true},
			{"using the existing one", adopt, true},
		} {
			if err := x.do(viewer); switchboard.ErrorCode(err) != switchboard.CodeForbidden {
				t.Errorf("%s by a viewer: %v", x.what, err)
			}
			if err := x.do(agent); (switchboard.ErrorCode(err) == switchboard.CodeForbidden) == x.agents {
				t.Errorf("%s by an agent: %v", x.what, err)
			}
		}
		if err := adopt(dana); switchboard.ErrorCode(err) != switchboard.CodeNotFound {
			t.Errorf("using one that is not here: %v", err)
		}
		if _, err := d.UseExisting(ctx, dana, r.ID, "' OR 1=1"); switchboard.ErrorCode(err) != switchboard.CodeInvalid {
			t.Errorf("using what is no id: %v", err)
		}
	})
}
