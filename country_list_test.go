package switchboard_test

import (
	"testing"

	"github.com/switchboardhq/switchboard"
)

func TestCountriesCanBeChosen(t *testing.T) {
	all := switchboard.Countries()
	if len(all) < 200 {
		t.Fatalf("%d countries", len(all))
	}
	names := map[string]string{}
	for _, c := range all {
		if region, ok := switchboard.CountryRegion(c.Name); !ok || region != c.Region {
			t.Errorf("%s is read as %q, not %s", c.Name, region, c.Region)
		}
		if _, ok := names[c.Name]; ok || c.Name == "" {
			t.Errorf("%q stands twice", c.Name)
		}
		names[c.Name] = c.Region
	}
	for name, region := range map[string]string{"United States": "US", "United Kingdom": "GB"} {
		if got := names[name]; got != region {
			t.Errorf("%s is not to be chosen: %q", name, got)
		}
	}
}
