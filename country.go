package switchboard

import (
	"strings"
	"sync"
	"unicode"
)

// CountryRegion turns the country of a record into an ISO 3166-1 alpha-2 code:
// "GB" from "gb", "GBR", "United Kingdom", "U.K." or "England". It knows the
// alpha-2 and alpha-3 codes, the English names of ISO 3166 (which Salesforce's
// country picklists use), the usual shorter ones, and what some countries call
// themselves. Case, accents, punctuation and a leading "The" make no
// difference. It reports false for anything else.
//
// Numbers can be read for nearly every region that it returns, though not for
// all: see [KnownRegion].
func CountryRegion(s string) (region string, ok bool) {
	if len(s) > maxCountry {
		return "", false
	}
	if region, ok = countryIndex()[strings.ToLower(strings.TrimSpace(s))]; ok {
		return region, true
	}
	region, ok = countryIndex()[countryKey(s)]
	return region, ok
}

// maxCountry bounds, in bytes, the names that are looked up; the longest has
// about 60.
const maxCountry = 128

// countryIndex maps every code in countries, in lower case, and every name, as
// countryKey writes it, to its region.
var countryIndex = sync.OnceValue(func() map[string]string {
	index := make(map[string]string, 4*len(countries))
	for _, c := range countries {
		index[strings.ToLower(c.alpha2)] = c.alpha2
		index[strings.ToLower(c.alpha3)] = c.alpha2
		for name := range strings.SplitSeq(c.names, "|") {
			index[countryKey(name)] = c.alpha2
		}
	}
	return index
})

// countryKey reduces a name to what tells countries apart: lower-case ASCII
// letters, without "the" and "and".
func countryKey(s string) string {
	var b strings.Builder
	word := 0 // where the current word begins in b
	endWord := func() {
		switch key := b.String(); key[word:] {
		case "the", "and":
			b.Reset()
			b.WriteString(key[:word])
		}
		word = b.Len()
	}
	for _, r := range s {
		switch r = unicode.ToLower(r); {
		case 'a' <= r && r <= 'z':
			b.WriteRune(r)
		case r > unicode.MaxASCII && unicode.IsLetter(r):
			b.WriteString(withoutAccent(r))
		case r == '.' || r == '\'' || r == '’':
			// "U.S.A." and "Cote d'Ivoire" are words of their letters.
		case !unicode.Is(unicode.Mn, r):
			endWord()
		}
	}
	endWord()
	return b.String()
}

// withoutAccent returns the base letter of those accented letters that names of
// countries have, and r itself for others.
func withoutAccent(r rune) string {
	switch r {
	case 'à', 'á', 'â', 'ã', 'ä', 'å':
		return "a"
	case 'ç', 'č':
		return "c"
	case 'è', 'é', 'ê', 'ë':
		return "e"
	case 'ì', 'í', 'î', 'ï', 'ı':
		return "i"
	case 'ñ':
		return "n"
	case 'ò', 'ó', 'ô', 'õ', 'ö', 'ø':
		return "o"
	case 'š', 'ş':
		return "s"
	case 'ù', 'ú', 'û', 'ü':
		return "u"
	case 'ž':
		return "z"
	}
	return string(r)
}
