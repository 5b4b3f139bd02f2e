package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

func TestTheDrawingsInDocsAreTheOnesDrawnHere(t *testing.T) {
	const folder = "../../docs/situations"
	drawings, err := draw()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range drawings {
		got, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Error(err)
		} else if !bytes.Equal(got, want) {
			t.Errorf("%s is not what is drawn now: run make diagrams", name)
		}
	}
	there, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	if len(there) != len(drawings) {
		t.Errorf("%s holds %d files, want the %d that are drawn", folder, len(there), len(drawings))
	}
}

// A drawing that is shown by <img> brings no page with it: it has to be well
// formed, and to say in words what it shows.
func TestEachDrawingSaysInWordsWhatItShows(t *testing.T) {
	drawings, err := draw()
	if err != nil {
		t.Fatal(err)
	}
	for name, svg := range drawings {
		var words struct {
			Title  string `xml:"title"`
			Desc   string `xml:"desc"`
			Labels string `xml:"aria-labelledby,attr"`
		}
		if err := xml.Unmarshal(svg, &words); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if words.Title == "" || !strings.Contains(words.Desc, "(512) 555-0177") || words.Labels != "title desc" {
			t.Errorf("%s has title %q, desc %q, named by %q", name, words.Title, words.Desc, words.Labels)
		}
		for d := xml.NewDecoder(bytes.NewReader(svg)); ; {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
	}
}

func TestTextAndMarksStandOutFromTheirGround(t *testing.T) {
	for _, th := range themes {
		for _, pair := range []struct {
			what, over, ground string
			least              float64
		}{
			{"title", th.Text1, th.Surface, 4.5},
			{"note", th.Text2, th.Surface, 4.5},
			{"number of the situation", th.Text2, th.Chip, 4.5},
			{"another number", th.Text3, th.Surface, 4.5},
			{"the text's number", th.OnBubble, th.Bubble, 4.5},
			{"previous messages", th.Done, th.Surface, 4.5},
			{"assigned", th.Done, th.DoneGround, 4.5},
			{"not assigned", th.Wait, th.WaitGround, 4.5},
			{"thin line and edges", th.Strong, th.Surface, 3},
			{"thick line", th.Done, th.Surface, 3},
			{"tick", "#ffffff", th.DoneSolid, 3},
			{"dots", th.Wait, th.Surface, 3},
			{"face", th.OnContact, th.Contact, 3},
		} {
			if got := contrast(t, pair.over, pair.ground); got < pair.least {
				t.Errorf("%s, %s: %s on %s is %.2f:1, want at least %.1f:1",
					th.name, pair.what, pair.over, pair.ground, got, pair.least)
			}
		}
	}
}

// contrast is WCAG's contrast ratio of two colours.
func contrast(t *testing.T, a, b string) float64 {
	x, y := luminance(t, a), luminance(t, b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func luminance(t *testing.T, colour string) float64 {
	v, err := strconv.ParseUint(strings.TrimPrefix(colour, "#"), 16, 24)
	if err != nil {
		t.Fatal(err)
	}
	part := func(shift int) float64 {
		c := float64(v>>shift&0xff) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*part(16) + 0.7152*part(8) + 0.0722*part(0)
}
