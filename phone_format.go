package switchboard

import (
	"strconv"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// National returns p as it is written in its own country: "(512) 555-0177",
// "020 7946 0958".
func (p Phone) National() string {
	if digits, ok := p.nanp(); ok {
		return "(" + digits[:3] + ") " + digits[3:6] + "-" + digits[6:]
	}
	if isOldMexicanMobile(string(p)) {
		return Phone(p.MatchKey()).National()
	}
	number, err := phonenumbers.Parse(string(p), "")
	if err != nil {
		return string(p)
	}
	if number.GetCountryCode() == 54 {
		if area, rest, ok := argentineMobile(number); ok {
			return "0" + area + " 15-" + rest
		}
	}
	return phonenumbers.Format(number, phonenumbers.NATIONAL)
}

// International returns p as it is written for readers abroad:
// "+44 20 7946 0958".
func (p Phone) International() string {
	if digits, ok := p.nanp(); ok {
		return "+1 " + digits[:3] + "-" + digits[3:6] + "-" + digits[6:]
	}
	if isOldMexicanMobile(string(p)) {
		return "+52 1 " + p.National()
	}
	number, err := phonenumbers.Parse(string(p), "")
	if err != nil {
		return string(p)
	}
	return phonenumbers.Format(number, phonenumbers.INTERNATIONAL)
}

// Format returns p for a reader in readerRegion: in national form when p can
// be dialled so from there, which is when both share a calling code (a reader
// in the United States sees Canadian numbers nationally), and else in
// international form.
func (p Phone) Format(readerRegion string) string {
	if callingCode(string(p)) == phonenumbers.GetCountryCodeForRegion(readerRegion) {
		return p.National()
	}
	return p.International()
}

// Region returns the ISO 3166-1 alpha-2 code of the country that p belongs to,
// or "" when that is not known: for numbers of no country (+800, +883), and
// for numbers that none of several countries with one calling code has given
// out.
func (p Phone) Region() string {
	number, err := phonenumbers.Parse(string(p), "")
	if err != nil {
		return ""
	}
	if region := phonenumbers.GetRegionCodeForNumber(number); KnownRegion(region) {
		return region
	}
	return ""
}

// KnownRegion reports whether region is the code, in capitals, of a country
// that national numbers can be read for.
func KnownRegion(region string) bool {
	return len(region) == 2 && phonenumbers.GetCountryCodeForRegion(region) != 0
}

// NumberBeginnings returns what the international forms of those numbers begin
// with that somebody may be about to write by these digits: in international
// form, or in the region's national one, with or without the prefix that is
// dialled before it.
func NumberBeginnings(digits, region string) []string {
	beginnings := []string{"+" + digits}
	if code := phonenumbers.GetCountryCodeForRegion(region); code != 0 {
		national := strings.TrimPrefix(digits, phonenumbers.GetNddPrefixForRegion(region, true))
		beginnings = append(beginnings, "+"+strconv.Itoa(code)+national)
	}
	return beginnings
}

// nanp returns the ten digits of a North American number that is formatted the
// usual way, as all are whose area code begins with 2 to 9.
func (p Phone) nanp() (string, bool) {
	if len(p) == len("+15125550177") && strings.HasPrefix(string(p), "+1") && p[2] >= '2' {
		return string(p[2:]), true
	}
	return "", false
}

// argentineMobile splits a +549 number into area code and subscriber number.
// The library writes them wrongly in national form ("09 15-2345-6789"), with
// the mobile 9 in the place of the area code.
func argentineMobile(number *phonenumbers.PhoneNumber) (area, rest string, ok bool) {
	s, ok := strings.CutPrefix(phonenumbers.Format(number, phonenumbers.INTERNATIONAL), "+54 9 ")
	if !ok {
		return "", "", false
	}
	return strings.Cut(s, " ")
}
