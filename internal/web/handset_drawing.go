package web

import "strconv"

// The drawing's measures: where lines leave the phone and reach the cards.
const (
	lineFrom, lineFromY = 72, 85
	lineTo              = 224
	cardHeight          = 40
)

// A figurant is who stands in a situation.
type figurant struct {
	kind string // chosen, match, other, bell
	name string
	past bool
}

// draw places the figurants below each other and leads the lines to them.
func draw(title string, who ...figurant) Drawing {
	d := Drawing{Title: title}
	gap := 54
	y := (170 - (len(who)-1)*gap - cardHeight) / 2
	for _, f := range who {
		n := DrawingNode{Kind: f.kind, Name: f.name, Past: f.past, Y: y, MidY: y + cardHeight/2}
		switch f.kind {
		case "other":
			n.TickX, n.TickY = 180, n.MidY
			n.Path = "M190 " + strconv.Itoa(n.MidY) + " H" + strconv.Itoa(lineTo)
		default:
			n.Path = curve(n.MidY)
			n.TickX, n.TickY = (lineFrom+lineTo)/2, (lineFromY+n.MidY)/2
		}
		d.Nodes = append(d.Nodes, n)
		y += gap
	}
	return d
}

func curve(y int) string {
	middle := strconv.Itoa((lineFrom + lineTo) / 2)
	from, to := strconv.Itoa(lineFromY), strconv.Itoa(y)
	return "M" + strconv.Itoa(lineFrom) + " " + from + " C" + middle + " " + from + " " + middle + " " + to + " " + strconv.Itoa(lineTo-1) + " " + to
}
