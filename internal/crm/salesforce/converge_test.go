package salesforce_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/crm/salesforce"
	"github.com/switchboardhq/switchboard/internal/crm/salesforce/sforg"
	"pgregory.net/rapid"
)

// Whoever polls, and looks back each time, ends up with the org's records as
// they are: whatever happened to them between two polls or two pages, however
// late it became visible, and whatever failed.
func TestPollingEndsUpWithWhatIsThere(t *testing.T) {
	objects := []switchboard.Object{switchboard.Contact, switchboard.Lead}
	fields := []string{"LastName", "MobilePhone"}
	rapid.Check(t, func(rt *rapid.T) {
		s := simulate(t)
		here := map[string]switchboard.RemoteRecord{}
		cursors := map[switchboard.Object]salesforce.Cursor{}
		all := map[switchboard.Object][]string{}
		poll := func() {
			var asked []salesforce.Asked
			for _, o := range objects {
				asked = append(asked, salesforce.Asked{Object: o, Fields: fields, After: cursors[o].Back(salesforce.Overlap)})
			}
			ours := func(err error) bool {
				var e *salesforce.Error
				if err != nil && !errors.As(err, &e) {
					rt.Fatal(err)
				}
				return err == nil
			}
			polled, err := s.Poll(t.Context(), salesforce.Cursor{}, asked)
			if !ours(err) {
				return
			}
			for i, o := range objects {
				next := cursors[o]
				for p, err := range polled.Records[i] {
					if !ours(err) {
						break // the next poll begins where this one had come to
					}
					for _, r := range p.Records {
						here[r.SalesforceID] = r
					}
					if p.Next.Stamp.After(next.Stamp) {
						next = p.Next
					}
				}
				cursors[o] = next
			}
		}
		some := func(o switchboard.Object) string { return rapid.SampledFrom(all[o]).Draw(rt, "record") }
		act := func() {
			o := rapid.SampledFrom(objects).Draw(rt, "object")
			s.clock.Add(time.Duration(rapid.IntRange(0, 3).Draw(rt, "seconds")) * time.Second)
			// A transaction that took so long shows rows with stamps of its beginning.
			s.there.SetCommitDelay(time.Duration(rapid.SampledFrom([]int{0, 0, 5, 300}).Draw(rt, "took")) * time.Second)
			if len(all[o]) == 0 || rapid.IntRange(0, 3).Draw(rt, "new") == 0 {
				f := map[string]any{"LastName": fmt.Sprint("Doe ", len(all[o]))}
				if o == switchboard.Lead {
					f["Company"] = "Acme"
				}
				if id, err := s.there.Create(nil, string(o), f); err == nil {
					all[o] = append(all[o], id)
				}
				return
			}
			// What the org refuses, such as to change what is deleted, does nothing.
			switch rapid.SampledFrom([]string{"update", "delete", "undelete", "merge", "convert"}).Draw(rt, "what") {
			case "update":
				_ = s.there.Update(nil, string(o), some(o), map[string]any{"MobilePhone": rapid.StringMatching(`\(512\) 555-01[0-9]{2}`).Draw(rt, "phone")})
			case "delete":
				_ = s.there.Delete(nil, string(o), some(o))
			case "undelete":
				_ = s.there.Undelete(nil, string(o), some(o))
			case "merge":
				if winner, loser := some(o), some(o); winner != loser {
					_ = s.there.Merge(nil, string(o), winner, loser)
				}
			case "convert":
				if len(all[switchboard.Lead]) > 0 {
					if to, err := s.there.Convert(nil, some(switchboard.Lead), sforg.ConvertOptions{}); err == nil {
						all[switchboard.Contact] = append(all[switchboard.Contact], to.ContactID)
					}
				}
			}
		}
		fault := func() {
			kind := rapid.SampledFrom([]sforg.FaultKind{sforg.ExpiredSession, sforg.RequestLimit, sforg.HTML503, sforg.ServerError, sforg.TimeoutBefore}).Draw(rt, "fault")
			s.there.Fail(sforg.Fault{Kind: kind, Path: rapid.SampledFrom([]string{"/query", "/composite"}).Draw(rt, "of")})
		}
		rt.Repeat(map[string]func(*rapid.T){
			"act":  func(*rapid.T) { act() },
			"more": func(*rapid.T) { act() },
			"poll": func(*rapid.T) { poll() },
			"fail": func(*rapid.T) { fault() },
		})
		s.there.Heal()
		poll()
		for _, o := range objects {
			want := loaded(t, s.Load(t.Context(), o, fields, salesforce.Loading{}), ofLoad)
			got := map[string]switchboard.RemoteRecord{}
			for id, r := range here {
				if r.Object == o {
					got[id] = r
				}
			}
			// A winner may have lost in its turn after its loser was last read: that
			// is told by the winner.
			for id, r := range got {
				for hops := 0; r.Deleted && here[r.MasterID].Deleted && here[r.MasterID].MasterID != "" && hops < 20; hops++ {
					r.MasterID = here[r.MasterID].MasterID
				}
				got[id] = r
			}
			if d := cmp.Diff(want, got); d != "" {
				rt.Fatalf("%s:\n%s", o, d)
			}
		}
	})
}
