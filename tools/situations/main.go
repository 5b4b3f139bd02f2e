// Command situations draws the four situations of the rule as SVG, for light and
// for dark pages: each alone, and all four together.
//
// Usage: go run ./tools/situations docs/situations
//
// What the marks mean stays the same in every drawing, and needs no colour: a
// thick line with a tick is where the text went; a thin line leads to a record
// that has the number and was not chosen; dots lead to the bell, that is to a
// person; a dashed card is a record with another number.
package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: situations FOLDER")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "situations:", err)
		os.Exit(1)
	}
}

func run(folder string) error {
	drawings, err := draw()
	if err != nil {
		return err
	}
	for name, svg := range drawings {
		if err := os.WriteFile(filepath.Join(folder, name), svg, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// A record's tie to the text, as drawn.
const (
	other  = "other"  // has another number
	same   = "same"   // has the number
	chosen = "chosen" // has the number, and got the text
)

type record struct {
	Name    string
	Tie     string
	History string // what is known of previous messages, "" where it plays no part
}

// A situation is one row of the rule.
type situation struct {
	file  string
	Title string
	Note  string
	Desc  string
	A, B  record
	To    string // the record that got the text, "" if a person decides
}

var situations = [4]situation{{
	file:  "one-match",
	Title: "One record has the number",
	Note:  "Record A is the only one that has it.",
	Desc: "A new text comes from (512) 555-0177. Record A has this number, Record B has another. " +
		"A thick line with a tick leads from the text to Record A: it is assigned to Record A.",
	A:  record{"Record A", chosen, ""},
	B:  record{"Record B", other, ""},
	To: "Record A",
}, {
	file:  "no-match",
	Title: "No record has the number",
	Note:  "There is nobody to assign it to yet.",
	Desc: "A new text comes from (512) 555-0177. Record A and Record B have other numbers. " +
		"Dots lead from the text to a bell: it is not assigned, and a person is notified.",
	A: record{"Record A", other, ""},
	B: record{"Record B", other, ""},
}, {
	file:  "one-has-history",
	Title: "Two records have the number",
	Note:  "One of them has previous messages.",
	Desc: "A new text comes from (512) 555-0177. Record A and Record B both have this number. " +
		"Only Record B has previous messages. A thin line leads to Record A, and a thick line with a tick to Record B: " +
		"it is assigned to Record B.",
	A:  record{"Record A", same, "no previous message"},
	B:  record{"Record B", chosen, "previous messages"},
	To: "Record B",
}, {
	file:  "none-has-history",
	Title: "Two records have the number",
	Note:  "Neither has a previous message.",
	Desc: "A new text comes from (512) 555-0177. Record A and Record B both have this number, and neither has a " +
		"previous message. Thin lines lead to both, and dots lead to a bell: it is not assigned, and a person decides.",
	A: record{"Record A", same, "no previous message"},
	B: record{"Record B", same, "no previous message"},
}}

// A theme gives each thing its colour. The values are those of the pages.
type theme struct {
	name                        string
	Surface, Line, Strong       string
	Text1, Text2, Text3         string
	Bubble, OnBubble            string
	Done, DoneGround, DoneSolid string
	Wait, WaitGround            string
	Contact, OnContact, Chip    string
}

var themes = [2]theme{{
	name:    "light",
	Surface: "#ffffff", Line: "#e1e4ea", Strong: "#7a808c",
	Text1: "#16181d", Text2: "#464b55", Text3: "#626874",
	Bubble: "#0b5fc4", OnBubble: "#ffffff",
	Done: "#17653f", DoneGround: "#e3f5ea", DoneSolid: "#1b7a4b",
	Wait: "#7a4a00", WaitGround: "#fdf0d8",
	Contact: "#7d3fc4", OnContact: "#ffffff", Chip: "#eceef2",
}, {
	name:    "dark",
	Surface: "#171a20", Line: "#2a2f38", Strong: "#7b8290",
	Text1: "#eceef2", Text2: "#bcc1cb", Text3: "#959ca9",
	Bubble: "#1767c9", OnBubble: "#ffffff",
	Done: "#74dba0", DoneGround: "#11301f", DoneSolid: "#1b7a4b",
	Wait: "#f5c76b", WaitGround: "#38290c",
	Contact: "#7d4ec0", OnContact: "#ffffff", Chip: "#292e37",
}}

// The size of one panel, and the space between two.
const (
	panelWidth  = 400
	panelHeight = 390
	gap         = 16
)

//go:embed drawing.svg
var source string

// A panel is one situation at its place in a drawing.
type panel struct {
	situation
	theme
	X, Y   int
	Number int
}

// A card is one record at its place in a panel.
type card struct {
	record
	theme
	X, Y, Height int
}

// Cards returns the panel's two records, A at the left.
func (p panel) Cards() [2]card {
	y, height := 230, 76
	if p.A.History != "" {
		y, height = 221, 97
	}
	return [2]card{
		{p.A, p.theme, 20, y, height},
		{p.B, p.theme, 212, y, height},
	}
}

// Unsure says that more than one record could be the right one.
func (p panel) Unsure() bool { return p.To == "" && p.A.Tie == same }

// A line leads from the text to the face on a card's upper edge.
func (c card) LineEndX() int { return c.X + 84 }
func (c card) LineEndY() int { return c.Y - 20 }

// Midway is where a line's tick sits.
func (c card) MidwayX() int { return (200 + c.LineEndX()) / 2 }
func (c card) MidwayY() int { return (154 + 3*194 + 3*166 + c.LineEndY()) / 8 }

// draw returns every drawing by the name of its file.
func draw() (map[string][]byte, error) {
	t, err := template.New("drawing").Parse(source)
	if err != nil {
		return nil, err
	}
	drawings := map[string][]byte{}
	add := func(name, title, desc string, panels []panel, width, height int) error {
		var b bytes.Buffer
		err := t.Execute(&b, struct {
			Title, Desc   string
			Width, Height int
			Panels        []panel
		}{title, desc, width, height, panels})
		drawings[name] = b.Bytes()
		return err
	}
	for _, th := range themes {
		var all []panel
		var descs []string
		for i, s := range situations {
			alone := panel{situation: s, theme: th, Number: i + 1}
			err := add(s.file+"-"+th.name+".svg", s.Title+". "+s.Note, s.Desc, []panel{alone}, panelWidth, panelHeight)
			if err != nil {
				return nil, err
			}
			placed := alone
			placed.X, placed.Y = i%2*(panelWidth+gap), i/2*(panelHeight+gap)
			all = append(all, placed)
			descs = append(descs, fmt.Sprintf("%d. %s. %s %s", i+1, s.Title, s.Note, s.Desc))
		}
		err := add("four-situations-"+th.name+".svg", "The four situations of a new text", strings.Join(descs, "\n"),
			all, 2*panelWidth+gap, 2*panelHeight+gap)
		if err != nil {
			return nil, err
		}
	}
	return drawings, nil
}
