package sforg

import "strings"

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// pod stands between an id's key prefix and its number.
const pod = "5g0"

// makeID returns the 18-character id of an object's n-th record. Ids of one
// object sort as their numbers do.
func makeID(prefix string, n int) string {
	var digits [9]byte
	for i := len(digits) - 1; i >= 0; i-- {
		digits[i] = base62[n%62]
		n /= 62
	}
	return longID(prefix + pod + string(digits[:]))
}

// idNumber is makeID's inverse. It takes 15 and 18 characters.
func idNumber(id string) (prefix string, n int, ok bool) {
	if len(id) != 15 && len(id) != 18 || id[3:6] != pod {
		return "", 0, false
	}
	for _, c := range []byte(id[6:15]) {
		d := strings.IndexByte(base62, c)
		if d < 0 {
			return "", 0, false
		}
		n = n*62 + d
	}
	if len(id) == 18 && longID(id[:15]) != id {
		return "", 0, false
	}
	return id[:3], n, true
}

// longID turns a case-sensitive id of 15 characters into the one of 18, whose
// last three say which of the first fifteen are capitals.
func longID(id string) string {
	if len(id) != 15 {
		return id
	}
	const suffix = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
	var sum [3]byte
	for block := range 3 {
		bits := 0
		for i := range 5 {
			if c := id[block*5+i]; c >= 'A' && c <= 'Z' {
				bits |= 1 << i
			}
		}
		sum[block] = suffix[bits]
	}
	return id + string(sum[:])
}

// looksLikeID reports whether s has the form of an id, of whatever object.
func looksLikeID(s string) bool {
	if len(s) != 15 && len(s) != 18 {
		return false
	}
	for _, c := range []byte(s) {
		if strings.IndexByte(base62, c) < 0 {
			return false
		}
	}
	return len(s) == 15 || longID(s[:15]) == s
}
