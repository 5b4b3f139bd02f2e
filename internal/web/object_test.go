package web

import (
	"net/http"
	"slices"
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
	v.says(http.StatusOK, "New Patient")
	v.opens("/objects/Contact").says(http.StatusNotFound)
	v.opens("/objects/Patient__c?q=zzz").says(http.StatusOK, "No patient record matches")
	v.opens("/records/"+r.ID).says(http.StatusOK, "Patient", "Name", "Mobile", "Ward", "North", "Hello")
	v.saysNot("Patient__c")
	v.saysNot("Account Name")
	v.opens("/search?q=ada").says(http.StatusOK, "Ada Okafor Patient")

	// It has a tab, beside the others, and a form for new ones.
	v.opens("/")
	if all, open := v.tabs(); !slices.Contains(all, "Patient records") || open != "Home" {
		t.Errorf("of the tabs %q, %q is open", all, open)
	}
	v.opens("/objects/Patient__c")
	if _, open := v.tabs(); open != "Patient records" {
		t.Errorf("the open tab is %q", open)
	}
	v.opens("/records/new/Patient__c").says(http.StatusOK, "New Patient", "Name", "Mobile")
	v.saysNot("Patient__c")
	v.saysNot("Last Name")
	v.posts("/records/new/Patient__c", "Mobile__c", "(512) 555-0188").says(http.StatusUnprocessableEntity, "Enter a name.")
	waits := storetest.Text(t, s.db, dana.OrgID, c, "+15125550188", "Hello?")
	v.posts("/records/new/Patient__c", "Name", "Bo Reyes", "Mobile__c", "(512) 555-0188", "Ward__c", "South").says(http.StatusOK, "Patient Bo Reyes created", "1 text assigned to it")
	if after := storetest.Message(t, s.db, dana.OrgID, waits.ID); after.Record == nil || after.Record.Object != "Patient__c" || after.Record.Name != "Bo Reyes" {
		t.Errorf("the text that waited is on %+v", after.Record)
	}
	v.opens("/records/new/Donor__c").says(http.StatusNotFound)
	storetest.Record(t, s.db, dana, "Donor__c", switchboard.Fields{"Name": "Di"})
	v.opens("/objects/Donor__c").says(http.StatusOK, "1 donor record")
	v.saysNot("New Donor") // nobody matches them, or reads them from Salesforce

	// Its text has a field for it, and saving the others leaves it there.
	v.opens("/messages/"+m.ID).says(http.StatusOK, "Patient", "Ada Okafor")
	v.opens("/messages/"+m.ID+"/edit?field=Patient__c").says(http.StatusOK, "Ada Okafor")
	v.posts("/messages/"+m.ID+"/details", "version", itoa(int(m.Version)), "Patient__c", r.ID, "Patient__c_name", r.Name).says(http.StatusOK)
	if after := storetest.Message(t, s.db, dana.OrgID, m.ID); after.State != switchboard.Assigned || after.Record.ID != r.ID {
		t.Errorf("it is %s on %+v", after.State, after.Record)
	}
	v.opens("/lookup?object=Patient__c&q=ada").says(http.StatusOK, "Ada Okafor", "New Patient")
	v.saysNot("New Patient__c")
	v.opens("/lookup?object=Donor__c").says(http.StatusOK, "Di")
	v.saysNot("New Donor")
}

// A text that no record has is given to a new record of a custom object by the
// path that Contacts have: its field, New, and Save.
func TestNewCustomRecordFillsItsField(t *testing.T) {
	s := newTestSite(t)
	dana := storetest.Admin(t, s.db)
	c := storetest.Channel(t, s.db, dana)
	v := s.as(dana)
	v.posts(partPhoneFields, "Contact", "MobilePhone", "custom_object", "Patient__c", "custom_fields", "Mobile__c").says(http.StatusOK, "Saved")
	m := storetest.Text(t, s.db, dana.OrgID, c, "+15125550177", "Hello")
	v.opens("/messages/"+m.ID).says(http.StatusOK, "Patient")
	v.opens("/messages/"+m.ID+"/edit?field=Patient__c").says(http.StatusOK, "Patient")
	v.opens("/lookup?object=Patient__c&message="+m.ID+"&q=ada").says(http.StatusOK, "No patient matches", "New Patient")
	v.opens("/records/new/Patient__c?from=lookup&message="+m.ID+"&name=Ada+Okafor").says(http.StatusOK, "New Patient", "for the text from (512) 555-0177", "Saving fills in the Patient field.")
	if name, number := v.field("Name"), v.field("Mobile__c"); name != "Ada Okafor" || number != "(512) 555-0177" {
		t.Errorf("the form begins with %q and %q", name, number)
	}
	v.posts("/records/new/Patient__c", "from", "lookup", "message", m.ID, "Name", "Ada Okafor").says(http.StatusOK, "Patient Ada Okafor created", "Ada Okafor")
	id := v.field("Patient__c")
	if id == "" {
		t.Fatal("its field is empty")
	}
	v.posts("/messages/"+m.ID+"/details", "Patient__c", id, "Patient__c_name", "Ada Okafor").says(http.StatusOK, "Assigned to Ada Okafor")
	if after := storetest.Message(t, s.db, dana.OrgID, m.ID); after.Record == nil || after.Record.ID != id || after.Record.Object != "Patient__c" {
		t.Errorf("it is on %+v", after.Record)
	}
}

// tabs are those that the page has, and the one that is open.
func (v *testVisitor) tabs() (all []string, open string) {
	for _, n := range elements(v.doc) {
		if n.Data != "a" || n.Parent == nil || attr(n.Parent, "class") != "slds-context-bar__item" {
			continue
		}
		all = append(all, words(n))
		if attr(n, "aria-current") == "page" {
			open = words(n)
		}
	}
	return all, open
}
