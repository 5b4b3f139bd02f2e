package web

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store/storetest"
)

// An unread sender has its dot, however many wait before it.
func TestEveryUnreadSenderHasItsDot(t *testing.T) {
	s := newTestSite(t)
	dana := storetest.Admin(t, s.db)
	c := storetest.Channel(t, s.db, dana)
	for i := range bellNotes + 3 {
		storetest.Text(t, s.db, dana.OrgID, c, fmt.Sprintf("+1512555%04d", 1000+i), "Hello")
	}
	v := s.as(dana)
	v.opens("/unassigned")
	dots := 0
	for _, n := range elements(v.doc) {
		if attr(n, "class") == "sb-dot" && attr(n.Parent, "class") == "sb-row__head" {
			dots++
		}
	}
	if want := bellNotes + 3; dots != want {
		t.Errorf("%d of %d rows have a dot", dots, want)
	}
}

// However much a sender wrote, what there is to decide stays near the newest.
func TestLongConversationFolds(t *testing.T) {
	s, dana, _, _, _ := deskSite(t)
	channels, err := s.db.Channels(t.Context(), dana.OrgID)
	if err != nil {
		t.Fatal(err)
	}
	var newest *switchboard.Message
	for i := range 10 {
		newest = storetest.Text(t, s.db, dana.OrgID, channels[0], "+12065550142", fmt.Sprintf("Number %d", i))
	}
	v := s.as(dana)
	v.opens("/unassigned/preview?message="+newest.ID).says(http.StatusOK, "4 earlier texts", "Number 0", "Number 9")
	v.opens("/messages/"+newest.ID).says(http.StatusOK, "3 earlier texts", "Number 0", "Number 8")
}

// A text without words is no hole in the page.
func TestTextWithoutWords(t *testing.T) {
	s, dana, _, _, _ := deskSite(t)
	channels, err := s.db.Channels(t.Context(), dana.OrgID)
	if err != nil {
		t.Fatal(err)
	}
	m := storetest.Text(t, s.db, dana.OrgID, channels[0], "+12065550142", "")
	v := s.as(dana)
	for _, path := range []string{"/unassigned", "/messages", "/messages/" + m.ID} {
		v.opens(path).says(http.StatusOK, emptyText)
	}
}

// An empty queue leads to what was placed today, if anything was.
func TestEmptyQueueLeadsToWhatWasPlacedToday(t *testing.T) {
	s := newTestSite(t)
	dana := storetest.Admin(t, s.db)
	c := storetest.Channel(t, s.db, dana)
	v := s.as(dana)
	v.opens("/unassigned").says(http.StatusOK, "Every text has its record")
	v.saysNot("See what was placed today")
	storetest.Contact(t, s.db, dana, "Ada Okafor", "(512) 555-0177")
	storetest.Text(t, s.db, dana.OrgID, c, "+15125550177", "Hello")
	v.opens("/unassigned").says(http.StatusOK, "1 text of today was placed by the rule.", "See what was placed today")
	for _, n := range elements(v.doc) {
		if n.Data == "a" && words(n) == "See what was placed today" {
			v.opens(attr(n, "href")).says(http.StatusOK, "SMS-000001", "assigned, since")
		}
	}
}
