package web

import (
	"fmt"
	"strings"

	"github.com/switchboardhq/switchboard"
)

// stateChip is where a message stands.
func stateChip(m *switchboard.Message) Chip {
	switch m.State {
	case switchboard.Assigned:
		name := "a record"
		if m.Record != nil {
			name = m.Record.Name
		}
		return Chip{Kind: "done", Icon: "check", Text: "Assigned to " + name}
	case switchboard.Dismissed:
		if m.Decision != nil && m.Decision.Reason == switchboard.ReasonBlocked {
			return Chip{Icon: "ban", Text: "Sender is blocked"}
		}
		return Chip{Icon: "ban", Text: "Dismissed"}
	}
	return Chip{Kind: "several", Icon: "routing_offline", Text: "Unassigned"}
}

// reasonChip is why a message stands where it stands.
func reasonChip(d *switchboard.Decision) Chip {
	if d == nil {
		return Chip{Icon: "send", Text: "Sent"}
	}
	if d.Retroactive {
		return Chip{Kind: "done", Icon: "refresh", Text: "Placed later by the rule"}
	}
	switch d.Reason {
	case switchboard.ReasonNoMatch:
		return Chip{Kind: "none", Icon: "unlinked", Text: "No record has this number"}
	case switchboard.ReasonAmbiguous:
		return Chip{Kind: "several", Icon: "people", Text: itoa(len(d.Candidates)) + " records have this number"}
	case switchboard.ReasonOnlyMatch:
		return Chip{Kind: "done", Icon: "check", Text: "Only match"}
	case switchboard.ReasonOnlyHistory:
		return Chip{Kind: "done", Icon: "check", Text: "Only one with previous messages"}
	case switchboard.ReasonLatestHistory:
		return Chip{Kind: "done", Icon: "check", Text: "Latest previous message"}
	case switchboard.ReasonCreatedRecord:
		return Chip{Kind: "done", Icon: "add", Text: "Record created"}
	case switchboard.ReasonBlocked:
		return Chip{Icon: "ban", Text: "Sender is blocked"}
	}
	who := "Somebody"
	if d.By != nil {
		who = d.By.Name
	}
	switch d.Outcome {
	case switchboard.OutcomeUnassigned:
		if d.From != nil {
			return Chip{Icon: "undo", Text: who + " took it off " + d.From.Name}
		}
		return Chip{Icon: "undo", Text: who + " put it back"}
	case switchboard.OutcomeDismissed:
		return Chip{Icon: "ban", Text: "Dismissed by " + who}
	}
	return Chip{Kind: "done", Icon: "user", Text: "By " + who}
}

// fieldLabel is what people call the place where a number was found.
func fieldLabel(field string) string {
	if field == switchboard.LinkField {
		return "Remembered"
	}
	return switchboard.FieldLabel(field)
}

// fieldsOf lists where the candidates have the number: "Mobile, Home Phone".
func fieldsOf(candidates []switchboard.Candidate) string {
	var labels []string
	have := map[string]bool{}
	for _, c := range candidates {
		for _, m := range c.Matched {
			if l := fieldLabel(m.Field); !have[l] {
				have[l] = true
				labels = append(labels, l)
			}
		}
	}
	return strings.Join(labels, ", ")
}

// steps is how a message was decided, from its number to its place. notified
// is who heard of it, if anybody; along is how many others went with it.
func steps(d *switchboard.Decision, m *switchboard.Message, rd reader, notified string, along int) []Step {
	if d == nil {
		return nil
	}
	var all []Step
	add := func(format string, args ...any) { all = append(all, Step{Text: fmt.Sprintf(format, args...)}) }
	if p, ok := m.Sender.Phone(); ok {
		region := ""
		if r := p.Region(); r != "" {
			region = " (" + r + ")"
		}
		add("Number read as %s%s", strings.ReplaceAll(p.International(), "-", " "), region)
	} else {
		add("%s is no full number: it can only match a number that was remembered", m.Sender.Address)
	}
	n, previous := len(d.Candidates), 0
	for _, c := range d.Candidates {
		if !c.Last.IsZero() {
			previous++
		}
	}
	switch {
	case d.Reason == switchboard.ReasonBlocked:
		add("It is on the block list")
	case n == 0:
		add("0 records have it")
	case n == 1:
		add("1 record has it: %s", fieldsOf(d.Candidates))
	default:
		add("%d records have it: %s", n, fieldsOf(d.Candidates))
		add("%d of them %s a previous message", previous, has(previous))
	}
	last := Step{Last: true, Kind: "done"}
	by := "Somebody"
	if d.By != nil {
		by = d.By.Name
	}
	switch {
	case d.Reason == switchboard.ReasonPerson && m.State == switchboard.Unassigned:
		last.Text, last.Kind = by+" took it off", "several"
		if d.From != nil {
			last.Text += " " + d.From.Name
		}
	case d.Reason == switchboard.ReasonPerson && m.State == switchboard.Dismissed:
		last.Text, last.Kind = "Dismissed by "+by, ""
	case d.Reason == switchboard.ReasonPerson:
		last.Text = "Assigned by " + by
		if along > 0 {
			last.Text += ", with " + count(along, "other", "others")
		}
	case m.State == switchboard.Unassigned:
		last.Kind = "several"
		last.Text = "Left to a person"
		if notified != "" {
			last.Text += ", " + notified + " notified"
		}
		last.Text += " at " + rd.clock(m.ReceivedAt)
	case m.State == switchboard.Dismissed:
		last.Text, last.Kind = "Dismissed, no bell", ""
	case d.Reason == switchboard.ReasonCreatedRecord:
		last.Text = "Record created, and assigned to it"
	default:
		last.Text = "Assigned by the rule"
	}
	return append(all, last)
}

func has(n int) string {
	if n == 1 {
		return "has"
	}
	return "have"
}

// nextText says what the next text from this number will do. d is what would
// happen to it now.
func nextText(d switchboard.Decision, rd reader) string {
	number := rd.Number(d.Sender)
	n := len(d.Candidates)
	switch d.Reason {
	case switchboard.ReasonOnlyMatch:
		return fmt.Sprintf("The next text from %s goes to %s by itself: no other record has the number.", number, d.Record.Name)
	case switchboard.ReasonOnlyHistory:
		return fmt.Sprintf("The next text from %s goes to %s by itself: of the %d records, only this one has a previous message.", number, d.Record.Name, n)
	case switchboard.ReasonLatestHistory:
		return fmt.Sprintf("The next text from %s goes to %s by itself: of the %d records, this one has the most recent previous message.", number, d.Record.Name, n)
	case switchboard.ReasonNoMatch:
		return fmt.Sprintf("The next text from %s waits for a person: no record has the number. Save it in a record, or remember it.", number)
	case switchboard.ReasonAmbiguous:
		return fmt.Sprintf("The next text from %s waits for a person: %d records have it and none has a previous message.", number, n)
	case switchboard.ReasonBlocked:
		return fmt.Sprintf("The next text from %s is dismissed as it comes: the sender is blocked.", number)
	case switchboard.ReasonCreatedRecord:
		return fmt.Sprintf("The next text from %s makes a record: none has the number.", number)
	}
	return ""
}
