package e2e

import (
	"testing"

	"github.com/chromedp/chromedp/kb"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
	"github.com/switchboardhq/switchboard/internal/store/storetest"
)

// The path that every Salesforce admin knows, step by step as it is written
// down, with clicks and keys.
func TestDocumentedPath(t *testing.T) {
	s := newSite(t)
	storetest.Record(t, s.db, s.dana, switchboard.Account, switchboard.Fields{"Name": "Bell & Sons"})
	m := s.text(t, "+12065550142", "Hello, I got your flyer. Marcus Bell")
	dana := s.sits(t, s.session(t, s.dana))
	dana.opens("/unassigned")

	dana.clicks("button", "Notifications, 1 unread")
	dana.clicks("link", "New SMS! (not assigned)*")
	dana.sees("heading", m.Name())
	dana.sees("region", "Why")
	dana.clicks("button", "Copy Phone")
	dana.reads("Copied")
	dana.clicks("button", "Edit Contact")
	dana.sees("combobox", "Contact")
	dana.focuses("field-contact")
	dana.clicks("combobox", "Contact")
	dana.clicks("option", "New Contact")
	dana.sees("dialog", "New Contact")
	dana.has("textbox", "Mobile", "(206) 555-0142")
	dana.clicks("textbox", "Last Name")
	dana.types("Bell")
	dana.clicks("combobox", "Account Name")
	dana.types("Bel")
	dana.clicks("option", "Bell & Sons*")
	dana.has("combobox", "Account Name", "Bell & Sons")
	dana.clicks("textbox", "First Name")
	dana.types("Marcus")
	dana.clicks("button", "Save")
	dana.misses("dialog", "New Contact")
	dana.has("combobox", "Contact", "Marcus Bell")
	dana.clicks("button", "Save")
	dana.sees("status", "Assigned to Marcus Bell")
	dana.sees("button", "Undo")
	dana.sees("button", "Notifications")
	dana.keepsFocus("saving")

	got := s.message(t, m.ID)
	if got.State != switchboard.Assigned || got.Record == nil || got.Record.Name != "Marcus Bell" || got.Decision.Reason != switchboard.ReasonPerson {
		t.Errorf("the text is %s, on %+v, because %s", got.State, got.Record, got.Decision.Reason)
	}
	r, err := s.db.Record(t.Context(), s.dana.OrgID, got.Record.ID)
	if err != nil {
		t.Fatal(err)
	}
	if r.Fields.Text("MobilePhone") != "(206) 555-0142" || r.Fields.Text("AccountId") == "" {
		t.Errorf("the contact holds %v", r.Fields)
	}
	bell, err := s.db.OpenNotifications(t.Context(), s.dana.OrgID, s.dana.ID, 10)
	if err != nil || len(bell.Notifications) != 0 {
		t.Errorf("the bell still shows %+v (%v)", bell, err)
	}
}

// From the bell to placed in three actions: the bell, the notification, the
// record.
func TestShortcutPath(t *testing.T) {
	s := newSite(t)
	storetest.Contact(t, s.db, s.dana, "Ada Okafor", "(512) 555-0177")
	storetest.Contact(t, s.db, s.dana, "Ben Okafor", "512.555.0177")
	first := s.text(t, "+15125550177", "Hello, is this Northside?")
	m := s.text(t, "+15125550177", "Hi, it’s Ada")
	dana := s.sits(t, s.session(t, s.dana))
	dana.opens("/unassigned")
	dana.clicks("button", "Notifications, 1 unread")
	dana.clicks("link", "New SMS! (not assigned)*")
	dana.sees("heading", m.Name())
	dana.clicks("button", "Assign to Ada Okafor")
	dana.sees("status", "Assigned to Ada Okafor")
	dana.keepsFocus("assigning")
	for _, id := range []string{first.ID, m.ID} {
		if got := s.message(t, id); got.Record == nil || got.Record.Name != "Ada Okafor" {
			t.Errorf("%s is on %+v", got.Name(), got.Record)
		}
	}
	dana.clicks("button", "Undo")
	dana.sees("status", "Taken back. 2 texts wait again")
	dana.keepsFocus("undoing")
	if got := s.message(t, m.ID); got.State != switchboard.Unassigned {
		t.Errorf("after undo the text is %s", got.State)
	}
	dana.clicks("button", "Notifications") // which she has read
	dana.sees("link", "New SMS! (not assigned)*")
}

// Everything by keyboard, from the queue.
func TestQueueByKeyboard(t *testing.T) {
	s := newSite(t)
	storetest.Contact(t, s.db, s.dana, "Ada Okafor", "(512) 555-0177")
	storetest.Contact(t, s.db, s.dana, "Ben Okafor", "512.555.0177")
	older := s.text(t, "+12065550142", "I got your flyer")
	m := s.text(t, "+15125550177", "Hi, it’s Ada")
	dana := s.sits(t, s.session(t, s.dana))
	dana.opens("/unassigned")
	dana.sees("heading", "(206) 555-0142")
	dana.types("j")
	dana.focuses("open-" + older.ID)
	dana.types("k")
	dana.focuses("open-" + m.ID)
	dana.types("2")
	dana.sees("status", "Assigned to Ben Okafor")
	dana.focuses("open-" + older.ID)
	if got := s.message(t, m.ID); got.Record == nil || got.Record.Name != "Ben Okafor" {
		t.Errorf("the text is on %+v", got.Record)
	}
	dana.types("z")
	dana.sees("status", "Taken back. 1 text waits again")
	dana.misses("status", "Assigned to Ben Okafor") // it can't be taken back twice
	dana.keepsFocus("undoing")

	dana.types("n")
	dana.sees("dialog", "New Contact")
	dana.types(kb.Escape)
	dana.misses("dialog", "New Contact")
	dana.keepsFocus("closing the dialog")
	dana.types("f")
	dana.sees("dialog", "Find a record")
	dana.types(kb.Escape)
	dana.misses("dialog", "Find a record")
	dana.keepsFocus("closing the search")
	dana.types("?")
	dana.sees("dialog", "Keyboard shortcuts")
	dana.types(kb.Escape)
	dana.types(kb.Enter)
	dana.sees("button", "Edit Contact")
	dana.types("gu")
	dana.sees("heading", "Unassigned")
}

// Many at once, and all of it taken back.
func TestBulkAssignAndUndo(t *testing.T) {
	s := newSite(t)
	storetest.Contact(t, s.db, s.dana, "Jonas Weber", "(512) 555-0188")
	a := s.text(t, "+12065550142", "one")
	b := s.text(t, "+12065550143", "two")
	c := s.text(t, "+12065550144", "three")
	dana := s.sits(t, s.session(t, s.dana))
	dana.opens("/unassigned")
	dana.clicks("checkbox", "Select (206) 555-0142")
	dana.clicks("checkbox", "Select (206) 555-0143")
	dana.reads("2 senders selected")
	dana.clicks("button", "Assign to…")
	dana.sees("combobox", "Record")
	dana.types("web")
	dana.clicks("option", "Jonas Weber*")
	dana.clicks("button", "Assign to Jonas Weber")
	dana.sees("status", "Assigned to Jonas Weber")
	dana.keepsFocus("assigning")
	for id, want := range map[string]switchboard.State{a.ID: switchboard.Assigned, b.ID: switchboard.Assigned, c.ID: switchboard.Unassigned} {
		if got := s.message(t, id).State; got != want {
			t.Errorf("%s is %s, want %s", id, got, want)
		}
	}
	dana.clicks("button", "Undo")
	dana.sees("status", "Taken back. 2 texts wait again")
	if got := s.message(t, a.ID).State; got != switchboard.Unassigned {
		t.Errorf("after undo it is %s", got)
	}
	dana.types("x")
	dana.reads("1 sender selected")
	dana.types(kb.Escape)
	dana.until("nothing being selected", func() (bool, error) { return ask[bool](dana, "document.getElementById('bulk').hidden") })
}

// Two people at one text: the second is told, and nothing is overwritten.
func TestSomebodyWasFaster(t *testing.T) {
	s := newSite(t)
	storetest.Contact(t, s.db, s.dana, "Ada Okafor", "(512) 555-0177")
	ben := storetest.Contact(t, s.db, s.dana, "Ben Okafor", "512.555.0177")
	sam := storetest.User(t, s.db, "Sam Ortiz", switchboard.Agent)
	m := s.text(t, "+15125550177", "Hi")
	dana := s.sits(t, s.session(t, s.dana))
	dana.opensDeaf("/messages/" + m.ID)
	dana.sees("button", "Assign to Ada Okafor")
	if _, err := s.db.Place(t.Context(), sam, store.Placement{MessageIDs: []string{m.ID}, RecordID: ben.ID}); err != nil {
		t.Fatal(err)
	}
	dana.clicks("button", "Assign to Ada Okafor")
	dana.sees("alert", "*")
	dana.reads("Sam Ortiz assigned this to Ben Okafor")
	dana.reads("Your choice, Ada Okafor, was not saved.")
	dana.keepsFocus("the conflict")
	if got := s.message(t, m.ID); got.Record == nil || got.Record.ID != ben.ID {
		t.Errorf("the text is on %+v", got.Record)
	}
}

// Editing by keyboard: Esc closes the list, then gives the pencil back; a new
// account is made inside the new contact.
func TestEditingByKeyboard(t *testing.T) {
	s := newSite(t)
	m := s.text(t, "+12065550142", "Hello")
	dana := s.sits(t, s.session(t, s.dana))
	dana.opens("/messages/" + m.ID)
	dana.clicks("button", "Edit Lead")
	dana.focuses("field-lead")
	dana.types("x")
	dana.sees("option", "New Lead")
	dana.types(kb.Enter) // on no option: nothing happens
	dana.sees("option", "New Lead")
	dana.types(kb.Escape)
	dana.misses("option", "New Lead")
	dana.sees("button", "Save")
	dana.types(kb.Escape)
	dana.misses("button", "Save")
	dana.focuses("edit-lead")

	dana.clicks("button", "Edit Contact")
	dana.focuses("field-contact")
	dana.types(kb.ArrowUp) // the last option
	dana.until("New Contact being active", func() (bool, error) {
		return ask[bool](dana, "document.getElementById(document.getElementById('field-contact').getAttribute('aria-activedescendant'))?.textContent.trim() === 'New Contact'")
	})
	dana.types(kb.Enter)
	dana.focuses("new-contact-FirstName")
	dana.types(kb.Tab + "Bell" + kb.Tab + kb.Tab + kb.Tab)
	dana.focuses("new-contact-AccountId")
	dana.types("Bell & Sons")
	dana.sees("option", "New Account")
	dana.types(kb.ArrowUp + kb.Enter)
	dana.focuses("new-account-Name")
	dana.has("textbox", "Account Name", "Bell & Sons")
	dana.types(kb.Enter)
	dana.misses("dialog", "New Account")
	dana.has("combobox", "Account Name", "Bell & Sons")
	dana.focuses("new-contact-AccountId")
	dana.types(kb.Enter)
	dana.misses("dialog", "New Contact")
	dana.has("combobox", "Contact", "Bell")
	dana.types(kb.Enter)
	dana.sees("status", "Assigned to Bell")
	got := s.message(t, m.ID)
	r, err := s.db.Record(t.Context(), s.dana.OrgID, got.Record.ID)
	if err != nil {
		t.Fatal(err)
	}
	a, err := s.db.Record(t.Context(), s.dana.OrgID, r.Fields.Text("AccountId"))
	if err != nil || a.Name != "Bell & Sons" {
		t.Errorf("the account is %+v (%v)", a, err)
	}
}

// The shorter way for a number that no record has: New Contact, a last name,
// Save.
func TestNewContactFromWhy(t *testing.T) {
	s := newSite(t)
	m := s.text(t, "+12065550142", "I got your flyer")
	dana := s.sits(t, s.session(t, s.dana))
	dana.opens("/messages/" + m.ID)
	dana.clicks("link", "New Contact")
	dana.sees("dialog", "New Contact")
	dana.clicks("button", "Save")
	dana.reads("Enter a last name.")
	dana.focuses("new-contact-LastName")
	dana.types("Bell" + kb.Enter)
	dana.sees("status", "Assigned to Bell")
	dana.reads("Contact Bell created")
	dana.keepsFocus("saving")
	got := s.message(t, m.ID)
	if got.Record == nil || got.Record.Name != "Bell" {
		t.Errorf("the text is on %+v", got.Record)
	}
	dana.clicks("button", "Undo")
	dana.sees("status", "Taken back. 1 text waits again")
	r, err := s.db.Record(t.Context(), s.dana.OrgID, got.Record.ID)
	if err != nil || !r.Deleted {
		t.Errorf("the contact that nobody touched is still there: %+v (%v)", r, err)
	}
}

// From the queue one stays in the queue: the next row is current.
func TestNewContactFromTheQueue(t *testing.T) {
	s := newSite(t)
	older := s.text(t, "+12065550143", "Me too")
	m := s.text(t, "+12065550142", "I got your flyer")
	dana := s.sits(t, s.session(t, s.dana))
	dana.opens("/unassigned")
	dana.sees("link", "(206) 555-0142")
	dana.types("n")
	dana.focuses("new-contact-FirstName")
	dana.types("Marcus" + kb.Tab + "Bell" + kb.Enter)
	dana.sees("status", "Assigned to Marcus Bell")
	dana.sees("heading", "Unassigned")
	dana.focuses("open-" + older.ID)
	if got := s.message(t, m.ID); got.Record == nil || got.Record.Name != "Marcus Bell" {
		t.Errorf("the text is on %+v", got.Record)
	}
}

// Too late in the queue: the answer is the text's own page, at its address.
func TestSomebodyWasFasterInTheQueue(t *testing.T) {
	s := newSite(t)
	storetest.Contact(t, s.db, s.dana, "Ada Okafor", "(512) 555-0177")
	ben := storetest.Contact(t, s.db, s.dana, "Ben Okafor", "512.555.0177")
	sam := storetest.User(t, s.db, "Sam Ortiz", switchboard.Agent)
	m := s.text(t, "+15125550177", "Hi")
	dana := s.sits(t, s.session(t, s.dana))
	dana.opensDeaf("/unassigned")
	dana.sees("link", "(512) 555-0177")
	if _, err := s.db.Place(t.Context(), sam, store.Placement{MessageIDs: []string{m.ID}, RecordID: ben.ID}); err != nil {
		t.Fatal(err)
	}
	dana.types("1")
	dana.sees("alert", "*")
	dana.reads("Sam Ortiz assigned this to Ben Okafor")
	dana.until("the address following", func() (bool, error) { return js[string](dana, "location.pathname") == "/messages/"+m.ID, nil })
	if got := s.message(t, m.ID); got.Record == nil || got.Record.ID != ben.ID {
		t.Errorf("the text is on %+v", got.Record)
	}
}
