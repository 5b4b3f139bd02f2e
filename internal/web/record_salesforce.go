package web

import (
	"net/http"
	"strings"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
)

// RecordSync is how a record stands with its twin in Salesforce.
type RecordSync struct {
	ID      string // of the record
	Writes  bool
	Chip    Chip
	There   string // its address in Salesforce; empty if it is not there
	TheirID string
	Refused string // in Salesforce's words; empty if it did not refuse it
	GivenUp string // why it is not tried any more, though it was not refused
	Field   string // the label of the field that it is about
	EditURL string // where that field is mended
	EditKey string
	Twins   []Twin // that Salesforce takes the record for
	Into    *RecordLink
	Kept    []KeptValue
}

// A Twin is a record in Salesforce that a new one is taken for.
type Twin struct {
	SalesforceID string
	URL          string // here, or else there
	Object       string
	Name         string
	Line         string
	Here         bool // it has been read already, and so can be used
}

// A KeptValue is what stood here in a field that both sides changed.
type KeptValue struct {
	Label  string
	Ours   string
	Theirs string
	When   Age
}

// listedKept is how many such values a record shows.
const listedKept = 5

// salesforceOf reads the org's connection; one that never was is zero.
func (s *Server) salesforceOf(r *http.Request) (store.Salesforce, error) {
	v, _ := visitorOf(r.Context())
	c, err := s.db.Salesforce(r.Context(), v.Actor.OrgID)
	if switchboard.ErrorCode(err) == switchboard.CodeNotFound {
		return store.Salesforce{}, nil
	}
	return c, err
}

// recordSync prepares how the record stands with Salesforce; nil where there is
// nothing to say.
func (s *Server) recordSync(r *http.Request, rec *switchboard.Record, rd reader) (*RecordSync, error) {
	v, _ := visitorOf(r.Context())
	c, err := s.salesforceOf(r)
	if err != nil || c.SalesforceOrgID == "" {
		return nil, err
	}
	state, err := s.db.RecordSync(r.Context(), v.Actor.OrgID, rec.ID)
	if err != nil {
		return nil, err
	}
	p := &RecordSync{ID: rec.ID, TheirID: state.SalesforceID, There: recordAt(c, state.SalesforceID), Writes: v.Actor.Role.Can(switchboard.MayEdit) && !rec.Deleted}
	if state.MergedInto != "" {
		into, err := s.db.Record(r.Context(), v.Actor.OrgID, state.MergedInto)
		if err != nil {
			return nil, err
		}
		p.Into = &RecordLink{URL: "/records/" + into.ID, Object: string(into.Object), Name: into.Name}
	}
	switch {
	case p.Into != nil:
		p.Chip = Chip{Icon: "link", Text: "Merged"}
	case state.Refused != nil && !rec.Deleted:
		p.Chip = Chip{Kind: "error", Icon: "error", Text: "Refused by Salesforce"}
		if err := s.refusal(r, p, *state.Refused, rec, c); err != nil {
			return nil, err
		}
	case state.GivenUp != "" && state.Wanted:
		p.Chip, p.GivenUp = Chip{Kind: "error", Icon: "error", Text: "Not written to Salesforce"}, upperFirst(sentenceEnd(state.GivenUp))
	case !state.Wanted:
		p.Chip = Chip{Icon: "unlinked", Text: "Salesforce is disconnected"}
	case state.Waiting:
		p.Chip = Chip{Kind: "several", Icon: "clock", Text: "On its way to Salesforce"}
	case state.SalesforceID != "":
		p.Chip = Chip{Kind: "done", Icon: "success", Text: "In line with Salesforce"}
	case rec.Deleted:
		return nil, nil
	default:
		p.Chip = Chip{Kind: "several", Icon: "clock", Text: "Not in Salesforce yet"}
	}
	p.Kept, err = s.keptValues(r, v, rec.ID, rd)
	return p, err
}

// refusal fills in why Salesforce did not take the record, and what can be done.
func (s *Server) refusal(r *http.Request, p *RecordSync, e store.SyncError, rec *switchboard.Record, c store.Salesforce) error {
	v, _ := visitorOf(r.Context())
	p.Refused = upperFirst(sentenceEnd(e.Message))
	if p.Refused == "" {
		p.Refused = "Salesforce did not say why."
	}
	if e.Field != "" {
		p.Field, p.EditKey, p.EditURL = switchboard.FieldLabel(e.Field), e.Field, "/records/"+rec.ID+"?edit="+queryEscape(e.Field)
	}
	if p.TheirID != "" {
		return nil // the two are merged there
	}
	for _, id := range e.Matches {
		twin := Twin{SalesforceID: id, URL: recordAt(c, id), Object: string(rec.Object), Name: id}
		found, err := s.db.RecordBySalesforceID(r.Context(), v.Actor.OrgID, id)
		if err != nil && switchboard.ErrorCode(err) != switchboard.CodeNotFound {
			return err
		}
		if err == nil {
			twin.Here, twin.Name, twin.Object, twin.URL = true, found.Name, string(found.Object), "/records/"+found.ID
			twin.Line = dotted(firstPhone(found), found.Fields.Text("Email"))
		}
		p.Twins = append(p.Twins, twin)
	}
	return nil
}

// keptValues are those of the record's fields that both sides changed, where
// Salesforce's stands.
func (s *Server) keptValues(r *http.Request, v visitor, record string, rd reader) ([]KeptValue, error) {
	list, _, err := s.db.AuditTrail(r.Context(), v.Actor.OrgID, store.AuditFilter{SubjectID: record, Page: store.Page{Limit: store.MaxPage}})
	var kept []KeptValue
	for _, e := range list {
		if c, ok := conflictOf(e); ok && len(kept) < listedKept {
			kept = append(kept, KeptValue{Label: switchboard.FieldLabel(c.Field), Ours: orEmpty(c.Ours), Theirs: orEmpty(c.Theirs), When: rd.age(e.At)})
		}
	}
	return kept, err
}

func orEmpty(v any) string {
	if text := valueText(v); text != "" {
		return "“" + text + "”"
	}
	return "nothing"
}

// wrongThere is the field that Salesforce refused, and its words, for the form.
func (p *RecordSync) wrongThere() map[string]string {
	if p == nil || p.EditKey == "" {
		return nil
	}
	return map[string]string{p.EditKey: "Salesforce: " + p.Refused}
}

// markRefused puts Salesforce's words at the field that they are about.
func (p *RecordSync) markRefused(sections []FieldSection) {
	for name, words := range p.wrongThere() {
		for i := range sections {
			for j := range sections[i].Fields {
				if f := &sections[i].Fields[j]; f.Name == name {
					f.Warn = strings.TrimSpace(f.Warn + " " + words)
				}
			}
			for j := range sections[i].Inputs {
				if f := &sections[i].Inputs[j]; f.Name == name && f.Error == "" {
					f.Error = words
				}
			}
		}
	}
}

// useExisting settles a duplicate by taking the record that Salesforce has.
func (s *Server) useExisting(w http.ResponseWriter, r *http.Request, rec *switchboard.Record) error {
	v, _ := visitorOf(r.Context())
	into, err := s.desk.UseExisting(r.Context(), v.Actor, rec.ID, r.PostFormValue("salesforce_id"))
	if err != nil {
		return s.notSaved(w, r, err, "/records/"+rec.ID)
	}
	s.sessions.flash(r.Context(), Toast{Kind: "done", Icon: "success", Title: "Using " + into.Name, Note: "Its texts and numbers came along from the one made here."})
	return seeOther(w, r, "/records/"+into.ID)
}

// smsThere is the address of a text's row in Salesforce; "" if it has none.
func (s *Server) smsThere(r *http.Request, message string) (string, error) {
	v, _ := visitorOf(r.Context())
	id, err := s.db.SMSOf(r.Context(), v.Actor.OrgID, message)
	if err != nil || id == "" {
		return "", err
	}
	c, err := s.salesforceOf(r)
	return recordAt(c, id), err
}
