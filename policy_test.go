package switchboard

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestUnknownNumbersAreOffByDefault(t *testing.T) {
	u := DefaultUnknownNumbers()
	if u.Enabled {
		t.Error("a new org creates records from unknown numbers")
	}
	if err := u.Check(DefaultPhoneFields()); err != nil {
		t.Errorf("the default can't be switched on: %v", err)
	}
	want := UnknownNumbers{Object: "Contact", PhoneField: "MobilePhone", Fields: map[string]string{"LastName": "Unknown {phone}"}}
	if diff := cmp.Diff(want, u); diff != "" {
		t.Errorf("the default (-want +got):\n%s", diff)
	}
}

func TestUnknownNumbersCheck(t *testing.T) {
	tests := []struct {
		name  string
		u     UnknownNumbers
		field string // that the error names; "" if there is none
	}{
		{"a Lead with all it needs", UnknownNumbers{Object: Lead, PhoneField: "Phone", Fields: map[string]string{"LastName": "{national}", "Company": "{channel}, {date}"}}, ""},
		{"an Account", UnknownNumbers{Object: Account, PhoneField: "Phone", Fields: map[string]string{"Name": "{phone} {body}"}}, ""},
		{"text in braces that are not closed", UnknownNumbers{Object: Contact, PhoneField: "Phone", Fields: map[string]string{"LastName": "Unknown {phone"}}, ""},
		{"a matched field left empty", UnknownNumbers{Object: Contact, PhoneField: "Phone", Fields: map[string]string{"LastName": "x", "HomePhone": ""}}, ""},
		{"a value for the phone field itself, which is overruled", UnknownNumbers{Object: Contact, PhoneField: "Phone", Fields: map[string]string{"LastName": "x", "Phone": "{phone}"}}, ""},

		{"no such object", UnknownNumbers{Object: "Case", PhoneField: "Phone", Fields: map[string]string{"LastName": "x"}}, "object"},
		{"a phone field that is not matched", UnknownNumbers{Object: Contact, PhoneField: "Fax", Fields: map[string]string{"LastName": "x"}}, "phone_field"},
		{"a phone field of another object", UnknownNumbers{Object: Account, PhoneField: "MobilePhone", Fields: map[string]string{"Name": "x"}}, "phone_field"},
		{"no phone field", UnknownNumbers{Object: Contact, Fields: map[string]string{"LastName": "x"}}, "phone_field"},
		{"no last name", UnknownNumbers{Object: Contact, PhoneField: "Phone"}, "LastName"},
		{"a blank last name", UnknownNumbers{Object: Contact, PhoneField: "Phone", Fields: map[string]string{"LastName": "  "}}, "LastName"},
		{"a Lead without a company", UnknownNumbers{Object: Lead, PhoneField: "Phone", Fields: map[string]string{"LastName": "x"}}, "Company"},
		{"another matched field with a number of its own", UnknownNumbers{Object: Contact, PhoneField: "Phone", Fields: map[string]string{"LastName": "x", "HomePhone": "+15125550100"}}, "HomePhone"},
		{"an unknown placeholder", UnknownNumbers{Object: Contact, PhoneField: "Phone", Fields: map[string]string{"LastName": "x", "Title": "{phone} {name}"}}, "Title"},
		{"a placeholder in capitals", UnknownNumbers{Object: Contact, PhoneField: "Phone", Fields: map[string]string{"LastName": "{Phone}"}}, "LastName"},
		{"a very long value", UnknownNumbers{Object: Contact, PhoneField: "Phone", Fields: map[string]string{"LastName": strings.Repeat("é", 1001)}}, "LastName"},
		{"a name that is no field's", UnknownNumbers{Object: Contact, PhoneField: "Phone", Fields: map[string]string{"LastName": "x", "Lead Source": "SMS"}}, "fields"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			err := tc.u.Check(DefaultPhoneFields())
			if tc.field == "" {
				if err != nil {
					t.Errorf("refused: %v", err)
				}
				return
			}
			if e, ok := err.(*Error); !ok || e.Code != CodeInvalid || e.Field != tc.field {
				t.Errorf("got %v, want an invalid %s", err, tc.field)
			}
		})
	}
}

func TestMayCreate(t *testing.T) {
	phone := texting("+15125550177")
	short := Sender{Kind: SenderShortCode, Address: "88202", Key: "s:88202"}
	name := Sender{Kind: SenderAlphanumeric, Address: "MTN", Key: "x:mtn"}
	for _, tc := range []struct {
		name              string
		sender            Sender
		enabled           bool
		blocked, optedOut bool
		want              bool
	}{
		{"a number, on", phone, true, false, false, true},
		{"a number, off", phone, false, false, false, false},
		{"blocked", phone, true, true, false, false},
		{"opted out", phone, true, false, true, false},
		{"a short code", short, true, false, false, false},
		{"letters", name, true, false, false, false},
	} {
		if got := (UnknownNumbers{Enabled: tc.enabled}).MayCreate(tc.sender, tc.blocked, tc.optedOut); got != tc.want {
			t.Errorf("%s: may create is %v, want %v", tc.name, got, tc.want)
		}
	}
}

func TestTheRecordOfAnUnknownNumber(t *testing.T) {
	day := time.Date(2026, 3, 2, 23, 30, 0, 0, time.FixedZone("CST", -6*60*60))
	tests := []struct {
		name string
		u    UnknownNumbers
		body string
		want Fields
	}{
		{"the default", DefaultUnknownNumbers(), "Hello",
			Fields{"LastName": "Unknown +12065550142", "MobilePhone": "+12065550142"}},
		{"every placeholder", UnknownNumbers{Object: Lead, PhoneField: "Phone", Fields: map[string]string{
			"LastName": "{national}", "Company": "SMS {channel}", "Description": "{date}: {body}", "Title": "{phone}/{phone}"}},
			"Is my order\n\tready?\x00",
			Fields{"LastName": "(206) 555-0142", "Company": "SMS Main line", "Description": "2026-03-02: Is my order ready?", "Title": "+12065550142/+12065550142", "Phone": "+12065550142"}},
		{"what a text says is never read as a placeholder", UnknownNumbers{Object: Contact, PhoneField: "Phone", Fields: map[string]string{"LastName": "{body}"}},
			"{phone}", Fields{"LastName": "{phone}", "Phone": "+12065550142"}},
		{"a name from a text that says nothing", UnknownNumbers{Object: Contact, PhoneField: "Phone", Fields: map[string]string{"LastName": "{body}", "Title": "{body}"}},
			" \n ", Fields{"LastName": "Unknown +12065550142", "Phone": "+12065550142"}},
		{"a long text is cut", UnknownNumbers{Object: Contact, PhoneField: "Phone", Fields: map[string]string{"LastName": "x", "Description": "{body}"}},
			strings.Repeat("é", 300), Fields{"LastName": "x", "Description": strings.Repeat("é", 200) + "…", "Phone": "+12065550142"}},
		{"the phone field holds the number whatever the setting says", UnknownNumbers{Object: Contact, PhoneField: "Phone", Fields: map[string]string{"LastName": "x", "Phone": "none"}},
			"", Fields{"LastName": "x", "Phone": "+12065550142"}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			got := tc.u.RecordFields("+12065550142", "Main line", tc.body, day)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("fields (-want +got):\n%s", diff)
			}
		})
	}
}

// If the record of an unknown number did not match that number, every text of
// it would make one more.
func TestTheRecordOfAnUnknownNumberMatchesIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		region := rapid.SampledFrom([]string{"US", "GB", "DE", "MX", "AR", "BR", "IT", "NZ", ""}).Draw(t, "channel's region")
		s := rapid.Map(rapid.StringMatching(`(\+|\+52|\+521|\+549|\+55119|\+551|\+39|0)?[0-9]{5,13}`), func(digits string) Sender {
			return ParseSender(digits, region)
		}).Filter(func(s Sender) bool { return s.Kind == SenderPhone }).Draw(t, "sender")
		phone, _ := s.Phone()
		u := DefaultUnknownNumbers()
		f := u.RecordFields(phone, "Main line", "Hello", at(9, 0))
		for _, org := range []string{"US", "GB", ""} {
			numbers, rejected := RecordNumbers(Contact, f, DefaultPhoneFields(), org)
			if len(rejected) > 0 || len(numbers) != 1 || numbers[0].Key != s.Key {
				t.Fatalf("the record of %s (%s) has %+v and rejects %+v", phone, s.Key, numbers, rejected)
			}
		}
	})
}

func TestKeywords(t *testing.T) {
	for body, want := range map[string]Wish{
		"STOP": WishOptOut, "stop": WishOptOut, " Stop. ": WishOptOut, "“STOP”": WishOptOut, "Stop!!!": WishOptOut, "STOPALL": WishOptOut, "stop all": WishOptOut,
		"QUIT": WishOptOut, "End": WishOptOut, "REVOKE": WishOptOut, "Opt-Out": WishOptOut, "optout": WishOptOut, "OPT OUT": WishOptOut, "CANCEL": WishOptOut,
		"Unsubscribe\n": WishOptOut, "ARRÊT": WishOptOut, "arret": WishOptOut,

		"START": WishOptIn, "unstop": WishOptIn, "Opt in": WishOptIn, "OPTIN": WishOptIn, "subscribe": WishOptIn,

		"": NoWish, "YES": NoWish, "no": NoWish, "Please stop": NoWish, "don't stop": NoWish, "stop texting me": NoWish, "Stop by at 5": NoWish, "cancel my order": NoWish,
		"HELP": NoWish, "...": NoWish, "STOP" + strings.Repeat("!", 100): NoWish,
	} {
		if got := KeywordWish(body); got != want {
			t.Errorf("%.20q is the wish %d, want %d", body, got, want)
		}
	}
}

func TestRepair(t *testing.T) {
	for in, want := range map[string]string{
		"Hello":         "Hello",
		"":              "",
		"na\u00efve 👋":  "na\u00efve 👋",
		"a\x00b":        "a\uFFFDb",
		"a\xffb":        "a\uFFFDb",
		"\xed\xa0\x80!": "\uFFFD!", // a lone surrogate, as some systems write it
		"a\uFFFDb":      "a\uFFFDb",
	} {
		got, changed := Repair(in)
		if got != want || changed != (in != want) {
			t.Errorf("%q is repaired to %q, changed %v; want %q", in, got, changed, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		in := string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"))
		got, _ := Repair(in)
		if !utf8.ValidString(got) || strings.ContainsRune(got, 0) {
			t.Fatalf("%q still can't be held by a database", got)
		}
		if again, changed := Repair(got); again != got || changed {
			t.Fatalf("%q is repaired again to %q", got, again)
		}
	})
}
