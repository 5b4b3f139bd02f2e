package e2e

import (
	"fmt"
	"testing"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store/storetest"
)

// Who may only read has rows without checkboxes and actions, as wide as the
// others.
func TestViewersRowsAreWide(t *testing.T) {
	s := newSite(t)
	s.text(t, "+12065550142", "I got your flyer")
	vera := s.sits(t, s.session(t, storetest.User(t, s.db, "Vera Lund", switchboard.Viewer)))
	vera.opens("/unassigned")
	vera.sees("link", "(206) 555-0142")
	if row, body := js[float64](vera, "document.querySelector('.sb-row').clientWidth"), js[float64](vera, "document.querySelector('.sb-row__main').clientWidth"); body < row-60 {
		t.Errorf("of a row of %v px the text has %v", row, body)
	}
}

// On a phone the list of a field in a dialog lies on the screen, with its last
// option in sight.
func TestListFitsOnAPhone(t *testing.T) {
	s := newSite(t)
	for i := range 8 {
		storetest.Record(t, s.db, s.dana, switchboard.Account, switchboard.Fields{"Name": fmt.Sprintf("Okafor %d", i)})
	}
	m := s.text(t, "+12065550142", "I got your flyer")
	dana := s.sits(t, s.session(t, s.dana))
	dana.uses(390, 844, "light")
	dana.opens("/messages/" + m.ID)
	dana.clicks("link", "New Contact")
	dana.clicks("combobox", "Account Name")
	dana.types("oka")
	dana.sees("option", "Okafor 7*")
	dana.until("the list lying on the screen", func() (bool, error) {
		return ask[bool](dana, "(() => { const r = document.querySelector('[role=listbox]:not([hidden])').getBoundingClientRect(); return r.top >= 0 && r.bottom <= innerHeight; })()")
	})
	dana.until("its last option lying on the screen", func() (bool, error) {
		return ask[bool](dana, "(() => { const r = document.querySelector('[role=listbox]:not([hidden]) [data-new-url]').getBoundingClientRect(); return r.top >= 0 && r.bottom <= innerHeight; })()")
	})
}

// The number beside a phone's title goes along with the queue.
func TestPhonesTitleCounts(t *testing.T) {
	s := newSite(t)
	storetest.Contact(t, s.db, s.dana, "Ada Okafor", "(512) 555-0177")
	storetest.Contact(t, s.db, s.dana, "Ben Okafor", "(512) 555-0177")
	s.text(t, "+12065550142", "I got your flyer")
	s.text(t, "+15125550177", "Hi, it’s Ada")
	dana := s.sits(t, s.session(t, s.dana))
	dana.uses(390, 844, "light")
	dana.opens("/unassigned")
	const said = "document.querySelector('.sb-phone-title').innerText.replace(/\\s+/g, ' ').trim()"
	if got := js[string](dana, said); got != "Unassigned 2" {
		t.Errorf("the title is %q", got)
	}
	dana.clicks("button", "Assign to Ada Okafor")
	dana.sees("status", "Assigned to Ada Okafor")
	dana.until("the title saying 1", func() (bool, error) {
		return ask[bool](dana, said+" === 'Unassigned 1'")
	})
}

// Ages grow while a page stays open.
func TestAgesGrow(t *testing.T) {
	s := newSite(t)
	s.text(t, "+12065550142", "I got your flyer")
	dana := s.sits(t, s.session(t, s.dana))
	dana.opens("/unassigned")
	dana.reads("updated just now")
	// An hour passes at once.
	js[bool](dana, "(() => { const then = Date.now; Date.now = () => then() + 3600000; return true; })()")
	dana.until("the page saying 1 h ago", func() (bool, error) {
		return ask[bool](dana, "(window.switchboard.grow(), document.body.innerText.includes('updated 1 h ago'))")
	})
}

// A record of a custom object is made from its field, by keyboard, and stands
// in it.
func TestNewCustomRecordFromItsField(t *testing.T) {
	s := newSite(t)
	fields := switchboard.DefaultPhoneFields()
	fields["Patient__c"] = []string{"Mobile__c"}
	if _, err := s.db.SetPhoneFields(t.Context(), s.dana, fields); err != nil {
		t.Fatal(err)
	}
	m := s.text(t, "+12065550142", "I got your flyer")
	dana := s.sits(t, s.session(t, s.dana))
	dana.opens("/messages/" + m.ID)
	dana.clicks("button", "Edit Patient")
	dana.sees("combobox", "Patient")
	dana.types("Ada Okafor")
	dana.clicks("option", "New Patient")
	dana.sees("dialog", "New Patient")
	dana.has("textbox", "Name", "Ada Okafor")
	dana.has("textbox", "Mobile", "(206) 555-0142")
	dana.types("\r")
	dana.misses("dialog", "New Patient")
	dana.has("combobox", "Patient", "Ada Okafor")
	dana.clicks("button", "Save")
	dana.sees("status", "Assigned to Ada Okafor")
	if got := s.message(t, m.ID); got.Record == nil || got.Record.Object != "Patient__c" {
		t.Errorf("the text is on %+v", got.Record)
	}
}
