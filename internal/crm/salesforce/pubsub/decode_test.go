package pubsub

import (
	"maps"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hamba/avro/v2"
	"pgregory.net/rapid"
)

func contact(t testing.TB) *schema {
	t.Helper()
	text, err := os.ReadFile("testdata/contact.avsc")
	if err != nil {
		t.Fatal(err)
	}
	s, err := parseSchema(string(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// written encodes an event by the Avro library, which the decoder uses for
// single values only. Fields that are left out are null.
func written(t testing.TB, s *schema, header, fields map[string]any) []byte {
	t.Helper()
	all := map[string]any{"ChangeEventHeader": map[string]any{
		"entityName": "Contact", "recordIds": []string{"003xx000004TmiQAAS"}, "changeType": "UPDATE",
		"changeOrigin": "com/salesforce/api/rest/62.0;client=Switchboard", "transactionKey": "0002f6b8-1d5e", "sequenceNumber": 1,
		"commitTimestamp": int64(1727146803123), "commitNumber": int64(123456789), "commitUser": "005xx000001Sv6AAAS",
		"nulledFields": []string{}, "diffFields": []string{}, "changedFields": []string{},
	}}
	maps.Copy(all["ChangeEventHeader"].(map[string]any), header)
	for _, f := range s.record.Fields()[1:] {
		all[f.Name()] = nil
	}
	maps.Copy(all, fields)
	b, err := avro.Marshal(s.record, all)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func person(salutation, first, last any) map[string]any {
	return map[string]any{"com.sforce.eventbus.PersonName": map[string]any{"Salutation": salutation, "FirstName": first, "LastName": last}}
}

func text(s string) any { return map[string]any{"string": s} }

func TestAnEventTellsWhatChanged(t *testing.T) {
	s := contact(t)
	address := map[string]any{"com.sforce.eventbus.Address": map[string]any{
		"Street": nil, "City": text("Austin"), "CountryCode": nil, "Latitude": map[string]any{"double": 30.25}}}
	for _, tc := range []struct {
		name           string
		header, fields map[string]any
		changed, diffs []string
		values         map[string]any
	}{
		{
			name:    "two numbers",
			header:  map[string]any{"changedFields": []string{"0x38"}},
			fields:  map[string]any{"Phone": text("(512) 555-0177"), "MobilePhone": text("+1 415"), "LastModifiedDate": map[string]any{"long": int64(1727146803000)}},
			changed: []string{"Phone", "MobilePhone", "LastModifiedDate"},
			values:  map[string]any{"Phone": "(512) 555-0177", "MobilePhone": "+1 415", "LastModifiedDate": int64(1727146803000)},
		}, {
			name:    "one is cleared, the other did not change: both are null",
			header:  map[string]any{"changedFields": []string{"0x10"}},
			changed: []string{"MobilePhone"},
			values:  map[string]any{"MobilePhone": nil},
		}, {
			name:    "cleared as nulledFields say it",
			header:  map[string]any{"nulledFields": []string{"0x08"}, "changedFields": []string{}},
			changed: []string{"Phone"},
			values:  map[string]any{"Phone": nil},
		}, {
			name:    "a part of the name",
			header:  map[string]any{"changedFields": []string{"0x20", "2-0x02"}},
			fields:  map[string]any{"Name": person(nil, text("Jane"), nil)},
			changed: []string{"LastModifiedDate", "FirstName"},
			values:  map[string]any{"FirstName": "Jane", "LastModifiedDate": nil},
		}, {
			name:    "a part of the name is cleared",
			header:  map[string]any{"changedFields": []string{"2-0x03"}},
			fields:  map[string]any{"Name": person(text("Dr."), nil, nil)},
			changed: []string{"Salutation", "FirstName"},
			values:  map[string]any{"Salutation": "Dr.", "FirstName": nil},
		}, {
			name:    "a part of a name that is null as a whole",
			header:  map[string]any{"changedFields": []string{"2-0x01"}},
			changed: []string{"Salutation"},
			values:  map[string]any{"Salutation": nil},
		}, {
			name:    "a name in one piece, as a company has it",
			header:  map[string]any{"changedFields": []string{"0x04"}},
			fields:  map[string]any{"Name": text("Acme")},
			changed: []string{"Name"},
			values:  map[string]any{"Name": "Acme"},
		}, {
			name:    "parts of an address have REST's names",
			header:  map[string]any{"changedFields": []string{"6-0x0b"}},
			fields:  map[string]any{"MailingAddress": address},
			changed: []string{"MailingStreet", "MailingCity", "MailingLatitude"},
			values:  map[string]any{"MailingStreet": nil, "MailingCity": "Austin", "MailingLatitude": 30.25},
		}, {
			name:    "an address is cleared as a whole",
			header:  map[string]any{"changedFields": []string{"0x80"}},
			changed: []string{"OtherStreet", "OtherCity", "OtherCountryCode", "OtherLatitude"},
			values:  map[string]any{"OtherStreet": nil, "OtherCity": nil, "OtherCountryCode": nil, "OtherLatitude": nil},
		}, {
			name:    "a long text comes as a difference, which is no value",
			header:  map[string]any{"changedFields": []string{"0x0400"}, "diffFields": []string{"0x0400"}},
			fields:  map[string]any{"Description": text("--- a\n+++ b\n")},
			changed: []string{"Description"},
			diffs:   []string{"Description"},
			values:  map[string]any{},
		}, {
			name:    "a new record has all that is not null",
			header:  map[string]any{"changeType": "CREATE"},
			fields:  map[string]any{"Name": person(nil, nil, text("Doe")), "DoNotCall": map[string]any{"boolean": false}, "Score__c": map[string]any{"double": 1.5}, "Languages__c": []string{"en", "de"}},
			values:  map[string]any{"LastName": "Doe", "DoNotCall": false, "Score__c": 1.5, "Languages__c": []any{"en", "de"}},
			changed: nil,
		}, {
			name:   "a text that is none",
			header: map[string]any{"changeType": "CREATE"},
			fields: map[string]any{"Description": text("a\xffb")},
			values: map[string]any{"Description": "a�b"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e, err := s.decode(newLimits(), written(t, s, tc.header, tc.fields))
			if err != nil {
				t.Fatal(err)
			}
			kind := Update
			if tc.header["changeType"] == "CREATE" {
				kind = Create
			}
			want := Event{
				Object: "Contact", Type: kind, RecordIDs: []string{"003xx000004TmiQAAS"},
				ChangeOrigin: "com/salesforce/api/rest/62.0;client=Switchboard", TransactionKey: "0002f6b8-1d5e", Sequence: 1,
				CommitTimestamp: time.Date(2024, 9, 24, 3, 0, 3, 123e6, time.UTC), CommitNumber: 123456789, CommitUser: "005xx000001Sv6AAAS",
				Changed: tc.changed, Diffs: tc.diffs, Values: tc.values,
			}
			if diff := cmp.Diff(want, e); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestAClientKnowsItsOwnChanges(t *testing.T) {
	for origin, want := range map[string]string{
		"com/salesforce/api/rest/62.0;client=Switchboard":                "Switchboard",
		"com/salesforce/api/soap/58.0;client=SfdcInternalAPI/":           "SfdcInternalAPI/",
		"com/salesforce/api/rest/62.0;client=client=Switchboard;other=x": "client=Switchboard",
		"com/salesforce/api/rest/62.0":                                   "",
		"client":                                                         "",
		"":                                                               "",
	} {
		if got := (Event{ChangeOrigin: origin}).Client(); got != want {
			t.Errorf("%q is by %q, want %q", origin, got, want)
		}
	}
}

func TestAGapNamesRecordsOrAllOfThem(t *testing.T) {
	s := contact(t)
	for _, tc := range []struct {
		kind string
		ids  []string
		want []string
		all  bool
	}{
		{"GAP_UPDATE", []string{"003xx000004TmiQAAS", "003xx000004TmiR"}, []string{"003xx000004TmiQAAS", "003xx000004TmiR"}, false},
		{"GAP_DELETE", []string{"003xx000004TmiQAAS"}, []string{"003xx000004TmiQAAS"}, false},
		{"GAP_OVERFLOW", []string{"000000000000000AAA"}, nil, true},
		{"GAP_OVERFLOW", []string{}, nil, true},
		{"UPDATE", []string{"003*"}, nil, true}, // a field was given another type
	} {
		e, err := s.decode(newLimits(), written(t, s, map[string]any{"changeType": tc.kind, "recordIds": tc.ids}, nil))
		if err != nil {
			t.Errorf("%s %v: %v", tc.kind, tc.ids, err)
			continue
		}
		if !slices.Equal(e.RecordIDs, tc.want) || e.All != tc.all || e.Type.Gap() != strings.HasPrefix(tc.kind, "GAP") {
			t.Errorf("%s %v: got ids %v, all %t, gap %t", tc.kind, tc.ids, e.RecordIDs, e.All, e.Type.Gap())
		}
	}
}

func TestWhatCannotBeReadIsAnErrorAndNotHalfAnEvent(t *testing.T) {
	s := contact(t)
	good := written(t, s, map[string]any{"changedFields": []string{"0x38"}}, map[string]any{"Phone": text("1")})
	bad := map[string][]byte{
		"empty":               {},
		"no record":           written(t, s, map[string]any{"recordIds": []string{}}, nil),
		"a query in an id":    written(t, s, map[string]any{"recordIds": []string{"003' OR Id!=''   "}}, nil),
		"a query in a name":   written(t, s, map[string]any{"entityName": "Contact WHERE"}, nil),
		"fields beyond those": written(t, s, map[string]any{"changedFields": []string{"0x1000"}}, nil),
		"a wrong bitmap":      written(t, s, map[string]any{"nulledFields": []string{"all"}}, nil),
		"ids without end":     append([]byte("\x0eContact"), 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01),
		"ids past counting":   append([]byte("\x0eContact"), 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01),
		"a text without end":  {0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01},
	}
	for i := range good {
		bad["cut short"] = good[:i]
		for name, payload := range bad {
			if e, err := s.decode(newLimits(), payload); err == nil || e.Object != "" {
				t.Errorf("%s (%x): got %+v, %v", name, payload, e, err)
			}
		}
	}
}

func TestASchemaThatIsNoneIsRefused(t *testing.T) {
	for name, text := range map[string]string{
		"no JSON":        `{`,
		"a text":         `"string"`,
		"no header":      `{"type":"record","name":"X","fields":[{"name":"A","type":"string"}]}`,
		"endless":        `{"type":"record","name":"X","fields":[{"name":"ChangeEventHeader","type":"X"}]}`,
		"far too long":   `{"type":"record","name":"X","doc":"` + strings.Repeat("x", maxSchema) + `","fields":[]}`,
		"no such type":   `{"type":"record","name":"X","fields":[{"name":"A","type":"Y"}]}`,
		"another header": `{"type":"record","name":"X","fields":[{"name":"ChangeEventHeader","type":"string"}]}`,
	} {
		s, err := parseSchema(text)
		if err == nil { // then its events are
			if _, err = s.decode(newLimits(), []byte("\x02a")); err == nil {
				t.Errorf("%s: it is taken", name)
			}
		}
	}
}

// A list of nulls takes no bytes, so a short event can claim any number of them.
func TestAListOfNothingsIsBounded(t *testing.T) {
	s, err := parseSchema(`{"type":"record","name":"X","fields":[{"name":"ChangeEventHeader","type":"null"},{"name":"A","type":{"type":"array","items":"null"}}]}`)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int64{maxValues, math.MaxInt32, math.MaxInt64, math.MinInt64} {
		w := avro.NewWriter(nil, 32)
		w.WriteLong(n)
		w.WriteLong(0)
		w.WriteLong(0)
		payload := w.Buffer()
		got := testing.AllocsPerRun(1, func() {
			if _, err := s.decode(newLimits(), payload); err == nil {
				t.Errorf("%d nulls are read", n)
			}
		})
		if got > 1000 {
			t.Errorf("%d nulls: %v allocations", n, got)
		}
	}
}

func TestWhateverIsWrittenIsRead(t *testing.T) {
	s := contact(t)
	flat := []string{"AccountId", "Phone", "MobilePhone", "Description"}
	address := []string{"Street", "City", "CountryCode"}
	rapid.Check(t, func(t *rapid.T) {
		fields, want := map[string]any{}, map[string]any{}
		var top, nested []int
		var changed []string
		for i, f := range s.record.Fields() {
			if !slices.Contains(flat, f.Name()) || !rapid.Bool().Draw(t, f.Name()) {
				continue
			}
			top, changed = append(top, i), append(changed, f.Name())
			want[f.Name()] = nil
			if rapid.Bool().Draw(t, "set") {
				v := rapid.String().Draw(t, "value")
				fields[f.Name()], want[f.Name()] = text(v), v
			}
		}
		parts := map[string]any{"Latitude": nil}
		for i, name := range address {
			parts[name] = nil
			if !rapid.Bool().Draw(t, name) {
				continue
			}
			nested, changed = append(nested, i), append(changed, "Mailing"+name)
			want["Mailing"+name] = nil
			if rapid.Bool().Draw(t, "set") {
				v := rapid.String().Draw(t, "value")
				parts[name], want["Mailing"+name] = text(v), v
			}
		}
		fields["MailingAddress"] = map[string]any{"com.sforce.eventbus.Address": parts}
		bitmaps := []string{bitmap(top)}
		if len(nested) > 0 {
			bitmaps = append(bitmaps, "6-"+bitmap(nested))
		}
		all := map[string]any{"ChangeEventHeader": map[string]any{
			"entityName": "Contact", "recordIds": []string{"003xx000004TmiQAAS"}, "changeType": "UPDATE",
			"changeOrigin": "", "transactionKey": "", "sequenceNumber": 1, "commitTimestamp": int64(0), "commitNumber": int64(0), "commitUser": "",
			"nulledFields": []string{}, "diffFields": []string{}, "changedFields": bitmaps,
		}}
		for _, f := range s.record.Fields()[1:] {
			all[f.Name()] = fields[f.Name()]
		}
		payload, err := avro.Marshal(s.record, all)
		if err != nil {
			t.Fatal(err)
		}
		e, err := s.decode(newLimits(), payload)
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(changed)
		if got := slices.Sorted(slices.Values(e.Changed)); !slices.Equal(got, changed) {
			t.Fatalf("changed %v, want %v", got, changed)
		}
		if diff := cmp.Diff(want, e.Values); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
	})
}

// Whatever arrives, an event is read or refused, in little memory.
func FuzzDecode(f *testing.F) {
	s := contact(f)
	f.Add(written(f, s, map[string]any{"changedFields": []string{"0x38", "2-0x02"}}, map[string]any{"Name": person(nil, text("Jane"), nil), "Phone": text("1")}))
	f.Add(written(f, s, map[string]any{"changeType": "GAP_OVERFLOW", "recordIds": []string{"000000000000000AAA"}}, nil))
	f.Add(written(f, s, map[string]any{"nulledFields": []string{"0x08"}, "diffFields": []string{"6-0x03"}}, map[string]any{"Languages__c": []string{"en"}}))
	f.Add(append([]byte("\x0eContact"), 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01))
	limits := newLimits()
	f.Fuzz(func(t *testing.T, payload []byte) {
		e, err := s.decode(limits, payload)
		if err != nil {
			if strings.Contains(err.Error(), "library failed") {
				t.Error(err)
			}
			return
		}
		for _, id := range e.RecordIDs {
			if !recordID.MatchString(id) {
				t.Errorf("record id %q", id)
			}
		}
		for _, name := range e.Changed {
			if _, ok := e.Values[name]; !ok && !slices.Contains(e.Diffs, name) {
				t.Errorf("%s changed and has no value", name)
			}
		}
	})
}

func FuzzBitmap(f *testing.F) {
	f.Add("0x400800", "2-0x02", 24)
	f.Add("", "-", 1)
	f.Fuzz(func(t *testing.T, a, b string, fields int) {
		if fields < 0 || fields > 1000 {
			return
		}
		all, err := places([]string{a, b}, fields, func(int) int { return 8 })
		if err == nil && len(all) > 2*(fields+8) {
			t.Errorf("%d places in %d fields", len(all), fields)
		}
		for _, p := range all {
			if p.field < 0 || p.field >= fields || p.child >= 8 {
				t.Errorf("%v of %d fields", p, fields)
			}
		}
	})
}

// A schema comes from outside as well.
func FuzzSchema(f *testing.F) {
	text, err := os.ReadFile("testdata/contact.avsc")
	if err != nil {
		f.Fatal(err)
	}
	payload, err := os.ReadFile("testdata/overflow.avro")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(text), payload)
	f.Add(`{"type":"record","name":"X","fields":[{"name":"ChangeEventHeader","type":"X"}]}`, []byte{0})
	f.Add(`{"type":"record","name":"X","fields":[{"name":"ChangeEventHeader","type":{"type":"array","items":"null"}}]}`, []byte{0xfe, 0xff, 0x7f})
	limits := newLimits()
	f.Fuzz(func(t *testing.T, text string, payload []byte) {
		s, err := parseSchema(text)
		if err != nil {
			return
		}
		if e, err := s.decode(limits, payload); err == nil && !objectName.MatchString(e.Object) {
			t.Errorf("%+v", e)
		}
	})
}
