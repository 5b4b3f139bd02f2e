package web

import (
	"net/http"
	"slices"
	"strings"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
)

// editDetails turns the fields of an SMS record into a form: for a script that
// section alone, else the whole page.
func (s *Server) editDetails(w http.ResponseWriter, r *http.Request) error {
	v, _ := visitorOf(r.Context())
	m, err := s.db.Message(r.Context(), v.Actor.OrgID, r.PathValue("id"))
	if err != nil {
		return err
	}
	_, _, set, err := s.settingsOf(r)
	if err != nil {
		return err
	}
	field := r.FormValue("field")
	if !slices.ContainsFunc(messageObjects(m, set.PhoneFields), func(o switchboard.Object) bool { return objectKey(o) == field }) {
		field = objectKey(switchboard.Contact)
	}
	// A record that was just made on its own page stands in its field.
	var fresh *switchboard.Record
	if id := r.FormValue(field); id != "" {
		if fresh, err = s.db.Record(r.Context(), v.Actor.OrgID, id); err != nil {
			return err
		}
	}
	p, err := s.messagePage(r, m, messageView{editing: field})
	if err != nil {
		return err
	}
	for i := range p.Details.Fields {
		if f := &p.Details.Fields[i]; fresh != nil && f.Key == field {
			f.ID, f.Name, f.Changed = fresh.ID, fresh.Name, true
		}
	}
	return s.showDetailsOf(w, r, p)
}

// showDetails is the section of fields as text.
func (s *Server) showDetails(w http.ResponseWriter, r *http.Request) error {
	v, _ := visitorOf(r.Context())
	m, err := s.db.Message(r.Context(), v.Actor.OrgID, r.PathValue("id"))
	if err != nil {
		return err
	}
	p, err := s.messagePage(r, m, messageView{})
	if err != nil {
		return err
	}
	return s.showDetailsOf(w, r, p)
}

func (s *Server) showDetailsOf(w http.ResponseWriter, r *http.Request, p MessagePage) error {
	if r.Header.Get("HX-Target") == "details" {
		return s.pages.Fragment(w, r, http.StatusOK, "details", p.Details)
	}
	return s.pages.Page(w, r, http.StatusOK, "message", p)
}

// saveDetails assigns the text to the record that now stands in one of the
// fields, or takes it off if none does.
func (s *Server) saveDetails(w http.ResponseWriter, r *http.Request) error {
	v, _ := visitorOf(r.Context())
	ctx, id := r.Context(), r.PathValue("id")
	m, err := s.db.Message(ctx, v.Actor.OrgID, id)
	if err != nil {
		return err
	}
	_, _, set, err := s.settingsOf(r)
	if err != nil {
		return err
	}
	choice, wrong := detailsChoice(r, m, messageObjects(m, set.PhoneFields))
	if wrong != nil {
		return s.showWrongDetails(w, r, m, *wrong)
	}
	var c store.Changed
	switch {
	case choice == "" && m.State != switchboard.Assigned:
		return s.goOn(w, r, "/messages/"+id) // nothing was chosen, nothing changes
	case choice == "":
		c, err = s.desk.TakeOff(ctx, v.Actor, []string{id}, formVersion(r))
	default:
		c, err = s.desk.Place(ctx, v.Actor, store.Placement{MessageIDs: []string{id}, RecordID: choice, Version: formVersion(r)})
	}
	if err != nil {
		return s.refused(w, r, id, err)
	}
	if choice == "" {
		s.keepUndo(r, c)
		s.sessions.flash(ctx, Toast{Icon: "undo", Title: "Taken off " + m.Record.Name, Note: "It waits in Unassigned.", Undo: c.Undo, Return: "/messages/" + id})
	} else {
		s.placed(r, c, "")
	}
	return s.goOn(w, r, "/messages/"+id)
}

// A wrongField is a field that can't be saved as it stands.
type wrongField struct {
	key     string
	message string
}

// detailsChoice reads which record the fields name. A text belongs to one
// record: of two that are filled, the one that was not there before counts.
func detailsChoice(r *http.Request, m *switchboard.Message, objects []switchboard.Object) (string, *wrongField) {
	var chosen, before []string
	for _, object := range objects {
		key := objectKey(object)
		id, typed := r.FormValue(key), strings.TrimSpace(r.FormValue(key+"_name"))
		switch {
		case id == "" && typed != "":
			return "", &wrongField{key, "Choose " + article(objectLabel(string(object))) + " from the list, or empty the field."}
		case id == "":
		case m.Record != nil && m.Record.ID == id:
			before = append(before, id)
		default:
			chosen = append(chosen, id)
		}
	}
	if len(chosen) > 1 {
		return "", &wrongField{"contact", "Choose one record: a text belongs to one."}
	}
	if len(chosen) == 1 {
		return chosen[0], nil
	}
	if len(before) == 1 {
		return before[0], nil
	}
	return "", nil
}

func (s *Server) showWrongDetails(w http.ResponseWriter, r *http.Request, m *switchboard.Message, wrong wrongField) error {
	p, err := s.messagePage(r, m, messageView{editing: wrong.key})
	if err != nil {
		return err
	}
	p.Details.Error = wrong.message
	for i := range p.Details.Fields {
		f := &p.Details.Fields[i]
		f.Query = r.FormValue(f.Key + "_name")
		f.ID, f.Changed = r.FormValue(f.Key), f.Query != f.Name
		if f.ID != "" {
			f.Name = f.Query
		}
		if f.Key != wrong.key {
			continue
		}
		f.Error = wrong.message
		if f.Choices, err = s.choices(r, f.Object, f.Query, m.Sender.Key); err != nil {
			return err
		}
	}
	return s.pages.Page(w, r, http.StatusUnprocessableEntity, "message", p)
}
