package salesforce_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/crm/salesforce"
	"github.com/switchboardhq/switchboard/internal/crm/salesforce/sforg"
)

func TestTheCheckSaysWhatIsMissing(t *testing.T) {
	s := simulate(t)
	levels := func(want salesforce.Level) []string {
		var lines []string
		for _, f := range s.Check(t.Context(), switchboard.DefaultPhoneFields()) {
			if f.Level == want {
				lines = append(lines, f.What)
			}
			if (f.Level == salesforce.OK) != (f.Remedy == "") || strings.ContainsAny(f.What+f.Remedy, "\n") {
				t.Errorf("the line %+v is not one", f)
			}
		}
		return lines
	}
	if bad := append(levels(salesforce.Fail), levels(salesforce.Warn)...); len(bad) > 0 {
		t.Errorf("a good org has %q", bad)
	}
	bob, err := s.there.AddUser("bob@example.com", "Bob")
	must(t, err)
	must(t, bob.Assign("Switchboard_Integration"))
	s.there.RunAs(bob)
	s.there.ExpireSessions()
	bob.Deny(sforg.SendCustomNotifications)
	bob.Deny("Contact.HomePhone")
	bob.Deny("SMS__c.Lead__c")
	bob.Deny("Lead")
	got := strings.Join(levels(salesforce.Fail), "\n")
	for _, want := range []string{"no access to HomePhone", "Lead", "may not write Lead__c", "may not send notifications"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not among\n%s", want, got)
		}
	}
	bob.Deny("CustomNotificationType")
	if got := levels(salesforce.Fail); !slices.Contains(got, "no access to notification types") {
		t.Errorf("without notification types: %q", got)
	}
	s.there.RunAs(nil)
	s.there.ExpireSessions()
	if got := s.Check(t.Context(), nil); !strings.Contains(got[len(got)-1].Remedy, "Run As") {
		t.Errorf("without a user: %+v", got)
	}
}
