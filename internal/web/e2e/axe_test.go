package e2e

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
	"github.com/switchboardhq/switchboard/internal/store/storetest"
)

// passes fails for whatever axe finds wrong with the page as it stands, and
// for a page that has to be scrolled sideways.
func (p *person) passes(state string) {
	p.t.Helper()
	if dir := os.Getenv("SCREENSHOTS"); dir != "" {
		b, err := chromedp.Run(p.ctx, screenshot)
		p.must(err)
		p.must(os.WriteFile(filepath.Join(dir, strings.ReplaceAll(state, " ", "-")+".png"), b, 0o644))
	}
	axe, err := os.ReadFile("../testdata/axe.min.js")
	p.must(err)
	_, err = chromedp.Call(p.ctx, runtime.Evaluate, runtime.EvaluateParams{Expression: string(axe)})
	p.must(err)
	// What is still fading in or out has the colours of neither.
	_, err = chromedp.Call(p.ctx, runtime.Evaluate, runtime.EvaluateParams{Expression: "document.getAnimations().forEach(a => { try { a.finish() } catch { a.cancel() } })"})
	p.must(err)
	found, err := chromedp.Run(p.ctx, chromedp.Evaluate[[]string](`axe.run(document, {runOnly: ['wcag2a','wcag2aa','wcag21a','wcag21aa','wcag22aa','best-practice']}).then(r => r.violations.flatMap(v => v.nodes.map(n => v.id + ': ' + n.html.slice(0, 160) + ' ' + (n.any[0]?.message || n.all[0]?.message || n.none[0]?.message || ''))))`, chromedp.EvalAwaitPromise))
	p.must(err)
	for _, f := range found {
		p.t.Errorf("%s: %s", state, f)
	}
	if over := js[int](p, "document.documentElement.scrollWidth - innerWidth"); over > 0 {
		p.t.Errorf("%s: the page is %d px too wide", state, over)
	}
}

func screenshot(ctx context.Context, t *chromedp.Target) ([]byte, error) {
	return chromedp.CaptureScreenshot()(ctx, t)
}

// Every page of the desk in every state, light and dark, wide and on a phone.
func TestAccessibility(t *testing.T) {
	for _, look := range []struct {
		name          string
		width, height int64
		theme         string
	}{
		{"wide light", 1440, 900, "light"},
		{"wide dark", 1440, 900, "dark"},
		{"phone light", 390, 844, "light"},
		{"phone dark", 390, 844, "dark"},
	} {
		t.Run(look.name, func(t *testing.T) {
			s := newSite(t)
			dana := s.sits(t, s.session(t, s.dana))
			dana.uses(look.width, look.height, look.theme)
			phone := look.width < 768
			passes := func(state string) {
				t.Helper()
				dana.passes(look.name + " " + state)
			}

			dana.opens("/unassigned")
			dana.reads("Every text has its record")
			passes("queue empty")

			ada, waiting := s.populate(t)
			dana.opens("/unassigned?reason=person")
			dana.reads("Nothing under")
			passes("queue filtered empty")
			dana.opens("/unassigned")
			dana.sees("heading", "(206) 555-0142")
			passes("queue")
			dana.clicks("button", "Notifications, 4 unread")
			dana.sees("link", "New SMS! (not assigned) (512) 555-0177*")
			passes("bell")
			dana.opens("/unassigned")
			if !phone {
				dana.clicks("checkbox", "Select (206) 555-0142")
				dana.reads("1 sender selected")
				passes("selected")
				dana.clicks("button", "Assign to…")
				dana.sees("combobox", "Record")
				dana.sees("option", "Ada Okafor*")
				passes("find")
				dana.opens("/unassigned")
				dana.types("?")
				dana.sees("dialog", "Keyboard shortcuts")
				passes("keys")
			}

			dana.opens("/messages/" + waiting.ID)
			dana.sees("region", "Why")
			passes("message")
			dana.opens("/messages/" + waiting.ID + "/edit?field=contact")
			dana.clicks("combobox", "Contact")
			dana.types("oka")
			dana.sees("option", "Ada Okafor*")
			passes("lookup")
			dana.types("zzz")
			dana.reads("No contact matches")
			passes("lookup without a match")
			dana.clicks("option", "New Contact")
			dana.sees("dialog", "New Contact")
			passes("new contact")
			js[bool](dana, "(document.querySelector('[name=LastName]').value='', document.querySelector('[name=Email]').value='ada@', true)")
			dana.clicks("button", "Save")
			dana.reads("Enter a last name.")
			passes("new contact with errors")

			dana.opensDeaf("/messages/" + waiting.ID)
			if _, err := s.db.Place(t.Context(), s.dana, store.Placement{MessageIDs: []string{waiting.ID}, RecordID: ada.ID}); err != nil {
				t.Fatal(err)
			}
			dana.clicks("button", "Assign to Ben Okafor")
			dana.sees("alert", "*")
			passes("conflict")
			dana.opens("/messages/" + waiting.ID)
			dana.clicks("button", "Assign to Ben Okafor")
			dana.sees("status", "Assigned to Ben Okafor")
			passes("assigned")

			fields := switchboard.DefaultPhoneFields()
			for _, o := range []switchboard.Object{"Patient__c", "Volunteer_Driver__c", "Donor__c"} {
				fields[o] = []string{"Mobile__c"}
			}
			if _, err := s.db.SetPhoneFields(t.Context(), s.dana, fields); err != nil {
				t.Fatal(err)
			}
			storetest.Record(t, s.db, s.dana, "Patient__c", switchboard.Fields{"Name": "Ada Okafor", "Mobile__c": "(512) 555-0177"})
			dana.opens("/objects/Patient__c")
			dana.reads("1 patient record")
			passes("custom records")
			if phone {
				js[bool](dana, "(document.querySelector('.sb-menu_up').open = true)")
				passes("more")
			}
			dana.clicks("link", "New Patient")
			dana.sees("dialog", "New Patient")
			passes("new custom record")

			dana.opens("/search?q=oka")
			dana.reads("Ada Okafor")
			passes("search")
			dana.opens("/messages")
			dana.sees("heading", "Texts")
			passes("texts")
			dana.opens("/messages/none")
			dana.sees("heading", "There is no message*")
			passes("not found")
		})
	}
}

// populate fills the store with a morning's texts, and returns a candidate and
// the text that waits for a person to choose it.
func (s *site) populate(t *testing.T) (*switchboard.Record, *switchboard.Message) {
	t.Helper()
	account := storetest.Record(t, s.db, s.dana, switchboard.Account, switchboard.Fields{"Name": "Okafor Interiors"})
	contact := func(first, last, field, number string, more switchboard.Fields) *switchboard.Record {
		f := switchboard.Fields{"FirstName": first, "LastName": last, field: number}
		for k, v := range more {
			f[k] = v
		}
		return storetest.Record(t, s.db, s.dana, switchboard.Contact, f)
	}
	in := switchboard.Fields{"AccountId": account.ID}
	ada := contact("Ada", "Okafor", "MobilePhone", "(512) 555-0177", in)
	contact("Ben", "Okafor", "HomePhone", "512.555.0177", in)
	contact("Priya", "Raman", "MobilePhone", "737-555-0119", nil)
	storetest.Record(t, s.db, s.dana, switchboard.Lead, switchboard.Fields{"LastName": "Raman", "FirstName": "P.", "Company": "Raman Dental", "Phone": "(737) 555-0119"})
	s.text(t, "88202", "Your Brightline Supply delivery arrives today between 1 and 3 PM. Reply STOP to opt out.")
	s.text(t, "+17375550119", "Yes please, 2 pm works for us.")
	s.text(t, "+12065550142", "Hello, I got your flyer. Could somebody look at our roof this week? There’s a wet patch over the hallway and it’s growing. 14 Alder Street. Marcus Bell")
	s.text(t, "+15125550177", "Hello, is this Northside?")
	s.text(t, "+15125550177", "It’s about our install on Thursday.")
	m := s.text(t, "+15125550177", "Hi, it’s Ada from Okafor Interiors. Could you move Thursday’s install to the morning? The painters need the room from noon, so 8 or 9 would be perfect.")
	return ada, m
}
