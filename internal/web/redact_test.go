package web

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestRedactKeepsTheFormOnly(t *testing.T) {
	for in, want := range map[string]string{
		`{"from": "+15125550177", "body": "Hi, it's Ada \" 5", "n": 12, "ok": true}`: `{"from": "+00000000000", "body": "xx, xx'x xxx \" 0", "n": 00, "ok": true}`,
		"From=%2B1512&Body=Hello+there":                                              "From=%0x0000&Body=xxxxx+xxxxx",
		`{"body": "cut of`:                                                           `{"body": "xxx xx`,
		`{"body": "555 0177": 1}`:                                                    `{"body": "000 0000": 0}`,
		"Grüße":                                                                      "xxxxx",
		"a\x00b":                                                                     "x␀x",
		"":                                                                           "",
	} {
		if got := redact(in); got != want {
			t.Errorf("redact(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestRedactLetsNoValueThrough(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.StringMatching(`[a-z]{4,8} ?[1-9]{4}`).Draw(t, "secret")
		form := rapid.SampledFrom([]string{`{"body": "%"}`, `{"a": {"b": ["%", 1]}}`, "Body=%&x=1", "%", `{"body": "%`}).Draw(t, "form")
		if got := redact(strings.ReplaceAll(form, "%", secret)); strings.Contains(got, secret) || strings.ContainsAny(got, "23456789") {
			t.Fatalf("%s in %s became %s", secret, form, got)
		}
	})
}

func FuzzRedact(f *testing.F) {
	f.Add(`{"from": "+15125550177"}`)
	f.Add("From=%2B1512&Body=Hello")
	f.Fuzz(func(t *testing.T, s string) { redact(s) })
}
