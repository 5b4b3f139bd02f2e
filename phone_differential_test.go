package switchboard

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/nyaruka/phonenumbers"
	"pgregory.net/rapid"
)

// libraryPhone is what the library alone makes of s.
func libraryPhone(s, region string) (Phone, bool) {
	number, err := phonenumbers.Parse(s, region)
	if err != nil || phonenumbers.IsPossibleNumberWithReason(number) != phonenumbers.IS_POSSIBLE {
		return "", false
	}
	return Phone(phonenumbers.Format(number, phonenumbers.E164)), true
}

// nanpRegions are the regions of calling code 1, by the library's account, and
// a few others.
func nanpRegions() (inside, outside []string) {
	return phonenumbers.GetRegionCodesForCountryCode(1), []string{"GB", "MX", "DE", "RU", "", "ZZ", "us"}
}

func TestNANPRegionsAreTheLibrarys(t *testing.T) {
	inside, _ := nanpRegions()
	for region := range phonenumbers.GetSupportedRegions() {
		if isNANP(region) != slices.Contains(inside, region) {
			t.Errorf("isNANP(%q) = %t", region, isNANP(region))
		}
	}
}

// The short cut must give what the library gives for the text as it stands.
func TestNANPShortCutAgrees(t *testing.T) {
	const inputs = 300_000
	r := rand.New(rand.NewPCG(1, 2))
	inside, outside := nanpRegions()
	hits := 0
	for range inputs {
		region := inside[r.IntN(len(inside))]
		switch r.IntN(4) {
		case 0:
			region = "US"
		case 1:
			region = outside[r.IntN(len(outside))]
		}
		s := nearNANP(r)
		got, ok := parseNANP(s, region)
		if !ok {
			continue
		}
		hits++
		if lib, ok := libraryPhone(s, region); !ok || lib != got {
			t.Fatalf("parseNANP(%q, %q) = %q; the library gives %q, possible: %t", s, region, got, lib, ok)
		}
	}
	if hits < inputs/5 {
		t.Errorf("only %d of %d inputs took the short cut: the test has lost its subject", hits, inputs)
	}
}

// nearNANP returns a text that is often, but not always, a North American
// number: digits around the right count, common and odd punctuation.
func nearNANP(r *rand.Rand) string {
	var b strings.Builder
	switch r.IntN(8) {
	case 0, 1:
		b.WriteString("+1")
	case 2:
		b.WriteString("1")
	case 3:
		b.WriteString("+")
	case 4:
		b.WriteString("011")
	}
	punctuation := []string{"", "", "", " ", "-", ".", "(", ") ", "  ", "/", "x", "+", "\u00a0", "#", ","}
	usual := len(punctuation) - 6
	if r.IntN(8) == 0 {
		usual = len(punctuation)
	}
	digits := 10
	switch r.IntN(6) {
	case 0:
		digits = 7 + r.IntN(7)
	}
	for i := range digits {
		if i == 0 || i == 3 || i == 6 || r.IntN(20) == 0 {
			b.WriteString(punctuation[r.IntN(usual)])
		}
		d := byte('0' + r.IntN(10))
		if i == 0 && r.IntN(3) > 0 {
			d = byte('2' + r.IntN(8))
		}
		b.WriteByte(d)
	}
	b.WriteString(punctuation[r.IntN(3)])
	return b.String()
}

func TestNANPFormsAgree(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 20_000 {
		p := Phone(fmt.Sprintf("+1%010d", r.Int64N(1e10)))
		number, err := phonenumbers.Parse(string(p), "")
		if err != nil {
			t.Fatal(p, err)
		}
		if got, want := p.National(), phonenumbers.Format(number, phonenumbers.NATIONAL); got != want {
			t.Fatalf("%q.National() = %q, want %q", p, got, want)
		}
		if got, want := p.International(), phonenumbers.Format(number, phonenumbers.INTERNATIONAL); got != want {
			t.Fatalf("%q.International() = %q, want %q", p, got, want)
		}
	}
}

func TestCallingPlansCoverEveryCountry(t *testing.T) {
	for code := range phonenumbers.GetSupportedCallingCodes() {
		if callingPlans()[code].lengths == 0 {
			t.Errorf("calling code %d has no plan", code)
		}
		if got := callingCode(fmt.Sprintf("+%d5550177", code)); got != code {
			t.Errorf("callingCode of a +%d number is %d", code, got)
		}
	}
}

// A number in E.164 form that takes the short cut is one that the library
// returns as it stands.
func TestE164ShortCutAgrees(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	var codes []int
	for code := range phonenumbers.GetSupportedCallingCodes() {
		codes = append(codes, code)
	}
	slices.Sort(codes)
	hits, regions := 0, []string{"", "US", "GB", "DE", "MX", "BS"}
	const inputs = 200_000
	for range inputs {
		var b strings.Builder
		fmt.Fprintf(&b, "+%d", codes[r.IntN(len(codes))])
		if r.IntN(3) == 0 {
			b.WriteString([]string{"0", "00", "1", "8", "9", "15"}[r.IntN(6)])
		}
		for range 3 + r.IntN(11) {
			b.WriteByte(byte('0' + r.IntN(10)))
		}
		s := b.String()
		if !isPlainE164(s) {
			continue
		}
		hits++
		region := regions[r.IntN(len(regions))]
		if lib, ok := libraryPhone(s, region); !ok || lib != Phone(s) {
			t.Fatalf("isPlainE164(%q); the library gives %q, possible: %t", s, lib, ok)
		}
	}
	if hits < inputs/5 {
		t.Errorf("only %d of %d inputs took the short cut", hits, inputs)
	}
}

// Where the library reads a bare number, so do we, and to the same end, but
// for what is documented: Mexico's old forms, more than one prefix, and lengths
// outside of E.164.
func TestNumbersAreReadAsTheLibraryReadsThem(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	var regions []string
	for region := range phonenumbers.GetSupportedRegions() {
		regions = append(regions, region)
	}
	slices.Sort(regions)
	read := 0
	for range 60_000 {
		region := regions[r.IntN(len(regions))]
		s := []string{"", "0", "00", "+", "8"}[r.IntN(5)]
		for range 5 + r.IntN(10) {
			s += string(rune('0' + r.IntN(10)))
		}
		lib, libOK := libraryPhone(s, region)
		got, reason := readPhone(s, region, fromPeople)
		switch {
		case reason == "" && libOK && got == lib:
			read++
		case reason == "" && (isOldMexicanMobile(string(got)) || strings.HasPrefix(string(got), "+52")):
		case reason == "":
			t.Fatalf("readPhone(%q, %q) = %q; the library gives %q, possible: %t", s, region, got, lib, libOK)
		case !libOK, len(lib) < 8, len(lib) > 16, strings.HasPrefix(s, "+") && callingCode(s) == 0:
		default:
			if again, ok := libraryPhone(string(lib), ""); ok && again == lib {
				t.Fatalf("readPhone(%q, %q): %s; the library gives %q", s, region, reason, lib)
			}
		}
	}
	if read < 10_000 {
		t.Errorf("only %d numbers were read", read)
	}
}

// exampleNumbers returns an assigned number of every kind of every country.
func exampleNumbers() map[Phone]bool {
	examples := make(map[Phone]bool)
	for region := range phonenumbers.GetSupportedRegions() {
		for kind := range phonenumbers.VOICEMAIL + 1 {
			if n := phonenumbers.GetExampleNumberForType(region, kind); n != nil {
				examples[Phone(phonenumbers.Format(n, phonenumbers.E164))] = true
			}
		}
	}
	return examples
}

// A number written for its own country, or for abroad, reads as itself.
func TestFormsReadBack(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	checked := 0
	for p := range exampleNumbers() {
		for i := range 4 {
			if i > 0 { // a neighbour, most often assigned too
				p = p[:len(p)-3] + Phone(fmt.Sprintf("%03d", r.IntN(1000)))
			}
			if lib, ok := libraryPhone(string(p), ""); !ok || lib != p || len(p) < len("+1234567") {
				continue // such as 310-1234 in Canada: a number, but not a full one
			}
			checkForms(t, p)
			checked++
		}
	}
	if checked < 2_000 {
		t.Errorf("only %d numbers were checked", checked)
	}
}

func checkForms(t interface{ Errorf(string, ...any) }, p Phone) {
	if got, err := ParsePhone(p.International(), "US"); err != nil || got != p {
		t.Errorf("%q written %q reads %q, %v", p, p.International(), got, err)
	}
	region := p.Region()
	if region == "" || !p.assigned() {
		return
	}
	if got, err := ParsePhone(p.National(), region); err != nil || got != p {
		t.Errorf("%q written %q in %s reads %q, %v", p, p.National(), region, got, err)
	}
}

func TestPhonesArePlainE164OfAnyRegion(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.OneOf(
			rapid.StringMatching(`\+?[0-9]{5,17}`),
			rapid.StringMatching(`\+?[0-9(][-0-9 ./()]{5,20}`),
			rapid.String(),
		).Draw(t, "text")
		region := rapid.SampledFrom([]string{"", "US", "GB", "DE", "IT", "MX", "AR", "BR", "RU", "BS", "HU"}).Draw(t, "region")
		checkPhone(t, s, region)
	})
}
