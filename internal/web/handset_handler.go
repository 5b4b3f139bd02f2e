package web

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/demo"
	"github.com/switchboardhq/switchboard/internal/store"
)

// handsetTexts is how much of a conversation the phone shows.
const handsetTexts = 12

// handset is what the demo's pages know of the sample organization.
type handset struct {
	actor   switchboard.Actor
	channel switchboard.Channel
	rd      reader
}

func (s *Server) handset(r *http.Request) (handset, error) {
	var h handset
	org, err := s.db.Org(r.Context())
	if err != nil {
		return h, err
	}
	h.actor = switchboard.Actor{OrgID: org, Name: "Handset", Role: switchboard.Agent}
	channels, err := s.db.Channels(r.Context(), org)
	if err != nil {
		return h, err
	}
	if len(channels) == 0 {
		return h, switchboard.Errorf(switchboard.CodeNotFound, "The sample organization has no channel. Start the demo anew.")
	}
	h.channel = channels[0]
	set, err := s.db.Settings(r.Context(), org)
	if err != nil {
		return h, err
	}
	h.rd, err = s.reader(set)
	return h, err
}

func texter(id string) demo.Texter {
	all := demo.Texters()
	for _, t := range all {
		if t.ID == id {
			return t
		}
	}
	return all[0]
}

func (s *Server) showHandset(w http.ResponseWriter, r *http.Request) error {
	return s.handsetPage(w, r, http.StatusOK, "")
}

func (s *Server) handsetPage(w http.ResponseWriter, r *http.Request, status int, failed string) error {
	h, err := s.handset(r)
	if err != nil {
		return err
	}
	ctx, org := r.Context(), h.actor.OrgID
	who := texter(r.FormValue("as"))
	p := HandsetPage{
		Page: Page{Title: "Handset", Org: demo.Org, Detached: true}, Ours: demo.Short, Number: h.rd.Number(demo.Number),
		As: who.First + " " + who.Last + ", " + h.rd.Number(who.Number), Person: who.ID, Error: failed, Salesforce: s.demoOrg,
	}
	waiting, err := s.db.QueueCounts(ctx, org, "")
	if err != nil {
		return err
	}
	p.Waiting = waiting.Senders
	for i, t := range demo.Texters() {
		p.People = append(p.People, HandsetPerson{ID: t.ID, Name: t.First, Ending: t.Number[len(t.Number)-4:], Initials: initials(t.First + " " + t.Last), URL: "/demo/handset?as=" + t.ID, Tone: itoa(i + 1), Current: t.ID == who.ID})
	}
	thread, err := s.db.Conversation(ctx, org, switchboard.ParseSender(who.Number, "US").Key, handsetTexts)
	if err != nil {
		return err
	}
	p.Days = phoneDays(thread, h.rd)
	played := s.playedMessage(r, h)
	if p.Situations, err = s.situations(r, h, played); err != nil {
		return err
	}
	if played != nil {
		p.Happened = s.happened(r, h, played)
	}
	return s.pages.Page(w, r, status, "handset", p)
}

// playedMessage is the text that was just sent, nil if none was.
func (s *Server) playedMessage(r *http.Request, h handset) *switchboard.Message {
	id := r.FormValue("message")
	if id == "" {
		return nil
	}
	m, err := s.db.Message(r.Context(), h.actor.OrgID, id)
	if err != nil || m.Decision == nil {
		return nil
	}
	return m
}

// phoneDays is a conversation as the other side sees it: what came in to us
// went out there.
func phoneDays(thread []*switchboard.Message, rd reader) []Day {
	var all []Day
	for i, m := range thread {
		label := rd.day(m.Time)
		if len(all) == 0 || all[len(all)-1].Label != label {
			all = append(all, Day{Label: label})
		}
		b := Bubble{Body: []Segment{{Text: m.Body}}, Outbound: m.Direction == switchboard.Inbound}
		if b.Outbound && i == len(thread)-1 {
			b.Note = "Delivered, " + rd.clock(m.Time)
		}
		day := &all[len(all)-1]
		day.Bubbles = append(day.Bubbles, b)
	}
	return all
}

// situations are the four cards. What a card promises is what the rule would
// decide now; of the one just played, it is what it decided.
func (s *Server) situations(r *http.Request, h handset, played *switchboard.Message) ([]SituationCard, error) {
	drawings := map[string]Drawing{
		"one":       draw("One record has the number: the text goes to it.", figurant{"chosen", "Miles", false}, figurant{"other", "Lena", false}),
		"none":      draw("No record has the number: a person decides.", figurant{"other", "Lena", false}, figurant{"other", "Tom", false}, figurant{"bell", "A person", false}),
		"history":   draw("Two records have the number and one has previous messages: the text goes to that one.", figurant{"match", "Mia", false}, figurant{"chosen", "Jonas", true}),
		"ambiguous": draw("Two records have the number and neither has a previous message: a person decides.", figurant{"match", "Priya", false}, figurant{"match", "P. Raman", false}, figurant{"bell", "A person", false}),
	}
	var cards []SituationCard
	for i, x := range demo.Situations() {
		who := texter(x.Who)
		c := SituationCard{ID: x.ID, Number: itoa(i + 1), Title: x.Title, Drawing: drawings[x.ID], Button: "Send as " + who.First}
		d, err := s.db.Explain(r.Context(), h.actor.OrgID, h.channel.ID, who.Number)
		if err != nil {
			return nil, err
		}
		if played != nil && r.FormValue("played") == x.ID {
			c.Played, c.Button, d = true, "Send again", *played.Decision
		}
		c.Promise = promise(d)
		cards = append(cards, c)
	}
	return cards, nil
}

func promise(d switchboard.Decision) Chip {
	switch d.State() {
	case switchboard.Assigned:
		if d.Record != nil {
			return Chip{Kind: "done", Icon: "check", Text: "Assigned to " + d.Record.Name}
		}
		return Chip{Kind: "done", Icon: "add", Text: "Record created"}
	case switchboard.Dismissed:
		return Chip{Icon: "ban", Text: "Dismissed"}
	}
	return Chip{Kind: "several", Icon: "notification", Text: "Unassigned, bell rings"}
}

// happened explains what became of a text, in a sentence and four steps.
func (s *Server) happened(r *http.Request, h handset, m *switchboard.Message) *Happened {
	d := m.Decision
	out := &Happened{Name: m.Name(), URL: "/messages/" + m.ID, Rest: ". " + d.Because(h.rd.Reader)}
	var line []string
	for i, x := range demo.Situations() {
		if x.ID == r.FormValue("played") {
			line = append(line, "situation "+itoa(i+1))
		}
	}
	line = append(line, h.rd.clock(m.ReceivedAt))
	if took, err := strconv.Atoi(r.FormValue("took")); err == nil && took >= 0 && took < 60_000 {
		line = append(line, "decided and stored in "+itoa(max(took, 1))+" ms")
	}
	out.Line = strings.Join(line, ", ")
	last := HappenedStep{Kind: "done", Title: "Assigned", Note: "No bell, nothing to do"}
	switch {
	case m.State == switchboard.Assigned && m.Record != nil:
		out.Start, out.Strong = "Assigned to ", m.Record.Name
	case m.State == switchboard.Dismissed:
		out.Strong, last = "Dismissed", HappenedStep{Title: "Dismissed", Note: "No bell"}
	default:
		out.Strong, last = "Left to a person", HappenedStep{Kind: "several", Title: "Unassigned", Note: "The bell of " + s.bellOf(r, h) + " rings"}
	}
	out.Steps = append([]HappenedStep{{Title: "Text arrived", Note: "“" + excerpt(m.Body) + "”"}}, append(decidedSteps(d, h.rd), last)...)
	return out
}

// decidedSteps are the two things that the rule looked at.
func decidedSteps(d *switchboard.Decision, rd reader) []HappenedStep {
	var have, wrote []string
	for _, c := range d.Candidates {
		have = append(have, c.Record.Name)
		if !c.Last.IsZero() {
			wrote = append(wrote, c.Record.Name+", "+rd.day(c.Last.At))
		}
	}
	slices.Sort(have)
	match := HappenedStep{Title: itoa(len(have)) + " records have the number", Note: strings.Join(have, ", ")}
	history := HappenedStep{Title: itoa(len(wrote)) + " have a previous message", Note: strings.Join(wrote, "; ")}
	switch len(have) {
	case 0:
		match.Title, match.Note = "No record has the number", "So nobody can be chosen"
		history.Title, history.Note = "No history to ask", "It needs a record first"
	case 1:
		match.Title = "1 record has the number"
		history.Title, history.Note = "No need to ask the history", "One match is enough"
	default:
		switch len(wrote) {
		case 0:
			history.Title, history.Note = "None has a previous message", "So the system cannot know"
		case 1:
			history.Title = "1 has a previous message"
		}
	}
	return []HappenedStep{match, history}
}

func (s *Server) bellOf(r *http.Request, h handset) string {
	u, err := s.db.User(r.Context(), h.actor.OrgID, h.channel.AuthenticatedBy)
	if err != nil {
		return "an admin"
	}
	return u.Name
}

// playHandset sends a text from the phone, the whole way through the webhook.
func (s *Server) playHandset(w http.ResponseWriter, r *http.Request) error {
	h, err := s.handset(r)
	if err != nil {
		return err
	}
	who, body, played := texter(r.PostFormValue("as")), strings.TrimSpace(r.PostFormValue("body")), ""
	for _, x := range demo.Situations() {
		if x.ID == r.PostFormValue("situation") {
			who, body, played = texter(x.Who), x.Body, x.ID
		}
	}
	if body == "" {
		return s.handsetPage(w, r, http.StatusUnprocessableEntity, "Type a text first.")
	}
	began := s.now()
	if err := s.sendText(r.Context(), h.actor, h.channel, who.Number, body); err != nil {
		return err
	}
	took := s.now().Sub(began).Milliseconds()
	newest, _, err := s.db.Messages(r.Context(), h.actor.OrgID, store.MessageFilter{From: who.Number, Page: store.Page{Limit: 1}})
	if err != nil {
		return err
	}
	to := "/demo/handset?as=" + who.ID + "&played=" + played + "&took=" + strconv.FormatInt(took, 10)
	if len(newest) > 0 {
		to += "&message=" + queryEscape(newest[0].ID)
	}
	return seeOther(w, r, to)
}
