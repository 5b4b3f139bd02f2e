package web

import (
	"net/url"
	"strconv"
)

func itoa(n int) string { return strconv.Itoa(n) }

// count says a number of things: "1 text", "3 texts".
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return itoa(n) + " " + many
}

// A Fact is a label and what it says.
type Fact struct {
	Label string
	Value string
}

func pair(label, value string) Fact { return Fact{Label: label, Value: value} }

func queryEscape(s string) string { return url.QueryEscape(s) }
