package web

import (
	"net/http"
	"net/url"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
)

// What a form of the desk says, in every one of them: scope=sender takes the
// sender's other waiting texts along, remember links the number, version is
// the text's as the visitor saw it, return is where the page goes on, current
// the row that is next there.

func placement(r *http.Request, ids ...string) store.Placement {
	return store.Placement{
		MessageIDs: ids, RecordID: r.FormValue("record"), WholeSender: r.FormValue("scope") == "sender",
		Remember: r.FormValue("remember") == "true", Version: formVersion(r),
	}
}

// assignMessage places a text on a record that the page offered.
func (s *Server) assignMessage(w http.ResponseWriter, r *http.Request) error {
	v, _ := visitorOf(r.Context())
	id := r.PathValue("id")
	c, err := s.desk.Place(r.Context(), v.Actor, placement(r, id))
	if err != nil {
		return s.refused(w, r, id, err)
	}
	s.placed(r, c, "")
	return s.goOn(w, r, "/messages/"+id)
}

// assignFound places one text or many on a record that was searched for.
func (s *Server) assignFound(w http.ResponseWriter, r *http.Request) error {
	v, _ := visitorOf(r.Context())
	if err := readForm(r); err != nil {
		return err
	}
	ids := r.PostForm["id"]
	if err := s.stillWait(r, ids); err != nil {
		return err
	}
	c, err := s.desk.Place(r.Context(), v.Actor, placement(r, ids...))
	if err != nil {
		if len(ids) == 1 {
			return s.refused(w, r, ids[0], err)
		}
		return err
	}
	s.placed(r, c, "")
	return s.goOn(w, r, "/unassigned")
}

// placed keeps the toast of a placement, and the token that takes it back.
func (s *Server) placed(r *http.Request, c store.Changed, title string) {
	m := c.Messages[0]
	s.keepUndo(r, c)
	t := Toast{Kind: "done", Icon: "success", Title: title, Undo: c.Undo, Return: returnOf(r, "/messages/"+m.ID)}
	if title == "" {
		t.Title = "Assigned"
		if m.Record != nil {
			t.Title += " to " + m.Record.Name
		}
		t.Note = alongNote(c.Messages)
	} else {
		t.Note = "and the text assigned to it"
		if m.Record != nil { // whoever looks for a placement finds it by the same name
			t.Label = "Assigned to " + m.Record.Name
		}
		if n := len(c.Messages); n > 1 {
			t.Note = "and " + itoa(n) + " texts assigned to it"
		}
	}
	s.sessions.flash(r.Context(), t)
}

// alongNote says what went along: the others of one number, or all of many.
func alongNote(messages []*switchboard.Message) string {
	others := len(messages) - 1
	if others == 0 {
		return ""
	}
	senders := map[switchboard.MatchKey]bool{}
	for _, m := range messages {
		senders[m.Sender.Key] = true
	}
	if len(senders) > 1 {
		return itoa(len(messages)) + " texts from " + itoa(len(senders)) + " senders"
	}
	return "and " + count(others, "other", "others") + " from this number"
}

// takeOff takes a text off its record.
func (s *Server) takeOff(w http.ResponseWriter, r *http.Request) error {
	v, _ := visitorOf(r.Context())
	id := r.PathValue("id")
	c, err := s.desk.TakeOff(r.Context(), v.Actor, []string{id}, formVersion(r))
	if err != nil {
		return s.refused(w, r, id, err)
	}
	s.keepUndo(r, c)
	title := "Taken off"
	if d := c.Messages[0].Decision; d != nil && d.From != nil {
		title += " " + d.From.Name
	}
	s.sessions.flash(r.Context(), Toast{Icon: "undo", Title: title, Note: "It waits in Unassigned.", Undo: c.Undo, Return: returnOf(r, "/messages/"+id)})
	return s.goOn(w, r, "/messages/"+id)
}

// takeOffMany takes texts off their record that had come along with another.
func (s *Server) takeOffMany(w http.ResponseWriter, r *http.Request) error {
	v, _ := visitorOf(r.Context())
	if err := readForm(r); err != nil {
		return err
	}
	c, err := s.desk.TakeOff(r.Context(), v.Actor, r.PostForm["id"], 0)
	if err != nil {
		return err
	}
	s.keepUndo(r, c)
	s.sessions.flash(r.Context(), Toast{Icon: "undo", Title: count(len(c.Messages), "text", "texts") + " taken off", Note: "They wait in Unassigned.", Undo: c.Undo, Return: returnOf(r, "/unassigned")})
	return s.goOn(w, r, "/unassigned")
}

// dismiss puts a text aside, and its sender too if asked.
func (s *Server) dismiss(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	return s.dismissAll(w, r, []string{id}, "/messages/"+id)
}

func (s *Server) dismissAll(w http.ResponseWriter, r *http.Request, ids []string, fallback string) error {
	v, _ := visitorOf(r.Context())
	x := store.Dismissal{
		MessageIDs: ids, Reason: r.FormValue("reason"), BlockSender: r.FormValue("block_sender") == "true",
		WholeSender: r.FormValue("scope") == "sender", Version: formVersion(r),
	}
	if x.Reason == "block" { // one button says both
		x.Reason, x.BlockSender = "spam", true
	}
	c, err := s.desk.Dismiss(r.Context(), v.Actor, x)
	if err != nil {
		return s.refused(w, r, ids[0], err)
	}
	s.keepUndo(r, c)
	t := Toast{Icon: "ban", Title: "Dismissed", Undo: c.Undo, Return: returnOf(r, fallback)}
	if n := len(c.Messages); n > 1 {
		t.Title = itoa(n) + " texts dismissed"
	}
	if x.BlockSender {
		t.Note = "and the sender blocked"
	}
	s.sessions.flash(r.Context(), t)
	return s.goOn(w, r, fallback)
}

// stillWait fails if somebody placed one of many selected texts meanwhile: what
// others did is never moved by the way. A single text has its version for that.
func (s *Server) stillWait(r *http.Request, ids []string) error {
	if len(ids) < 2 {
		return nil
	}
	v, _ := visitorOf(r.Context())
	messages, err := s.db.MessagesByID(r.Context(), v.Actor.OrgID, ids)
	if err != nil {
		return err
	}
	for _, m := range messages {
		if m.State != switchboard.Unassigned {
			return switchboard.Errorf(switchboard.CodeConflict, "%s does not wait any more, so nothing was changed. Refresh the list and select again.", m.Name())
		}
	}
	return nil
}

// bulk does one thing with many selected senders.
func (s *Server) bulk(w http.ResponseWriter, r *http.Request) error {
	if err := readForm(r); err != nil {
		return err
	}
	ids := r.PostForm["id"]
	if len(ids) == 0 {
		return switchboard.Invalid("id", "Select at least one sender.")
	}
	if err := s.stillWait(r, ids); err != nil {
		return err
	}
	do := r.PostForm.Get("do")
	if do == "find" {
		q := url.Values{"message": ids, "scope": {"sender"}, "return": {returnOf(r, "/unassigned")}}
		return seeOther(w, r, "/find?"+q.Encode())
	}
	r.Form.Set("reason", do)
	r.Form.Set("scope", "sender")
	return s.dismissAll(w, r, ids, "/unassigned")
}

// undo takes the last action back.
func (s *Server) undo(w http.ResponseWriter, r *http.Request) error {
	v, _ := visitorOf(r.Context())
	token := r.FormValue("token")
	messages, err := s.desk.Undo(r.Context(), v.Actor, token)
	s.dropUndo(r, token)
	switch switchboard.ErrorCode(err) {
	case "":
	case switchboard.CodeConflict, switchboard.CodeUndoGone:
		s.sessions.flash(r.Context(), Toast{Kind: "error", Icon: "error", Title: "Could not undo", Note: switchboard.ErrorMessage(err)})
		return s.goOn(w, r, "/unassigned")
	default:
		return err
	}
	waiting := 0
	for _, m := range messages {
		if m.State == switchboard.Unassigned {
			waiting++
		}
	}
	title := "Taken back"
	if waiting > 0 {
		title = "Taken back. " + count(waiting, "text waits", "texts wait") + " again"
	}
	s.sessions.flash(r.Context(), Toast{Icon: "undo", Title: title})
	return s.goOn(w, r, "/unassigned")
}

// refused answers an action that the desk did not do. What somebody else was
// faster with is shown on the text's own page, with the choice that was not
// saved.
func (s *Server) refused(w http.ResponseWriter, r *http.Request, id string, err error) error {
	switch switchboard.ErrorCode(err) {
	case switchboard.CodeConflict:
		return s.showConflict(w, r, id, err)
	case switchboard.CodeRecordDeleted, switchboard.CodeNotAssigned:
		s.sessions.flash(r.Context(), Toast{Kind: "error", Icon: "error", Title: "Not saved", Note: switchboard.ErrorMessage(err)})
		return s.goOn(w, r, "/messages/"+id)
	}
	return err
}

// goOn answers an action with the page that shows it. Scripts follow the
// redirect too.
func (s *Server) goOn(w http.ResponseWriter, r *http.Request, fallback string) error {
	return seeOther(w, r, returnOf(r, fallback))
}

// returnOf is the page that a form comes back to, with the row that is next.
func returnOf(r *http.Request, fallback string) string {
	path := ownPath(r.FormValue("return"), fallback)
	current := r.FormValue("current")
	u, err := url.Parse(path)
	if err != nil {
		return fallback
	}
	if u.Path == "/unassigned" {
		q := u.Query()
		q.Del("current")
		if current != "" {
			q.Set("current", current)
		}
		u.RawQuery = q.Encode()
	}
	return u.RequestURI()
}
