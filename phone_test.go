package switchboard

import (
	"errors"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestParsePhone(t *testing.T) {
	tests := []struct {
		in, region string
		want       Phone
	}{
		// One American number the ways that CRMs hold it.
		{"(512) 555-0177", "US", "+15125550177"},
		{"512.555.0177", "US", "+15125550177"},
		{"512-555-0177", "US", "+15125550177"},
		{"512 555 0177", "US", "+15125550177"},
		{"5125550177", "US", "+15125550177"},
		{"1-512-555-0177", "US", "+15125550177"},
		{"15125550177", "CA", "+15125550177"},
		{"+15125550177", "", "+15125550177"},
		{"+1 (512) 555-0177", "GB", "+15125550177"},
		{"(+1) 512 555 0177", "GB", "+15125550177"},
		{"512/555-0177", "US", "+15125550177"},
		{"  (512)555-0177 ", "US", "+15125550177"},
		{"[512] 555.0177", "US", "+15125550177"},
		{"001 512 555 0177", "GB", "+15125550177"},
		{"011 1 512 555 0177", "US", "+15125550177"},

		// Extensions are dropped.
		{"+1 512 555 0177 ext. 12", "", "+15125550177"},
		{"(512) 555-0177 x12", "US", "+15125550177"},
		{"(512) 555-0177x12", "US", "+15125550177"},
		{"512-555-0177, ext 12", "US", "+15125550177"},
		{"512-555-0177; extension: 1234", "US", "+15125550177"},
		{"512-555-0177 #12", "US", "+15125550177"},
		{"512-555-0177 x", "US", "+15125550177"},
		{"512-555-0177 ext.", "US", "+15125550177"},

		// URIs.
		{"tel:+1-512-555-0177", "", "+15125550177"},
		{"TEL:+15125550177;ext=12", "", "+15125550177"},
		{"+15125550177;ext=12", "", "+15125550177"},
		{"tel:5550177;phone-context=+1512", "", "+15125550177"},
		{"tel:512-555-0177;phone-context=example.com", "US", "+15125550177"},
		{"tel:+15125550177;phone-context=+44", "", "+15125550177"},
		{"tel:+15125550177;isub=1411;verstat=No", "", "+15125550177"},
		{"sms:+15125550177?body=hello", "", "+15125550177"},

		// Other scripts, spaces, dashes, and marks that nobody sees.
		{"５１２−５５５−０１７７", "US", "+15125550177"},
		{"＋１（５１２）５５５－０１７７", "", "+15125550177"},
		{"٥١٢ ٥٥٥ ٠١٧٧", "US", "+15125550177"},
		{"۵۱۲۵۵۵۰۱۷۷", "US", "+15125550177"},
		{"५१२५५५०१७७", "US", "+15125550177"},
		{"512\u00a0555\u202f0177", "US", "+15125550177"},
		{"512\u2003555\u30000177", "US", "+15125550177"},
		{"512\t555\t0177", "US", "+15125550177"},
		{"512‐555‑0177", "US", "+15125550177"},
		{"512–555—0177", "US", "+15125550177"},
		{"512·555•0177", "US", "+15125550177"},
		{"\u202a(512) 555-0177\u202c", "US", "+15125550177"},
		{"\u2066+15125550177\u2069", "", "+15125550177"},
		{"\ufeff512\u00ad555\u200b01\u206077\u200e", "US", "+15125550177"},
		{"5\ufe0f125550177", "US", "+15125550177"},
		{"512-555-0177\r\n", "US", "+15125550177"},

		// What else people write beside a number.
		{"437-555-1234 (Jane's)", "CA", "+14375551234"},
		{"437-555-1234 (Jane, after 5pm)", "CA", "+14375551234"},
		{"437-555-1234 (Jane (wife))", "CA", "+14375551234"},
		{"437-555-1234 x12 (Zoë)", "CA", "+14375551234"},
		{"437-555-1234 (Zoë) ext 12", "CA", "+14375551234"},
		{"437-555-1234 (妻)", "CA", "+14375551234"},
		{"437-555-1234 (?)", "CA", "+14375551234"},
		{"Mobile: 512-555-0177", "US", "+15125550177"},
		{"cell 512-555-0177", "US", "+15125550177"},
		{"Cell phone: (512) 555-0177", "US", "+15125550177"},
		{"m. 512-555-0177", "US", "+15125550177"},
		{"(cell) 512-555-0177", "US", "+15125550177"},
		{"512-555-0177 (cell)", "US", "+15125550177"},
		{"512-555-0177 - work", "US", "+15125550177"},
		{"(512) 555-0177 h", "US", "+15125550177"},
		{"tel+15125550177", "US", "+15125550177"},

		// Other countries.
		{"011 44 20 7946 0958", "US", "+442079460958"},
		{"+44 20 7946 (0958)", "US", "+442079460958"},
		{"0044 20 7946 0958", "GB", "+442079460958"},
		{"0044 20 7946 0958", "DE", "+442079460958"},
		{"020 7946 0958", "GB", "+442079460958"},
		{"+44 (0)20 7946 0958", "US", "+442079460958"},
		{"+44 (0) 20 7946 0958", "", "+442079460958"},
		{"44 20 7946 0958", "GB", "+442079460958"},
		{"030/1234567", "DE", "+49301234567"},
		{"02 1234 5678", "IT", "+390212345678"},
		{"+39 02 1234 5678", "", "+390212345678"},
		{"02 12345678", "VA", "+390212345678"},
		{"8 (495) 123-45-67", "RU", "+74951234567"},
		{"(11) 98765-4321", "BR", "+5511987654321"},
		{"0 15 11 98765-4321", "BR", "+5511987654321"},
		{"11 8765-4321", "BR", "+551187654321"},
		{"011 15-2345-6789", "AR", "+5491123456789"},
		{"11 2345-6789", "AR", "+541123456789"},
		{"55 1234 5678", "MX", "+525512345678"},
		{"01 55 1234 5678", "MX", "+525512345678"},
		{"044 55 1234 5678", "MX", "+525512345678"},
		{"+52 1 55 1234 5678", "US", "+5215512345678"},
		{"52 1 55 1234 5678", "MX", "+5215512345678"},
		{"00 52 1 55 1234 5678", "MX", "+5215512345678"},
		{"011 52 1 55 1234 5678", "US", "+5215512345678"},
		{"011 52 55 1234 5678", "US", "+525512345678"},

		// Possible is enough: 555 and other numbers that nobody was given.
		{"555-555-5555", "US", "+15555555555"},
		{"+1 000 000 0000", "", "+10000000000"},
		{"+883 5100 1234 5678", "", "+883510012345678"},
		{"+881 6 123 45678", "", "+881612345678"},
		{"+800 1234 5678", "", "+80012345678"},
		{"+683 4000", "", "+6834000"},
	}
	for _, tt := range tests {
		got, err := ParsePhone(tt.in, tt.region)
		if err != nil || got != tt.want {
			t.Errorf("ParsePhone(%q, %q) = %q, %v; want %q", tt.in, tt.region, got, err, tt.want)
		}
	}
}

func TestParsePhoneRefuses(t *testing.T) {
	tests := []struct {
		in, region string
		want       PhoneReason
	}{
		{"", "US", PhoneEmpty},
		{" \t\n", "US", PhoneEmpty},
		{"\u200b\u2060", "US", PhoneEmpty},

		{"call 512 555 0177 after 5", "US", PhoneNotANumber},
		{"Jane 512-555-0177", "US", PhoneNotANumber},
		{"512-555-0177 Jane", "US", PhoneNotANumber},
		{"1-800-FLOWERS", "US", PhoneNotANumber},
		{"512-555-CALL", "US", PhoneNotANumber},
		{"m5125550177", "US", PhoneNotANumber},
		{"512555O177", "US", PhoneNotANumber},
		{"jane@example.com", "US", PhoneNotANumber},
		{"whatsapp:+15125550177", "US", PhoneNotANumber},
		{"437-555-1234 (or 512-555-0101)", "CA", PhoneNotANumber},
		{"512-555-0177 x5125550178", "US", PhoneNotANumber},
		{"512+5550177", "US", PhoneNotANumber},
		{"++15125550177", "US", PhoneNotANumber},
		{"*67 512 555 0177", "US", PhoneNotANumber},
		{"512-555-0177\n512-555-0178", "US", PhoneNotANumber},
		{"512-555-0177, 512-555-0178", "US", PhoneNotANumber},
		{"+15125550177;foo=bar", "US", PhoneNotANumber},
		{"n/a", "US", PhoneNotANumber},
		{"---", "US", PhoneNotANumber},
		{"(cell)", "US", PhoneNotANumber},
		{"x12", "US", PhoneNotANumber},
		{"512\x00555\xff0177", "US", PhoneNotANumber},

		{"555-0177", "US", PhoneTooShort},
		{"512-555", "US", PhoneTooShort},
		{"88202", "US", PhoneTooShort},
		{"+1 555 0177", "", PhoneTooShort},
		{"+1", "", PhoneTooShort},
		{"+49 2302", "", PhoneTooShort},

		{"512-555-0177 512-555-0178", "US", PhoneTooLong},
		{"512-555-0177 / 512-555-0178", "US", PhoneTooLong},
		{"+1 512 555 01777", "", PhoneTooLong},
		{strings.Repeat("5", 65), "US", PhoneTooLong},
		{strings.Repeat(" ", 80) + "5125550177", "US", PhoneTooLong},
		{strings.Repeat("5", 1<<20), "US", PhoneTooLong},

		{"15512345678", "MX", PhoneTooLong}, // an American number, or a Mexican mobile with its 1

		{"+7 495 123 45 678", "", PhoneImpossible},
		{"+49 00 30 1234567", "", PhoneImpossible},

		{"512-555-0177", "", PhoneNoCountry},
		{"512-555-0177", "ZZ", PhoneNoCountry},
		{"512-555-0177", "us", PhoneNoCountry},
		{"512-555-0177", "001", PhoneNoCountry},

		{"+0 512 555 0177", "US", PhoneUnknownCountry},
		{"+210 512 5550", "US", PhoneUnknownCountry},
		{"+2145550177", "US", PhoneUnknownCountry},
		{"011 210 512 5550", "US", PhoneUnknownCountry},
	}
	for _, tt := range tests {
		got, err := ParsePhone(tt.in, tt.region)
		var e *PhoneError
		if !errors.As(err, &e) || e.Reason != tt.want || got != "" {
			t.Errorf("ParsePhone(%.40q, %q) = %q, %v; want reason %s", tt.in, tt.region, got, err, tt.want)
		}
	}
}

func TestPhoneErrorIsFitToShow(t *testing.T) {
	for _, in := range []string{"", strings.Repeat("é", 300), "512\xff\x00", strings.Repeat("\xff", 5000)} {
		_, err := ParsePhone(in, "US")
		var e *PhoneError
		if !errors.As(err, &e) {
			t.Fatalf("ParsePhone(%.20q): %v, want a *PhoneError", in, err)
		}
		if n := utf8.RuneCountInString(e.Input); n > 65 || !utf8.ValidString(e.Input) {
			t.Errorf("ParsePhone(%.20q): the error repeats %d characters, valid UTF-8: %t", in, n, utf8.ValidString(e.Input))
		}
	}
}

// Every pair is two forms of one number, and each form alone is kept as written.
func TestMatchKeyJoinsVariants(t *testing.T) {
	pairs := []struct {
		name string
		a, b Phone
	}{
		{"Mexico", "+525512345678", "+5215512345678"},
		{"Argentina, Buenos Aires", "+541123456789", "+5491123456789"},
		{"Argentina, Rosario", "+543413123456", "+5493413123456"},
		{"Brazil, 9", "+551199876543", "+5511999876543"},
		{"Brazil, 8", "+551187654321", "+5511987654321"},
		{"Brazil, 7", "+552176543210", "+5521976543210"},
		{"Brazil, 6", "+556165432109", "+5561965432109"},
	}
	for _, tt := range pairs {
		for _, p := range []Phone{tt.a, tt.b} {
			if got, err := ParsePhone(string(p), "US"); err != nil || got != p {
				t.Errorf("%s: ParsePhone(%q) = %q, %v; want it unchanged", tt.name, p, got, err)
			}
		}
		if tt.a.MatchKey() != tt.b.MatchKey() {
			t.Errorf("%s: keys %q and %q differ", tt.name, tt.a.MatchKey(), tt.b.MatchKey())
		}
	}
}

func TestMatchKeyKeepsOthersApart(t *testing.T) {
	pairs := []struct {
		name string
		a, b Phone
	}{
		{"Brazilian landline, 2", "+551123456789", "+5511923456789"},
		{"Brazilian landline, 3", "+551132654321", "+5511932654321"},
		{"Brazilian landline, 5", "+551152654321", "+5511952654321"},
		{"Brazilian toll-free", "+558001234567", "+5580901234567"},
		{"Brazil, a 0 in the area code", "+552065432109", "+5520965432109"},
		{"Brazilian non-geographic", "+553006543210", "+5530906543210"},
		{"Chile", "+56221234567", "+569221234567"},
		{"Colombia", "+571234567890", "+5711234567890"},
		{"Italy", "+390212345678", "+39212345678"},
		{"United States", "+15125550177", "+15125550178"},
		{"Portugal", "+351912345678", "+3519912345678"},
	}
	for _, tt := range pairs {
		if tt.a.MatchKey() == tt.b.MatchKey() {
			t.Errorf("%s: %q and %q share the key %q", tt.name, tt.a, tt.b, tt.a.MatchKey())
		}
		for _, p := range []Phone{tt.a, tt.b} {
			if p.MatchKey() != MatchKey(p) {
				t.Errorf("%s: the key of %q is %q", tt.name, p, p.MatchKey())
			}
		}
	}
}

func TestOneNumberTwelveWays(t *testing.T) {
	ways := []string{
		"+14155550100", "(415) 555-0100", "4155550100", "14155550100", "1-415-555-0100", "415.555.0100",
		"+1 415 555 0100 x12", "tel:+1-415-555-0100", "011 1 415 555 0100", "\u202a415\u00a0555\u00a00100\u202c",
		"４１５５５５０１００", "Mobile: 415/555-0100 (Jane)",
	}
	for _, way := range ways {
		p, err := ParsePhone(way, "US")
		if err != nil || p.MatchKey() != "+14155550100" {
			t.Errorf("%q has the key %q, %v", way, p.MatchKey(), err)
		}
	}
}

func TestParsePhoneField(t *testing.T) {
	tests := []struct {
		in, region string
		want       []Phone
		reason     PhoneReason // of the error, "" for none
		about      string      // the error's input, where it is not the whole field
	}{
		{"(512) 555-0100", "US", []Phone{"+15125550100"}, "", ""},
		{"512-555-0100 / 512-555-0101", "US", []Phone{"+15125550100", "+15125550101"}, "", ""},
		{"512-555-0100/512-555-0101", "US", []Phone{"+15125550100", "+15125550101"}, "", ""},
		{"512-555-0100; 512-555-0101", "US", []Phone{"+15125550100", "+15125550101"}, "", ""},
		{"512-555-0100, 512-555-0101", "US", []Phone{"+15125550100", "+15125550101"}, "", ""},
		{"512-555-0100 | 512-555-0101", "US", []Phone{"+15125550100", "+15125550101"}, "", ""},
		{"512-555-0100 & 512-555-0101", "US", []Phone{"+15125550100", "+15125550101"}, "", ""},
		{"512-555-0100 OR 512-555-0101", "US", []Phone{"+15125550100", "+15125550101"}, "", ""},
		{"512-555-0100 and 512-555-0101", "US", []Phone{"+15125550100", "+15125550101"}, "", ""},
		{"512-555-0100\r\n512-555-0101", "US", []Phone{"+15125550100", "+15125550101"}, "", ""},
		{"5125550100\u2028+44 20 7946 0958", "US", []Phone{"+15125550100", "+442079460958"}, "", ""},
		{"h: 512-555-0100, w: 512-555-0101 x12; 512-555-0102 (Jane, wife)", "US",
			[]Phone{"+15125550100", "+15125550101", "+15125550102"}, "", ""},
		{"437-555-1234 (or 512-555-0101)", "CA", []Phone{"+14375551234", "+15125550101"}, "", ""},
		{"512-555-0100;", "US", []Phone{"+15125550100"}, "", ""},
		{"512-555-0100 / (512) 555-0100", "US", []Phone{"+15125550100"}, "", ""},

		// Separators that belong to the one number.
		{"030/1234567", "DE", []Phone{"+49301234567"}, "", ""},
		{"030 / 1234567", "DE", []Phone{"+49301234567"}, "", ""},
		{"0664/1234567", "AT", []Phone{"+436641234567"}, "", ""},
		{"035201/12345", "DE", []Phone{"+493520112345"}, "", ""},
		{"030/1234567, ext 5", "DE", []Phone{"+49301234567"}, "", ""},
		{"512-555-0177, ext. 12", "US", []Phone{"+15125550177"}, "", ""},
		{"tel:5550177;phone-context=+1512", "US", []Phone{"+15125550177"}, "", ""},
		{"437-555-1234 (Jane/Joe, home & work)", "CA", []Phone{"+14375551234"}, "", ""},

		// Two German numbers stay two, even where one of that length is possible.
		{"089 1234 / 089 5678", "DE", []Phone{"+49891234", "+49895678"}, "", ""},
		{"030/1234567 / 0171/1234567", "DE", []Phone{"+49301234567", "+491711234567"}, "", ""},

		// What can be read is returned beside the error.
		{"512-555-0100 / 0101", "US", []Phone{"+15125550100"}, PhoneTooShort, "0101"},
		{"512-555-0100; ask for Jane", "US", []Phone{"+15125550100"}, PhoneNotANumber, "ask for Jane"},
		{"none, 512-555-0100, nothing", "US", []Phone{"+15125550100"}, PhoneNotANumber, "none"},

		{"", "US", nil, PhoneEmpty, ""},
		{" \u200b ", "US", nil, PhoneEmpty, ""},
		{";;", "US", nil, PhoneNotANumber, ";;"},
		{"Jane or Joe", "US", nil, PhoneNotANumber, "Jane or Joe"},
		{"call 512 555 0177 after 5", "US", nil, PhoneNotANumber, "call 512 555 0177 after 5"},
		{"512-555-0100", "", nil, PhoneNoCountry, ""},
		{strings.Repeat("512-555-0100;", 40), "US", nil, PhoneTooLong, ""},
		{"512-555-0100 (" + strings.Repeat("a", 64) + ")", "US", nil, PhoneTooLong, ""},
	}
	for _, tt := range tests {
		got, err := ParsePhoneField(tt.in, tt.region)
		if !slices.Equal(got, tt.want) {
			t.Errorf("ParsePhoneField(%q, %q) = %q; want %q", tt.in, tt.region, got, tt.want)
		}
		var e *PhoneError
		switch {
		case tt.reason == "":
			if err != nil {
				t.Errorf("ParsePhoneField(%q, %q): %v", tt.in, tt.region, err)
			}
		case !errors.As(err, &e) || e.Reason != tt.reason || tt.about != "" && e.Input != tt.about:
			t.Errorf("ParsePhoneField(%q, %q): error %v, want reason %s about %q", tt.in, tt.region, err, tt.reason, tt.about)
		}
	}
}

func TestPhoneForms(t *testing.T) {
	tests := []struct {
		phone                   Phone
		national, international string
		region                  string
	}{
		{"+15125550177", "(512) 555-0177", "+1 512-555-0177", "US"},
		{"+14165550100", "(416) 555-0100", "+1 416-555-0100", "CA"},
		{"+15555555555", "(555) 555-5555", "+1 555-555-5555", ""},
		{"+442079460958", "020 7946 0958", "+44 20 7946 0958", "GB"},
		{"+390212345678", "02 1234 5678", "+39 02 1234 5678", "IT"},
		{"+5491123456789", "011 15-2345-6789", "+54 9 11 2345-6789", "AR"},
		{"+5493413123456", "0341 15-312-3456", "+54 9 341 312-3456", "AR"},
		{"+541123456789", "011 2345-6789", "+54 11 2345-6789", "AR"},
		{"+525512345678", "55 1234 5678", "+52 55 1234 5678", "MX"},
		{"+5215512345678", "55 1234 5678", "+52 1 55 1234 5678", "MX"},
		{"+883510012345678", "510 012 345 678", "+883 510 012 345 678", ""},
		{"", "", "", ""},
	}
	for _, tt := range tests {
		if got := tt.phone.National(); got != tt.national {
			t.Errorf("%q.National() = %q, want %q", tt.phone, got, tt.national)
		}
		if got := tt.phone.International(); got != tt.international {
			t.Errorf("%q.International() = %q, want %q", tt.phone, got, tt.international)
		}
		if got := tt.phone.Region(); got != tt.region {
			t.Errorf("%q.Region() = %q, want %q", tt.phone, got, tt.region)
		}
	}
}

func TestFormatSuitsTheReader(t *testing.T) {
	tests := []struct {
		phone  Phone
		reader string
		want   string
	}{
		{"+15125550177", "US", "(512) 555-0177"},
		{"+14165550100", "US", "(416) 555-0100"},
		{"+15555555555", "US", "(555) 555-5555"},
		{"+15125550177", "GB", "+1 512-555-0177"},
		{"+442079460958", "GB", "020 7946 0958"},
		{"+442079460958", "US", "+44 20 7946 0958"},
		{"+15125550177", "", "+1 512-555-0177"},
		{"+80012345678", "", "+800 1234 5678"},
		{"garbage", "US", "garbage"},
		{"+", "US", "+"},
		{"+x99", "US", "+x99"},
	}
	for _, tt := range tests {
		if got := tt.phone.Format(tt.reader); got != tt.want {
			t.Errorf("%q.Format(%q) = %q, want %q", tt.phone, tt.reader, got, tt.want)
		}
	}
}

func TestPhoneMetadataVersionIsTheLibrarys(t *testing.T) {
	mod, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`github\.com/nyaruka/phonenumbers (v\S+)`).FindSubmatch(mod)
	if m == nil {
		t.Fatal("go.mod does not name the phone-number library")
	}
	if want := " phonenumbers " + string(m[1]); !strings.HasSuffix(PhoneMetadataVersion, want) {
		t.Errorf("PhoneMetadataVersion is %q; go.mod has %s: change the constant, so that installations know to index again", PhoneMetadataVersion, m[1])
	}
}
