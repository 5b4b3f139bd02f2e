package web

import (
	"testing"
	"time"

	"github.com/switchboardhq/switchboard"
)

func TestChartIsDrawnToScale(t *testing.T) {
	r := testReader()
	day := func(ago, match, none int) dayCount {
		return dayCount{Day: r.Now.AddDate(0, 0, -ago), Reasons: map[switchboard.Reason]int{switchboard.ReasonOnlyMatch: match, switchboard.ReasonNoMatch: none}}
	}
	c := r.chart([]dayCount{day(2, 100, 0), day(1, 50, 50), day(0, 0, 0)})
	if len(c.Columns) != 3 {
		t.Fatalf("%d columns", len(c.Columns))
	}
	sum := func(col ChartColumn) int {
		h := 0
		for _, p := range col.Parts {
			h += p.Height
		}
		return h
	}
	if sum(c.Columns[0]) != sum(c.Columns[1]) || sum(c.Columns[0]) == 0 {
		t.Errorf("days with 100 texts each are %d and %d high", sum(c.Columns[0]), sum(c.Columns[1]))
	}
	if len(c.Columns[2].Parts) != 0 || c.Columns[2].Total != "" || c.Columns[2].Label != "Today" {
		t.Errorf("a day without a text is %+v", c.Columns[2])
	}
	for _, col := range c.Columns {
		below := chartBottom
		for _, p := range col.Parts {
			if p.Y+p.Height != below {
				t.Errorf("a part ends at %d where the one below it begins at %d", p.Y+p.Height, below)
			}
			below = p.Y
		}
		if below < chartTop {
			t.Errorf("a column reaches %d, above the drawing", below)
		}
	}
}

func TestChartOfNothing(t *testing.T) {
	c := testReader().chart(nil)
	if len(c.Columns) != 0 || len(c.Lines) < 2 {
		t.Errorf("a chart of nothing is %+v", c)
	}
}

func TestChartStaysReadable(t *testing.T) {
	r := testReader()
	var days []dayCount
	for i := range 30 {
		days = append(days, dayCount{Day: r.Now.AddDate(0, 0, i-29), Reasons: map[switchboard.Reason]int{switchboard.ReasonOnlyMatch: i * 37}})
	}
	labels := 0
	for _, col := range r.chart(days).Columns {
		if col.Label != "" {
			labels++
		}
	}
	if labels > 9 {
		t.Errorf("%d labels stand under 30 columns", labels)
	}
}

func TestFiguresAreWrittenForPeople(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567"} {
		if got := grouped(n); got != want {
			t.Errorf("grouped(%d) = %q", n, got)
		}
	}
	if got := share(1205, 1277); got != "94.4 %" {
		t.Errorf("share = %q", got)
	}
	if got := share(0, 0); got != "–" {
		t.Errorf("share of nothing = %q", got)
	}
}

func testReader() reader {
	return reader{switchboard.Reader{Region: "US", Location: time.UTC, Now: time.Date(2026, 11, 23, 15, 41, 7, 0, time.UTC)}}
}
