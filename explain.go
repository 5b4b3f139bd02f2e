package switchboard

import (
	"fmt"
	"strings"
	"time"
)

// Reader is for whom a sentence is written.
type Reader struct {
	Region   string         // numbers of this country are written nationally
	Location *time.Location // nil is UTC
	Now      time.Time      // makes "Friday at 4:12 PM" possible; zero writes full dates
}

// Number writes a sender's address as the reader's country does; what is no
// number stays as it came.
func (r Reader) Number(address string) string {
	if strings.HasPrefix(address, "+") {
		return Phone(address).Format(r.Region)
	}
	return address
}

// Time writes t as people say it: "today at 7:58 AM", "Friday at 4:12 PM",
// "March 3 at 9:00 AM"; with the year where it is another one or the reader
// has no clock.
func (r Reader) Time(t time.Time) string {
	loc := r.Location
	if loc == nil {
		loc = time.UTC
	}
	t = t.In(loc)
	if r.Now.IsZero() {
		return t.Format("January 2, 2006 at 3:04 PM MST")
	}
	now := r.Now.In(loc)
	day := func(t time.Time) int {
		return int(time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC).Unix() / 86400)
	}
	switch ago := day(now) - day(t); {
	case ago == 0:
		return t.Format("today at 3:04 PM")
	case ago == 1:
		return t.Format("yesterday at 3:04 PM")
	case ago > 1 && ago < 7:
		return t.Format("Monday at 3:04 PM")
	case t.Year() == now.Year():
		return t.Format("January 2 at 3:04 PM")
	}
	return t.Format("January 2, 2006 at 3:04 PM")
}

// Because returns the one sentence that explains the decision.
func (d Decision) Because(r Reader) string {
	if d.Retroactive && d.Change != nil && d.Record != nil {
		return fmt.Sprintf("%s, so this text was assigned to %s by the rule.", d.Change.happened(), d.Record.Name)
	}
	number := r.Number(d.Sender)
	n := len(d.Candidates)
	name := ""
	if d.Record != nil {
		name = d.Record.Name
	}
	switch d.Reason {
	case ReasonNoMatch:
		if d.Refused != "" {
			return fmt.Sprintf("No record has %s, and Salesforce refused the one that was made: %s", number, d.Refused)
		}
		return fmt.Sprintf("No record has %s, so there is nobody to assign it to yet.", number)
	case ReasonAmbiguous:
		which := "none of them has"
		if n == 2 {
			which = "neither has"
		}
		return fmt.Sprintf("%d records have %s and %s a previous message, so a person decides.", n, number, which)
	case ReasonOnlyMatch:
		return fmt.Sprintf("%s is the only record that has %s.", name, number)
	case ReasonOnlyHistory:
		return fmt.Sprintf("Of the %d records that have %s, only %s has a previous message, from %s.", n, number, name, r.Time(d.chosen().Last.At))
	case ReasonLatestHistory:
		previous := 0
		for _, c := range d.Candidates {
			if !c.Last.IsZero() {
				previous++
			}
		}
		return fmt.Sprintf("Of the %d records with previous messages, %s has the most recent one, from %s.", previous, name, r.Time(d.chosen().Last.At))
	case ReasonCreatedRecord:
		object := ""
		if d.Record != nil {
			object = string(d.Record.Object) + " "
		}
		return fmt.Sprintf("No record had the number, so %s%s was created.", object, name)
	case ReasonBlocked:
		return number + " is on the block list."
	case ReasonPerson:
		who := "Somebody"
		if d.By != nil {
			who = d.By.Name
		}
		switch d.Outcome {
		case OutcomeAssigned, OutcomeCreated:
			return fmt.Sprintf("%s assigned it to %s.", who, name)
		case OutcomeDismissed:
			if d.Dismissal == "spam" {
				return who + " dismissed it as spam."
			}
			return who + " dismissed it: nobody needs to place it."
		}
		if d.From != nil {
			return fmt.Sprintf("%s took it off %s.", who, d.From.Name)
		}
		return who + " put it back in the queue."
	}
	return ""
}

// chosen returns the candidate that the decision chose; its zero value if none.
func (d Decision) chosen() Candidate {
	if d.Record != nil {
		for _, c := range d.Candidates {
			if c.Record.ID == d.Record.ID {
				return c
			}
		}
	}
	return Candidate{}
}

// happened says what happened to the record, without an end: "Jo Martin's
// Mobile was changed to +44 7700 900123".
func (c Change) happened() string {
	record := string(c.Record.Object) + " " + c.Record.Name
	switch c.Kind {
	case RecordCreated:
		return record + " was created"
	case RecordDeleted:
		return record + " was deleted"
	case RecordRestored:
		return record + " was restored"
	case RecordMerged:
		return "Another record became part of " + record
	case RecordReread:
		return "The settings for reading phone numbers changed those of " + record
	}
	switch {
	case c.Field == "":
		return record + " was edited"
	case c.Value == "":
		return fmt.Sprintf("%s's %s was cleared", c.Record.Name, FieldLabel(c.Field))
	}
	return fmt.Sprintf("%s's %s was changed to %s", c.Record.Name, FieldLabel(c.Field), c.Value)
}
