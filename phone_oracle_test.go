package switchboard

import (
	"bufio"
	"encoding/json"
	"os"
	"testing"
)

// testdata/phone_oracle.jsonl is what Google's own library answers, made by
// tools/oracles/phone.
func TestGoogleAgrees(t *testing.T) {
	f, err := os.Open("testdata/phone_oracle.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	asked := 0
	for lines.Scan() {
		var google struct {
			Text, Region            string
			E164                    Phone  // "" when it has no possible length
			National, International string // given once a number, if it is assigned
			Of                      string
		}
		if err := json.Unmarshal(lines.Bytes(), &google); err != nil {
			t.Fatal(err)
		}
		asked++
		p, err := ParsePhone(google.Text, google.Region)
		if len(google.E164) > len("+123456789012345") {
			google.E164 = "" // Google lets more digits pass than E.164 has
		}
		if p != google.E164 {
			t.Errorf("ParsePhone(%q, %q) = %q, %v; Google reads %q", google.Text, google.Region, p, err, google.E164)
			continue
		}
		if google.Of == "" {
			continue
		}
		if got := p.National(); got != google.National {
			t.Errorf("%q.National() = %q; Google writes %q", p, got, google.National)
		}
		if got := p.International(); got != google.International {
			t.Errorf("%q.International() = %q; Google writes %q", p, got, google.International)
		}
		if got := p.Region(); got != google.Of && google.Of != "001" {
			t.Errorf("%q.Region() = %q; Google says %q", p, got, google.Of)
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	if asked < 1_000 {
		t.Errorf("only %d questions", asked)
	}
}
