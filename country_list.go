package switchboard

import (
	"cmp"
	"slices"
	"strings"
)

// Country is one whose national numbers can be read.
type Country struct {
	Region string // ISO 3166-1 alpha-2
	Name   string // in English, as people say it
}

// Countries returns all of them in the order of their names.
func Countries() []Country {
	var all []Country
	for _, c := range countries {
		if !KnownRegion(c.alpha2) {
			continue
		}
		name, _, _ := strings.Cut(c.names, "|")
		all = append(all, Country{Region: c.alpha2, Name: name})
	}
	slices.SortFunc(all, func(a, b Country) int { return cmp.Compare(countryKey(a.Name), countryKey(b.Name)) })
	return all
}
