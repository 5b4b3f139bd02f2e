package web

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
)

// How much of a list Home shows.
const (
	homeLongest = 4
	homeMoves   = 5
)

func (s *Server) showHome(w http.ResponseWriter, r *http.Request) error {
	v, rd, _, err := s.settingsOf(r)
	if err != nil {
		return err
	}
	days := homeDays(r.FormValue("days"))
	f, err := s.homeFacts(r, v, days)
	if err != nil {
		return err
	}
	p := homePage(f, rd, v.User.Name)
	p.Page = s.frame(r, "Home", "home")
	for _, o := range []struct {
		days  int
		label string
	}{{1, "Today"}, {7, "7 days"}, {30, "30 days"}} {
		p.Spans = append(p.Spans, Option{Value: itoa(o.days), Label: o.label, URL: "/?days=" + itoa(o.days), Current: o.days == days})
	}
	if p.Empty {
		p.Spans = nil
	}
	return s.pages.Page(w, r, http.StatusOK, "home", p)
}

func homeDays(asked string) int {
	switch asked {
	case "1", "30":
		n, _ := strconv.Atoi(asked)
		return n
	}
	return 7
}

// homeFacts is what Home is made from.
type homeFacts struct {
	days     int
	waiting  store.QueueCounts
	stats    store.Stats
	longest  []store.QueueRow
	channels int
	texts    bool // a text has come, ever
}

func (s *Server) homeFacts(r *http.Request, v visitor, days int) (homeFacts, error) {
	f := homeFacts{days: days}
	ctx, org := r.Context(), v.Actor.OrgID
	var err error
	if f.waiting, err = s.db.QueueCounts(ctx, org, ""); err != nil {
		return f, err
	}
	if f.stats, err = s.db.Stats(ctx, org, days, homeMoves); err != nil {
		return f, err
	}
	if f.longest, _, err = s.db.Queue(ctx, org, store.QueueFilter{OldestFirst: true, Page: store.Page{Limit: homeLongest}}); err != nil {
		return f, err
	}
	channels, err := s.db.Channels(ctx, org)
	if err != nil {
		return f, err
	}
	f.channels = len(channels)
	newest, _, err := s.db.Messages(ctx, org, store.MessageFilter{Page: store.Page{Limit: 1}})
	f.texts = len(newest) > 0
	return f, err
}

// homePage prepares Home. The frame and the time spans are the caller's.
func homePage(f homeFacts, rd reader, name string) HomePage {
	p := HomePage{Greeting: greeting(rd, name), Empty: !f.texts, Channels: f.channels > 0}
	p.Line = "Nothing waits"
	if n := f.waiting.Senders; n == 1 {
		p.Line = "1 sender waits for you"
	} else if n > 0 {
		p.Line = grouped(n) + " senders wait for you"
	}
	p.Figures = figures(f, rd)
	var days []dayCount
	for _, d := range f.stats.Days {
		days = append(days, dayCount{Day: d.Start, Reasons: d.ByReason})
	}
	p.Chart = rd.chart(days)
	p.Reasons = reasonRows(f, rd)
	for _, row := range f.longest {
		p.Longest = append(p.Longest, WaitingRow{
			URL: "/messages/" + row.Message.ID, Number: rd.Number(row.Sender.Address), Chip: reasonChip(row.Message.Decision),
			Age: rd.age(row.Since), Body: saying(row.Message),
		})
	}
	if len(p.Longest) > 0 {
		p.AllText = "All " + grouped(f.waiting.Senders)
	}
	p.Times, p.TimesOf = timeBars(f.stats.Times)
	p.MovedAll = f.stats.Moved
	for _, m := range f.stats.Moves {
		p.Moved = append(p.Moved, movedRow(m, rd))
	}
	return p
}

func greeting(rd reader, name string) string {
	first, _, _ := strings.Cut(name, " ")
	switch hour := rd.local(rd.Now).Hour(); {
	case hour < 5 || hour >= 18:
		return "Good evening, " + first
	case hour < 12:
		return "Good morning, " + first
	}
	return "Good afternoon, " + first
}

func figures(f homeFacts, rd reader) []Figure {
	const none, after = "–", "After the first text"
	waiting := Figure{Title: "Waiting now", Value: none, Note: after, Brand: true}
	placed := Figure{Title: "Placed by the rule", Value: none, Note: after}
	times := Figure{Title: "Time to placed", Value: none, Note: "After the first text that a person places"}
	moved := Figure{Title: "Moved later", Value: none, Note: after}
	if !f.texts {
		waiting.Brand = false
		return []Figure{waiting, placed, times, moved}
	}
	n := f.waiting.Senders
	waiting.Value, waiting.Unit, waiting.Note, waiting.Start = grouped(n), "senders, "+count(f.waiting.Texts, "text", "texts"), "", n > 0
	if n == 1 {
		waiting.Unit = "sender, " + count(f.waiting.Texts, "text", "texts")
	}
	if f.waiting.More {
		waiting.Unit = "senders and more"
	}
	if n > 0 {
		waiting.Note = "oldest " + rd.waited(f.waiting.Oldest)
	} else {
		waiting.Unit, waiting.Note, waiting.Brand = "senders", "Every text has its record", false
	}
	st := f.stats
	if st.Texts > 0 {
		placed.Value, placed.Unit = share(st.Placed, st.Texts), "of texts"
		placed.Note = grouped(st.Placed) + " of " + grouped(st.Texts) + ", none took a person"
		moved.Value, moved.Unit, moved.Note = grouped(st.Moved), "automatic placements", "None. Nobody has moved what the rule placed"
		if st.Moved == 1 {
			moved.Unit = "automatic placement"
		}
		if st.Moved > 0 && st.Placed > 0 {
			moved.Note = "of " + grouped(st.Placed) + ", that is " + share(st.Moved, st.Placed)
		}
	} else {
		placed.Note, moved.Note = "No text in this time", "No text in this time"
	}
	if st.Times.Senders > 0 {
		times.Value, times.Unit, times.Note = lasted(st.Times.Median), "median", "by people; 9 of 10 within "+lasted(st.Times.NineOfTen)
	}
	return []Figure{waiting, placed, times, moved}
}

// lasted is a time span as people say it: "3 min 40 s", "2 h 5 min".
func lasted(d time.Duration) string {
	d = d.Round(time.Second)
	switch {
	case d < time.Minute:
		return itoa(int(d.Seconds())) + " s"
	case d < time.Hour:
		if s := int(d.Seconds()) % 60; s > 0 && d < 10*time.Minute {
			return itoa(int(d.Minutes())) + " min " + itoa(s) + " s"
		}
		return itoa(int(d.Minutes())) + " min"
	case d < 48*time.Hour:
		if m := int(d.Minutes()) % 60; m > 0 && d < 10*time.Hour {
			return itoa(int(d.Hours())) + " h " + itoa(m) + " min"
		}
		return itoa(int(d.Hours())) + " h"
	}
	return itoa(int(d.Hours())/24) + " days"
}

func reasonRows(f homeFacts, rd reader) []ReasonRow {
	sum := f.stats.ByReason()
	since := rd.local(rd.Now).AddDate(0, 0, 1-f.days).Format(time.DateOnly)
	var rows []ReasonRow
	for _, k := range chartReasons() {
		n := sum[k.reason]
		if k.reason == switchboard.ReasonCreatedRecord && n == 0 {
			continue // a setting that is off for most
		}
		row := ReasonRow{Class: k.class, Label: k.label, Count: "–", Share: "–"}
		if f.texts {
			row.Count, row.Share = grouped(n), share(n, f.stats.Texts)
			row.URL = "/messages?reason=" + string(k.reason) + "&since=" + since
		}
		rows = append(rows, row)
	}
	return rows
}

func timeBars(t store.PlacingTimes) ([]TimeBar, string) {
	if t.Senders == 0 {
		return nil, ""
	}
	most := 1
	for _, n := range t.Within {
		most = max(most, n)
	}
	labels := [...]string{"under 1 min", "1 to 5 min", "5 to 15 min", "15 to 60 min", "1 to 4 h", "over 4 h"}
	var bars []TimeBar
	for i, n := range t.Within {
		bars = append(bars, TimeBar{Label: labels[i], Count: grouped(n), Width: n * 100 / most, Late: i >= 4})
	}
	return bars, count(t.Senders, "sender", "senders") + " placed by people"
}

func movedRow(m store.Move, rd reader) MovedRow {
	row := MovedRow{
		Name: m.Message.Name(), URL: "/messages/" + m.Message.ID, Chose: recordLink(m.Chosen), Reason: reasonName(m.Reason),
		When: Age{Text: rd.moment(m.At), ISO: rd.age(m.At).ISO, Full: rd.age(m.At).Full}, TakenOffQueue: m.Message.Record == nil,
	}
	if m.Message.Record != nil {
		row.Moved = recordLink(*m.Message.Record)
	}
	if d := m.Message.Decision; d != nil && d.By != nil {
		row.By = d.By.Name
	}
	return row
}

func recordLink(r switchboard.RecordRef) RecordLink {
	return RecordLink{URL: "/records/" + r.ID, Object: string(r.Object), Name: r.Name}
}
