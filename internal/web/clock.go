package web

import (
	"strings"
	"time"

	"github.com/switchboardhq/switchboard"
)

// A reader is who looks at a page: their country, their time zone, their now.
type reader struct{ switchboard.Reader }

func (r reader) local(t time.Time) time.Time {
	if r.Location == nil {
		return t.UTC()
	}
	return t.In(r.Location)
}

// daysAgo counts midnights between t and now.
func (r reader) daysAgo(t time.Time) int {
	midnight := func(t time.Time) time.Time {
		t = r.local(t)
		return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
	}
	return int(midnight(r.Now).Sub(midnight(t)).Hours() / 24)
}

// age is how long ago t is, as short as a list needs it: "now", "4 min",
// "3 h", "Fri", "Nov 20".
func (r reader) age(t time.Time) Age {
	if t.IsZero() {
		return Age{}
	}
	a := Age{ISO: t.UTC().Format(time.RFC3339), Full: r.local(t).Format("Monday, January 2, 2006, 3:04:05 PM")}
	switch ago := r.Now.Sub(t); {
	case ago < time.Minute:
		a.Text = "now"
	case ago < time.Hour:
		a.Text = itoa(int(ago.Minutes())) + " min"
	case ago < 24*time.Hour:
		a.Text = itoa(int(ago.Hours())) + " h"
	case r.daysAgo(t) < 7:
		a.Text = r.local(t).Format("Mon")
	case r.local(t).Year() == r.local(r.Now).Year():
		a.Text = r.local(t).Format("Jan 2")
	default:
		a.Text = r.local(t).Format("Jan 2, 2006")
	}
	return a
}

// ago is how long ago t is, in a sentence: "just now", "4 minutes ago".
func (r reader) ago(t time.Time) string {
	switch ago := r.Now.Sub(t); {
	case ago < time.Minute:
		return "just now"
	case ago < time.Hour:
		return count(int(ago.Minutes()), "minute", "minutes") + " ago"
	case ago < 24*time.Hour:
		return count(int(ago.Hours()), "hour", "hours") + " ago"
	}
	return r.Time(t)
}

// waited is how long something has been waiting: "3 h", "2 days".
func (r reader) waited(t time.Time) string {
	if days := int(r.Now.Sub(t).Hours() / 24); days > 0 {
		return count(days, "day", "days")
	}
	if a := r.age(t).Text; a != "now" {
		return a
	}
	return "1 min"
}

// clock is the time of day.
func (r reader) clock(t time.Time) string { return r.local(t).Format("3:04 PM") }

// day names the day of t: "Today", "Yesterday", "Friday, November 20".
func (r reader) day(t time.Time) string {
	switch days := r.daysAgo(t); {
	case days == 0:
		return "Today"
	case days == 1:
		return "Yesterday"
	case days > 1 && days < 7:
		return r.local(t).Format("Monday")
	case r.local(t).Year() == r.local(r.Now).Year():
		return r.local(t).Format("Monday, January 2")
	}
	return r.local(t).Format("January 2, 2006")
}

// moment is a day with its time: "Today, 9:41 AM".
func (r reader) moment(t time.Time) string { return r.day(t) + ", " + r.clock(t) }

// second is a moment to the second.
func (r reader) second(t time.Time) string { return r.day(t) + ", " + r.local(t).Format("3:04:05 PM") }

// kindOf says what kind of sender a text came from, where that needs saying.
func kindOf(s switchboard.Sender) string {
	switch s.Kind {
	case switchboard.SenderShortCode:
		return "Short code"
	case switchboard.SenderAlphanumeric:
		return "Named sender"
	}
	return ""
}

// place is where the sender's number was given out.
func place(s switchboard.Sender) string {
	if p, ok := s.Phone(); ok {
		return p.Place()
	}
	return kindOf(s)
}

func dotted(parts ...string) string {
	kept := parts[:0]
	for _, p := range parts {
		if p != "" {
			kept = append(kept, p)
		}
	}
	return strings.Join(kept, " · ")
}
