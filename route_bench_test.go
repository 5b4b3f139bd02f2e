package switchboard

import "testing"

// BenchmarkRoute must stay below one microsecond: it runs for every text, inside
// the writing transaction.
func BenchmarkRoute(b *testing.B) {
	samHas := has(sam, "MobilePhone", "(512) 555-0177")
	joHas := has(jo, "Phone", "512.555.0177")
	for _, bm := range []struct {
		name       string
		candidates []Candidate
	}{
		{"no candidate", nil},
		{"1 candidate", []Candidate{samHas}},
		{"2 candidates", []Candidate{samHas.after(9, 0, 1), joHas.after(9, 1, 2)}},
	} {
		b.Run(bm.name, func(b *testing.B) {
			f := Facts{Sender: texting("+15125550177"), Candidates: bm.candidates}
			b.ReportAllocs()
			for b.Loop() {
				if d := Route(f); d.Outcome == "" {
					b.Fatal("no decision")
				}
			}
		})
	}
}
