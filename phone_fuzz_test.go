package switchboard

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

var e164 = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)

var phoneSeeds = []string{
	"", "+", "1", "+15125550177", "(512) 555-0177", "1-512-555-0177", "+1 512 555 0177 ext. 12", "512-555-0177x",
	"tel:+1-512-555-0177;ext=1", "tel:5550177;phone-context=+1512", "sms:+15125550177?body=x", "011 44 20 7946 0958",
	"437-555-1234 (Jane's)", "437-555-1234 (or 512-555-0101)", "512-555-0100 / 512-555-0101", "030/1234567",
	"h: 512-555-0100, w: 512-555-0101 x12; 512-555-0102", "５１２−５５５−０１７７", "٥١٢٥٥٥٠١٧٧",
	"\u202a(512)\u00a0555-0177\u202c", "call 512 555 0177 after 5", "1-800-FLOWERS", "88202", "+88202", "MTN", "anonymous",
	"whatsapp:+15125550177", "+5215512345678", "0445512345678", "011 15-2345-6789", "+551187654321", "+49 00 30 1234567",
	"512\xff555\x000177", "((((((((1", "x", "#", "+x1", ";ext=", ";phone-context=", "tel:;;;=", " or ", "/", "//", "(or ",
	"\U0001d7ec\U0001d7ed", strings.Repeat("1 or ", 60),
}

var phoneSeedRegions = []string{"US", "", "GB", "DE", "MX", "AR", "NO", "BS", "001", "us", "\xff"}

func checkPhone(t interface{ Fatalf(string, ...any) }, s, region string) {
	p, err := ParsePhone(s, region)
	if err != nil {
		var e *PhoneError
		if !errors.As(err, &e) || e.Reason == "" || p != "" || !utf8.ValidString(err.Error()) {
			t.Fatalf("ParsePhone(%q, %q) = %q, %#v", s, region, p, err)
		}
		return
	}
	if !e164.MatchString(string(p)) {
		t.Fatalf("ParsePhone(%q, %q) = %q, which is not E.164", s, region, p)
	}
	for _, other := range []string{"", "US", "DE", region} {
		if again, err := ParsePhone(string(p), other); err != nil || again != p {
			t.Fatalf("ParsePhone(%q, %q) = %q, which reads as %q, %v in %q", s, region, p, again, err, other)
		}
	}
	if fast, ok := parseNANP(s, region); ok {
		if lib, ok := libraryPhone(s, region); !ok || lib != fast {
			t.Fatalf("parseNANP(%q, %q) = %q; the library gives %q, possible: %t", s, region, fast, lib, ok)
		}
	}
	if key := p.MatchKey(); !e164.MatchString(string(key)) || Phone(key).MatchKey() != key {
		t.Fatalf("%q has the key %q", p, key)
	}
	if p.National() == "" || p.International() == "" || p.Format(region) == "" {
		t.Fatalf("%q is written %q, %q, %q", p, p.National(), p.International(), p.Format(region))
	}
}

func FuzzParsePhone(f *testing.F) {
	for i, s := range phoneSeeds {
		f.Add(s, phoneSeedRegions[i%len(phoneSeedRegions)])
		f.Add(s, "US")
	}
	f.Fuzz(func(t *testing.T, s, region string) {
		checkPhone(t, s, region)
		if p, err := ParsePhone(s, region); err == nil {
			checkForms(t, p)
		}
	})
}

func FuzzParsePhoneField(f *testing.F) {
	for i, s := range phoneSeeds {
		f.Add(s, phoneSeedRegions[i%len(phoneSeedRegions)])
		f.Add(s, "US")
	}
	f.Fuzz(func(t *testing.T, s, region string) {
		phones, err := ParsePhoneField(s, region)
		if len(phones) == 0 && err == nil {
			t.Fatalf("ParsePhoneField(%q, %q) found nothing and no fault", s, region)
		}
		seen := make(map[Phone]bool)
		for _, p := range phones {
			if !e164.MatchString(string(p)) || seen[p] {
				t.Fatalf("ParsePhoneField(%q, %q) = %q", s, region, phones)
			}
			seen[p] = true
		}
		if p, err := ParsePhone(s, region); err == nil && len(phones) == 1 && phones[0] != p {
			t.Fatalf("ParsePhoneField(%q, %q) = %q; ParsePhone gives %q", s, region, phones, p)
		}
	})
}

func FuzzParseSender(f *testing.F) {
	for i, s := range phoneSeeds {
		f.Add(s, phoneSeedRegions[i%len(phoneSeedRegions)])
		f.Add(s, "US")
	}
	f.Fuzz(func(t *testing.T, s, region string) { checkSender(t, s, region) })
}
