package web

import (
	"strings"
	"time"

	"github.com/switchboardhq/switchboard"
)

// A dayCount is how many texts of one day the rule decided for which reason.
type dayCount struct {
	Day     time.Time // any moment of it
	Reasons map[switchboard.Reason]int
}

func (d dayCount) total() int {
	n := 0
	for _, r := range chartReasons() {
		n += d.Reasons[r.reason]
	}
	return n
}

// A chartReason is how a reason of the rule looks in the chart and its table.
type chartReason struct {
	reason switchboard.Reason
	class  string
	label  string
	placed bool // by the rule
}

// chartReasons are the reasons from the bottom of a column to its top.
func chartReasons() []chartReason {
	return []chartReason{
		{switchboard.ReasonOnlyMatch, "sb-c1", "One record has the number", true},
		{switchboard.ReasonOnlyHistory, "sb-c2", "Only one has previous messages", true},
		{switchboard.ReasonLatestHistory, "sb-c3", "Latest previous message", true},
		{switchboard.ReasonCreatedRecord, "sb-c7", "Record created", true},
		{switchboard.ReasonNoMatch, "sb-c4", "No record has the number", false},
		{switchboard.ReasonAmbiguous, "sb-c5", "Several, no previous message", false},
		{switchboard.ReasonBlocked, "sb-c6", "Sender is blocked", false},
	}
}

// The drawing's measures.
const (
	chartLeft, chartRight  = 30, 590
	chartTop, chartBottom  = 24, 234
	chartWidest, chartThin = 42, 5
)

// chart draws the days as stacked columns, the last one being today.
func (r reader) chart(days []dayCount) Chart {
	most := 0
	for _, d := range days {
		most = max(most, d.total())
	}
	step := niceStep(most)
	top := max(most, step)
	height := func(n int) int { return n * (chartBottom - chartTop) / top }
	c := Chart{Title: "Texts a day. None yet."}
	for n := 0; n <= top; n += step {
		y := chartBottom - height(n)
		c.Lines = append(c.Lines, ChartLine{Y: y, TextY: y + 4, Label: itoa(n)})
	}
	if len(days) == 0 {
		return c
	}
	slot := float64(chartRight-chartLeft) / float64(len(days))
	width := max(min(int(slot*0.58), chartWidest), chartThin)
	every := max((len(days)+7)/8, 1)
	said := make([]string, 0, len(days))
	for i, d := range days {
		middle := chartLeft + int(slot*(float64(i)+0.5))
		last := i == len(days)-1
		col := ChartColumn{X: middle - width/2, Middle: middle, Current: last}
		if last {
			col.Label = "Today"
		} else if (len(days)-1-i)%every == 0 {
			col.Label = r.local(d.Day).Format("Mon 2")
			if len(days) > 14 {
				col.Label = r.local(d.Day).Format("Jan 2")
			}
		}
		n := 0
		for _, k := range chartReasons() {
			count := d.Reasons[k.reason]
			if count == 0 {
				continue
			}
			from, to := chartBottom-height(n), chartBottom-height(n+count)
			if from == to {
				to = from - 1
			}
			col.Parts = append(col.Parts, ChartPart{Class: k.class, X: col.X, Y: to, Width: width, Height: from - to, Tip: k.label + ": " + itoa(count)})
			n += count
		}
		col.TotalY = chartBottom - height(n) - 6
		if n > 0 && len(days) <= 14 {
			col.Total = itoa(n)
		}
		c.Columns = append(c.Columns, col)
		said = append(said, r.local(d.Day).Format("January 2")+": "+itoa(n))
	}
	c.Title = "Texts a day. " + strings.Join(said, ", ") + "."
	return c
}

// niceStep is a round distance between the chart's lines, for about three.
func niceStep(most int) int {
	for step := 1; ; step *= 10 {
		for _, by := range [...]int{1, 2, 5} {
			if step*by*3 >= most {
				return step * by
			}
		}
	}
}

// grouped writes n with commas: "1,205".
func grouped(n int) string {
	s := itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// share is n of all in percent, with one digit behind the point: "94.4 %".
func share(n, all int) string {
	if all == 0 {
		return "–"
	}
	tenths := (n*1000 + all/2) / all
	return itoa(tenths/10) + "." + itoa(tenths%10) + " %"
}
