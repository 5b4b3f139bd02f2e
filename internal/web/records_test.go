package web

import (
	"net/http"
	"strings"
	"testing"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
	"github.com/switchboardhq/switchboard/internal/store/storetest"
)

func TestRecordIsEditedInPlace(t *testing.T) {
	s := newTestSite(t)
	dana := storetest.Admin(t, s.db)
	rec, _, err := s.desk.CreateRecord(t.Context(), dana, switchboard.Contact, switchboard.Fields{"FirstName": "Ada", "LastName": "Okafor", "Phone": "call the office", "Nickname__c": "A", "Score__c": true})
	if err != nil {
		t.Fatal(err)
	}
	v := s.as(dana)
	page := "/records/" + rec.ID
	v.opens("/contacts").says(http.StatusOK, "Ada Okafor", "1 contact")
	v.opens(page).says(http.StatusOK, "Ada Okafor", "call the office", "is not a phone number", "Nickname", "Yes")
	v.opens(page + "?edit=MobilePhone")
	was, version := "", ""
	for _, n := range elements(v.doc) {
		switch attr(n, "name") {
		case "was":
			was = attr(n, "value")
		case "version":
			version = attr(n, "value")
		case "Score__c":
			t.Error("a checkbox can be overwritten with text")
		}
	}
	if !strings.Contains(was, "Okafor") || version == "" {
		t.Fatalf("the form keeps %q, version %q", was, version)
	}
	save := func(pairs ...string) *testVisitor {
		return v.posts(page, append([]string{"do", "save", "was", was, "version", version}, pairs...)...)
	}
	save("FirstName", "Ada", "LastName", "").says(http.StatusUnprocessableEntity, "Enter a last name.")
	save("FirstName", "Ada", "LastName", "Okafor", "Email", "nonsense").says(http.StatusUnprocessableEntity, "Enter an address like name@example.com.")
	save("FirstName", "Ada", "LastName", "Okafor-Bell", "Phone", "", "MobilePhone", "(512) 555-0177", "Nickname__c", "A").says(http.StatusOK, "Saved", "Ada Okafor-Bell")
	got := storetestRecord(t, s, rec.ID)
	if got.Fields.Text("MobilePhone") != "(512) 555-0177" || got.Fields.Text("Phone") != "" || got.Fields["Score__c"] != true || got.Fields.Text("Nickname__c") != "A" {
		t.Errorf("the record is %+v", got.Fields)
	}

	// Somebody else was faster: nothing is overwritten, and nothing typed is lost.
	save("FirstName", "Adaeze", "LastName", "Okafor").says(http.StatusConflict, "Your entries are still here")
	if got := storetestRecord(t, s, rec.ID); got.Name != "Ada Okafor-Bell" {
		t.Errorf("the record is called %s", got.Name)
	}
	first, last := v.value("f-FirstName"), v.value("f-LastName")
	if first != "Adaeze" || last != "Okafor-Bell" {
		t.Errorf("the form holds %q %q: want what was typed and what the other saved", first, last)
	}
}

func storetestRecord(t *testing.T, s *testSite, id string) *switchboard.Record {
	t.Helper()
	rec, err := s.db.Record(t.Context(), storetest.Org(t, s.db), id)
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

func TestRecordIsDeletedAndRestored(t *testing.T) {
	s := newTestSite(t)
	dana := storetest.Admin(t, s.db)
	c := storetest.Channel(t, s.db, dana)
	ada := storetest.Contact(t, s.db, dana, "Ada Okafor", "(512) 555-0177")
	text := func(id string) *switchboard.Message {
		m, _, err := s.desk.Submit(t.Context(), dana, c.ID, switchboard.Text{Direction: switchboard.Inbound, ProviderMessageID: id, Sender: "+15125550177", Body: "Hello " + id})
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	text("one")
	v := s.as(dana)
	page := "/records/" + ada.ID
	v.opens(page).says(http.StatusOK, "Hello one", "Last message")
	v.posts(page, "do", "delete").says(http.StatusOK, "Contact Ada Okafor deleted", "It matches no text", "Hello one", "Restore")
	v.opens("/contacts").saysNot("Ada Okafor")
	v.opens("/contacts?show=deleted").says(http.StatusOK, "Ada Okafor")
	if m := text("two"); m.State != switchboard.Unassigned {
		t.Errorf("a text to a deleted record is %s", m.State)
	}
	v.posts(page, "do", "restore").says(http.StatusOK, "restored", "and 1 waiting text assigned by the rule", "Hello two")
}

func TestRememberedNumberIsForgotten(t *testing.T) {
	s := newTestSite(t)
	dana := storetest.Admin(t, s.db)
	c := storetest.Channel(t, s.db, dana)
	ada := storetest.Contact(t, s.db, dana, "Ada Okafor", "(512) 555-0177")
	m, _, err := s.desk.Submit(t.Context(), dana, c.ID, switchboard.Text{Direction: switchboard.Inbound, ProviderMessageID: "1", Sender: "+17375550100", Body: "My other phone"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.desk.Place(t.Context(), dana, store.Placement{MessageIDs: []string{m.ID}, RecordID: ada.ID, Remember: true}); err != nil {
		t.Fatal(err)
	}
	v := s.as(dana)
	v.opens("/records/"+ada.ID).says(http.StatusOK, "Remembered numbers", "(737) 555-0100")
	links, _, err := s.db.Links(t.Context(), dana.OrgID, store.LinkFilter{RecordID: ada.ID, Page: store.Page{Limit: 10}})
	if err != nil || len(links) != 1 {
		t.Fatalf("%d links, %v", len(links), err)
	}
	v.posts("/records/"+ada.ID, "do", "forget", "link", links[0].ID).says(http.StatusOK, "Number forgotten", "My other phone")
	v.saysNot("Remembered numbers")
}

func TestListsSearchAndPage(t *testing.T) {
	s := newTestSite(t)
	dana := storetest.Admin(t, s.db)
	storetest.Channel(t, s.db, dana) // and with it a country
	var many []store.NewRecord
	for i := range 60 {
		many = append(many, store.NewRecord{Object: switchboard.Contact, Fields: switchboard.Fields{"LastName": "Person " + string(rune('A'+i/26)) + string(rune('a'+i%26))}})
	}
	if _, err := s.db.CreateRecords(t.Context(), dana, switchboard.OriginPerson, many); err != nil {
		t.Fatal(err)
	}
	storetest.Contact(t, s.db, dana, "Ada Okafor", "(512) 555-0177")
	v := s.as(dana)
	v.opens("/contacts").says(http.StatusOK, "Ada Okafor", "50 shown", "Person Bv")
	v.saysNot("Person Ch")
	next := ""
	for _, n := range elements(v.doc) {
		if attr(n, "id") == "next-page" {
			next = attr(n, "href")
		}
	}
	v.opens(next).says(http.StatusOK, "Person Ch", "First page")
	for _, q := range []string{"okaf", "0177", "5125550177"} {
		v.opens("/contacts?q="+q).says(http.StatusOK, "Ada Okafor")
		v.saysNot("Person")
	}
	v.opens("/contacts?q=zzz").says(http.StatusOK, "No contact matches “zzz”.")
	v.opens("/leads").says(http.StatusOK, "No leads yet.")
	v.opens("/records/0123").says(http.StatusNotFound)
}

func TestHomeBeforeAndAfterTheFirstText(t *testing.T) {
	s := newTestSite(t)
	dana := storetest.Admin(t, s.db)
	v := s.as(dana)
	v.opens("/").says(http.StatusOK, "After the first text", "No channel is connected yet")
	c := storetest.Channel(t, s.db, dana)
	storetest.Contact(t, s.db, dana, "Ada Okafor", "(512) 555-0177")
	for i, from := range []string{"+15125550177", "+12065550142"} {
		if _, _, err := s.desk.Submit(t.Context(), dana, c.ID, switchboard.Text{Direction: switchboard.Inbound, ProviderMessageID: itoa(i), Sender: from, Body: "Hello"}); err != nil {
			t.Fatal(err)
		}
	}
	v.opens("/").says(http.StatusOK, "1 sender waits for you", "50.0 %", "1 of 2, none took a person", "(206) 555-0142", "No record has this number")
	v.saysNot("After the first text Unassigned")
	for _, days := range []string{"1", "30", "nonsense"} {
		v.opens("/?days="+days).says(http.StatusOK, "50.0 %")
	}
}
