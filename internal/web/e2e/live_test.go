package e2e

import (
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
	"github.com/switchboardhq/switchboard/internal/store/storetest"
)

// What happens elsewhere shows by itself: a text that comes, one that somebody
// else places; in every tab, and without moving what one is reading.
func TestPagesFollowWhatHappens(t *testing.T) {
	s := newSite(t)
	ben := storetest.Contact(t, s.db, s.dana, "Ben Okafor", "512.555.0199")
	sam := storetest.User(t, s.db, "Sam Ortiz", switchboard.Agent)
	first := s.text(t, "+12065550142", "I got your flyer")
	dana := s.sits(t, s.session(t, s.dana))
	dana.opens("/unassigned")
	dana.sees("button", "Notifications, 1 unread")

	s.text(t, "+12065550143", "Me too")
	dana.sees("button", "Notifications, 2 unread")
	dana.sees("link", "1 new sender, show")
	dana.until("the tab's title counting along", func() (bool, error) {
		return js[string](dana, "document.title") == "(2) Unassigned · Switchboard", nil
	})
	dana.clicks("link", "1 new sender, show")
	dana.sees("link", "(206) 555-0143")

	if _, err := s.desk.Place(t.Context(), sam, store.Placement{MessageIDs: []string{first.ID}, RecordID: ben.ID}); err != nil {
		t.Fatal(err)
	}
	dana.reads("Assigned to Ben Okafor by Sam Ortiz")
	dana.sees("button", "Notifications, 1 unread")

	dana.opens("/messages/" + first.ID)
	if _, err := s.desk.TakeOff(t.Context(), sam, []string{first.ID}, 0); err != nil {
		t.Fatal(err)
	}
	dana.reads("Sam Ortiz took it off Ben Okafor")
}

// A server that does not answer takes nothing away: what one did is said not to
// be saved or loaded, and what the page asks by itself is not said at all.
func TestTheServerDoesNotAnswer(t *testing.T) {
	s := newSite(t)
	storetest.Contact(t, s.db, s.dana, "Ada Okafor", "(512) 555-0177")
	storetest.Contact(t, s.db, s.dana, "Ben Okafor", "512.555.0177")
	m := s.text(t, "+15125550177", "Hi")
	dana := s.sits(t, s.session(t, s.dana))
	dana.opensDeaf("/messages/" + m.ID)
	dana.sees("button", "Assign to Ada Okafor")
	_, err := chromedp.Call(dana.ctx, network.SetBlockedURLs, network.SetBlockedURLsParams{URLPatterns: []*network.BlockPattern{{URLPattern: s.url + "/*", Block: true}}})
	dana.must(err)
	js[bool](dana, "(addEventListener('htmx:sendError', () => { window.asked = true }), document.body.dispatchEvent(new CustomEvent('live-changed')))")
	dana.until("the page having asked by itself", func() (bool, error) { return js[bool](dana, "window.asked === true"), nil })
	if js[bool](dana, "document.querySelector('[data-toast]') !== null") {
		t.Error("it is said that the page could not look again by itself")
	}
	dana.clicks("link", "New Contact*")
	dana.sees("status", "Not loaded.")
	dana.clicks("button", "Assign to Ada Okafor")
	dana.reads("Not saved.")
	_, err = chromedp.Call(dana.ctx, network.SetBlockedURLs, network.SetBlockedURLsParams{})
	dana.must(err)
	dana.clicks("button", "Assign to Ada Okafor")
	dana.sees("status", "Assigned to Ada Okafor")
}

// A filter is an address like any other: it can be reloaded, and one goes back
// from it.
func TestFiltersAreAddresses(t *testing.T) {
	s := newSite(t)
	s.text(t, "+12065550142", "I got your flyer")
	dana := s.sits(t, s.session(t, s.dana))
	dana.opens("/unassigned")
	dana.clicks("link", "Taken off 0")
	dana.reads("Nothing under “Taken off”")
	dana.until("the address saying so", func() (bool, error) { return js[string](dana, "location.search") == "?reason=person", nil })
	js[bool](dana, "(history.back(), true)")
	dana.sees("link", "(206) 555-0142")
	dana.until("the address going back", func() (bool, error) { return js[string](dana, "location.search") == "", nil })
}
