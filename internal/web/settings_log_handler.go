package web

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
)

const (
	listedQuarantine = 50
	listedAudit      = 100
	shownBody        = 64 << 10 // bytes of a quarantined body
)

func (s *Server) showQuarantine(w http.ResponseWriter, r *http.Request) error {
	v, rd, _, err := s.settingsOf(r)
	if err != nil {
		return err
	}
	list, next, err := s.db.Quarantined(r.Context(), v.Actor.OrgID, store.Page{Limit: listedQuarantine, Cursor: r.URL.Query().Get("after")})
	if err != nil {
		return err
	}
	p := QuarantinePage{Settings: s.settingsFrame(r, "Quarantine", partQuarantine)}
	for _, q := range list {
		row, err := s.quarantineRow(r, v, q, rd)
		if err != nil {
			return err
		}
		p.Rows = append(p.Rows, row)
	}
	if next != "" {
		p.NextURL = partQuarantine + "?after=" + queryEscape(next)
	}
	return s.pages.Page(w, r, http.StatusOK, "settings_quarantine", p)
}

func (s *Server) quarantineRow(r *http.Request, v visitor, q store.Quarantined, rd reader) (QuarantineRow, error) {
	row := QuarantineRow{
		ID: q.ID, URL: partQuarantine + "/" + q.ID, Provider: s.guideOf(q.Provider).Title, Reason: q.Reason, Size: grouped(int(q.Size)) + " bytes",
		When: Age{Text: rd.ago(q.ReceivedAt), ISO: rd.age(q.ReceivedAt).ISO, Full: rd.moment(q.ReceivedAt)}, Replayed: !q.ReplayedAt.IsZero(),
		Chip: Chip{Kind: "several", Icon: "clock", Text: "Not read"},
	}
	if row.Replayed {
		row.Chip = Chip{Kind: "done", Icon: "check", Text: "Replayed"}
	}
	c, err := s.db.Channel(r.Context(), v.Actor.OrgID, q.ChannelID)
	if switchboard.ErrorCode(err) == switchboard.CodeNotFound {
		row.Channel, err = "removed channel", nil
	} else {
		row.Channel = channelLabel(c, rd)
	}
	return row, err
}

func (s *Server) showQuarantined(w http.ResponseWriter, r *http.Request) error {
	v, rd, _, err := s.settingsOf(r)
	if err != nil {
		return err
	}
	q, request, err := s.db.OpenQuarantined(r.Context(), v.Actor.OrgID, r.PathValue("id"))
	if err != nil {
		return err
	}
	p := QuarantinedPage{Settings: s.settingsFrame(r, "Quarantined delivery", partQuarantine), Note: "Letters and digits of values are left out: they may be somebody’s."}
	if p.Item, err = s.quarantineRow(r, v, q, rd); err != nil {
		return err
	}
	var kept struct {
		Header http.Header `json:"header"`
		Body   []byte      `json:"body"`
	}
	if err := json.Unmarshal(request, &kept); err != nil {
		return err
	}
	for name, values := range kept.Header {
		value := redact(strings.Join(values, ", "))
		switch http.CanonicalHeaderKey(name) {
		case "Content-Type", "Content-Length", "Content-Encoding", "User-Agent", "Accept", "Accept-Encoding":
			value = strings.Join(values, ", ")
		}
		p.Headers = append(p.Headers, pair(name, value))
	}
	slices.SortFunc(p.Headers, func(a, b Fact) int { return strings.Compare(a.Label, b.Label) })
	body := kept.Body
	if len(body) > shownBody {
		body = body[:shownBody]
		p.Note += " Only its beginning is shown."
	}
	if !utf8.Valid(body) {
		p.Note += " It is not UTF-8."
	}
	p.Body = redact(strings.ToValidUTF8(string(body), "\uFFFD"))
	return s.pages.Page(w, r, http.StatusOK, "settings_quarantined", p)
}

func (s *Server) replayQuarantined(w http.ResponseWriter, r *http.Request) error {
	v, _ := visitorOf(r.Context())
	id := r.PathValue("id")
	if s.replay == nil {
		return switchboard.Errorf(switchboard.CodeUnavailable, "This process can't replay deliveries. Use the one that receives them.")
	}
	if err := s.replay(r.Context(), v.Actor, id); err != nil {
		return s.notSaved(w, r, err, partQuarantine+"/"+id)
	}
	return s.saved(w, r, "Replayed", "Its texts are stored and decided.", partQuarantine)
}

func (s *Server) showAudit(w http.ResponseWriter, r *http.Request) error {
	v, rd, _, err := s.settingsOf(r)
	if err != nil {
		return err
	}
	after := r.URL.Query().Get("after")
	list, next, err := s.db.AuditTrail(r.Context(), v.Actor.OrgID, store.AuditFilter{Page: store.Page{Limit: listedAudit, Cursor: after}})
	if err != nil {
		return err
	}
	p := AuditPage{Settings: s.settingsFrame(r, "Audit trail", partAudit)}
	names, err := s.auditNames(r, v, list)
	if err != nil {
		return err
	}
	for _, e := range list {
		row := AuditRow{When: Age{Text: rd.moment(e.At), ISO: rd.age(e.At).ISO, Full: rd.age(e.At).Full}, Who: e.ActorName, What: actionWords(e.Action), About: names[e.SubjectID], Detail: e.Detail}
		switch {
		case e.Subject == "sender":
			row.About = rd.Number(e.SubjectID)
		case row.About == "":
			row.About = e.Subject
		case e.Subject == "record":
			row.URL = "/records/" + e.SubjectID
		case e.Subject == "message":
			row.URL = "/messages/" + e.SubjectID
		}
		if name := names[e.Detail]; name != "" {
			row.Detail = "to " + name
		}
		if n, err := strconv.Atoi(e.Detail); err == nil && e.Subject == "message" { // how many went the same way at once
			row.Detail = ""
			if n > 1 {
				row.Detail = "with " + count(n-1, "other", "others")
			}
		}
		if c, ok := conflictOf(e); ok {
			row.Detail = switchboard.FieldLabel(c.Field) + ": " + orEmpty(c.Theirs) + " stands, ours was " + orEmpty(c.Ours)
		}
		if row.Detail == row.About {
			row.Detail = ""
		}
		p.Rows = append(p.Rows, row)
	}
	if next != "" {
		p.NextURL = partAudit + "?after=" + queryEscape(next)
	}
	if after != "" {
		p.First = partAudit
	}
	return s.pages.Page(w, r, http.StatusOK, "settings_audit", p)
}

// auditNames names what the entries are about, by its id.
func (s *Server) auditNames(r *http.Request, v visitor, list []store.AuditEntry) (map[string]string, error) {
	var records, messages []string
	for _, e := range list {
		switch e.Subject {
		case "record":
			records = append(records, e.SubjectID)
			if e.Action == "record.merge" {
				records = append(records, e.Detail)
			}
		case "message":
			messages = append(messages, e.SubjectID)
			if e.Action == "message.assign" {
				records = append(records, e.Detail)
			}
		}
	}
	names := map[string]string{}
	ctx, org := r.Context(), v.Actor.OrgID
	foundRecords, err := s.db.RecordsByID(ctx, org, records)
	if err != nil {
		return nil, err
	}
	for _, rec := range foundRecords {
		names[rec.ID] = rec.Name
	}
	foundMessages, err := s.db.MessagesByID(ctx, org, messages)
	if err != nil {
		return nil, err
	}
	for _, m := range foundMessages {
		names[m.ID] = m.Name()
	}
	users, err := s.db.Users(ctx, org)
	if err != nil {
		return nil, err
	}
	for _, u := range users {
		names[u.ID] = u.Name
	}
	channels, err := s.db.Channels(ctx, org)
	for _, c := range channels {
		names[c.ID] = c.Label()
	}
	return names, err
}

// actionWords says what was done.
func actionWords(action string) string {
	switch action {
	case "message.assign":
		return "assigned a text"
	case "message.take_off":
		return "took a text off its record"
	case "message.dismiss":
		return "dismissed a text"
	case "undo":
		return "took an action back"
	case "record.create", "record.create_many":
		return "created a record"
	case "record.update":
		return "edited a record"
	case "record.delete":
		return "deleted a record"
	case "record.restore":
		return "restored a record"
	case "link.delete":
		return "forgot a remembered number"
	case "sender.block":
		return "blocked a sender"
	case "sender.unblock":
		return "unblocked a sender"
	case "channel.create":
		return "connected a channel"
	case "channel.update":
		return "changed a channel"
	case "user.create":
		return "added a user"
	case "user.link":
		return "made a sign-in link"
	case "user.sign_in":
		return "signed in by a link"
	case "user.password":
		return "set a password"
	case "user.role":
		return "changed a role"
	case "user.enable":
		return "enabled a user"
	case "user.disable":
		return "disabled a user"
	case "apikey.create":
		return "made an API key"
	case "apikey.revoke":
		return "revoked an API key"
	case "org.update":
		return "changed the organization"
	case "org.phone_fields":
		return "changed the phone fields"
	case "org.unknown_numbers":
		return "changed Create Records From Unknown Numbers"
	case "quarantine.replay":
		return "replayed a delivery"
	case "endpoint.set":
		return "set the outgoing webhook"
	case "endpoint.delete":
		return "removed the outgoing webhook"
	case "record.override":
		return "kept Salesforce’s value where both sides changed a field"
	case "record.merge":
		return "merged a record into another"
	case "record.refuse":
		return "refused a record"
	case "salesforce.connect":
		return "connected Salesforce"
	case "salesforce.disconnect":
		return "disconnected Salesforce"
	case "salesforce.retry":
		return "had something written to Salesforce again"
	case "job.retry":
		return "had a job tried again"
	}
	return strings.NewReplacer(".", " ", "_", " ").Replace(action)
}

// conflictOf reads what an entry says about a field that both sides changed.
func conflictOf(e store.AuditEntry) (switchboard.FieldConflict, bool) {
	var c switchboard.FieldConflict
	if e.Action != "record.override" || json.Unmarshal([]byte(e.Detail), &c) != nil {
		return c, false
	}
	return c, true
}
