package switchboard

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// The people of these tests. Sam, Jo and Ben share a telephone.
var (
	sam = RecordRef{ID: "0001", Object: Contact, Name: "Sam Ortiz"}
	jo  = RecordRef{ID: "0002", Object: Lead, Name: "Jo Martin"}
	ben = RecordRef{ID: "0003", Object: Account, Name: "Ben's Bakery"}
)

func texting(number string) Sender {
	return Sender{Kind: SenderPhone, Address: number, Key: MatchKey(number)}
}

func at(hour, minute int) time.Time { return time.Date(2026, 3, 2, hour, minute, 0, 0, time.UTC) }

// has is a record whose field holds the number, without a previous message.
func has(r RecordRef, field, value string) Candidate {
	return Candidate{Record: r, Matched: []Matched{{field, value}}}
}

// after is c with a previous message.
func (c Candidate) after(hour, minute int, seq int64) Candidate {
	c.Last = Moment{at(hour, minute), seq}
	return c
}

func TestTheFourSituations(t *testing.T) {
	const number = "+15125550177"
	samHas := has(sam, "MobilePhone", "(512) 555-0177")
	joHas := has(jo, "Phone", "512.555.0177")
	benHas := has(ben, "Phone", "+1 512 555 0177")
	tests := []struct {
		name       string
		candidates []Candidate
		outcome    Outcome
		reason     Reason
		record     *RecordRef
	}{
		{"one match", []Candidate{samHas}, OutcomeAssigned, ReasonOnlyMatch, &sam},
		{"no match", nil, OutcomeUnassigned, ReasonNoMatch, nil},
		{"two match and one has history", []Candidate{samHas, joHas.after(9, 0, 4)}, OutcomeAssigned, ReasonOnlyHistory, &jo},
		{"two match and none has history", []Candidate{samHas, joHas}, OutcomeUnassigned, ReasonAmbiguous, nil},

		{"one match with history", []Candidate{samHas.after(9, 0, 4)}, OutcomeAssigned, ReasonOnlyMatch, &sam},
		{"both have history", []Candidate{samHas.after(9, 1, 3), joHas.after(9, 0, 4)}, OutcomeAssigned, ReasonLatestHistory, &sam},
		{"both have history, the other is later", []Candidate{samHas.after(9, 1, 3), joHas.after(9, 2, 2)}, OutcomeAssigned, ReasonLatestHistory, &jo},
		{"equal times: the one committed last", []Candidate{samHas.after(9, 0, 3), joHas.after(9, 0, 4)}, OutcomeAssigned, ReasonLatestHistory, &jo},
		{"equal times: the one committed last, in the other order", []Candidate{joHas.after(9, 0, 3), samHas.after(9, 0, 4)}, OutcomeAssigned, ReasonLatestHistory, &sam},
		{"three match and none has history", []Candidate{samHas, joHas, benHas}, OutcomeUnassigned, ReasonAmbiguous, nil},
		{"three match and one has history", []Candidate{samHas, joHas, benHas.after(1, 0, 1)}, OutcomeAssigned, ReasonOnlyHistory, &ben},
		{"three match and two have history", []Candidate{samHas.after(8, 0, 2), joHas, benHas.after(1, 0, 1)}, OutcomeAssigned, ReasonLatestHistory, &sam},
		{"a previous message in the future of this one counts", []Candidate{samHas.after(23, 59, 2), joHas.after(9, 0, 1)}, OutcomeAssigned, ReasonLatestHistory, &sam},
		{"a Contact and its own Account are two records", []Candidate{samHas, benHas}, OutcomeUnassigned, ReasonAmbiguous, nil},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			want := Decision{Outcome: tc.outcome, Reason: tc.reason, Record: tc.record, Sender: number, Candidates: tc.candidates, SettingsVersion: 7}
			sorted := slices.Clone(tc.candidates)
			slices.SortFunc(sorted, func(a, b Candidate) int { return int(a.Record.ID[3]) - int(b.Record.ID[3]) })
			want.Candidates = sorted
			for name, order := range map[string][]Candidate{"as written": tc.candidates, "reversed": reversed(tc.candidates)} {
				got := Route(Facts{Sender: texting(number), Candidates: order, SettingsVersion: 7})
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("candidates %s: the decision differs (-want +got):\n%s", name, diff)
				}
			}
		})
	}
}

func reversed(c []Candidate) []Candidate {
	c = slices.Clone(c)
	slices.Reverse(c)
	return c
}

func TestOneRecordWithTwoFieldsIsOneCandidate(t *testing.T) {
	both := Candidate{Record: sam, Matched: []Matched{{"MobilePhone", "(512) 555-0177"}, {"HomePhone", "512-555-0177"}}}
	got := Route(Facts{Sender: texting("+15125550177"), Candidates: []Candidate{both}})
	if got.Reason != ReasonOnlyMatch || len(got.Candidates) != 1 || len(got.Candidates[0].Matched) != 2 {
		t.Errorf("a record that has the number twice gives %s with %+v, want only_match with one candidate that matched twice", got.Reason, got.Candidates)
	}
}

func TestALinkCountsLikeAField(t *testing.T) {
	linked := has(jo, LinkField, "MTN")
	sender := Sender{Kind: SenderAlphanumeric, Address: "MTN", Key: "x:mtn"}
	got := Route(Facts{Sender: sender, Candidates: []Candidate{linked}})
	if got.Reason != ReasonOnlyMatch || got.Record == nil || *got.Record != jo || got.Sender != "MTN" {
		t.Errorf("a sender that is linked to Jo gives %s, %v, sender %q", got.Reason, got.Record, got.Sender)
	}
	got = Route(Facts{Sender: sender, Candidates: []Candidate{linked, has(sam, LinkField, "MTN")}})
	if got.Reason != ReasonAmbiguous {
		t.Errorf("a sender that is linked twice gives %s, want ambiguous", got.Reason)
	}
}

func TestABlockedSenderIsDismissed(t *testing.T) {
	for name, f := range map[string]Facts{
		"nobody has the number": {},
		"one record has it":     {Candidates: []Candidate{has(sam, "Phone", "5125550177").after(9, 0, 1)}},
		"creation is on":        {Create: true},
	} {
		f.Sender, f.Blocked = texting("+15125550177"), true
		got := Route(f)
		if got.Outcome != OutcomeDismissed || got.Reason != ReasonBlocked || got.Record != nil || got.State() != Dismissed {
			t.Errorf("%s: a blocked sender's text is %s, %s, on %v", name, got.Outcome, got.Reason, got.Record)
		}
		if len(got.Candidates) != len(f.Candidates) {
			t.Errorf("%s: %d candidates are kept, want %d", name, len(got.Candidates), len(f.Candidates))
		}
	}
}

func TestOnlyAnUnknownNumberMakesARecord(t *testing.T) {
	two := []Candidate{has(sam, "Phone", "5125550177"), has(jo, "Phone", "5125550177")}
	for _, tc := range []struct {
		name       string
		candidates []Candidate
		create     bool
		outcome    Outcome
		reason     Reason
	}{
		{"on, nobody has it", nil, true, OutcomeCreated, ReasonCreatedRecord},
		{"off, nobody has it", nil, false, OutcomeUnassigned, ReasonNoMatch},
		{"on, one has it", two[:1], true, OutcomeAssigned, ReasonOnlyMatch},
		{"on, two have it: a third would be a twin", two, true, OutcomeUnassigned, ReasonAmbiguous},
	} {
		got := Route(Facts{Sender: texting("+15125550177"), Candidates: tc.candidates, Create: tc.create})
		if got.Outcome != tc.outcome || got.Reason != tc.reason {
			t.Errorf("%s: %s, %s; want %s, %s", tc.name, got.Outcome, got.Reason, tc.outcome, tc.reason)
		}
	}
}

func TestTheStateFollowsFromTheOutcome(t *testing.T) {
	for outcome, want := range map[Outcome]State{
		OutcomeAssigned: Assigned, OutcomeCreated: Assigned, OutcomeUnassigned: Unassigned, OutcomeDismissed: Dismissed,
	} {
		if got := (Decision{Outcome: outcome}).State(); got != want {
			t.Errorf("a message that is %s has the state %s, want %s", outcome, got, want)
		}
	}
}

// Whatever a person does, "Why?" still shows what the rule last saw.
func TestAPersonsDecisionKeepsTheRulesCandidates(t *testing.T) {
	dana := By{ID: "u1", Name: "Dana Reyes"}
	seen := []Candidate{has(sam, "Phone", "5125550177"), has(jo, "Phone", "5125550177")}
	rule := Decision{Outcome: OutcomeAssigned, Reason: ReasonOnlyHistory, Record: &sam, Sender: "+15125550177", Candidates: seen,
		Retroactive: true, Change: &Change{Kind: RecordDeleted, Record: ben}, SettingsVersion: 7}
	for _, tc := range []struct {
		name string
		got  Decision
		want Decision
	}{
		{"placed", rule.Placed(jo, dana),
			Decision{Outcome: OutcomeAssigned, Reason: ReasonPerson, Record: &jo, Sender: "+15125550177", Candidates: seen, By: &dana, SettingsVersion: 7}},
		{"taken off", rule.TakenOff(sam, dana),
			Decision{Outcome: OutcomeUnassigned, Reason: ReasonPerson, From: &sam, Sender: "+15125550177", Candidates: seen, By: &dana, SettingsVersion: 7}},
		{"dismissed", rule.Dismissed("spam", &sam, dana),
			Decision{Outcome: OutcomeDismissed, Reason: ReasonPerson, From: &sam, Sender: "+15125550177", Candidates: seen, By: &dana, Dismissal: "spam", SettingsVersion: 7}},
		{"dismissed, then placed", rule.Dismissed("spam", nil, dana).Placed(jo, dana),
			Decision{Outcome: OutcomeAssigned, Reason: ReasonPerson, Record: &jo, Sender: "+15125550177", Candidates: seen, By: &dana, SettingsVersion: 7}},
	} {
		if diff := cmp.Diff(tc.want, tc.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.name, diff)
		}
	}
	if rule.Record != &sam || !rule.Retroactive {
		t.Error("the rule's own decision was changed")
	}
}

// Route promises one answer for one set of facts, and to leave them alone.
func TestTheOrderOfCandidatesDecidesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 5).Draw(t, "records")
		var candidates []Candidate
		for i := range n {
			c := has(RecordRef{ID: string(rune('a' + i))}, "Phone", "5125550177")
			if rapid.Bool().Draw(t, "has history") {
				// Few distinct times, so that some are equal; the sequence numbers differ.
				c = c.after(9, rapid.IntRange(0, 2).Draw(t, "minute"), int64(i+1))
			}
			candidates = append(candidates, c)
		}
		shuffled := rapid.Permutation(candidates).Draw(t, "order")
		given := slices.Clone(shuffled)
		first := Route(Facts{Sender: texting("+15125550177"), Candidates: candidates})
		second := Route(Facts{Sender: texting("+15125550177"), Candidates: shuffled})
		if diff := cmp.Diff(first, second); diff != "" {
			t.Fatalf("two orders of the same candidates give two decisions:\n%s", diff)
		}
		if diff := cmp.Diff(given, shuffled); diff != "" {
			t.Fatalf("Route changed the facts:\n%s", diff)
		}
	})
}

func TestARecordStandsForTheOneThatADecisionChose(t *testing.T) {
	at := func(min int) Moment {
		return Moment{At: time.Date(2026, 3, 2, 12, min, 0, 0, time.UTC), Seq: int64(min)}
	}
	candidate := func(id string, last Moment) Candidate {
		return Candidate{Record: RecordRef{ID: id, Object: Contact, Name: id}, Matched: []Matched{{Field: "Phone", Value: id}}, Last: last}
	}
	d := Route(Facts{Candidates: []Candidate{candidate("a", at(1)), candidate("b", at(2)), candidate("c", at(3))}})
	winner := RecordRef{ID: "b", Object: Contact, Name: "B"}
	got := d.StoodFor(winner)
	if *got.Record != winner || got.Reason != ReasonLatestHistory || d.Record.ID != "c" {
		t.Errorf("got %v by %s, from %v", got.Record, got.Reason, d.Record)
	}
	if len(got.Candidates) != 2 || got.Candidates[0].Record.ID != "a" || got.Candidates[1].Record != winner ||
		got.Candidates[1].Last != at(3) || len(got.Candidates[1].Matched) != 2 {
		t.Errorf("the candidates are %+v", got.Candidates)
	}
	if got := d.StoodFor(RecordRef{ID: "z", Name: "Z"}); len(got.Candidates) != 3 || got.chosen().Last != at(3) {
		t.Errorf("a stranger stands for it among %+v", got.Candidates)
	}
}
