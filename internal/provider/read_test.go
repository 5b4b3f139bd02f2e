package provider_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/provider"
)

// fixed is a driver that always tells the same.
type fixed []switchboard.Event

func (fixed) Name() string                                        { return "fixed" }
func (fixed) Verify(provider.Request, provider.Credentials) error { return nil }
func (fixed) Answer() (string, []byte)                            { return "", nil }
func (f fixed) Parse(provider.Request, provider.Credentials) ([]switchboard.Event, error) {
	return f, nil
}

func read(e switchboard.Event) ([]switchboard.Event, error) {
	return provider.Read(fixed{e}, provider.Request{}, provider.Credentials{})
}

func TestEventsThatNobodyCouldStoreAreUnreadable(t *testing.T) {
	text := &switchboard.Text{Sender: "1", ProviderMessageID: "1"}
	for what, e := range map[string]switchboard.Event{
		"nothing":                  {},
		"two things":               {Text: text, Consent: &switchboard.Consent{Sender: "1"}},
		"a text from nobody":       {Text: &switchboard.Text{ProviderMessageID: "1"}},
		"a text from blanks":       {Text: &switchboard.Text{ProviderMessageID: "1", Sender: " \t"}},
		"a text without id":        {Text: &switchboard.Text{Sender: "1"}},
		"a text from a long story": {Text: &switchboard.Text{Sender: strings.Repeat("5", 500), ProviderMessageID: "1"}},
		"a wish of nobody":         {Consent: &switchboard.Consent{EventID: "1"}},
		"a report of nothing":      {Delivery: &switchboard.Delivery{Sender: "1"}},
	} {
		events, err := read(e)
		if len(events) > 0 || switchboard.ErrorCode(err) != switchboard.CodeInvalid {
			t.Errorf("%s is read as %+v, %v", what, events, err)
		}
	}
}

func TestWhatIsReadCanBeStored(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bytes := rapid.Custom(func(t *rapid.T) string { return string(rapid.SliceOfN(rapid.Byte(), 1, 300).Draw(t, "bytes")) })
		text := switchboard.Text{
			Account: bytes.Draw(t, "account"), ProviderMessageID: bytes.Draw(t, "id"), Sender: "+1" + bytes.Draw(t, "sender"),
			Ours: bytes.Draw(t, "ours"), Body: bytes.Draw(t, "body"), Media: []switchboard.Media{{URL: bytes.Draw(t, "url"), ContentType: bytes.Draw(t, "type")}},
		}
		events, err := read(switchboard.Event{Text: &text})
		if err != nil {
			if len(text.Sender) <= 200 {
				t.Fatal(err)
			}
			return
		}
		got := events[0].Text
		for _, s := range []string{got.Account, got.ProviderMessageID, got.Sender, got.Ours, got.Body, got.Media[0].URL, got.Media[0].ContentType} {
			if !utf8.ValidString(s) || strings.Contains(s, "\x00") {
				t.Fatalf("%q cannot be stored", s)
			}
		}
		if clean := utf8.ValidString(text.Body) && !strings.Contains(text.Body, "\x00"); clean && (got.Body != text.Body || got.Raw != nil) {
			t.Fatalf("%q became %q", text.Body, got.Body)
		} else if !clean && string(got.Raw) != text.Body {
			t.Fatalf("of %q the bytes kept are %q", text.Body, got.Raw)
		}
	})
}

// Ids of any length stay apart, and fit an index.
func TestLongIDsStayApart(t *testing.T) {
	seen := map[string]int{}
	for n := range 600 {
		events, err := read(switchboard.Event{Text: &switchboard.Text{Sender: "1", ProviderMessageID: strings.Repeat("x", n+1)}})
		if err != nil {
			t.Fatal(err)
		}
		id := events[0].Text.ProviderMessageID
		if other, ok := seen[id]; ok || len(id) > 200 {
			t.Errorf("an id of %d bytes became %q, as one of %d did", n+1, id, other)
		}
		seen[id] = n + 1
	}
}

func TestJSONIsReadTolerantly(t *testing.T) {
	for _, tt := range []struct{ json, name, want string }{
		{`{"a":"x"}`, "a", "x"},
		{"\xEF\xBB\xBF" + ` {"a":"x"} ` + "\n", "a", "x"},
		{`{"A":"x"}`, "a", "x"},
		{`{"a":"x","a":"y"}`, "a", "y"},
		{`{"a":"x","A":"y"}`, "a", "y"},
		{`{"a":null}`, "a", ""},
		{`{}`, "a", ""},
		{`{"a":1.50}`, "a", "1.50"},
		{`{"a":-1e400}`, "a", "-1e400"},
		{`{"a":"\ud83d\udc4d\u00e9"}`, "a", "👍é"},
		{"{\"a\":\"x\ny\x00\\\"z\\\\\"}", "a", "x\ny\x00\"z\\"},
	} {
		objects, _, err := provider.DecodeObjects([]byte(tt.json))
		if err != nil || len(objects) != 1 {
			t.Errorf("%s: %d objects, %v", tt.json, len(objects), err)
			continue
		}
		if got, err := objects[0].String(tt.name); err != nil || got != tt.want {
			t.Errorf("%s: %q, %v; want %q", tt.json, got, err, tt.want)
		}
	}
	for _, bad := range []string{"", " ", "{", `{"a":1}}`, `{"a":1} {}`, "null", "1", `"x"`, "[1]", "[[]]", `{"a":"` + "\xff", "{'a':1}", strings.Repeat(`{"a":`, 20000), strings.Repeat("[", 1<<20)} {
		if objects, _, err := provider.DecodeObjects([]byte(bad)); switchboard.ErrorCode(err) != switchboard.CodeInvalid || len(objects) > 0 {
			t.Errorf("%.20q is read as %d objects, %v", bad, len(objects), err)
		}
	}
}

// A body that says all of its literal keeps no raw bytes, and no other does.
func TestALiteralIsKeptIfItsTextLosesSomething(t *testing.T) {
	for literal, lost := range map[string]bool{
		`"plain"`: false, `"\ud83d\udc4d"`: false, `"\u0000"`: false, `"\\ud83d"`: false, `"\"\\\\"`: false, `"\ufffd"`: false, `""`: false,
		`"\ud83d"`: true, `"\udc4d\ud83d"`: true, `"\ud83d\ud83d\udc4d"`: true, `"\ud83dx\udc4d"`: true, `"\ud83dxudc4d"`: true, `"\ud83d\n"`: true, `"\ud83d\\udc4d"`: true,
		`"\uD83D\uDC4D"`: false, "\"\xff\"": true, "\"\xed\xa0\xbd\"": true, `"\ud83d\u0041"`: true, `"\uDfFf"`: true,
	} {
		objects, _, err := provider.DecodeObjects([]byte(`{"body":` + literal + `}`))
		if err != nil {
			t.Errorf("%s: %v", literal, err)
			continue
		}
		text, raw, err := objects[0].Body("body", nil)
		if err != nil || (raw != nil) != lost || lost && string(raw) != literal || !utf8.ValidString(text) {
			t.Errorf("%s is read as %q, with the bytes %q, %v", literal, text, raw, err)
		}
		if lost != strings.Contains(text, "\ufffd") && literal != `"\ufffd"` {
			t.Errorf("%s is shown as %q", literal, text)
		}
	}
}

func FuzzDecodeObjects(f *testing.F) {
	for _, s := range []string{`{"a":"x","B":[{"c":1}],"media":["u",{"url":"v"}]}`, `[{"a":"\ud83d"},{}]`, "{\"a\":\"\x00\"}", "[", `{"a":"\u12"}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		objects, _, err := provider.DecodeObjects(data)
		if err == nil && json.Valid(data) {
			var members map[string]any
			if json.Unmarshal(data, &members) == nil {
				for name, value := range members {
					s, isString := value.(string)
					clash := slices.ContainsFunc(keys(members), func(other string) bool { return other != name && strings.EqualFold(other, name) })
					if got, _ := objects[0].String(name); isString && !clash && got != s {
						t.Fatalf("%q is read as %q, encoding/json reads %q", name, got, s)
					}
				}
			}
		}
		for _, o := range objects {
			o = o.Within(objects[0])
			for _, name := range []string{"a", "B", "media", ""} {
				_, _ = o.String(name)
				_, _, _ = o.Body(name, nil)
				_, _ = o.Media(name)
				o.Objects(name)
				o.Time(name)
				o.Bool(name)
			}
		}
	})
}

func keys(m map[string]any) []string {
	var all []string
	for k := range m {
		all = append(all, k)
	}
	return all
}

func TestTimesAsProvidersWriteThem(t *testing.T) {
	at := time.Date(2026, 11, 23, 12, 34, 56, 0, time.UTC)
	for s, want := range map[string]time.Time{
		"2026-11-23T12:34:56Z": at, "2026-11-23T12:34:56": at, "2026-11-23 12:34:56": at, " 2026-11-23T12:34:56Z ": at,
		"2026-11-23T14:34:56+02:00": at, "2026-11-23T14:34:56+0200": at, "2026-11-23T12:34:56.5Z": at.Add(time.Second / 2),
		"2026-11-23T12:34:56.5": at.Add(time.Second / 2),
		"":                      {}, "yesterday": {}, "2026-13-23T12:34:56Z": {}, "23.11.2026 12:34": {}, "1795437296": {},
	} {
		if got := provider.ParseTime(s); !got.Equal(want) || got.Location() != time.UTC {
			t.Errorf("%q is read as %v, want %v", s, got, want)
		}
	}
}

func TestMediaIsLinksOrObjects(t *testing.T) {
	for raw, want := range map[string][]switchboard.Media{
		`null`: nil, `[]`: nil, `[null]`: nil,
		`["u"]`: {{URL: "u"}}, `"u"`: {{URL: "u"}}, `{"URL":"u","ContentType":"t"}`: {{URL: "u", ContentType: "t"}},
		`[{"url":"u","content_type":"t"},{"MediaUrl":"v","type":1}]`: {{URL: "u", ContentType: "t"}, {URL: "v", ContentType: "1"}},
	} {
		objects, _, err := provider.DecodeObjects([]byte(`{"Media":` + raw + `}`))
		if err != nil {
			t.Fatal(err)
		}
		got, err := objects[0].Media("media")
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", raw, err, diff)
		}
	}
	for _, raw := range []string{`1`, `true`, `[1]`, `[{}]`, `[{"url":""}]`, `[""]`, `[["u"]]`} {
		objects, _, err := provider.DecodeObjects([]byte(`{"media":` + raw + `}`))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := objects[0].Media("media"); err == nil {
			t.Errorf("%s is read as %v", raw, got)
		}
	}
}

// A defect shows in the log, with nothing of the message.
func TestAPanicSaysNothingOfTheMessage(t *testing.T) {
	_, err := provider.Read(shout{}, provider.Request{Body: []byte("choke")}, provider.Credentials{})
	var p *provider.PanicError
	if !errors.As(err, &p) || len(p.Stack) == 0 || p.Driver != "shout" {
		t.Fatalf("it is %v, want a PanicError with its stack", err)
	}
	if strings.Contains(err.Error()+p.What, "5550177") {
		t.Errorf("it quotes the message: %v", err)
	}
}
