package switchboard

// parseNANP reads the usual ways to write a number of the North American
// Numbering Plan: +1 and ten digits from anywhere; ten digits, or 1 and ten
// digits, in a region of that plan; with spaces, hyphens, dots and parentheses.
// When it reports true, its answer is exactly the one that the library behind
// readPhone gives; when it reports false, nothing has been decided.
//
// It is there because nearly all traffic is such numbers, and the library
// takes about 9 µs and 30 allocations for one.
func parseNANP(s, region string) (Phone, bool) {
	const e164Len = len("+15125550177")
	if len(s) < len("5125550177") || len(s) > 2*e164Len {
		return "", false
	}
	if len(s) == e164Len && s[0] == '+' && s[1] == '1' {
		if !allDigits(s[2:]) {
			return "", false
		}
		return Phone(s), true
	}

	out := [e164Len]byte{0: '+', 1: '1'}
	var digits [11]byte
	n, plus := 0, false
	for i := range len(s) {
		switch c := s[i]; {
		case '0' <= c && c <= '9':
			if n == len(digits) {
				return "", false
			}
			digits[n] = c
			n++
		case c == '+':
			if n > 0 || plus {
				return "", false
			}
			plus = true
		case c != ' ' && c != '-' && c != '.' && c != '(' && c != ')':
			return "", false
		}
	}

	// A national number that begins with 0 or 1 could be a carrier's or an
	// international prefix: those are the library's to judge.
	switch {
	case n == 11 && digits[0] == '1' && (plus || digits[1] >= '2' && isNANP(region)):
		copy(out[2:], digits[1:])
	case n == 10 && !plus && digits[0] >= '2' && isNANP(region):
		copy(out[2:], digits[:10])
	default:
		return "", false
	}
	return Phone(out[:]), true
}

// isNANP reports whether region belongs to the North American Numbering Plan,
// whose members share the calling code 1.
func isNANP(region string) bool {
	switch region {
	case "US", "CA", "PR",
		"AG", "AI", "AS", "BB", "BM", "BS", "DM", "DO", "GD", "GU", "JM", "KN", "KY", "LC",
		"MP", "MS", "SX", "TC", "TT", "VC", "VG", "VI":
		return true
	}
	return false
}

func allDigits[T string | []byte](s T) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}
