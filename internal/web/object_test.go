package web

import (
	"net/http"
	"testing"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store/storetest"
)

// The records of a custom object are seen, found and kept like the others.
func TestCustomObjects(t *testing.T) {
	s := newTestSite(t)
	dana := storetest.Admin(t, s.db)
	c := storetest.Channel(t, s.db, dana)
	v := s.as(dana)
	v.posts(partPhoneFields, "Contact", "MobilePhone", "custom_object", "Patient__c").says(http.StatusUnprocessableEntity, "Name the phone fields of Patient__c.")
	v.posts(partPhoneFields, "Contact", "MobilePhone", "custom_object", "Patient", "custom_fields", "Mobile__c").says(http.StatusUnprocessableEntity, "There is no object")
	v.posts(partPhoneFields, "Contact", "MobilePhone", "custom_object", "Patient__c", "custom_fields", "Mobile__c, Home__c").says(http.StatusOK, "Saved", "Patient records")
	// The next save leaves it alone.
	v.posts(partPhoneFields, "Contact", "MobilePhone", "other-Patient__c", "Mobile__c").says(http.StatusOK, "Saved")
	if got := v.value("other-Patient__c"); got != "Mobile__c" {
		t.Errorf("its phone fields are %q", got)
	}

	r := storetest.Record(t, s.db, dana, "Patient__c", switchboard.Fields{"Name": "Ada Okafor", "Mobile__c": "(512) 555-0177", "Ward__c": "North"})
	m := storetest.Text(t, s.db, dana.OrgID, c, "+15125550177", "Hello")
	if m.Record == nil || m.Record.ID != r.ID {
		t.Fatalf("it is on %+v", m.Record)
	}
	v.opens("/objects/Patient__c").says(http.StatusOK, "All Patient records", "1 patient record", "Ada Okafor", "(512) 555-0177")
	v.saysNot("New Patient")
	v.opens("/objects/Contact").says(http.StatusNotFound)
	v.opens("/objects/Patient__c?q=zzz").says(http.StatusOK, "No patient record matches")
	v.opens("/records/"+r.ID).says(http.StatusOK, "Patient", "Name", "Mobile", "Ward", "North", "Hello")
	v.saysNot("Patient__c")
	v.saysNot("Account Name")
	v.opens("/search?q=ada").says(http.StatusOK, "Patient · ")

	// Its text has a field for it, and saving the others leaves it there.
	v.opens("/messages/"+m.ID).says(http.StatusOK, "Patient", "Ada Okafor")
	v.opens("/messages/"+m.ID+"/edit?field=record").says(http.StatusOK, "Ada Okafor")
	v.posts("/messages/"+m.ID+"/details", "version", itoa(int(m.Version)), "record", r.ID, "record_name", r.Name).says(http.StatusOK)
	if after := storetest.Message(t, s.db, dana.OrgID, m.ID); after.State != switchboard.Assigned || after.Record.ID != r.ID {
		t.Errorf("it is %s on %+v", after.State, after.Record)
	}
	v.opens("/lookup?object=Patient__c&q=ada").says(http.StatusOK, "Ada Okafor")
	v.saysNot("New Patient__c")
}
