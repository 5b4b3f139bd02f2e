package web

import (
	"bufio"
	"net/http"
	"strings"
	"testing"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
	"github.com/switchboardhq/switchboard/internal/store/storetest"
)

// A deskSite has Dana, a channel, two contacts with one number, and a text
// from it.
func deskSite(t *testing.T) (s *testSite, dana switchboard.Actor, ada, ben *switchboard.Record, m *switchboard.Message) {
	t.Helper()
	s = newTestSite(t)
	dana = storetest.Admin(t, s.db)
	c := storetest.Channel(t, s.db, dana)
	ada = storetest.Contact(t, s.db, dana, "Ada Okafor", "(512) 555-0177")
	ben = storetest.Contact(t, s.db, dana, "Ben Okafor", "512.555.0177")
	return s, dana, ada, ben, storetest.Text(t, s.db, dana.OrgID, c, "+15125550177", "Hi, it’s Ada")
}

func (s *testSite) stands(t *testing.T, m *switchboard.Message, state switchboard.State, on string) *switchboard.Message {
	t.Helper()
	got := storetest.Message(t, s.db, s.org(t), m.ID)
	name := ""
	if got.Record != nil {
		name = got.Record.Name
	}
	if got.State != state || name != on {
		t.Errorf("%s is %s on %q, want %s on %q", got.Name(), got.State, name, state, on)
	}
	return got
}

func (s *testSite) org(t *testing.T) string { return storetest.Org(t, s.db) }

// Everything works as plain links and forms, without a script.
func TestDeskWithoutScripts(t *testing.T) {
	s, dana, ada, _, m := deskSite(t)
	v := s.as(dana)
	v.opens("/unassigned").says(http.StatusOK, "(512) 555-0177", "2 records have this number", "Assign to Ada Okafor", "1 sender · 1 text")
	page := "/messages/" + m.ID
	v.opens(page).says(http.StatusOK, "SMS-000001", "2 records have (512) 555-0177 and neither has a previous message, so a person decides.")

	v.posts(page+"/assign", "record", ada.ID, "return", page).says(http.StatusOK, "Assigned to Ada Okafor", "Take back")
	s.stands(t, m, switchboard.Assigned, "Ada Okafor")
	v.posts("/undo", "token", v.field("token"), "return", page).says(http.StatusOK, "Taken back. 1 text waits again")
	s.stands(t, m, switchboard.Unassigned, "")
	v.posts("/undo", "token", "nothing").says(http.StatusOK, "Could not undo")

	v.opens(page+"/edit?field=contact").says(http.StatusOK, "Cancel", "Save")
	v.posts(page+"/details", "contact_name", "oka", "contact", "").says(http.StatusUnprocessableEntity, "Choose a contact from the list", "Ada Okafor", "Ben Okafor")
	v.posts(page+"/details", "contact_name", "Ada Okafor", "contact", ada.ID).says(http.StatusOK, "Assigned to Ada Okafor")
	v.posts(page+"/details", "contact_name", "", "contact", "").says(http.StatusOK, "Taken off Ada Okafor", "It waits in Unassigned.")
	s.stands(t, m, switchboard.Unassigned, "")
	v.opens("/unassigned?reason=person").says(http.StatusOK, "Dana Reyes took it off Ada Okafor")

	v.opens("/find?message="+m.ID+"&q=ben").says(http.StatusOK, "Assign to Ben Okafor")
	v.posts("/assign", "id", m.ID, "record", ada.ID, "return", page).says(http.StatusOK, "Assigned to Ada Okafor")
	v.posts(page+"/take-off", "return", page).says(http.StatusOK, "Taken off Ada Okafor")
	v.posts(page+"/dismiss", "reason", "block", "return", "/unassigned").says(http.StatusOK, "Dismissed", "and the sender blocked", "Every text has its record")
	s.stands(t, m, switchboard.Dismissed, "")
	v.opens(page).says(http.StatusOK, "Dana Reyes dismissed it as spam.", "is dismissed as it comes")
	v.opens("/search?q=okafor").says(http.StatusOK, "Ada Okafor", "Ben Okafor")
	v.opens("/messages?state=dismissed").says(http.StatusOK, "SMS-000001")
}

// field is the value of the first form field with the name.
func (v *testVisitor) field(name string) string {
	for _, n := range elements(v.doc) {
		if n.Data == "input" && attr(n, "name") == name {
			return attr(n, "value")
		}
	}
	return ""
}

func TestNewContactWithoutScripts(t *testing.T) {
	s, dana, _, _, _ := deskSite(t)
	c, err := s.db.Channels(t.Context(), dana.OrgID)
	if err != nil {
		t.Fatal(err)
	}
	m := storetest.Text(t, s.db, dana.OrgID, c[0], "+12065550142", "I got your flyer")
	v := s.as(dana)
	form := "/records/new/contact"
	v.opens(form+"?from=why&message="+m.ID).says(http.StatusOK, "New Contact", "From the text", "Saving also assigns this text to the new contact.")
	if got := v.field("MobilePhone"); got != "(206) 555-0142" {
		t.Errorf("Mobile holds %q", got)
	}
	v.posts(form, "from", "why", "message", m.ID, "FirstName", "Marcus", "MobilePhone", "(206) 555-0142", "Email", "marcus@bell").
		says(http.StatusUnprocessableEntity, "Not saved. Last Name is missing.", "Enter a last name.", "Enter an address like name@example.com.")
	if got := v.field("FirstName"); got != "Marcus" {
		t.Errorf("the first name is lost: %q", got)
	}
	v.posts(form, "from", "why", "message", m.ID, "FirstName", "Ada", "LastName", "Okafor", "Email", "x").says(http.StatusUnprocessableEntity, "This may be somebody you already have.", "Assign to Ada Okafor")
	v.posts(form, "from", "why", "message", m.ID, "FirstName", "Marcus", "LastName", "Bell", "MobilePhone", "(206) 555-0142").
		says(http.StatusOK, "Contact Marcus Bell created", "and the text assigned to it")
	s.stands(t, m, switchboard.Assigned, "Marcus Bell")

	other := storetest.Text(t, s.db, dana.OrgID, c[0], "+12065550143", "Me too")
	v.posts(form, "from", "lookup", "message", other.ID, "LastName", "Stone").says(http.StatusOK, "Contact Stone created", "Save")
	if v.path != "/messages/"+other.ID+"/edit" || v.field("contact_name") != "Stone" {
		t.Errorf("at %s the contact field holds %q", v.path, v.field("contact_name"))
	}
}

// A viewer sees everything and changes nothing.
func TestViewerOnlyReads(t *testing.T) {
	s, _, ada, _, m := deskSite(t)
	v := s.as(storetest.User(t, s.db, "Vera Stone", switchboard.Viewer))
	v.opens("/unassigned").says(http.StatusOK, "(512) 555-0177")
	v.saysNot("Assign to Ada Okafor")
	v.opens("/messages/"+m.ID).says(http.StatusOK, "Ada Okafor")
	v.saysNot("Dismiss")
	for _, path := range []string{"/messages/" + m.ID + "/assign", "/messages/" + m.ID + "/dismiss", "/messages/" + m.ID + "/details", "/assign", "/bulk", "/undo", "/records/new/contact"} {
		v.posts(path, "record", ada.ID, "id", m.ID, "LastName", "X", "contact", ada.ID).says(http.StatusForbidden, "may not")
	}
	s.stands(t, m, switchboard.Unassigned, "")
}

// Nobody who is not signed in sees anything.
func TestStrangersAreAskedToSignIn(t *testing.T) {
	s, _, _, _, m := deskSite(t)
	for _, r := range s.server.routes() {
		method, path, _ := strings.Cut(r.pattern, " ")
		if r.may == "" || strings.Contains(path, "{$}") {
			continue
		}
		path = strings.NewReplacer("{id}", m.ID, "{object}", "contact").Replace(path)
		if strings.Contains(path, "{") {
			path = path[:strings.Index(path, "{")] + "x"
		}
		req, err := http.NewRequestWithContext(t.Context(), method, s.url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != http.StatusSeeOther && res.StatusCode != http.StatusUnauthorized && res.StatusCode != http.StatusNotFound {
			t.Errorf("%s answers a stranger with %d", r.pattern, res.StatusCode)
		}
		if res.StatusCode == http.StatusSeeOther && !strings.HasPrefix(res.Header.Get("Location"), "/sign-in") {
			t.Errorf("%s sends a stranger to %s", r.pattern, res.Header.Get("Location"))
		}
	}
}

// A form on another site can do nothing here, and every page says what it may
// load.
func TestOtherSites(t *testing.T) {
	s, dana, ada, _, m := deskSite(t)
	v := s.as(dana)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/messages/"+m.ID+"/assign", strings.NewReader("record="+ada.ID))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	v.sends(req).says(http.StatusForbidden, "sent from another site")
	s.stands(t, m, switchboard.Unassigned, "")

	v.opens("/unassigned")
	for name, want := range map[string]string{"Content-Security-Policy": contentPolicy, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Cache-Control": "no-store"} {
		if got := v.header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	v.posts("/messages/"+m.ID+"/assign", "record", ada.ID, "return", "//evil.example/x").says(http.StatusOK, "Assigned to Ada Okafor")
	if !strings.HasPrefix(v.path, "/messages/") {
		t.Errorf("a form leads to %s", v.path)
	}
	v.opens("/nothing/here").says(http.StatusNotFound, "There is no page at /nothing/here.")
}

// The second of two people is told, whatever they do, and nothing of the
// first's is overwritten.
func TestConflicts(t *testing.T) {
	s, dana, ada, ben, m := deskSite(t)
	sam := storetest.User(t, s.db, "Sam Ortiz", switchboard.Agent)
	v := s.as(dana)
	seen := version(m)
	if _, err := s.db.Place(t.Context(), sam, store.Placement{MessageIDs: []string{m.ID}, RecordID: ben.ID}); err != nil {
		t.Fatal(err)
	}
	page := "/messages/" + m.ID
	for _, try := range [][]string{
		{page + "/assign", "record", ada.ID, "version", seen},
		{page + "/details", "contact", ada.ID, "version", seen},
		{page + "/dismiss", "reason", "spam", "version", seen},
		{"/assign", "id", m.ID, "record", ada.ID, "version", seen},
		{"/records/new/contact", "from", "why", "message", m.ID, "LastName", "Bell", "version", seen},
	} {
		v.posts(try[0], try[1:]...).says(http.StatusConflict, "Sam Ortiz assigned this to Ben Okafor", "was not saved")
		s.stands(t, m, switchboard.Assigned, "Ben Okafor")
	}
	// Nothing is lost where both chose the same.
	v.posts(page+"/assign", "record", ben.ID, "version", seen).says(http.StatusConflict, "Sam Ortiz assigned this to Ben Okafor", "You chose the same record.")
	v.saysNot("was not saved")
	c, err := s.db.Channels(t.Context(), dana.OrgID)
	if err != nil {
		t.Fatal(err)
	}
	other := storetest.Text(t, s.db, dana.OrgID, c[0], "+12065550142", "Hello")
	v.posts("/bulk", "do", "spam", "id", m.ID, "id", other.ID).says(http.StatusConflict, "does not wait any more")
	s.stands(t, other, switchboard.Unassigned, "")
}

// An open page hears of a text as it is committed.
func TestStreamTellsOfATextThatCame(t *testing.T) {
	s, dana, _, _, _ := deskSite(t)
	v := s.as(dana)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/live", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := v.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	lines := bufio.NewScanner(res.Body)
	waitFor := func(event string) {
		t.Helper()
		for lines.Scan() {
			if lines.Text() == "event: "+event {
				return
			}
		}
		t.Fatalf("the stream ended before %q: %v", event, lines.Err())
	}
	waitFor("beat")
	c, err := s.db.Channels(t.Context(), dana.OrgID)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.desk.Submit(t.Context(), dana, c[0].ID, switchboard.Text{Direction: switchboard.Inbound, ProviderMessageID: "p1", Sender: "+12065550142", Body: "Hello"}); err != nil {
		t.Fatal(err)
	}
	waitFor("changed")
	v.opens("/live/frame").says(http.StatusOK, "Notifications, 2 unread")
	v.opens("/unassigned/new?since=0&shown=x").says(http.StatusOK, "2 new senders, show")

	// It ends with the session, whatever happens next.
	v.posts("/sign-out")
	if _, _, err := s.desk.Submit(t.Context(), dana, c[0].ID, switchboard.Text{Direction: switchboard.Inbound, ProviderMessageID: "p2", Sender: "+12065550142", Body: "Hello?"}); err != nil {
		t.Fatal(err)
	}
	waitFor("ended")
}

// What a remembered number brought to a record later is shown when the number
// is forgotten, to take off or to leave.
func TestWhatCameAlongIsShown(t *testing.T) {
	s, dana, _, _, _ := deskSite(t)
	c, err := s.db.Channels(t.Context(), dana.OrgID)
	if err != nil {
		t.Fatal(err)
	}
	jo := storetest.Contact(t, s.db, dana, "Jo Martin", "")
	first := storetest.Text(t, s.db, dana.OrgID, c[0], "+12065550142", "one")
	v := s.as(dana)
	page := "/messages/" + first.ID
	v.posts(page+"/assign", "record", jo.ID, "remember", "true", "return", page).says(http.StatusOK, "Assigned to Jo Martin")
	later := storetest.Text(t, s.db, dana.OrgID, c[0], "+12065550142", "two")
	s.stands(t, later, switchboard.Assigned, "Jo Martin")
	v.posts(page+"/take-off", "return", page).says(http.StatusOK, "Taken off Jo Martin", "SMS-000003 two", "Take it off too")
	v.posts("/take-off", "id", later.ID, "return", page).says(http.StatusOK, "1 text taken off")
	s.stands(t, later, switchboard.Unassigned, "")
}
