package store_test

import (
	"testing"
	"time"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
	"github.com/switchboardhq/switchboard/internal/store/storetest"
)

// giveUp ends every job of the kind that is due as dead, and returns their
// subjects.
func giveUp(t *testing.T, db *store.DB, kind, why string) []string {
	t.Helper()
	jobs, err := db.ClaimJobs(t.Context(), kind, 100, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	var subjects []string
	for _, j := range jobs {
		subjects = append(subjects, j.SubjectID)
		if err := db.FinishJobs(t.Context(), []store.JobResult{{Job: j, Error: why}}); err != nil {
			t.Fatal(err)
		}
	}
	return subjects
}

func unwritten(t *testing.T, db *store.DB, org string) map[string]store.Unwritten {
	t.Helper()
	list, err := db.Unwritten(t.Context(), org, 100)
	if err != nil {
		t.Fatal(err)
	}
	by := map[string]store.Unwritten{}
	for _, u := range list {
		if _, twice := by[u.SubjectID]; twice {
			t.Errorf("%s is listed twice", u.SubjectID)
		}
		by[u.SubjectID] = u
	}
	return by
}

// What is listed as not written is so, and nothing is that went well since.
func TestUnwritten(t *testing.T) {
	storetest.EachClock(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		ctx := t.Context()
		dana, channel := connected(t, db)
		org := dana.OrgID
		r := storetest.Contact(t, db, dana, "Ada Okafor", "(512) 555-0188")
		m := storetest.Text(t, db, org, channel, "+12065550142", "Hello")
		if len(unwritten(t, db, org)) > 0 {
			t.Fatal("what only waits is listed")
		}
		if w, err := db.SalesforceWaiting(ctx, org); err != nil || w[store.KindRecordPush] != 1 || w[store.KindMessagePush] != 1 || w[store.KindBell] != 1 {
			t.Errorf("%v waits, %v", w, err)
		}
		if _, err := db.RefuseRecord(ctx, org, r.ID, store.Refusal{Message: "Enter an e-mail address.", Field: "Email", Matches: []string{sfID("003", 7)}}); err != nil {
			t.Fatal(err)
		}
		giveUp(t, db, store.KindRecordPush, "refused")
		giveUp(t, db, store.KindMessagePush, "no answer")
		bells := giveUp(t, db, store.KindBell, "it is off")
		list := unwritten(t, db, org)
		if u := list[r.ID]; len(list) != 3 || u.Kind != store.KindRecordPush || u.Reason != "Enter an e-mail address." || u.Field != "Email" || u.Attempts != 1 || len(u.Matches) != 1 {
			t.Errorf("listed are %+v", list)
		}
		if u := list[m.ID]; u.Kind != store.KindMessagePush || u.Reason != "no answer" {
			t.Errorf("the text is listed as %+v", u)
		}
		if u := list[bells[0]]; u.Kind != store.KindBell || u.Reason != "it is off" {
			t.Errorf("the bell is listed as %+v", u)
		}

		if s, err := db.RecordSync(ctx, org, r.ID); err != nil || s.Refused == nil || s.GivenUp != "" {
			t.Errorf("refused, the record is %+v, %v", s, err)
		}
		lost := storetest.Contact(t, db, dana, "Ben Okafor", "(512) 555-0189")
		if push, err := db.RecordToPush(ctx, org, lost.ID); err != nil {
			t.Fatal(err)
		} else if ok, err := db.RecordSent(ctx, org, push); err != nil || !ok {
			t.Fatal(ok, err)
		}
		if s, err := db.RecordSync(ctx, org, lost.ID); err != nil || !s.Waiting || s.GivenUp != "" {
			t.Errorf("on its way, the record is %+v, %v", s, err)
		}
		giveUp(t, db, store.KindRecordPush, "no answer came")
		if s, err := db.RecordSync(ctx, org, lost.ID); err != nil || s.Waiting || s.GivenUp != "no answer came" {
			t.Errorf("given up, the record is %+v, %v", s, err)
		}
		if err := db.RetrySalesforce(ctx, dana, store.KindRecordPush, lost.ID); err != nil {
			t.Fatal(err)
		}
		if s, err := db.RecordSync(ctx, org, lost.ID); err != nil || !s.Waiting || s.GivenUp != "" {
			t.Errorf("tried again, the record is %+v, %v", s, err)
		}

		// Retried, they wait; the words of a record's refusal stay until it is taken.
		for id, u := range list {
			if err := db.RetrySalesforce(ctx, dana, u.Kind, id); err != nil {
				t.Fatal(err)
			}
		}
		if list := unwritten(t, db, org); len(list) != 1 || list[r.ID].Attempts != 0 {
			t.Errorf("after the retry listed are %+v", list)
		}
		if s, err := db.RecordSync(ctx, org, r.ID); err != nil || !s.Wanted || !s.Waiting || s.Refused == nil || s.SalesforceID != "" {
			t.Errorf("the record is %+v, %v", s, err)
		}
		if err := db.RetrySalesforce(ctx, dana, store.KindMessagePush, r.ID); switchboard.ErrorCode(err) != switchboard.CodeNotFound {
			t.Errorf("retrying what is not there: %v", err)
		}
		if err := db.RetrySalesforce(ctx, dana, store.KindWebhook, r.ID); switchboard.ErrorCode(err) != switchboard.CodeInvalid {
			t.Errorf("retrying what is not Salesforce's: %v", err)
		}

		// The text is given up once more, and written a moment later after all.
		giveUp(t, db, store.KindMessagePush, "no answer")
		clock.Advance(time.Second)
		if err := db.MessagesSent(ctx, org, []store.MessageSent{{MessageID: m.ID}}); err != nil {
			t.Fatal(err)
		}
		if err := db.NoteMessages(ctx, org, []store.MessageNoted{{MessageID: m.ID, SMSID: sfID("a00", 1), Hash: "x"}}); err != nil {
			t.Fatal(err)
		}
		push, err := db.RecordToPush(ctx, org, r.ID)
		if err != nil {
			t.Fatal(err)
		}
		if err := db.NoteRecord(ctx, org, push, sfID("003", 1)); err != nil {
			t.Fatal(err)
		}
		if list := unwritten(t, db, org); len(list) > 0 {
			t.Errorf("listed is what is written: %+v", list)
		}
		if s, err := db.RecordSync(ctx, org, r.ID); err != nil || s.Refused != nil || s.SalesforceID != sfID("003", 1) {
			t.Errorf("the record is %+v, %v", s, err)
		}
		if err := db.DisconnectSalesforce(ctx, dana); err != nil {
			t.Fatal(err)
		}
		if s, err := db.RecordSync(ctx, org, r.ID); err != nil || s.Wanted || s.SalesforceID == "" {
			t.Errorf("disconnected, the record is %+v, %v", s, err)
		}
	})
}

// A record that was settled by another is nobody's work any more.
func TestAnAdoptedRecordIsNotListed(t *testing.T) {
	storetest.EachClock(t, func(t *testing.T, db *store.DB, _ *storetest.Clock) {
		dana, _ := connected(t, db)
		org := dana.OrgID
		there := remoteContact(1, "Okafor", "(512) 555-0177")
		applyRemote(t, db, org, store.Remote{Records: []switchboard.RemoteRecord{there}})
		r := storetest.Contact(t, db, dana, "Ada Okafor", "(512) 555-0188")
		if _, err := db.RefuseRecord(t.Context(), org, r.ID, store.Refusal{Message: "A duplicate.", Matches: []string{there.SalesforceID}}); err != nil {
			t.Fatal(err)
		}
		giveUp(t, db, store.KindRecordPush, "refused")
		into, err := db.AdoptRecord(t.Context(), dana, r.ID, there.SalesforceID)
		if err != nil {
			t.Fatal(err)
		}
		if list := unwritten(t, db, org); len(list) > 0 {
			t.Errorf("listed is %+v", list)
		}
		if s, err := db.RecordSync(t.Context(), org, r.ID); err != nil || s.MergedInto != into.ID || s.Refused != nil {
			t.Errorf("it is %+v, %v", s, err)
		}
	})
}

func TestASignInIsSealedForItsOrg(t *testing.T) {
	storetest.EachClock(t, func(t *testing.T, db *store.DB, _ *storetest.Clock) {
		sealed, err := db.SealSignIn("one", []byte("verifier"))
		if err != nil {
			t.Fatal(err)
		}
		if plain, err := db.OpenSignIn("one", sealed); err != nil || string(plain) != "verifier" {
			t.Errorf("it holds %q, %v", plain, err)
		}
		if _, err := db.OpenSignIn("two", sealed); err == nil {
			t.Error("another org opens it")
		}
	})
}
