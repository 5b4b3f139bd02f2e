package salesforce_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/crm/salesforce"
	"github.com/switchboardhq/switchboard/internal/crm/salesforce/sforg"
)

// ask asks for objects from the beginning.
func ask(objects ...switchboard.Object) []salesforce.Asked {
	var asked []salesforce.Asked
	for _, o := range objects {
		asked = append(asked, salesforce.Asked{Object: o, Fields: []string{"Name", "LastName"}})
	}
	return asked
}

// drain reads all that a poll found, and returns how many records of each object
// there are, or why there are none.
func drain(t testing.TB, p salesforce.Polled) (messages int, records []int, errs []error) {
	t.Helper()
	for page, err := range p.Messages {
		must(t, err)
		messages += len(page.Messages)
	}
	for _, pages := range p.Records {
		n, failed := 0, error(nil)
		for page, err := range pages {
			n, failed = n+len(page.Records), err
		}
		records, errs = append(records, n), append(errs, failed)
	}
	return messages, records, errs
}

func TestAPollIsOneCall(t *testing.T) {
	s := simulate(t)
	s.make(t, "Account", map[string]any{"Name": "Acme"})
	s.make(t, "Contact", map[string]any{"LastName": "Doe"})
	s.make(t, "Contact", map[string]any{"LastName": "Roe"})
	s.make(t, "SMS__c", map[string]any{"Name": "SMS-1", "External_Id__c": "m1"})
	four := ask(switchboard.Account, switchboard.Contact, switchboard.Lead)
	_, err := s.Poll(t.Context(), salesforce.Cursor{}, four) // describes the objects
	must(t, err)
	s.there.ResetCalls()
	before := s.meter.count(salesforce.UsePoll)
	p, err := s.Poll(t.Context(), salesforce.Cursor{}, four)
	must(t, err)
	messages, records, errs := drain(t, p)
	if messages != 1 || !slices.Equal(records, []int{1, 2, 0}) || errs[0] != nil || errs[1] != nil || errs[2] != nil {
		t.Errorf("it found %d messages and %v records, %v", messages, records, errs)
	}
	if used, ours := s.there.APIUsage(), s.meter.count(salesforce.UsePoll)-before; used != 1 || ours != 1 {
		t.Errorf("it took %d calls as the org counts, and %d as we do: %v", used, ours, s.there.Calls())
	}
}

func TestAPollReadsWhatIsBehindItsFirstPage(t *testing.T) {
	s := simulate(t)
	fill(t, s, 4100)
	_, err := s.Poll(t.Context(), salesforce.Cursor{}, ask(switchboard.Contact))
	must(t, err)
	s.there.ResetCalls()
	p, err := s.Poll(t.Context(), salesforce.Cursor{}, ask(switchboard.Contact))
	must(t, err)
	if _, records, errs := drain(t, p); records[0] != 4100 || errs[0] != nil {
		t.Errorf("it found %v, %v", records, errs)
	}
	if got := s.there.APIUsage(); got != 3 {
		t.Errorf("it took %d calls, want one and two more pages", got)
	}
}

func TestMoreThanFiveQueriesAreMoreCalls(t *testing.T) {
	s := simulate(t)
	objects := []switchboard.Object{switchboard.Account, switchboard.Contact, switchboard.Lead, "User", switchboard.Account, switchboard.Contact}
	for n := range objects {
		_, err := s.Poll(t.Context(), salesforce.Cursor{}, ask(objects...))
		must(t, err)
		s.there.ResetCalls()
		p, err := s.Poll(t.Context(), salesforce.Cursor{}, ask(objects[:n+1]...))
		must(t, err)
		if _, records, _ := drain(t, p); len(records) != n+1 {
			t.Errorf("%d objects are %v", n+1, records)
		}
		want := 1 + (n+1)/salesforce.MaxCompositeQueries // the messages are asked for too
		if got := s.there.APIUsage(); got != want {
			t.Errorf("%d objects take %d calls, want %d: %v", n+1, got, want, s.there.Calls())
		}
	}
}

// What is wrong with one object is told of that one, and what is wrong with the
// org of all.
func TestWhatIsWrongWithOneObjectIsItsOwnAffair(t *testing.T) {
	s := simulate(t)
	bob, err := s.there.AddUser("bob@example.com", "Bob")
	must(t, err)
	must(t, bob.Assign("Switchboard_Integration"))
	s.there.RunAs(bob)
	s.there.ExpireSessions()
	s.make(t, "Account", map[string]any{"Name": "Acme"})
	s.make(t, "Lead", map[string]any{"LastName": "Doe", "Company": "Acme"})
	three := ask(switchboard.Account, switchboard.Contact, switchboard.Lead)
	_, err = s.Poll(t.Context(), salesforce.Cursor{}, three)
	must(t, err)
	for _, hidden := range []string{"Contact.LastName", "Contact"} {
		bob.Deny(hidden)
		p, err := s.Poll(t.Context(), salesforce.Cursor{}, three)
		must(t, err)
		_, _, errs := drain(t, p)
		if errs[0] != nil || salesforce.ClassOf(errs[1]) != salesforce.ClassPermanent || errs[2] != nil {
			t.Errorf("without %s: %v", hidden, errs)
		}
		// It was told by the query, and is by the description from then on: a field
		// is done without, and an object is not there.
		p, err = s.Poll(t.Context(), salesforce.Cursor{}, three)
		must(t, err)
		_, _, errs = drain(t, p)
		if (errs[1] == nil) != (hidden == "Contact.LastName") || hidden == "Contact" && !salesforce.HasCode(errs[1], salesforce.CodeNoSuch) {
			t.Errorf("without %s, then: %v", hidden, errs)
		}
	}
	for kind, class := range map[sforg.FaultKind]salesforce.Class{sforg.RequestLimit: salesforce.ClassLimit, sforg.HTML503: salesforce.ClassRetry,
		sforg.ServerError: salesforce.ClassRetry, sforg.TimeoutAfterWrite: salesforce.ClassRetry, sforg.TimeoutBefore: salesforce.ClassRetry} {
		s.there.Fail(sforg.Fault{Kind: kind, Path: "/composite"})
		if _, err := s.Poll(t.Context(), salesforce.Cursor{}, three); salesforce.ClassOf(err) != class {
			t.Errorf("%s: %v", kind, err)
		}
	}
	s.there.Fail(sforg.Fault{Kind: sforg.ExpiredSession, Path: "/composite"})
	if _, err := s.Poll(t.Context(), salesforce.Cursor{}, three); err != nil {
		t.Errorf("with an expired session: %v", err)
	}
}

// A fault that waits for a write is not used up by a poll.
func TestAPollIsNoWrite(t *testing.T) {
	s := simulate(t)
	s.there.Fail(sforg.Fault{Kind: sforg.LockRow})
	_, err := s.Poll(t.Context(), salesforce.Cursor{Stamp: now.Add(-time.Hour)}, ask(switchboard.Contact))
	must(t, err)
	if _, err := s.Create(t.Context(), "Contact", map[string]any{"LastName": "Doe"}, salesforce.WriteOptions{}); !salesforce.HasCode(err, "UNABLE_TO_LOCK_ROW") {
		t.Errorf("the write after it: %v", err)
	}
}

func TestACompositeCallHasFiveQueries(t *testing.T) {
	s := simulate(t)
	var steps []salesforce.Step
	for i := range salesforce.MaxCompositeQueries + 1 {
		steps = append(steps, s.QueryAllStep(fmt.Sprintf("q%d", i), salesforce.Select("Contact", "Id")))
	}
	if _, err := s.Composite(t.Context(), false, steps); !salesforce.HasCode(err, salesforce.CodeBadValue) {
		t.Errorf("with %d: %v", len(steps), err)
	}
	if _, err := s.Composite(t.Context(), false, steps[1:]); err != nil {
		t.Errorf("with %d: %v", len(steps)-1, err)
	}
	bad := s.QueryAllStep("q", salesforce.Select("Contact WHERE", "Id"))
	if _, err := s.Composite(t.Context(), false, []salesforce.Step{bad}); !salesforce.HasCode(err, salesforce.CodeBadName) {
		t.Errorf("a name that is none: %v", err)
	}
}
