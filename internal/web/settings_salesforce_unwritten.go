package web

import (
	"net/http"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
)

// listedUnwritten is how many things that could not be written are listed.
const listedUnwritten = 100

func (s *Server) showUnwritten(w http.ResponseWriter, r *http.Request) error {
	v, rd, _, err := s.settingsOf(r)
	if err != nil {
		return err
	}
	list, err := s.db.Unwritten(r.Context(), v.Actor.OrgID, listedUnwritten)
	if err != nil {
		return err
	}
	p := UnwrittenPage{Settings: s.settingsFrame(r, "Could not be written", partSalesforce)}
	p.Heading = "Not written"
	if len(list) >= listedUnwritten {
		p.More = "These are the newest. Mend some, and the others appear."
	}
	if p.Rows, err = s.unwrittenRows(r, v, list, rd); err != nil {
		return err
	}
	return s.pages.Page(w, r, http.StatusOK, "settings_unwritten", p)
}

// unwrittenRows names what the list is about. What is gone meanwhile is left
// out.
func (s *Server) unwrittenRows(r *http.Request, v visitor, list []store.Unwritten, rd reader) ([]UnwrittenRow, error) {
	ctx, org := r.Context(), v.Actor.OrgID
	var recordIDs, messageIDs []string
	notes := map[string]*switchboard.Notification{}
	for _, u := range list {
		switch u.Kind {
		case store.KindRecordPush:
			recordIDs = append(recordIDs, u.SubjectID)
		case store.KindMessagePush:
			messageIDs = append(messageIDs, u.SubjectID)
		case store.KindBell:
			n, err := s.db.Notification(ctx, org, u.SubjectID)
			if err != nil && switchboard.ErrorCode(err) != switchboard.CodeNotFound {
				return nil, err
			}
			if err == nil {
				notes[u.SubjectID] = &n
			}
		}
	}
	records, err := s.recordsWithAccounts(r, recordIDs)
	if err != nil {
		return nil, err
	}
	found, err := s.db.MessagesByID(ctx, org, messageIDs)
	if err != nil {
		return nil, err
	}
	messages := map[string]*switchboard.Message{}
	for _, m := range found {
		messages[m.ID] = m
	}
	var rows []UnwrittenRow
	for _, u := range list {
		row := UnwrittenRow{Kind: u.Kind, ID: u.SubjectID, Reason: upperFirst(sentenceEnd(u.Reason)), When: rd.age(u.At)}
		if u.Attempts > 0 {
			row.Tries = count(u.Attempts, "try", "tries")
		}
		if u.Reason == "" {
			row.Reason = "Salesforce did not say why."
		}
		rec, m, n := records[u.SubjectID], messages[u.SubjectID], notes[u.SubjectID]
		switch {
		case u.Kind == store.KindRecordPush && rec != nil:
			row.Object, row.Name, row.URL = string(rec.Object), rec.Name, "/records/"+rec.ID
			row.mend(u)
		case u.Kind == store.KindMessagePush && m != nil:
			row.Object, row.Name, row.URL = "SMS", m.Name(), "/messages/"+m.ID
		case u.Kind == store.KindBell && n != nil:
			row.Object, row.Name, row.URL = "SMS", "Bell for "+rd.Number(n.Sender.Address), "/messages/"+n.MessageID
		default:
			continue
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// mend says where a person puts a record right.
func (row *UnwrittenRow) mend(u store.Unwritten) {
	switch {
	case len(u.Matches) > 0:
		row.Mend, row.MendURL = "Settle the duplicate", row.URL+"#salesforce"
	case u.Field != "":
		row.Field = switchboard.FieldLabel(u.Field)
		row.Mend, row.MendURL = "Edit "+row.Field, row.URL+"?edit="+queryEscape(u.Field)
	default:
		row.Mend, row.MendURL = "Open", row.URL
	}
}

func (s *Server) retryUnwritten(w http.ResponseWriter, r *http.Request) error {
	v, _ := visitorOf(r.Context())
	if err := s.desk.RetrySalesforce(r.Context(), v.Actor, r.PostFormValue("kind"), r.PostFormValue("id")); err != nil {
		return s.notSaved(w, r, err, unwrittenPath)
	}
	return s.saved(w, r, "Trying again", "If Salesforce still refuses it, it comes back to this list.", unwrittenPath)
}
