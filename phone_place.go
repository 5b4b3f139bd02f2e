package switchboard

import (
	_ "embed"
	"sort"
	"strings"
)

// Place returns where the number was given out, as its numbering plan tells:
// "Toronto, ON", "London", or the country's name; "" where nothing is known. A
// mobile number says little about where its owner is.
func (p Phone) Place() string {
	number, _ := strings.CutPrefix(string(p), "+")
	if number == "" || !allDigits(number) {
		return ""
	}
	if place := placeTable.lookup(number); place != "" {
		return place
	}
	return countryName(p.Region())
}

// placeTable is made from the phone-number library's data by tools/places,
// which describes it. It stays in the program's file until it is looked at,
// where the library would fill a map of 18 MB.
//
//go:embed phone_place.dat
var placeTable places

type places string

// lookup returns the place of a number without its plus sign, "" if there is
// none.
func (t places) lookup(number string) string {
	const size = 7 // of a stretch: where it begins, and where its name is
	first := 0
	for i := range 9 {
		first *= 10
		if i < len(number) {
			first += int(number[i] - '0')
		}
	}
	count := bigEndian(t[:4])
	stretches, names := t[4:4+size*count], t[4+size*count:]
	after := sort.Search(count, func(i int) bool { return bigEndian(stretches[size*i:size*i+4]) > first })
	name, _, _ := strings.Cut(string(names[bigEndian(stretches[size*after-3:size*after]):]), "\n")
	return name
}

func bigEndian(b places) int {
	n := 0
	for i := range len(b) {
		n = n<<8 | int(b[i])
	}
	return n
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
