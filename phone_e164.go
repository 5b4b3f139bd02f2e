package switchboard

import (
	"regexp"
	"sync"

	"github.com/nyaruka/phonenumbers"
)

// A callingPlan is what the library's metadata says about the numbers of one
// calling code, as far as it is needed to know that a number in E.164 form
// passes through the library unchanged.
type callingPlan struct {
	lengths uint32         // bit n: national numbers of n digits are possible
	trunk   *regexp.Regexp // what the library may take off the national number
	zero    bool           // trunk is a leading 0 and nothing else
}

// callingPlans indexes the plans by calling code. They are built from the
// metadata of the library itself, so the short cut cannot fall behind it.
var callingPlans = sync.OnceValue(func() *[1000]callingPlan {
	var plans [1000]callingPlan
	collection, err := phonenumbers.MetadataCollection()
	if err != nil {
		// The library's own start would have failed before this.
		return &plans
	}
	for _, region := range collection.GetMetadata() {
		code := int(region.GetCountryCode())
		// Countries that share a code are judged by the main one's metadata.
		if main := phonenumbers.GetRegionCodeForCountryCode(code); main != region.GetId() {
			continue
		}
		desc := region.GetGeneralDesc()
		if desc.GetNationalNumberPattern() == "" {
			continue
		}
		plan := &plans[code]
		for _, n := range desc.GetPossibleLength() {
			if n > 0 && n < 32 {
				plan.lengths |= 1 << n
			}
		}
		switch prefix := region.GetNationalPrefixForParsing(); prefix {
		case "":
		case "0":
			plan.zero = true
		default:
			plan.trunk = regexp.MustCompile("^(?:" + prefix + ")")
		}
	}
	return &plans
})

// isPlainE164 reports whether s, a plus sign and digits, is surely a possible
// number that the library reads as it stands. When it reports false, nothing
// has been decided.
func isPlainE164(s string) bool {
	if len(s) < len("+1234567") || len(s) > len("+123456789012345") {
		return false
	}
	code := callingCode(s)
	if code == 0 {
		return false
	}
	plan := &callingPlans()[code]
	national := s[1+codeLength(code):]
	switch {
	case plan.lengths&(1<<len(national)) == 0,
		plan.zero && national[0] == '0',
		plan.trunk != nil && plan.trunk.MatchString(national):
		return false
	}
	return true
}

// callingCode returns the country calling code that s begins with after a plus
// sign, or 0. No calling code is the beginning of another.
func callingCode(s string) int {
	if s == "" || s[0] != '+' {
		return 0
	}
	code := 0
	for i := 1; i < len(s) && i <= 3; i++ {
		if s[i] < '0' || s[i] > '9' {
			return 0
		}
		code = code*10 + int(s[i]-'0')
		if code == 0 {
			return 0
		}
		if callingPlans()[code].lengths != 0 {
			return code
		}
	}
	return 0
}

func codeLength(code int) int {
	switch {
	case code < 10:
		return 1
	case code < 100:
		return 2
	}
	return 3
}
