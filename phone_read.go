package switchboard

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/nyaruka/phonenumbers"
)

// maxPhoneText bounds, in characters, the text that one number is read from.
const maxPhoneText = 64

// A notation says how much may stand around a number.
type notation bool

const (
	fromPeople   notation = true  // labels, remarks, extensions
	fromProvider notation = false // the number alone, or its URI
)

// readPhone is ParsePhone without the short cut. An empty reason is success.
func readPhone(s, region string, n notation) (Phone, PhoneReason) {
	text, ok := plainText(s, maxPhoneText)
	if !ok {
		return "", PhoneTooLong
	}
	return readPlain(text, region, n)
}

// readPlain reads text that plainText has been over.
func readPlain(text, region string, n notation) (Phone, PhoneReason) {
	text = strings.Trim(text, " \n")
	if text == "" {
		return "", PhoneEmpty
	}
	text = withoutURI(text)
	if n == fromPeople {
		text = withoutDecoration(text)
	}
	if p, ok := parseNANP(text, region); ok {
		return p, ""
	}
	var digits [maxPhoneText + 1]byte
	digits[0] = '+'
	count, plus := 0, false
	for i := range len(text) {
		switch c := text[i]; {
		case '0' <= c && c <= '9':
			if count == maxPhoneText {
				return "", PhoneTooLong
			}
			count++
			digits[count] = c
		case c == '+':
			if count > 0 || plus {
				return "", PhoneNotANumber
			}
			plus = true
		case strings.IndexByte(" -./()[]", c) < 0:
			return "", PhoneNotANumber
		}
	}
	switch {
	case count == 0:
		return "", PhoneNotANumber
	case plus:
		return readInternational(string(digits[:count+1]))
	}
	return readNational(string(digits[1:count+1]), region)
}

// readInternational reads a plus sign and digits. The region has no say here:
// what follows a plus is a country's calling code or a mistake, and a mistake
// is reported. (The library would drop the plus and try the default region.)
func readInternational(s string) (Phone, PhoneReason) {
	if isPlainE164(s) {
		return Phone(s), ""
	}
	if isOldMexicanMobile(s) {
		return Phone(s), ""
	}
	if len(s) <= len("+12") {
		return "", PhoneTooShort
	}
	number, err := phonenumbers.Parse(s, "")
	p, reason := possible(number, err)
	if reason == "" && string(p) != s {
		return settled(p)
	}
	return p, reason
}

// settled returns p if it reads as itself. It does not when more than one
// prefix stood before the number ("+49 0 0 30 …"), and then no one can say
// which was meant.
func settled(p Phone) (Phone, PhoneReason) {
	if isPlainE164(string(p)) {
		return p, ""
	}
	again, reason := possible(phonenumbers.Parse(string(p), ""))
	if reason != "" || again != p {
		return "", PhoneImpossible
	}
	return p, ""
}

// readNational reads digits without a plus as they would be dialled in region.
func readNational(digits, region string) (Phone, PhoneReason) {
	if !KnownRegion(region) {
		return "", PhoneNoCountry
	}
	if region == "MX" {
		digits = modernMexican(digits)
	}
	number, err := phonenumbers.Parse(digits, region)
	if err == nil && number.GetCountryCode() == 52 && (region != "MX" || len(digits) > len("15512345678")) {
		// The country code was written out, so a 1 after it is the mobile 1.
		return readInternational(phonenumbers.Format(number, phonenumbers.E164))
	}
	p, reason := possible(number, err)
	if reason != "" {
		return "", reason
	}
	return settled(p)
}

// possible turns the library's answer into ours.
func possible(number *phonenumbers.PhoneNumber, err error) (Phone, PhoneReason) {
	switch err {
	case nil:
	case phonenumbers.ErrInvalidCountryCode:
		return "", PhoneUnknownCountry
	case phonenumbers.ErrTooShortNSN, phonenumbers.ErrTooShortAfterIDD:
		return "", PhoneTooShort
	case phonenumbers.ErrNumTooLong:
		return "", PhoneTooLong
	default:
		return "", PhoneNotANumber
	}
	switch phonenumbers.IsPossibleNumberWithReason(number) {
	case phonenumbers.IS_POSSIBLE:
	case phonenumbers.IS_POSSIBLE_LOCAL_ONLY, phonenumbers.TOO_SHORT:
		return "", PhoneTooShort
	case phonenumbers.TOO_LONG:
		return "", PhoneTooLong
	case phonenumbers.INVALID_COUNTRY_CODE:
		return "", PhoneUnknownCountry
	default:
		return "", PhoneImpossible
	}
	e164 := phonenumbers.Format(number, phonenumbers.E164)
	switch {
	case len(e164) < len("+1234567"):
		return "", PhoneTooShort
	case len(e164) > len("+123456789012345"):
		return "", PhoneTooLong
	}
	return Phone(e164), ""
}

// isOldMexicanMobile reports whether s, in E.164 form, carries the 1 that stood
// before Mexican mobile numbers until August 2019. Networks still send it; the
// library's metadata no longer knows it.
func isOldMexicanMobile(s string) bool {
	return len(s) == len("+5215512345678") && strings.HasPrefix(s, "+521")
}

// modernMexican takes off what was dialled before a ten-digit number inside
// Mexico until August 2019: 01 for long distance, 044 and 045 for mobiles.
// Address books are full of it, and the library has forgotten it.
func modernMexican(digits string) string {
	const national = len("5512345678")
	for _, prefix := range []string{"01", "044", "045"} {
		if len(digits) == len(prefix)+national && strings.HasPrefix(digits, prefix) {
			return digits[len(prefix):]
		}
	}
	return digits
}

// withoutURI takes off the scheme and the parameters of a tel: or sms: URI
// (RFC 3966, RFC 5724), and puts a global phone-context before a local number.
// The parameters are understood without the scheme too.
func withoutURI(text string) string {
	scheme := hasPrefixFold(text, "tel:") || hasPrefixFold(text, "sms:")
	if scheme {
		text = text[len("tel:"):]
		text, _, _ = strings.Cut(text, "?")
	}
	semicolon := strings.IndexByte(text, ';')
	if semicolon < 0 {
		return text
	}
	number, rest := text[:semicolon], text[semicolon+1:]
	for param := range strings.SplitSeq(rest, ";") {
		name, value, _ := strings.Cut(param, "=")
		switch strings.ToLower(name) {
		case "ext", "isub":
		case "phone-context":
			if strings.HasPrefix(value, "+") && !strings.Contains(number, "+") {
				number = value + number
			}
		default:
			if !scheme {
				return text
			}
		}
	}
	return number
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// withoutDecoration takes off what people write around a number: one trailing
// remark in parentheses, an extension, labels. What is left has to be a number
// and nothing else.
func withoutDecoration(text string) string {
	text = withoutExtension(text)
	text = withoutRemark(text)
	text = withoutExtension(text)
	for range 2 { // "work mobile: …"
		text = withoutLabel(text)
	}
	return text
}

// withoutRemark takes a trailing "(Jane's)" off. Parentheses that hold digits
// only are part of the number, and a remark with as many digits as a telephone
// number may be one: that is not ours to drop.
func withoutRemark(text string) string {
	if !strings.HasSuffix(text, ")") {
		return text
	}
	depth, digits, letters := 0, 0, false
	for i := len(text) - 1; i > 0; i-- {
		switch c := text[i]; {
		case c == ')':
			depth++
		case c == '(':
			if depth--; depth == 0 {
				if digits >= 7 || digits > 0 && !letters {
					return text
				}
				return strings.TrimRight(text[:i], " \n")
			}
		case '0' <= c && c <= '9':
			digits++
		case isLetter(c) || c >= utf8.RuneSelf:
			letters = true
		}
	}
	return text
}

// withoutExtension takes off "x12", "ext. 12", ", extension 12" or "#12" at
// the end, also with the digits missing, as mail merges leave it.
func withoutExtension(text string) string {
	head := strings.TrimRight(text, "# ")
	label := strings.TrimRight(head, "0123456789")
	if len(head)-len(label) > 7 {
		return text
	}
	label = strings.TrimRight(label, " .:-")
	if rest, ok := strings.CutSuffix(label, "#"); ok && len(label) < len(head) {
		return strings.TrimRight(rest, " ,;-")
	}
	rest := strings.TrimRightFunc(label, func(r rune) bool { return r < utf8.RuneSelf && isLetter(byte(r)) })
	switch strings.ToLower(label[len(rest):]) {
	case "x", "xt", "ext", "extn", "xtn", "extension":
		return strings.TrimRight(rest, " ,;-")
	}
	return text
}

// withoutLabel takes one label off, before the number or after it, bare or in
// parentheses.
func withoutLabel(text string) string {
	text = strings.Trim(text, " \n")
	rest := strings.TrimPrefix(text, "(")
	if n := leadingLetters(rest); isLabel(rest[:n]) {
		after := strings.TrimLeft(rest[n:], " .:)-")
		if len(after) < len(rest)-n || strings.HasPrefix(after, "+") || strings.HasPrefix(after, "(") {
			return after
		}
	}
	if n := leadingLettersBackwards(text); isLabel(text[len(text)-n:]) {
		before := strings.TrimRight(text[:len(text)-n], " .:-")
		if len(before) < len(text)-n || strings.HasSuffix(before, ")") {
			return before
		}
	}
	return text
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

func leadingLetters(s string) int {
	n := 0
	for n < len(s) && isLetter(s[n]) {
		n++
	}
	return n
}

func leadingLettersBackwards(s string) int {
	n := 0
	for n < len(s) && isLetter(s[len(s)-1-n]) {
		n++
	}
	return n
}

func isLabel(word string) bool {
	switch strings.ToLower(word) {
	case "mobile", "mob", "cell", "home", "work", "office", "business", "main", "direct", "other", "fax",
		"phone", "telephone", "tel", "ph", "number", "no",
		"m", "c", "h", "w", "o", "t", "p", "f":
		return true
	}
	return false
}

// plainText maps what is written in s to the ASCII that means the same in a
// telephone number: digits of every script, full-width forms, every space and
// dash; line breaks become '\n'; invisible marks, which iOS and address books
// put around numbers, are dropped. Everything else stays as it is. It reports
// false when s has more than limit characters.
func plainText(s string, limit int) (string, bool) {
	if len(s) > limit*utf8.UTFMax {
		return "", false
	}
	clean, count := true, 0
	for _, r := range s {
		count++
		clean = clean && ' ' <= r && r < 0x7f
	}
	if count > limit {
		return "", false
	}
	if clean {
		return s, true
	}
	var b strings.Builder
	b.Grow(len(s))
	for _, r := range s {
		if r = plainRune(r); r >= 0 {
			b.WriteRune(r)
		}
	}
	return b.String(), true
}

// plainRune is plainText for one character; -1 drops it.
func plainRune(r rune) rune {
	switch {
	case ' ' <= r && r < 0x7f:
		return r
	case isInvisible(r):
		return -1
	case 0xFF01 <= r && r <= 0xFF5E: // full-width forms of ! to ~
		return r - 0xFF01 + '!'
	case unicode.IsDigit(r):
		return '0' + digitValue(r)
	}
	switch r {
	case '\n', '\v', '\f', '\r', 0x85, 0x2028, 0x2029:
		return '\n'
	case '·', '•', '․', '‧', '∙', '⋅', '・', '･':
		return '.'
	case '−', '⁃', 'ー':
		return '-'
	case '⁄', '∕':
		return '/'
	}
	switch {
	case unicode.IsSpace(r) || unicode.Is(unicode.Zs, r):
		return ' '
	case unicode.Is(unicode.Pd, r):
		return '-'
	}
	return r
}

// isInvisible reports whether r is a mark that shows nothing by itself:
// direction marks, joiners, soft hyphens, byte-order marks, variation selectors.
func isInvisible(r rune) bool {
	switch {
	case r == 0x00AD, r == 0x034F, r == 0x061C, r == 0x180E, r == 0xFEFF,
		0x200B <= r && r <= 0x200F,
		0x202A <= r && r <= 0x202E,
		0x2060 <= r && r <= 0x206F,
		0xFE00 <= r && r <= 0xFE0F:
		return true
	}
	return false
}

// digitValue returns the value of a decimal digit of any script. Unicode keeps
// each script's ten digits together, in order, from zero.
func digitValue(r rune) rune {
	first := r
	for unicode.IsDigit(first - 1) {
		first--
	}
	return (r - first) % 10
}
