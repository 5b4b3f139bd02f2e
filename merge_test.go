package switchboard

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestMergeFields(t *testing.T) {
	base := Fields{"LastName": "Doe", "Phone": "1", "Email": nil}
	for _, tc := range []struct {
		name         string
		ours, theirs Fields
		fields, push Fields
		overridden   []FieldConflict
	}{
		{"nothing changed", Fields{"LastName": "Doe", "Phone": "1"}, base, Fields{"LastName": "Doe", "Phone": "1"}, Fields{}, nil},
		{"we changed one", Fields{"LastName": "Roe", "Phone": "1"}, base, Fields{"LastName": "Roe", "Phone": "1"}, Fields{"LastName": "Roe"}, nil},
		{"we cleared one", Fields{"LastName": "Doe"}, base, Fields{"LastName": "Doe"}, Fields{"Phone": nil}, nil},
		{"we added one", Fields{"LastName": "Doe", "Phone": "1", "Email": "a@b.c"}, base, Fields{"LastName": "Doe", "Phone": "1", "Email": "a@b.c"}, Fields{"Email": "a@b.c"}, nil},
		{"they changed one", Fields{"LastName": "Doe", "Phone": "1"}, Fields{"LastName": "Roe", "Phone": "1", "Email": nil}, Fields{"LastName": "Roe", "Phone": "1"}, Fields{}, nil},
		{"they cleared one", Fields{"LastName": "Doe", "Phone": "1"}, Fields{"LastName": "Doe", "Phone": nil, "Email": nil}, Fields{"LastName": "Doe"}, Fields{}, nil},
		{"each changed another", Fields{"LastName": "Roe", "Phone": "1"}, Fields{"LastName": "Doe", "Phone": "2", "Email": nil}, Fields{"LastName": "Roe", "Phone": "2"}, Fields{"LastName": "Roe"}, nil},
		{
			"both changed one", Fields{"LastName": "Roe", "Phone": "1"}, Fields{"LastName": "Poe", "Phone": "1", "Email": nil},
			Fields{"LastName": "Poe", "Phone": "1"}, Fields{}, []FieldConflict{{"LastName", "Roe", "Poe"}},
		},
		{
			"we changed what they cleared", Fields{"LastName": "Doe", "Phone": "2"}, Fields{"LastName": "Doe", "Phone": nil, "Email": nil},
			Fields{"LastName": "Doe"}, Fields{}, []FieldConflict{{"Phone", "2", nil}},
		},
		{"both changed one to the same", Fields{"LastName": "Roe", "Phone": "1"}, Fields{"LastName": " Roe", "Phone": "1", "Email": nil}, Fields{"LastName": "Roe", "Phone": "1"}, Fields{}, nil},
		{"what was not read stays", Fields{"LastName": "Doe", "Phone": "1", "Shoe__c": "43"}, Fields{"LastName": "Roe"}, Fields{"LastName": "Roe", "Phone": "1", "Shoe__c": "43"}, Fields{}, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if diff := cmp.Diff(FieldMerge{tc.fields, tc.push, tc.overridden}, MergeFields(base, tc.ours, tc.theirs)); diff != "" {
				t.Errorf("merged differently (-want +got):\n%s", diff)
			}
		})
	}
}

func TestMergingFieldsThatNeverAgreed(t *testing.T) {
	got := MergeFields(nil, Fields{"LastName": "Roe", "Phone": "1"}, Fields{"LastName": "Doe", "Phone": nil, "Email": "a@b.c"})
	want := FieldMerge{Fields{"LastName": "Doe", "Phone": "1", "Email": "a@b.c"}, Fields{"Phone": "1"}, []FieldConflict{{"LastName", "Roe", "Doe"}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("merged differently (-want +got):\n%s", diff)
	}
}

var mergeNames = []string{"FirstName", "LastName", "Phone", "DoNotCall", "Score__c"}

func drawFields(t *rapid.T, label string, nils bool) Fields {
	values := []any{"a", "b", " b ", "", true, false, json.Number("12"), 12.0, json.Number("12.50")}
	if nils {
		values = append(values, nil)
	}
	f := Fields{}
	for _, name := range mergeNames {
		if rapid.IntRange(0, 3).Draw(t, label+" "+name) > 0 {
			f[name] = rapid.SampledFrom(values).Draw(t, label+" value")
		}
	}
	return f
}

func sameOn(names []string, a, b Fields) bool {
	return !slices.ContainsFunc(names, func(n string) bool { return !SameValue(a[n], b[n]) })
}

func TestMergingFieldsLosesNothingAndSettles(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		base, ours, theirs := drawFields(t, "base", true), drawFields(t, "ours", false), drawFields(t, "theirs", true)
		oursBefore, theirsBefore := maps.Clone(ours), maps.Clone(theirs)
		m := MergeFields(base, ours, theirs)
		if !maps.Equal(ours, oursBefore) || !maps.Equal(theirs, theirsBefore) {
			t.Fatal("merging changed its arguments")
		}
		known := slices.Sorted(maps.Keys(theirs))
		after := maps.Clone(theirs)
		maps.Copy(after, m.Push)
		if !sameOn(known, m.Fields, after) {
			t.Fatalf("with the push the sides differ: here %v, there %v", m.Fields, after)
		}
		if again := MergeFields(after, m.Fields, after); len(again.Push) > 0 || len(again.Overridden) > 0 || !maps.Equal(again.Fields, m.Fields) {
			t.Fatalf("it does not settle: %+v", again)
		}
		for name, v := range m.Fields {
			if v == nil || v == "" {
				t.Fatalf("%s has no value and is there", name)
			}
		}
		lost := map[string]bool{}
		for _, c := range m.Overridden {
			lost[c.Field] = true
			if SameValue(c.Ours, base[c.Field]) || SameValue(c.Theirs, base[c.Field]) || SameValue(c.Ours, c.Theirs) {
				t.Fatalf("%+v is no conflict", c)
			}
			if !SameValue(c.Ours, ours[c.Field]) || !SameValue(m.Fields[c.Field], theirs[c.Field]) {
				t.Fatalf("the conflict %+v was not Salesforce's to win", c)
			}
		}
		for _, name := range mergeNames {
			edited := !SameValue(base[name], ours[name])
			if edited && !lost[name] && !SameValue(m.Fields[name], ours[name]) {
				t.Fatalf("our %s went from %v to %v without a trace", name, ours[name], m.Fields[name])
			}
		}
	})
}

func TestPendingFieldsAreWhatAMergeWouldPush(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		base, ours := drawFields(t, "base", true), drawFields(t, "ours", false)
		pending, merged := PendingFields(base, ours), MergeFields(base, ours, base)
		if diff := cmp.Diff(merged.Push, pending); diff != "" {
			t.Fatalf("they differ:\n%s", diff)
		}
		if len(merged.Overridden) > 0 || !sameOn(mergeNames, merged.Fields, ours) {
			t.Fatalf("with Salesforce unchanged ours is not what holds: %+v", merged)
		}
	})
}

func TestParseSalesforceID(t *testing.T) {
	for in, want := range map[string]string{
		"0038M0000016Wv8":    "0038M0000016Wv8QAE",
		"0038M0000016Wv8QAE": "0038M0000016Wv8QAE",
		"0038M0000016Wv8qae": "0038M0000016Wv8QAE",
		"000000000000000AAA": "000000000000000AAA",
		"0038M0000016Wv8QAF": "",
		"0038M0000016Wv":     "",
		"0038M0000016W'8":    "",
		"":                   "",
	} {
		if got, ok := ParseSalesforceID(in); got != want || ok != (want != "") {
			t.Errorf("%q is read as %q, %v; want %q", in, got, ok, want)
		}
	}
}

func TestWhatStandsForARecord(t *testing.T) {
	for _, tc := range []struct {
		r       RemoteRecord
		gone    bool
		standIn string
	}{
		{RemoteRecord{}, false, ""},
		{RemoteRecord{Deleted: true}, true, ""},
		{RemoteRecord{Deleted: true, MasterID: "m"}, true, "m"},
		{RemoteRecord{ConvertedID: "c"}, true, "c"},
		{RemoteRecord{ConvertedID: "c", Deleted: true}, true, "c"},
	} {
		if tc.r.Gone() != tc.gone || tc.r.StandIn() != tc.standIn {
			t.Errorf("%+v: gone %v, stands in %q", tc.r, tc.r.Gone(), tc.r.StandIn())
		}
	}
}
