package salesforce_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/switchboardhq/switchboard/internal/crm/salesforce"
	"pgregory.net/rapid"
)

func TestAQueryIsWrittenOut(t *testing.T) {
	stamp := time.Date(2024, 9, 24, 3, 26, 7, 0, time.UTC)
	for _, tt := range []struct {
		q    *salesforce.Query
		want string
	}{
		{salesforce.Select("Contact", "Id", "Account.Name"), "SELECT Id,Account.Name FROM Contact"},
		{salesforce.Count("SMS__c").Where(salesforce.Eq("IsDeleted", false)), "SELECT COUNT() FROM SMS__c WHERE IsDeleted = false"},
		{salesforce.Select("Contact", "Id").Where(salesforce.After("SystemModstamp", stamp, "Id", "003000000000001AAA")).OrderBy("SystemModstamp", "Id").Limit(10),
			"SELECT Id FROM Contact WHERE (SystemModstamp > 2024-09-24T03:26:07Z OR (SystemModstamp = 2024-09-24T03:26:07Z AND Id > '003000000000001AAA')) ORDER BY SystemModstamp,Id LIMIT 10"},
		{salesforce.Select("Contact", "Id").Where(salesforce.In("Id", "a", "b'"), salesforce.NotEq("Email", nil)), `SELECT Id FROM Contact WHERE Id IN ('a','b\'') AND Email != null`},
		{salesforce.Select("Contact", "Id").Where(salesforce.In("Id")), "SELECT Id FROM Contact WHERE (Id = null AND Id != null)"},
		{salesforce.Select("Contact", "Id").Where(salesforce.AtLeast("SystemModstamp", stamp.Add(123*time.Millisecond))), "SELECT Id FROM Contact WHERE SystemModstamp >= 2024-09-24T03:26:07.123Z"},
		{salesforce.Select("Contact", "Id").Where(salesforce.Eq("N", 5), salesforce.Less("M", int64(-1)), salesforce.AtMost("K", 0)), "SELECT Id FROM Contact WHERE N = 5 AND M < -1 AND K <= 0"},
	} {
		got, err := tt.q.String()
		if err != nil || got != tt.want {
			t.Errorf("got %s, %v\nnot %s", got, err, tt.want)
		}
	}
	for _, q := range []*salesforce.Query{
		salesforce.Select("Contact WHERE", "Id"), salesforce.Select("Contact", "Id FROM User--"), salesforce.Select("Contact", ""), salesforce.Select("Contact"),
		salesforce.Select("", "Id"), salesforce.Select("Contact", "A..B"), salesforce.Select("Contact", ".Id"), salesforce.Select("Contact", "1d"),
		salesforce.Select("Contact", "Id").OrderBy("Id DESC"), salesforce.Select("Contact", "Id").Where(salesforce.Eq("a = 1 OR b", 1)),
		salesforce.Select("Contact", "Id").Where(salesforce.Eq("a", 1.5)), salesforce.Select("Contact", "Id").Where(salesforce.Or()),
		salesforce.Select("Contact", "Id").Where(salesforce.Eq("a", time.Time{})), salesforce.Select("Contact", "Idé"),
	} {
		if s, err := q.String(); err == nil || s != "" {
			t.Errorf("%q was written", s)
		}
	}
}

// soqlString reads a SOQL string by the rules of its language, written apart
// from the code that quotes, and returns what it stands for and what is left.
func soqlString(s string) (value, rest string, err error) {
	if s == "" || s[0] != '\'' {
		return "", s, errors.New("no string")
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch c := s[i]; c {
		case '\'':
			return b.String(), s[i+1:], nil
		case '\\':
			i++
			if i == len(s) {
				return "", "", errors.New("ends in a backslash")
			}
			at := strings.IndexByte(`nNrRtTbBfF"'\`, s[i])
			if at < 0 {
				return "", "", errors.New("an escape that SOQL has not")
			}
			b.WriteByte("\n\n\r\r\t\t\b\b\f\f\"'\\"[at])
		default:
			if c < 0x20 {
				return "", "", errors.New("a bare control character")
			}
			b.WriteByte(c)
		}
	}
	return "", "", errors.New("never ends")
}

// A value stays within its quotes and means what it meant.
func FuzzAValueStaysAValue(f *testing.F) {
	for _, s := range []string{"", "O'Neil", `\`, `\'`, `' OR Name != '`, "a\x00b", "\u2028", "\xff'", "＇", "日本", `\\' LIMIT 1`, "\n\r\t\b\f", "%_"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		q, err := salesforce.Select("Contact", "Id").Where(salesforce.Eq("Name", s)).Limit(7).String()
		if err != nil {
			t.Fatal(err)
		}
		value, rest, err := soqlString(strings.TrimPrefix(q, "SELECT Id FROM Contact WHERE Name = "))
		if err != nil || rest != " LIMIT 7" {
			t.Fatalf("%q became %q: %v", s, q, err)
		}
		want := strings.Map(func(r rune) rune {
			if r < 0x20 && !strings.ContainsRune("\n\r\t\b\f", r) || r == 0x7f {
				return utf8.RuneError
			}
			return r
		}, string([]rune(s)))
		if value != want {
			t.Fatalf("%q came out as %q", s, value)
		}
	})
}

// A name is either one that Salesforce could have, or refused.
func FuzzANameIsANameOrRefused(f *testing.F) {
	for _, s := range []string{"Id", "Account.Name", "Id, (SELECT Id FROM Contacts)", "COUNT()", "a b", "x__c", "'", "İd"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		q, err := salesforce.Select("Contact", s).String()
		if err != nil {
			return
		}
		for _, r := range strings.TrimSuffix(strings.TrimPrefix(q, "SELECT "), " FROM Contact") {
			if !strings.ContainsRune("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.", r) {
				t.Fatalf("%q became %q", s, q)
			}
		}
	})
}

// A key goes into the path as one part of it, and a name into a header not at
// all: whatever they hold, the server sees the key, the whole key, and the
// headers that we set.
func FuzzAKeyStaysInItsPlace(f *testing.F) {
	for _, s := range []string{"m1", "a/b", "../../x", "?q=1", "#x", "%2e%2e", "a b+c", "é", "\r\nX-Evil: 1", "..", ".", "", ";x=1", "a\\b", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, key string) {
		var got *http.Request
		rt := roundTrip(func(r *http.Request) { got = r })
		c, err := salesforce.New(salesforce.Config{HTTP: &http.Client{Transport: rt}, Source: salesforce.NewSource(&fixed{url: "https://acme.my.salesforce.com"})})
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.Upsert(t.Context(), "SMS__c", "External_Id__c", key, map[string]any{"Message__c": key}, salesforce.WriteOptions{})
		if got == nil {
			if err == nil {
				t.Fatal("nothing was sent, and nothing said")
			}
			return
		}
		// What a server does: cut at the first ? and #, then split, then unescape.
		line := got.URL.RequestURI()
		const prefix = "/services/data/v62.0/sobjects/SMS__c/External_Id__c/"
		part, ok := strings.CutPrefix(line, prefix)
		back, unescaped := url.PathUnescape(part)
		if !ok || strings.ContainsAny(part, "/?# \r\n") || unescaped != nil || back != key {
			t.Fatalf("%q was sent as %q", key, line)
		}
		if got.URL.Host != "acme.my.salesforce.com" || len(got.Header) != 6 {
			t.Fatalf("%q changed the request: %s %v", key, got.URL, got.Header)
		}
	})
}

type roundTrip func(*http.Request)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) {
	f(r)
	return &http.Response{StatusCode: 201, Header: http.Header{}, Request: r,
		Body: http.NoBody}, nil
}

func TestIdsAreKeptInTheirLongForm(t *testing.T) {
	for short, long := range map[string]string{
		"0038M0000016Wv8": "0038M0000016Wv8QAE", "00D000000000001": "00D000000000001EAA",
		"0038M0000016Wv8QAE": "0038M0000016Wv8QAE", "0038M0000016Wv8qae": "0038M0000016Wv8QAE",
		"": "", "003": "", "0038M0000016Wv8XXX": "", "0038M0000016Wv'": "", "0038M0000016Wv8QA": "", "ééééééé0": "",
	} {
		if got, ok := salesforce.LongID(short); got != long || ok != (long != "") {
			t.Errorf("%q became %q", short, got)
		}
	}
	// The three letters tell ids apart that differ only in case.
	rapid.Check(t, func(t *rapid.T) {
		id := rapid.StringMatching(`[0-9A-Za-z]{15}`).Draw(t, "id")
		other := rapid.StringMatching(`[0-9A-Za-z]{15}`).Draw(t, "other")
		a, okA := salesforce.LongID(id)
		b, okB := salesforce.LongID(other)
		if !okA || !okB || strings.EqualFold(a, b) != (id == other) {
			t.Fatalf("%s %s", a, b)
		}
		if again, ok := salesforce.LongID(a); !ok || again != a {
			t.Fatalf("%s became %s", a, again)
		}
	})
	if !salesforce.SameID("0038M0000016Wv8", "0038M0000016Wv8QAE") || salesforce.SameID("", "") {
		t.Error("SameID is wrong")
	}
}

func TestTimesAreReadInEachForm(t *testing.T) {
	want := time.Date(2024, 9, 24, 3, 26, 7, 0, time.UTC)
	for _, s := range []string{"2024-09-24T03:26:07.000+0000", "2024-09-24T03:26:07.000Z", "2024-09-24T03:26:07Z", "2024-09-24T05:26:07.000+0200"} {
		if got, err := salesforce.ParseTime(s); err != nil || !got.Equal(want) {
			t.Errorf("%s: %v, %v", s, got, err)
		}
	}
	for _, s := range []string{"", "2024-09-24", "yesterday"} {
		if _, err := salesforce.ParseTime(s); err == nil {
			t.Errorf("%q was read", s)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		at := time.UnixMilli(rapid.Int64Range(0, 4e12).Draw(t, "ms"))
		if got, err := salesforce.ParseTime(salesforce.FormatTime(at)); err != nil || !got.Equal(at) {
			t.Fatalf("%v became %v, %v", at, got, err)
		}
	})
}
