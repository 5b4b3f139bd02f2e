package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
)

const (
	partSalesforce     = "/settings/salesforce"
	salesforceCallback = partSalesforce + "/callback"
	unwrittenPath      = partSalesforce + "/unwritten"
)

func (s *Server) salesforceRoutes() []route {
	const configure = switchboard.MayConfigure
	return []route{
		{"GET " + partSalesforce, configure, s.showSalesforce},
		{"POST " + partSalesforce, configure, s.connectSalesforce},
		{"GET " + salesforceCallback, configure, s.salesforceCameBack},
		{"GET " + partSalesforce + "/live", configure, s.showSalesforceLive},
		{"GET " + partSalesforce + "/checks", configure, s.showSalesforceChecks},
		{"POST " + partSalesforce + "/sync", configure, s.syncSalesforce},
		{"POST " + partSalesforce + "/disconnect", configure, s.disconnectSalesforce},
		{"POST " + partSalesforce + "/install", configure, s.installPackage},
		{"GET " + partSalesforce + "/installation", configure, s.showInstallation},
		{"GET " + unwrittenPath, configure, s.showUnwritten},
		{"POST " + unwrittenPath + "/retry", configure, s.retryUnwritten},
	}
}

func (s *Server) showSalesforce(w http.ResponseWriter, r *http.Request) error {
	return s.salesforcePage(w, r, http.StatusOK, nil, nil)
}

// salesforcePage shows the connection, or the form for it. failed is what was
// wrong with the form as it was filled in.
func (s *Server) salesforcePage(w http.ResponseWriter, r *http.Request, status int, filled url.Values, failed error) error {
	v, rd, c, err := s.connectionOf(r)
	if err != nil && switchboard.ErrorCode(err) != switchboard.CodeNotFound {
		return err
	}
	p := SalesforcePage{Settings: s.settingsFrame(r, "Salesforce", partSalesforce), Connected: c.Connected, Here: s.signInTo != nil && s.theirs != nil}
	if c.SalesforceOrgID != "" && !c.Connected {
		p.Before = "Disconnected from the org " + c.SalesforceOrgID + ". What was synced is still here; connect the same org again and it goes on where it ended."
	}
	if p.Here && (!c.Connected || failed != nil || r.URL.Query().Has("change") || r.URL.Query().Has("by")) {
		p.Connect = s.salesforceForm(r, c, filled, failed)
		return s.pages.Page(w, r, status, "settings_salesforce", p)
	}
	if c.Connected {
		if err := s.fillSalesforce(r, &p, v, c, rd); err != nil {
			return err
		}
	}
	return s.pages.Page(w, r, status, "settings_salesforce", p)
}

// connectionOf returns who looks at the page, for whom it is written, and the
// org's connection. One that was never made is a CodeNotFound.
func (s *Server) connectionOf(r *http.Request) (visitor, reader, store.Salesforce, error) {
	v, rd, _, err := s.settingsOf(r)
	if err != nil {
		return v, rd, store.Salesforce{}, err
	}
	c, err := s.db.Salesforce(r.Context(), v.Actor.OrgID)
	return v, rd, c, err
}

func (s *Server) fillSalesforce(r *http.Request, p *SalesforcePage, v visitor, c store.Salesforce, rd reader) error {
	var err error
	if p.State, err = s.salesforceState(r, v, c, rd); err != nil {
		return err
	}
	if p.Who, err = s.salesforceWho(r, v, c, SalesforceCheck{}); err != nil {
		return err
	}
	p.Checks = SalesforceChecks{Wait: true, Again: partSalesforce + "?check=again"}
	p.Package = SalesforcePackage{Chip: Chip{Icon: "clock", Text: "Not looked at yet"}}
	if r.URL.Query().Get("check") != "" && p.Here {
		if p.Checks, err = s.salesforceChecks(r, v, c, rd, true); err != nil {
			return err
		}
		p.Who, p.Package = p.Checks.Who, p.Checks.Pack
		p.Who.Swap, p.Package.Swap = false, false
	}
	if s.sessions.scs.GetString(r.Context(), sessionInstallation) != "" {
		p.Package = SalesforcePackage{Running: true, Chip: installing(), Line: "Salesforce is installing it."}
	}
	return nil
}

// salesforceWho says what is connected, with what a check has learnt.
func (s *Server) salesforceWho(r *http.Request, v visitor, c store.Salesforce, check SalesforceCheck) (SalesforceWho, error) {
	w := SalesforceWho{}
	org := Highlight{Label: "Org", Value: hostOf(instanceOf(c)), URL: instanceOf(c)}
	if check.Org != "" {
		org.Value = check.Org + " · " + org.Value
	}
	user := check.User
	if user == "" {
		user = c.Username
	}
	if user == "" {
		user = c.SalesforceUserID
	}
	w.Facts = []Highlight{org, {Label: "Acts there as", Value: user}, {Label: "Signs in by", Value: wayLabel(wayOf(c.Method))}}
	u, err := s.db.User(r.Context(), v.Actor.OrgID, c.UserID)
	if err != nil {
		return w, err
	}
	w.Facts = append(w.Facts, Highlight{Label: "Tied to", Value: u.Name})
	return w, nil
}

// instanceOf is where the org's pages are.
func instanceOf(c store.Salesforce) string {
	if c.Instance != "" {
		return c.Instance
	}
	return c.LoginURL
}

// recordAt is the address of a record in Salesforce; "" if there is none.
func recordAt(c store.Salesforce, id string) string {
	base := instanceOf(c)
	if id == "" || !strings.HasPrefix(base, "https://") && !strings.HasPrefix(base, "http://") {
		return ""
	}
	return strings.TrimRight(base, "/") + "/" + id
}

func hostOf(address string) string {
	_, host, _ := strings.Cut(address, "://")
	return host
}

// salesforceState is how far things are.
func (s *Server) salesforceState(r *http.Request, v visitor, c store.Salesforce, rd reader) (SalesforceState, error) {
	ctx, org := r.Context(), v.Actor.OrgID
	st := SalesforceState{Every: "10s", Chip: Chip{Kind: "done", Icon: "success", Text: "Connected"}}
	cursors, err := s.db.SyncCursors(ctx, org)
	if err != nil {
		return st, err
	}
	for _, cur := range cursors {
		o := syncedObject(cur, c, rd)
		if o.Loads {
			st.Every = "2s"
		}
		st.Objects = append(st.Objects, o)
	}
	slices.SortStableFunc(st.Objects, func(a, b SyncedObject) int { return objectPlace(a.Object) - objectPlace(b.Object) })
	switch {
	case c.ParkedUntil.After(rd.Now):
		st.Line = &Notice{Kind: "several", Icon: "clock", Text: "Salesforce takes no calls for now. What waits is sent from " + rd.clock(c.ParkedUntil) + "; texts come in meanwhile."}
		st.Chip = Chip{Kind: "several", Icon: "clock", Text: "Waiting"}
	case c.Status != "" && c.Status != store.VerdictOK:
		st.Line = &Notice{Kind: "several", Icon: "warning", Text: upperFirst(sentenceEnd(c.Status)) + " Said " + rd.ago(c.StatusAt) + "; it is tried again by itself."}
		st.Chip = Chip{Kind: "several", Icon: "warning", Text: "Connected, with trouble"}
	case c.SyncedAt.IsZero():
		st.Every = "2s"
		st.Line = &Notice{Kind: "none", Text: "Reading the org for the first time…", Wait: true}
	default:
		st.Line = &Notice{Kind: "done", Icon: "success", Text: "In line with Salesforce, checked " + rd.ago(c.SyncedAt) + "."}
	}
	waiting, err := s.db.SalesforceWaiting(ctx, org)
	if err != nil {
		return st, err
	}
	st.Waiting = waitingLine(waiting)
	if err := s.salesforceCalls(r, v, c, &st); err != nil {
		return st, err
	}
	lost, err := s.db.Unwritten(ctx, org, listedUnwritten)
	if err != nil {
		return st, err
	}
	if n := len(lost); n > 0 {
		st.Unwritten = count(n, "thing", "things") + " could not be written"
	}
	st.State = st.print()
	return st, nil
}

// print is different whenever the part looks different.
func (st SalesforceState) print() string {
	parts := []string{st.Chip.Text, st.Waiting, st.Calls, st.CallsOurs, st.Unwritten}
	if st.Line != nil {
		parts = append(parts, st.Line.Text)
	}
	for _, o := range st.Objects {
		parts = append(parts, o.Object, o.Count, o.Chip.Text, o.Read.Text)
	}
	return strings.Join(parts, "|")
}

// objectPlace is where an object stands among the others.
func objectPlace(object string) int {
	if i := slices.Index(switchboard.Objects(), switchboard.Object(object)); i >= 0 {
		return i
	}
	if object == string(switchboard.SMSObject) {
		return len(switchboard.Objects()) + 1
	}
	return len(switchboard.Objects())
}

func syncedObject(cur store.SyncCursor, c store.Salesforce, rd reader) SyncedObject {
	o := SyncedObject{Object: string(cur.Object), Plural: plural(string(cur.Object)), Rows: cur.LoadRows, Total: cur.LoadTotal, Read: rd.age(cur.Stamp), Count: grouped(int(cur.LoadRows))}
	// A cycle reads every object, several of the org's own by turns, and the place
	// that is kept lies before it, for what Salesforce shows late.
	if c.SyncedAt.After(cur.Stamp) && c.SyncedAt.After(cur.LoadedAt) && (!cur.LoadedAt.IsZero() || cur.Object == switchboard.SMSObject) {
		o.Read = rd.age(c.SyncedAt)
	}
	switch {
	case cur.Object == switchboard.SMSObject:
		o.Object, o.Count, o.Chip = "SMS", "–", Chip{Kind: "done", Icon: "check", Text: "Followed"}
	case !cur.LoadedAt.IsZero():
		o.Chip = Chip{Kind: "done", Icon: "check", Text: "Loaded"}
	default:
		o.Loads, o.Chip, o.Count = true, Chip{Kind: "none", Icon: "clock", Text: "Loading"}, grouped(int(cur.LoadRows))+" so far"
		if cur.LoadTotal > 0 {
			o.Count = grouped(int(cur.LoadRows)) + " of " + grouped(int(max(cur.LoadRows, cur.LoadTotal)))
		}
	}
	return o
}

func waitingLine(waiting map[string]int) string {
	var parts []string
	if n := waiting[store.KindRecordPush]; n > 0 {
		parts = append(parts, count(n, "record", "records"))
	}
	if n := waiting[store.KindMessagePush]; n > 0 {
		parts = append(parts, count(n, "text", "texts"))
	}
	if n := waiting[store.KindBell]; n > 0 {
		parts = append(parts, count(n, "bell", "bells"))
	}
	if len(parts) == 0 {
		return "Nothing waits to be written."
	}
	return upperFirst(listWords(parts)) + " still to be written."
}

// listWords puts words in a row: "a, b and c".
func listWords(parts []string) string {
	if len(parts) < 2 {
		return strings.Join(parts, "")
	}
	return strings.Join(parts[:len(parts)-1], ", ") + " and " + parts[len(parts)-1]
}

func (s *Server) salesforceCalls(r *http.Request, v visitor, c store.Salesforce, st *SalesforceState) error {
	calls, err := s.db.CallsToday(r.Context(), v.Actor.OrgID)
	if err != nil {
		return err
	}
	var ours int64
	for _, n := range calls {
		ours += n
	}
	st.CallsOurs = grouped(int(ours)) + " by Switchboard today"
	if c.DailyCalls > 0 {
		st.CallsOurs = grouped(int(ours)) + " of at most " + grouped(int(c.DailyCalls)) + " by Switchboard today"
	}
	st.Calls = "Not known yet how many the org has"
	if c.CallsMax > 0 {
		st.CallsUsed, st.CallsMax = c.CallsUsed, c.CallsMax
		st.Calls = grouped(int(c.CallsUsed)) + " of " + grouped(int(c.CallsMax)) + " API calls in 24 hours"
	}
	return nil
}

// showSalesforceLive answers the page's question whether there is anything new.
func (s *Server) showSalesforceLive(w http.ResponseWriter, r *http.Request) error {
	v, rd, c, err := s.connectionOf(r)
	if err != nil {
		return err
	}
	st, err := s.salesforceState(r, v, c, rd)
	if err != nil {
		return err
	}
	if st.State == r.FormValue("was") {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	st.Swap = true
	return s.pages.Fragment(w, r, http.StatusOK, "salesforce-live", st)
}

func (s *Server) syncSalesforce(w http.ResponseWriter, r *http.Request) error {
	v, _ := visitorOf(r.Context())
	if err := s.desk.SyncSalesforce(r.Context(), v.Actor); err != nil {
		return s.notSaved(w, r, err, partSalesforce)
	}
	return s.saved(w, r, "Syncing", "What changed on either side goes across now.", partSalesforce)
}

func (s *Server) disconnectSalesforce(w http.ResponseWriter, r *http.Request) error {
	v, _ := visitorOf(r.Context())
	if err := s.desk.DisconnectSalesforce(r.Context(), v.Actor); err != nil {
		return s.notSaved(w, r, err, partSalesforce)
	}
	s.sessions.scs.Remove(r.Context(), sessionInstallation)
	return s.saved(w, r, "Disconnected", "What was synced stays, on both sides.", partSalesforce)
}

// sentenceEnd ends words as a sentence does.
func sentenceEnd(s string) string {
	if s == "" || strings.HasSuffix(s, ".") {
		return s
	}
	return s + "."
}

// salesforceWord says in a word how the connection stands.
func (s *Server) salesforceWord(ctx context.Context, org string) (string, error) {
	c, err := s.db.Salesforce(ctx, org)
	switch {
	case switchboard.ErrorCode(err) == switchboard.CodeNotFound || err == nil && !c.Connected:
		return "Not connected", nil
	case err != nil:
		return "", err
	case c.Status != "" && c.Status != store.VerdictOK:
		return "Connected, with trouble", nil
	}
	lost, err := s.db.Unwritten(ctx, org, listedUnwritten)
	if len(lost) > 0 {
		return "Connected, " + itoa(len(lost)) + " could not be written", err
	}
	return "Connected", err
}
