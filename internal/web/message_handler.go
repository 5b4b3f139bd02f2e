package web

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/switchboardhq/switchboard"
)

// threadShown is how many texts of a conversation an SMS record shows.
const threadShown = 50

// showMessage is the SMS record page. Looking at it is reading its
// notification.
func (s *Server) showMessage(w http.ResponseWriter, r *http.Request) error {
	v, _ := visitorOf(r.Context())
	m, err := s.db.Message(r.Context(), v.Actor.OrgID, r.PathValue("id"))
	if err != nil {
		return err
	}
	s.markRead(r.Context(), v, m.Sender.Key)
	p, err := s.messagePage(r, m, messageView{})
	if err != nil {
		return err
	}
	follow(w, r, p.URL)
	return s.pages.Page(w, r, http.StatusOK, "message", p)
}

// showMessageSince answers an open page that heard of a change: with nothing if
// the text is as the page shows it, else with the page.
func (s *Server) showMessageSince(w http.ResponseWriter, r *http.Request) error {
	v, _ := visitorOf(r.Context())
	m, err := s.db.Message(r.Context(), v.Actor.OrgID, r.PathValue("id"))
	if err != nil {
		return err
	}
	if r.FormValue("version") == version(m) {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	p, err := s.messagePage(r, m, messageView{live: true})
	if err != nil {
		return err
	}
	return s.pages.Page(w, r, http.StatusOK, "message", p)
}

// messageFacts reads what the page of m shows.
func (s *Server) messageFacts(r *http.Request, m *switchboard.Message) (messageFacts, error) {
	v, _ := visitorOf(r.Context())
	ctx, org := r.Context(), v.Actor.OrgID
	f := messageFacts{message: m, writes: v.Actor.Role.Can(switchboard.MayPlace), undo: s.undoOf(r, m.ID)}
	_, _, set, err := s.settingsOf(r)
	if err != nil {
		return f, err
	}
	f.phones = set.PhoneFields
	if f.channel, err = s.db.Channel(ctx, org, m.ChannelID); err != nil {
		return f, err
	}
	if f.thread, err = s.db.Conversation(ctx, org, m.Sender.Key, threadShown); err != nil {
		return f, err
	}
	if f.there, err = s.smsThere(r, m.ID); err != nil {
		return f, err
	}
	state, err := s.db.SenderState(ctx, org, m.Sender.Key)
	if err != nil {
		return f, err
	}
	if f.waiting = state.Waiting; state.OptedOut {
		f.optedOut = state.ConsentAt
	}
	if f.records, err = s.candidateRecords(r, m); err != nil {
		return f, err
	}
	if m.State == switchboard.Unassigned {
		f.notified, err = s.notified(r, f.channel)
		return f, err
	}
	if m.Direction == switchboard.Inbound {
		next, err := s.desk.Explain(ctx, v.Actor, m.ChannelID, m.Sender.Address)
		if err != nil {
			return f, err
		}
		f.next = &next
	}
	return f, nil
}

// candidateRecords reads the candidates of messages, and their accounts.
func (s *Server) candidateRecords(r *http.Request, messages ...*switchboard.Message) (recordSet, error) {
	var ids []string
	for _, m := range messages {
		if m.Decision != nil {
			for _, c := range m.Decision.Candidates {
				ids = append(ids, c.Record.ID)
			}
		}
		if m.Record != nil {
			ids = append(ids, m.Record.ID)
		}
	}
	return s.recordsWithAccounts(r, ids)
}

func (s *Server) recordsWithAccounts(r *http.Request, ids []string) (recordSet, error) {
	v, _ := visitorOf(r.Context())
	set := recordSet{}
	for range 2 { // the records, then their accounts
		var missing []string
		for _, id := range ids {
			if id != "" && set[id] == nil && !slices.Contains(missing, id) {
				missing = append(missing, id)
			}
		}
		if len(missing) == 0 {
			break
		}
		found, err := s.db.RecordsByID(r.Context(), v.Actor.OrgID, missing)
		if err != nil {
			return nil, err
		}
		ids = nil
		for _, rec := range found {
			set[rec.ID] = rec
			ids = append(ids, rec.Fields.Text("AccountId"))
		}
	}
	return set, nil
}

// notified names who heard of a text on the channel that the rule could not
// place.
func (s *Server) notified(r *http.Request, c switchboard.Channel) (string, error) {
	v, _ := visitorOf(r.Context())
	users, err := s.db.Users(r.Context(), v.Actor.OrgID)
	if err != nil {
		return "", err
	}
	to := switchboard.Recipients(c, users)
	switch len(to) {
	case 0:
		return "", nil
	case 1:
		for _, u := range users {
			if u.ID == to[0].UserID {
				return u.Name, nil
			}
		}
	}
	return count(len(to), "admin", "admins"), nil
}

// A messageView is how the page of a text is asked for.
type messageView struct {
	editing string // the field being edited; empty for none
	// live says that the page looks again by itself. A toast then waits for the
	// answer to what the visitor did, which is on its way.
	live bool
}

// messagePage reads and prepares the whole page of m.
func (s *Server) messagePage(r *http.Request, m *switchboard.Message, view messageView) (MessagePage, error) {
	f, err := s.messageFacts(r, m)
	if err != nil {
		return MessagePage{}, err
	}
	f.editing = view.editing
	v, rd, _, err := s.settingsOf(r)
	if err != nil {
		return MessagePage{}, err
	}
	p := messagePage(f, rd)
	if r.Header.Get("HX-Target") == "details" {
		return p, nil // the rest stays as it is, and a toast waits for a page
	}
	if view.live {
		if p.Page, err = s.frameOf(r, v, m.Name(), "unassigned"); err != nil {
			return p, err
		}
	} else {
		p.Page = s.frame(r, m.Name(), "unassigned")
	}
	p.Return, p.Focused = p.URL, true
	if !view.live {
		if p.Why.CameAlong, err = s.cameAlong(r, m.ID); err != nil {
			return p, err
		}
	}
	return p, s.placeInQueue(r, &p, m, rd)
}

// cameAlong are the later texts that the text's former link brought to the
// record that it was taken off.
func (s *Server) cameAlong(r *http.Request, id string) ([]Along, error) {
	v, _ := visitorOf(r.Context())
	ids := s.takeAlong(r, id)
	if len(ids) == 0 {
		return nil, nil
	}
	messages, err := s.db.MessagesByID(r.Context(), v.Actor.OrgID, ids)
	var all []Along
	for _, m := range messages {
		if m.State == switchboard.Assigned {
			all = append(all, Along{ID: m.ID, Name: m.Name(), Body: saying(m)})
		}
	}
	return all, err
}

// placeInQueue fills where the text stands among those that wait, and what
// comes after it.
func (s *Server) placeInQueue(r *http.Request, p *MessagePage, m *switchboard.Message, rd reader) error {
	v, _ := visitorOf(r.Context())
	at, err := s.db.QueueNeighbors(r.Context(), v.Actor.OrgID, m.Sender.Key)
	if err != nil {
		return err
	}
	if at.Prev != nil {
		p.PrevURL = "/messages/" + at.Prev.Message.ID
	}
	if at.Next != nil {
		p.NextURL = "/messages/" + at.Next.Message.ID
	}
	if p.Waits && at.Index > 0 {
		p.Place = itoa(at.Index) + " of " + itoa(at.Total)
		return nil
	}
	if next := at.Next; next != nil && !p.Waits && p.User.Writes {
		p.Next = &NextUp{
			URL: "/messages/" + next.Message.ID, Number: rd.Number(next.Sender.Address), Chip: reasonChip(next.Message.Decision),
			Age: rd.age(next.Message.Time), Body: saying(next.Message), Left: itoa(at.Total) + " left",
		}
	}
	return nil
}

// showConflict answers a person who was too late: the page as it stands now,
// what happened, and the choice that was not saved.
func (s *Server) showConflict(w http.ResponseWriter, r *http.Request, id string, conflict error) error {
	v, _ := visitorOf(r.Context())
	m, err := s.db.Message(r.Context(), v.Actor.OrgID, id)
	if err != nil {
		return err
	}
	p, err := s.messagePage(r, m, messageView{})
	if err != nil {
		return err
	}
	what, lost := switchboard.ErrorMessage(conflict), ""
	if at := strings.LastIndex(what, " Your choice"); at > 0 {
		what, lost = what[:at], what[at+1:]
	}
	c := &Conflict{What: what, Lost: lost, ID: m.ID, URL: p.URL, Return: p.URL, Along: r.FormValue("scope") == "sender", Keep: "Keep it as it is"}
	if m.Record != nil {
		c.Keep = "Keep " + m.Record.Name
	}
	_, _, set, err := s.settingsOf(r)
	if err != nil {
		return err
	}
	switch choice := chosenRecord(r, messageObjects(m, set.PhoneFields)); {
	case choice == "":
	case m.Record != nil && m.Record.ID == choice:
		c.Lost = "You chose the same record."
	default:
		if rec, err := s.db.Record(r.Context(), v.Actor.OrgID, choice); err == nil && !rec.Deleted {
			c.Record, c.Name = rec.ID, rec.Name
		}
	}
	p.Conflict = c
	follow(w, r, p.URL)
	return s.pages.Page(w, r, http.StatusConflict, "message", p)
}

// chosenRecord is the record that a form chose, in whichever of its fields.
func chosenRecord(r *http.Request, objects []switchboard.Object) string {
	id := r.FormValue("record")
	for _, object := range objects {
		id = cmp.Or(id, r.FormValue(objectKey(object)))
	}
	return id
}
