package web

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
)

// How many of a record's messages its page shows at first, and at most.
const (
	recordMessages    = 30
	recordMessagesAll = 500
)

func (s *Server) showRecord(w http.ResponseWriter, r *http.Request) error {
	v, _ := visitorOf(r.Context())
	rec, err := s.db.Record(r.Context(), v.Actor.OrgID, r.PathValue("id"))
	if err != nil {
		return err
	}
	return s.recordPage(w, r, http.StatusOK, rec, recordEdit{focus: r.FormValue("edit")})
}

// recordEdit is a form being filled in.
type recordEdit struct {
	focus    string            // the field whose pencil was clicked; empty: no form
	typed    map[string]string // what stands in it; nil: what the record holds
	wrong    map[string]string
	conflict string
}

func (s *Server) recordPage(w http.ResponseWriter, r *http.Request, status int, rec *switchboard.Record, edit recordEdit) error {
	v, rd, set, err := s.settingsOf(r)
	if err != nil {
		return err
	}
	var accounts recordSet
	ids := []string{rec.Fields.Text("AccountId"), edit.typed["AccountId"]}
	if accounts, err = s.recordsWithAccounts(r, slices.DeleteFunc(ids, func(id string) bool { return id == "" })); err != nil {
		return err
	}
	p := RecordPage{
		ID: rec.ID, URL: "/records/" + rec.ID, Object: string(rec.Object), Name: rec.Name, Line: recordLine(rec, rd),
		Writes: v.Actor.Role.Can(switchboard.MayEdit), Version: strconv.FormatInt(rec.Version, 10), Highlights: highlights(rec, accounts, set.PhoneFields),
	}
	p.Details = RecordDetails{ID: p.ID, URL: p.URL, Object: p.Object, Writes: p.Writes && !rec.Deleted, Version: p.Version, Conflict: edit.conflict}
	if p.Sync, err = s.recordSync(r, rec, rd); err != nil {
		return err
	}
	if edit.focus != "" && p.Details.Writes {
		p.Details.Editing, p.Details.Was = true, wasText(rec)
		p.Details.Sections = recordInputs(rec, accounts, set.PhoneFields, edit.typed, edit.wrong, edit.focus)
		if len(edit.wrong) > 0 {
			p.Details.Error = "Correct what is marked."
		}
	} else {
		p.Details.Sections = recordSections(rec, accounts, set)
	}
	p.Sync.markRefused(p.Details.Sections)
	if r.Header.Get("HX-Request") == "true" && r.Header.Get("HX-Target") == "details" {
		return s.pages.Fragment(w, r, status, "record-details", p.Details)
	}
	if rec.Deleted {
		p.Deleted = "Deleted. It matches no text until it is restored; its messages stay here."
	}
	if err := s.fillRecord(r, &p, rec, rd); err != nil {
		return err
	}
	if rec.Object.Custom() {
		p.ListURL = listPath(rec.Object)
	}
	p.Page = s.frame(r, rec.Name, section(rec.Object))
	return s.pages.Page(w, r, status, "record", p)
}

// fillRecord adds the record's messages and remembered numbers.
func (s *Server) fillRecord(r *http.Request, p *RecordPage, rec *switchboard.Record, rd reader) error {
	v, _ := visitorOf(r.Context())
	limit := recordMessages
	if r.FormValue("all") != "" {
		limit = recordMessagesAll
	}
	list, next, err := s.db.Messages(r.Context(), v.Actor.OrgID, store.MessageFilter{RecordID: rec.ID, Page: store.Page{Limit: limit}})
	if err != nil {
		return err
	}
	if len(list) > 0 {
		p.Highlights = append(p.Highlights, Highlight{Label: "Last message", Value: rd.moment(list[0].Time)})
	}
	slices.SortStableFunc(list, func(a, b *switchboard.Message) int {
		return switchboard.Moment{At: a.Time, Seq: a.Seq}.Compare(switchboard.Moment{At: b.Time, Seq: b.Seq})
	})
	ref := rec.Ref()
	p.Conversation = Conversation{Thread: Thread{Days: days(list, &switchboard.Message{Record: &ref}, rd, nil)}}
	if next == "" {
		p.Conversation.Count = len(list)
	} else if limit == recordMessages {
		p.EarlierURL = p.URL + "?all=1"
	}
	p.NoMessages = "None yet. Texts from its numbers appear here."
	links, _, err := s.db.Links(r.Context(), v.Actor.OrgID, store.LinkFilter{RecordID: rec.ID, Page: store.Page{Limit: store.MaxPage}})
	for _, l := range links {
		p.Remembered = append(p.Remembered, RememberedNumber{ID: l.ID, Number: rd.Number(l.Sender.Address), Line: l.User.Name + ", " + rd.Time(l.CreatedAt)})
	}
	return err
}

// changeRecord saves, deletes or restores a record, or forgets one of its
// remembered numbers.
func (s *Server) changeRecord(w http.ResponseWriter, r *http.Request) error {
	v, _ := visitorOf(r.Context())
	ctx, id := r.Context(), r.PathValue("id")
	rec, err := s.db.Record(ctx, v.Actor.OrgID, id)
	if err != nil {
		return err
	}
	name := objectLabel(string(rec.Object)) + " " + rec.Name
	var t Toast
	switch do := r.PostFormValue("do"); do {
	case "save":
		return s.saveRecord(w, r, rec)
	case "use-existing":
		return s.useExisting(w, r, rec)
	case "sync":
		err = s.desk.RetrySalesforce(ctx, v.Actor, store.KindRecordPush, id)
		t = Toast{Kind: "done", Icon: "refresh", Title: "Trying again", Note: "Salesforce is asked once more to take " + rec.Name + "."}
	case "delete":
		err = s.desk.DeleteRecord(ctx, v.Actor, id)
		t = Toast{Kind: "done", Icon: "delete", Title: name + " deleted", Note: "It can be restored with everything."}
	case "restore":
		var resolved []*switchboard.Message
		_, resolved, err = s.desk.RestoreRecord(ctx, v.Actor, id)
		t = Toast{Kind: "done", Icon: "success", Title: name + " restored", Note: resolvedNote(resolved)}
	case "forget":
		err = s.desk.DeleteLink(ctx, v.Actor, r.PostFormValue("link"))
		t = Toast{Kind: "done", Icon: "success", Title: "Number forgotten", Note: "Texts that are assigned stay where they are."}
	default:
		err = switchboard.Invalid("do", "There is nothing to do called %q.", do)
	}
	if err != nil {
		return err
	}
	s.sessions.flash(ctx, t)
	return seeOther(w, r, "/records/"+id)
}

func resolvedNote(resolved []*switchboard.Message) string {
	if len(resolved) == 0 {
		return ""
	}
	return "and " + count(len(resolved), "waiting text assigned by the rule", "waiting texts assigned by the rule")
}

// saveRecord stores what a person changed in the form, and nothing else:
// fields that somebody else changed meanwhile stay as they are.
func (s *Server) saveRecord(w http.ResponseWriter, r *http.Request, rec *switchboard.Record) error {
	v, _ := visitorOf(r.Context())
	set, err := s.db.Settings(r.Context(), v.Actor.OrgID)
	if err != nil {
		return err
	}
	typed, patch := typedRecord(r, rec, set.PhoneFields)
	edit := recordEdit{focus: "all", typed: typed}
	after := switchboard.Fields{}
	for name, value := range rec.Fields {
		after[name] = value
	}
	for name, value := range patch {
		after[name] = value
	}
	if edit.wrong = checkForm(r, rec.Object, switchboard.RequiredFields(rec.Object), after); len(edit.wrong) > 0 {
		return s.recordPage(w, r, http.StatusUnprocessableEntity, rec, edit)
	}
	version, err := strconv.ParseInt(r.PostFormValue("version"), 10, 64)
	if err != nil {
		version = 0
	}
	resolved := []*switchboard.Message(nil)
	if len(patch) > 0 {
		_, resolved, err = s.desk.UpdateRecord(r.Context(), v.Actor, rec.ID, version, patch)
	} else {
		err = nil
	}
	switch switchboard.ErrorCode(err) {
	case "":
	case switchboard.CodeConflict:
		edit.conflict = switchboard.ErrorMessage(err) + " Your entries are still here: look at the others, then save again."
		for name := range typed {
			if _, mine := patch[name]; !mine && name != "AccountId_name" {
				delete(typed, name) // theirs
			}
		}
		return s.recordPage(w, r, http.StatusConflict, rec, edit)
	case switchboard.CodeInvalid:
		edit.wrong = map[string]string{fieldOf(err): switchboard.ErrorMessage(err)}
		return s.recordPage(w, r, http.StatusUnprocessableEntity, rec, edit)
	default:
		return err
	}
	s.sessions.flash(r.Context(), Toast{Kind: "done", Icon: "success", Title: "Saved", Note: resolvedNote(resolved)})
	return seeOther(w, r, "/records/"+rec.ID)
}

// typedRecord returns what stands in the form, and what of it a person changed
// since the form was made.
func typedRecord(r *http.Request, rec *switchboard.Record, matched switchboard.PhoneFields) (typed map[string]string, patch switchboard.Fields) {
	was := map[string]string{}
	if err := json.Unmarshal([]byte(r.PostFormValue("was")), &was); err != nil {
		was = map[string]string{}
	}
	typed, patch = map[string]string{"AccountId_name": r.PostFormValue("AccountId_name")}, switchboard.Fields{}
	for _, g := range groupsOf(rec, matched) {
		for _, name := range g.names {
			values, there := r.PostForm[name]
			if !there || len(values) == 0 {
				continue
			}
			value := strings.TrimSpace(strings.ReplaceAll(values[0], "\r\n", "\n"))
			typed[name] = value
			if value == strings.TrimSpace(was[name]) {
				continue
			}
			if value == "" {
				patch[name] = nil
			} else {
				patch[name] = value
			}
		}
	}
	return typed, patch
}
