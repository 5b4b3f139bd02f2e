package switchboard

import (
	"strings"
	"testing"

	"github.com/nyaruka/phonenumbers"
)

func TestCountryRegion(t *testing.T) {
	tests := map[string]string{
		"US": "US", "us": "US", "USA": "US", "U.S.A.": "US", "United States": "US", "the united states of america": "US",
		"GB": "GB", "GBR": "GB", "UK": "GB", "U.K.": "GB", "United  Kingdom": "GB", "Great Britain": "GB", "England": "GB",
		"Germany": "DE", "DEU": "DE", "Deutschland": "DE", "Brazil": "BR", "Brasil": "BR", "Mexico": "MX", "México": "MX",
		"Me\u0301xico": "MX", "CA": "CA", "Canada": "CA", "Cote d'Ivoire": "CI", "CÔTE D’IVOIRE": "CI", "Ivory Coast": "CI",
		"Korea, Republic of": "KR", "South Korea": "KR", "Korea, Democratic People's Republic of": "KP", "Viet Nam": "VN",
		"Antigua & Barbuda": "AG", "St. Kitts and Nevis": "KN", "Virgin Islands, U.S.": "VI", "Virgin Islands (British)": "VG",
		"The Bahamas": "BS", "Bahamas, The": "BS", "Türkiye": "TR", "Turkey": "TR", "Guinea-Bissau": "GW", "Guinea": "GN",
		"Congo": "CG", "Congo (DRC)": "CD", "Niger": "NE", "Nigeria": "NG", "Georgia": "GE", "Holland": "NL", "Kosovo": "XK",
		" France\n": "FR", "and": "AD", " usa ": "US", "Czech Republic": "CZ", "Hong Kong": "HK", "Åland Islands": "AX", "Reunion": "RE",
	}
	for in, want := range tests {
		if got, ok := CountryRegion(in); !ok || got != want {
			t.Errorf("CountryRegion(%q) = %q, %t; want %q", in, got, ok, want)
		}
	}
	for _, in := range []string{"", " ", "the", "ZZ", "XX", "EU", "Texas", "Gondwana", "1", "U", "United", "001", "🇺🇸", strings.Repeat("France", 1000)} {
		if got, ok := CountryRegion(in); ok || got != "" {
			t.Errorf("CountryRegion(%q) = %q, %t; want none", in, got, ok)
		}
	}
}

// No code or name may stand for two countries.
func TestCountryNamesAreDistinct(t *testing.T) {
	owner := make(map[string]string)
	for _, c := range countries {
		for _, name := range append(strings.Split(c.names, "|"), c.alpha2, c.alpha3) {
			key := countryKey(name)
			if len(name) <= 3 {
				key = strings.ToLower(name)
			}
			if other, taken := owner[key]; taken && other != c.alpha2 || key == "" {
				t.Errorf("%q stands for %s and %s", name, other, c.alpha2)
			}
			owner[key] = c.alpha2
			if got, ok := CountryRegion(name); !ok || got != c.alpha2 {
				t.Errorf("CountryRegion(%q) = %q, %t; want %s", name, got, ok, c.alpha2)
			}
		}
	}
}

func TestEveryRegionOfTheLibraryIsACountry(t *testing.T) {
	for region := range phonenumbers.GetSupportedRegions() {
		if got, ok := CountryRegion(region); !ok || got != region {
			t.Errorf("CountryRegion(%q) = %q, %t", region, got, ok)
		}
		if !KnownRegion(region) {
			t.Errorf("KnownRegion(%q) is false", region)
		}
	}
	for _, region := range []string{"", "us", "USA", "ZZ", "001", "AQ", "\xff\xff"} {
		if KnownRegion(region) {
			t.Errorf("KnownRegion(%q) is true", region)
		}
	}
}

func FuzzCountryRegion(f *testing.F) {
	for _, c := range countries[:20] {
		f.Add(c.names)
	}
	f.Add("Me\u0301xico")
	f.Fuzz(func(t *testing.T, s string) {
		region, ok := CountryRegion(s)
		if ok != (len(region) == 2) {
			t.Fatalf("CountryRegion(%q) = %q, %t", s, region, ok)
		}
		if again, _ := CountryRegion(region); ok && again != region {
			t.Fatalf("CountryRegion(%q) = %q, which is %q", s, region, again)
		}
	})
}
