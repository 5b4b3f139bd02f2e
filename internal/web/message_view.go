package web

import (
	"slices"
	"time"

	"github.com/switchboardhq/switchboard"
)

// messageFacts is what the SMS record page is made from.
type messageFacts struct {
	message  *switchboard.Message
	channel  switchboard.Channel
	thread   []*switchboard.Message // all with this sender, oldest first
	records  recordSet              // the candidates and what they belong to
	optedOut time.Time              // since when the sender wants no texts; zero: it does
	waiting  int                    // of this sender's texts
	notified string
	phones   switchboard.PhoneFields // of the objects that are matched
	next     *switchboard.Decision   // what would happen to another text now
	undo     string                  // token of the placement, if this visitor made it
	editing  string                  // the field being edited; empty for none
	writes   bool
	there    string // the address of its row in Salesforce; empty if there is none
}

// recordSet finds records by id.
type recordSet map[string]*switchboard.Record

// account is the name of what a record belongs to: a contact's account, a
// lead's company.
func (s recordSet) account(id string) string {
	r := s[id]
	if r == nil {
		return ""
	}
	if r.Object == switchboard.Lead {
		return r.Fields.Text("Company")
	}
	if a := s[r.Fields.Text("AccountId")]; a != nil {
		return a.Name
	}
	return ""
}

// messagePage prepares the SMS record page. The frame, its place in the queue
// and what comes next are the caller's.
func messagePage(f messageFacts, rd reader) MessagePage {
	m := f.message
	number := rd.Number(m.Sender.Address)
	waits := m.State == switchboard.Unassigned && m.Direction == switchboard.Inbound
	others := f.waiting
	if waits {
		others--
	}
	others = max(0, others)
	url := "/messages/" + m.ID
	p := MessagePage{
		ID: m.ID, Name: m.Name(), URL: url, There: f.there, State: stateChip(m), Waits: waits, Number: number, Known: place(m.Sender),
		When: Age{Text: rd.moment(m.Time), ISO: rd.age(m.Time).ISO, Full: rd.age(m.Time).Full}, Version: version(m),
		Line: line(m, f.channel, rd), TakeOff: f.writes && m.State == switchboard.Assigned && m.Direction == switchboard.Inbound,
		Media: media(m.Media), Repeat: flagText(m.Flags),
	}
	if m.Direction == switchboard.Outbound {
		p.State = Chip{Kind: "done", Icon: "send", Text: "Sent to " + number}
	}
	if !f.optedOut.IsZero() {
		p.OptOut = number + " opted out on " + rd.local(f.optedOut).Format("Jan 2") + ". The text can still be assigned."
	}
	p.Why, p.Body = why(f, rd, others)
	p.Empty = m.Body == "" && len(m.Media) == 0
	if waits && f.writes {
		p.Dismiss = &DismissMenu{ID: m.ID, Number: number, Return: url, Others: others}
	}
	p.Earlier = conversation(f, rd)
	p.Details = details(f, rd)
	return p
}

func version(m *switchboard.Message) string { return itoa(int(m.Version)) }

func line(m *switchboard.Message, c switchboard.Channel, rd reader) string {
	number := rd.Number(m.Sender.Address)
	if m.Direction == switchboard.Outbound {
		return "from " + rd.Number(c.Label()) + " to " + number + ", " + rd.ago(m.Time)
	}
	if m.State == switchboard.Assigned && m.Decision != nil && m.Decision.By != nil {
		return "from " + number + " to " + rd.Number(c.Label()) + ", by " + m.Decision.By.Name
	}
	return "from " + number + " to " + rd.Number(c.Label()) + ", " + rd.ago(m.Time)
}

func media(list []switchboard.Media) []Media {
	var all []Media
	for _, x := range list {
		all = append(all, Media{URL: x.URL, Type: x.ContentType})
	}
	return all
}

func flagText(flags []switchboard.Flag) string {
	switch {
	case slices.Contains(flags, switchboard.FlagPossibleRepeat):
		return "The same text came a moment before. It may be a repeat by the provider."
	case slices.Contains(flags, switchboard.FlagIDReused):
		return "The provider delivered another text under the same id. This is the first one."
	case slices.Contains(flags, switchboard.FlagRepaired):
		return "Some characters could not be shown and stand as \uFFFD."
	}
	return ""
}

// why prepares the panel, and the text with the names found in it. Nothing is
// marked once a text is placed.
func why(f messageFacts, rd reader, others int) (Why, []Segment) {
	m := f.message
	waits := m.State == switchboard.Unassigned && m.Direction == switchboard.Inbound
	_, full := m.Sender.Phone()
	w := Why{
		ID: m.ID, Waits: waits, Writes: f.writes, Return: "/messages/" + m.ID, Others: others, CanLink: waits, NewContact: full,
		TakeOff: f.writes && m.State == switchboard.Assigned && m.Direction == switchboard.Inbound, Undo: f.undo, Version: version(m),
	}
	d := m.Decision
	if d == nil {
		w.Because = "This text was sent by us and logged with the record."
		return w, segments(m.Body, nil)
	}
	w.Because = d.Because(rd.Reader)
	w.Settings = itoa(int(d.SettingsVersion))
	w.Steps = steps(d, m, rd, f.notified, alongWith(m, f.thread))
	if !waits && f.next != nil {
		w.NextText = nextText(*f.next, rd)
	}
	var marks []span
	w.Candidates = candidates(d.Candidates, m, f.records, rd, func(name, account string) []string {
		if !waits {
			return nil
		}
		found, at := mentioned(m.Body, namePhrases(name, account))
		marks = append(marks, at...)
		return found
	})
	for i := range w.Candidates {
		w.Candidates[i].Writes = f.writes
	}
	return w, segments(m.Body, marks)
}

// alongWith counts the other texts that went with m by the same action.
func alongWith(m *switchboard.Message, thread []*switchboard.Message) int {
	n := 0
	for _, t := range thread {
		if t.ID != m.ID && m.PlacementID != "" && t.PlacementID == m.PlacementID {
			n++
		}
	}
	return n
}

func candidates(list []switchboard.Candidate, m *switchboard.Message, records recordSet, rd reader, mentions func(name, account string) []string) []Candidate {
	waits := m.State == switchboard.Unassigned
	var all []Candidate
	for _, c := range list {
		if r := records[c.Record.ID]; r != nil && r.Deleted {
			continue
		}
		v := Candidate{
			ID: c.Record.ID, URL: "/records/" + c.Record.ID, Object: string(c.Record.Object), Name: c.Record.Name,
			Account: records.account(c.Record.ID), Last: "None", Chosen: m.Record != nil && m.Record.ID == c.Record.ID,
		}
		for _, x := range c.Matched {
			v.Fields = append(v.Fields, MatchedField{Label: fieldLabel(x.Field), Value: matchedValue(x, rd)})
		}
		if !c.Last.IsZero() {
			v.Last = rd.Time(c.Last.At)
		}
		if v.Chosen && c.Last.IsZero() {
			v.Last = "This text"
		}
		v.Mentions = mentions(v.Name, v.Account)
		if waits && len(all) < 9 {
			v.Key = len(all) + 1
		}
		all = append(all, v)
	}
	// The chosen record may be none of the candidates: a person found another.
	if m.Record != nil && !slices.ContainsFunc(all, func(c Candidate) bool { return c.Chosen }) {
		all = append([]Candidate{{
			ID: m.Record.ID, URL: "/records/" + m.Record.ID, Object: string(m.Record.Object), Name: m.Record.Name,
			Account: records.account(m.Record.ID), Last: "This text", Chosen: true,
		}}, all...)
	}
	return all
}

func matchedValue(x switchboard.Matched, rd reader) string {
	if x.Field == switchboard.LinkField {
		return rd.Number(x.Value)
	}
	return x.Value
}

// conversation is what else was exchanged with the sender: with the record,
// once there is one, else from the number alone.
func conversation(f messageFacts, rd reader) Conversation {
	m := f.message
	c := Conversation{Title: "Earlier from this number"}
	if m.Record != nil {
		c.Title = "Conversation with " + m.Record.Name
	}
	var shown []*switchboard.Message
	for _, t := range f.thread {
		if t.ID != m.ID {
			shown = append(shown, t)
		}
	}
	c.Count = len(shown)
	c.Fold = count(c.Count, "other text with this number", "other texts with this number")
	c.Thread = thread(shown, m, rd, nil)
	return c
}

// unfolded is how many texts of a conversation show at once: what there is to
// decide stays in sight.
const unfolded = 6

// thread folds what is older than the last texts of a list.
func thread(list []*switchboard.Message, of *switchboard.Message, rd reader, body func(*switchboard.Message) []Segment) Thread {
	var t Thread
	if n := len(list) - unfolded; n > 1 {
		t.Older, t.OlderText = days(list[:n], of, rd, body), count(n, "earlier text", "earlier texts")
		list = list[n:]
	}
	t.Days = days(list, of, rd, body)
	return t
}

// days groups texts by day. The label of today is left out where the page
// says the day anyway.
func days(list []*switchboard.Message, of *switchboard.Message, rd reader, body func(*switchboard.Message) []Segment) []Day {
	var all []Day
	for _, t := range list {
		label := rd.day(t.Time)
		if len(all) == 0 || all[len(all)-1].Label != label {
			all = append(all, Day{Label: label})
		}
		b := Bubble{ID: t.ID, Name: t.Name(), URL: "/messages/" + t.ID, Outbound: t.Direction == switchboard.Outbound, Time: rd.clock(t.Time), Media: media(t.Media), Note: bubbleNote(t, of)}
		switch {
		case t.Body == "" && len(t.Media) == 0:
			b.Body = []Segment{{Text: emptyText}}
		case t.Body == "": // what came with it says enough
		case body != nil:
			b.Body = body(t)
		default:
			b.Body = []Segment{{Text: t.Body}}
		}
		day := &all[len(all)-1]
		day.Bubbles = append(day.Bubbles, b)
	}
	return all
}

func bubbleNote(t, of *switchboard.Message) string {
	switch {
	case t.Direction == switchboard.Outbound:
		return ""
	case of != nil && of.PlacementID != "" && t.PlacementID == of.PlacementID:
		return "assigned along"
	case t.State == switchboard.Unassigned:
		return "unassigned"
	case t.State == switchboard.Dismissed:
		return "dismissed"
	case t.Record != nil && (of == nil || of.Record == nil || of.Record.ID != t.Record.ID):
		return "assigned to " + t.Record.Name
	}
	return ""
}

// details prepares the section of fields.
func details(f messageFacts, rd reader) Details {
	m := f.message
	d := Details{
		ID: m.ID, URL: "/messages/" + m.ID, Name: m.Name(), Number: rd.Number(m.Sender.Address), Received: rd.second(m.ReceivedAt),
		Channel: dotted(f.channel.Label(), rd.Number(m.Ours)), Writes: f.writes && m.Direction == switchboard.Inbound, Version: version(m),
		Return: "/messages/" + m.ID, Editing: f.editing != "",
	}
	if f.channel.Label() == m.Ours {
		d.Channel = rd.Number(m.Ours)
	}
	switch m.State {
	case switchboard.Assigned:
		d.Status = "Assigned"
	case switchboard.Dismissed:
		d.Status = "Dismissed"
	default:
		d.Status = "Unassigned"
	}
	for _, object := range messageObjects(m, f.phones) {
		field := RecordField{Key: objectKey(object), Label: objectLabel(string(object)), Object: string(object), Message: m.ID}
		if slices.Contains(matchedObjects(f.phones), object) {
			field.NewPath = newPath(object)
		}
		if m.Record != nil && m.Record.Object == object {
			field.ID, field.Name, field.URL = m.Record.ID, m.Record.Name, "/records/"+m.Record.ID
		}
		field.Focus = f.editing == field.Key
		d.Fields = append(d.Fields, field)
	}
	return d
}
