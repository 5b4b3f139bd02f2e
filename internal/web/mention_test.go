package web

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestMentioned(t *testing.T) {
	for _, c := range []struct {
		text, name, account string
		want                []string
	}{
		{"Hi, it’s Ada from Okafor Interiors.", "Ada Okafor", "Okafor Interiors", []string{"Ada", "Okafor Interiors"}},
		{"Hi, it’s Ada from Okafor Interiors.", "Ben Okafor", "", []string{"Okafor"}},
		{"Adams called", "Ada Okafor", "", nil},
		{"ADA OKAFOR here", "Ada Okafor", "", []string{"ADA OKAFOR"}},
		{"this is jo", "Jo Li", "", nil},
		{"İstanbul office, Ada", "Ada", "", []string{"Ada"}},
		{"", "Ada", "", nil},
		{"A (Ada) B", "Ada", "", []string{"Ada"}},
	} {
		got, _ := mentioned(c.text, namePhrases(c.name, c.account))
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%q for %s (%s): %s", c.text, c.name, c.account, diff)
		}
	}
}

// Marking never loses or changes a letter of the text.
func TestSegmentsKeepTheText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := strings.ToValidUTF8(rapid.String().Draw(t, "text"), "\uFFFD")
		phrases := rapid.SliceOf(rapid.SampledFrom(append(strings.Fields(text), "Ada", "of"))).Draw(t, "phrases")
		_, at := mentioned(text, phrases)
		var b strings.Builder
		for _, s := range segments(text, at) {
			b.WriteString(s.Text)
		}
		if b.String() != text {
			t.Fatalf("%q became %q", text, b.String())
		}
	})
}
