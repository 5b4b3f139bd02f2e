package web

import "strings"

// redact leaves of a text what says how it is built, and nothing of what it
// says: names of members and parameters stay, letters of values become x, their
// digits 0.
func redact(body string) string {
	var b strings.Builder
	for i := 0; i < len(body); {
		switch c := body[i]; {
		case c == '"':
			end := quotedEnd(body, i)
			if looksLikeName(strings.Trim(body[i:end], `"`)) && isKey(body, end) {
				b.WriteString(body[i:end])
			} else {
				mask(&b, body[i:end])
			}
			i = end
		case isNameByte(c):
			end := i
			for end < len(body) && isNameByte(body[end]) {
				end++
			}
			if end < len(body) && body[end] == '=' && (i == 0 || body[i-1] == '&') && looksLikeName(body[i:end]) || isLiteral(body[i:end]) {
				b.WriteString(body[i:end])
			} else {
				mask(&b, body[i:end])
			}
			i = end
		default:
			end := i + 1
			for end < len(body) && body[end]&0xC0 == 0x80 { // the rest of a character
				end++
			}
			mask(&b, body[i:end])
			i = end
		}
	}
	return b.String()
}

// quotedEnd is behind the closing quotation mark of the string that begins at
// i, or at the end of the text.
func quotedEnd(s string, i int) int {
	for j := i + 1; j < len(s); j++ {
		switch s[j] {
		case '\\':
			j++
		case '"':
			return j + 1
		}
	}
	return len(s)
}

// looksLikeName tells the name of a member from what somebody wrote: in a body
// that is cut or malformed, anything may stand before a colon.
func looksLikeName(s string) bool {
	digits := 0
	for i := range len(s) {
		if !isNameByte(s[i]) {
			return false
		}
		if s[i] >= '0' && s[i] <= '9' {
			digits++
		}
	}
	return s != "" && len(s) <= 40 && digits <= 2
}

// isKey reports whether a colon follows.
func isKey(s string, end int) bool {
	return strings.HasPrefix(strings.TrimLeft(s[end:min(len(s), end+16)], " \t\r\n"), ":")
}

func isNameByte(c byte) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || c == '_' || c == '.' || c == '-'
}

func isLiteral(s string) bool { return s == "true" || s == "false" || s == "null" }

func mask(b *strings.Builder, s string) {
	for _, r := range s {
		switch {
		case r >= '0' && r <= '9':
			b.WriteByte('0')
		case r|0x20 >= 'a' && r|0x20 <= 'z' || r > 0x7f:
			b.WriteByte('x')
		case r < ' ' && r != '\n' && r != '\t':
			b.WriteRune('\u2400' + r) // the picture of a control character
		default:
			b.WriteRune(r)
		}
	}
}
