package salesforce_test

import (
	"slices"
	"testing"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/crm/salesforce"
	"github.com/switchboardhq/switchboard/internal/crm/salesforce/sforg"
)

func TestARecordIsMadeOnce(t *testing.T) {
	s := simulate(t)
	fields := switchboard.Fields{"LastName": "Doe", "MobilePhone": "+15125550177", "Email": "", "CreatedDate": "2020-01-01T00:00:00Z", "Nope__c": "x"}
	// The write takes effect, and nobody hears of it.
	s.there.Fail(sforg.Fault{Kind: sforg.TimeoutAfterWrite, Method: "PATCH"})
	_, err := s.CreateRecord(t.Context(), switchboard.Contact, "r1", fields, salesforce.WriteOptions{})
	if salesforce.ClassOf(err) != salesforce.ClassUnknown {
		t.Fatalf("got %v", err)
	}
	got, err := s.CreateRecord(t.Context(), switchboard.Contact, "r1", fields, salesforce.WriteOptions{})
	if err != nil || got.Created {
		t.Fatalf("got %+v, %v", got, err)
	}
	rows, err := s.there.Query("SELECT Id FROM Contact")
	if err != nil || len(rows) != 1 {
		t.Errorf("there are %v, %v", rows, err)
	}
	records, err := s.Records(t.Context(), switchboard.Contact, []string{"LastName"}, []string{got.ID})
	if err != nil || records[0].Key != "r1" {
		t.Errorf("%+v, %v", records, err)
	}
	// One that a person would be warned of is refused, and says which it is.
	s.there.AddDuplicateRule(sforg.DuplicateRule{Object: "Contact", Match: [][]string{{"MobilePhone"}}})
	_, err = s.CreateRecord(t.Context(), switchboard.Contact, "r2", fields, salesforce.WriteOptions{})
	if e := asError(t, err); e.Class != salesforce.ClassDuplicate || len(e.Matches) != 1 || e.Matches[0].ID != got.ID || !e.Save {
		t.Fatalf("got %+v", e)
	}
	if _, err = s.CreateRecord(t.Context(), switchboard.Contact, "r2", fields, salesforce.WriteOptions{SaveDuplicate: true}); err != nil {
		t.Fatal(err)
	}
	s.there.ClearRules()
	s.there.AddValidation("Contact", "Email", "Enter an e-mail address.", func(f map[string]any) bool { return f["Email"] == nil })
	err = s.UpdateRecord(t.Context(), switchboard.Contact, got.ID, switchboard.Fields{"LastName": "Roe"}, salesforce.WriteOptions{})
	if e := asError(t, err); e.Class != salesforce.ClassPermanent || e.Sentence() != "Enter an e-mail address." || !slices.Equal(e.Fields, []string{"Email"}) {
		t.Errorf("got %+v", e)
	}
	s.there.ClearRules()
	must(t, s.UpdateRecord(t.Context(), switchboard.Contact, got.ID, switchboard.Fields{"MobilePhone": nil, "Name": "x"}, salesforce.WriteOptions{}))
	if row := s.there.Get("Contact", got.ID); row["MobilePhone"] != nil {
		t.Errorf("the record is %v", row)
	}
	must(t, s.DeleteRecord(t.Context(), switchboard.Contact, got.ID))
	must(t, s.DeleteRecord(t.Context(), switchboard.Contact, got.ID))
	err = s.UpdateRecord(t.Context(), switchboard.Contact, got.ID, switchboard.Fields{"LastName": "Roe"}, salesforce.WriteOptions{})
	if e := asError(t, err); e.Class != salesforce.ClassGone || !e.Row {
		t.Errorf("got %+v", e)
	}
	s.there.Fail(sforg.Fault{Kind: sforg.RequestLimit})
	err = s.UpdateRecord(t.Context(), switchboard.Contact, got.ID, switchboard.Fields{"LastName": "Roe"}, salesforce.WriteOptions{})
	if e := asError(t, err); e.Class != salesforce.ClassLimit || e.Row {
		t.Errorf("got %+v", e)
	}
}
