package switchboard

import (
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// Place returns where the number was given out, as its numbering plan tells:
// "Toronto, ON", "London", or the country's name; "" where nothing is known. A
// mobile number says little about where its owner is.
//
// The first call reads about 14 MB of tables.
func (p Phone) Place() string {
	number, err := phonenumbers.Parse(string(p), "")
	if err != nil {
		return ""
	}
	place, err := phonenumbers.GetGeocodingForNumber(number, "en")
	switch {
	case place == "World": // a number of no country
		return ""
	case err != nil || place == "":
		return countryName(p.Region())
	}
	return place
}

// countryName returns the first of the English names of a region, "" if there
// is none.
func countryName(region string) string {
	for _, c := range countries {
		if c.alpha2 == region {
			name, _, _ := strings.Cut(c.names, "|")
			return name
		}
	}
	return ""
}
