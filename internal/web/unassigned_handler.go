package web

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
)

// queueRows is how many senders a page of the queue shows.
const queueRows = 50

// A queueQuery is how a visitor looks at the queue.
type queueQuery struct {
	reason  switchboard.Reason
	channel string
	oldest  bool
	current string // the message of the current row
	cursor  string
}

func readQueueQuery(q url.Values) queueQuery {
	qq := queueQuery{channel: q.Get("channel"), oldest: q.Get("order") == "oldest", current: q.Get("current"), cursor: q.Get("after")}
	switch reason := switchboard.Reason(q.Get("reason")); reason {
	case switchboard.ReasonNoMatch, switchboard.ReasonAmbiguous, switchboard.ReasonPerson:
		qq.reason = reason
	}
	return qq
}

// url is the queue's address for the query, changed by the edits.
func (q queueQuery) url(edit func(*queueQuery)) string {
	q.current, q.cursor = "", ""
	if edit != nil {
		edit(&q)
	}
	v := url.Values{}
	if q.reason != "" {
		v.Set("reason", string(q.reason))
	}
	if q.channel != "" {
		v.Set("channel", q.channel)
	}
	if q.oldest {
		v.Set("order", "oldest")
	}
	if q.cursor != "" {
		v.Set("after", q.cursor)
	}
	if len(v) == 0 {
		return "/unassigned"
	}
	return "/unassigned?" + v.Encode()
}

// showUnassigned is the queue.
func (s *Server) showUnassigned(w http.ResponseWriter, r *http.Request) error {
	v, _ := visitorOf(r.Context())
	p, err := s.unassignedPage(r, v, readQueueQuery(r.URL.Query()))
	if err != nil {
		return err
	}
	follow(w, r, p.Return)
	return s.pages.Page(w, r, http.StatusOK, "unassigned", p)
}

func (s *Server) unassignedPage(r *http.Request, v visitor, q queueQuery) (UnassignedPage, error) {
	ctx, org := r.Context(), v.Actor.OrgID
	_, rd, _, err := s.settingsOf(r)
	if err != nil {
		return UnassignedPage{}, err
	}
	rows, next, err := s.db.Queue(ctx, org, store.QueueFilter{Reason: q.reason, ChannelID: q.channel, OldestFirst: q.oldest, Page: store.Page{Limit: queueRows, Cursor: q.cursor}})
	if err != nil {
		return UnassignedPage{}, err
	}
	counts, err := s.db.QueueCounts(ctx, org, q.channel)
	if err != nil {
		return UnassignedPage{}, err
	}
	p := UnassignedPage{Page: s.frame(r, "Unassigned", "unassigned"), Since: strconv.FormatInt(rd.Now.UnixMicro(), 10), Summary: queueSummary(counts, rd), Updated: Age{Text: rd.ago(rd.Now), ISO: rd.age(rd.Now).ISO}}
	p.Return = q.url(nil)
	p.Filters = queueFilters(q, counts)
	if p.Channels, err = s.queueChannels(r, q); err != nil {
		return p, err
	}
	p.Orders = []Option{
		{Label: "Newest first", URL: q.url(func(q *queueQuery) { q.oldest = false }), Current: !q.oldest},
		{Label: "Oldest first", URL: q.url(func(q *queueQuery) { q.oldest = true }), Current: q.oldest},
	}
	if next != "" {
		p.NextURL = q.url(func(q *queueQuery) { q.cursor = next })
	}
	if len(rows) == 0 {
		if p.Empty = emptyQueue(q, counts); p.Empty.Filter == "" {
			err = s.placedToday(r, p.Empty, rd)
		}
		return p, err
	}
	senders := make([]switchboard.MatchKey, len(rows))
	for i, row := range rows {
		senders[i] = row.Sender.Key
	}
	unread, err := s.db.UnreadSenders(ctx, org, v.Actor.ID, senders)
	if err != nil {
		return p, err
	}
	current := 0
	for i, row := range rows {
		view := queueRow(row, rd, v.Actor.Role.Can(switchboard.MayPlace))
		view.Return, view.Unread = p.Return, unread[row.Sender.Key]
		p.Rows = append(p.Rows, view)
		if row.Message.ID == q.current {
			current = i
		}
	}
	p.Rows[current].Current = true
	p.Preview, err = s.preview(r, v, rows[current].Message, rd, p.Return)
	return p, err
}

func queueSummary(c store.QueueCounts, rd reader) string {
	if c.Senders == 0 {
		return ""
	}
	return dotted(count(c.Senders, "sender", "senders"), count(c.Texts, "text", "texts"), "oldest "+rd.waited(c.Oldest))
}

func queueFilters(q queueQuery, c store.QueueCounts) []Option {
	filters := []Option{{Value: "all", Label: "All", Count: itoa(c.Senders)}}
	for _, f := range []struct {
		reason switchboard.Reason
		label  string
	}{{switchboard.ReasonNoMatch, "No record"}, {switchboard.ReasonAmbiguous, "Several records"}, {switchboard.ReasonPerson, "Taken off"}} {
		filters = append(filters, Option{Value: string(f.reason), Label: f.label, Count: itoa(c.ByReason[f.reason])})
	}
	for i := range filters {
		reason := switchboard.Reason(filters[i].Value)
		if reason == "all" {
			reason = ""
		}
		filters[i].URL = q.url(func(q *queueQuery) { q.reason = reason })
		filters[i].Current = reason == q.reason
	}
	return filters
}

// queueChannels is the menu of channels, where there are several.
func (s *Server) queueChannels(r *http.Request, q queueQuery) ([]Option, error) {
	v, _ := visitorOf(r.Context())
	channels, err := s.db.Channels(r.Context(), v.Actor.OrgID)
	if err != nil || len(channels) < 2 {
		return nil, err
	}
	all := []Option{{Label: "All channels", URL: q.url(func(q *queueQuery) { q.channel = "" }), Current: q.channel == ""}}
	_, rd, _, err := s.settingsOf(r)
	if err != nil {
		return nil, err
	}
	for _, c := range channels {
		label := rd.Number(c.Label())
		all = append(all, Option{Label: label, URL: q.url(func(q *queueQuery) { q.channel = c.ID }), Current: q.channel == c.ID})
	}
	return all, nil
}

func emptyQueue(q queueQuery, c store.QueueCounts) *EmptyQueue {
	if c.Senders == 0 && q.channel == "" {
		return &EmptyQueue{}
	}
	e := &EmptyQueue{Filter: "All", AllURL: "/unassigned", AllText: "Show all", Waiting: "Other senders may wait on other channels."}
	for _, f := range queueFilters(q, c) {
		if f.Current {
			e.Filter = f.Label
		}
	}
	if c.Senders > 0 {
		e.AllURL = q.url(func(q *queueQuery) { q.reason = "" })
		e.AllText = "Show all " + itoa(c.Senders)
		e.Waiting = itoa(c.Senders) + " senders wait under other filters."
		if c.Senders == 1 {
			e.Waiting = "1 sender waits under another filter."
		}
	}
	return e
}

// placedToday says how many texts of today the rule placed, and leads to all
// that were placed, if there are any.
func (s *Server) placedToday(r *http.Request, e *EmptyQueue, rd reader) error {
	v, _ := visitorOf(r.Context())
	stats, err := s.db.Stats(r.Context(), v.Actor.OrgID, 1, 0)
	if err != nil {
		return err
	}
	if stats.Placed > 0 {
		e.Placed = count(stats.Placed, "text of today was", "texts of today were") + " placed by the rule."
	}
	y, m, d := rd.local(rd.Now).Date()
	today := time.Date(y, m, d, 0, 0, 0, 0, rd.local(rd.Now).Location())
	some, _, err := s.db.Messages(r.Context(), v.Actor.OrgID, store.MessageFilter{State: switchboard.Assigned, Since: today, Page: store.Page{Limit: 1}})
	if len(some) > 0 {
		e.Placing = "/messages?" + url.Values{"state": {string(switchboard.Assigned)}, "since": {today.Format(time.DateOnly)}}.Encode()
	}
	return err
}

// queueRow prepares one sender that waits.
func queueRow(row store.QueueRow, rd reader, writes bool) QueueRow {
	m := row.Message
	_, full := row.Sender.Phone()
	v := QueueRow{
		ID: m.ID, URL: "/messages/" + m.ID, Version: version(m), Number: rd.Number(row.Sender.Address), Known: known(row, rd), Chip: reasonChip(m.Decision),
		Age: rd.age(m.Time), Body: saying(m), NewContact: full && !row.OptedOut, Block: !full, Writes: writes,
	}
	if row.Waiting > 1 {
		v.Texts = count(row.Waiting, "text", "texts")
	}
	all := candidates(row.Candidates, m, nil, rd, func(string, string) []string { return nil })
	v.Candidates = all[:min(len(all), shownCandidates)]
	v.More = len(all) - len(v.Candidates)
	v.NewContact = v.NewContact && len(all) < shownCandidates // the preview has it too
	return v
}

// known is what the queue can say about a sender.
func known(row store.QueueRow, rd reader) string {
	if kind := kindOf(row.Sender); kind != "" {
		return kind + " · can only match a link"
	}
	heard := ""
	switch {
	case row.OptedOut:
		heard = "opted out"
	case !row.FirstAt.IsZero() && row.FirstAt.Equal(row.Message.Time):
		heard = "first text"
	case !row.FirstAt.IsZero() && rd.daysAgo(row.FirstAt) == 0:
		heard = "first heard today"
	case !row.FirstAt.IsZero():
		heard = "heard since " + sinceDay(row.FirstAt, rd)
	}
	return dotted(place(row.Sender), heard)
}

func sinceDay(t time.Time, rd reader) string {
	switch {
	case rd.daysAgo(t) < 7:
		return rd.local(t).Format("Monday")
	case rd.local(t).Year() == rd.local(rd.Now).Year():
		return rd.local(t).Format("January 2")
	}
	return rd.local(t).Format("January 2006")
}

// showPreview is the pane beside the queue, for the row that becomes current.
func (s *Server) showPreview(w http.ResponseWriter, r *http.Request) error {
	v, _ := visitorOf(r.Context())
	m, err := s.db.Message(r.Context(), v.Actor.OrgID, r.FormValue("message"))
	if err != nil {
		return err
	}
	_, rd, _, err := s.settingsOf(r)
	if err != nil {
		return err
	}
	p, err := s.preview(r, v, m, rd, ownPath(r.FormValue("return"), "/unassigned"))
	if err != nil {
		return err
	}
	return s.pages.Fragment(w, r, http.StatusOK, "preview", *p)
}

func (s *Server) preview(r *http.Request, _ visitor, m *switchboard.Message, rd reader, back string) (*Preview, error) {
	f, err := s.messageFacts(r, m)
	if err != nil {
		return nil, err
	}
	page := messagePage(f, rd)
	p := &Preview{
		ID: m.ID, Number: page.Number, Name: page.Name, URL: page.URL, There: page.There, OptOut: page.OptOut, Why: page.Why,
		Line: dotted("To "+f.channel.Label()+" "+rd.Number(m.Ours), page.Known, count(len(f.thread), "text", "texts")),
	}
	if f.channel.Label() == m.Ours {
		p.Line = dotted("To "+rd.Number(m.Ours), page.Known, count(len(f.thread), "text", "texts"))
	}
	p.Why.Return = back
	p.Why.Dismiss = page.Dismiss
	if p.Why.Dismiss != nil {
		p.Why.Dismiss.Return = back
	}
	p.Thread = thread(f.thread, nil, rd, func(t *switchboard.Message) []Segment {
		if t.ID == m.ID {
			return page.Body
		}
		return []Segment{{Text: t.Body}}
	})
	return p, nil
}

// showNewSenders is the pill over the list, for a page that shows the queue as
// it was at a moment.
func (s *Server) showNewSenders(w http.ResponseWriter, r *http.Request) error {
	v, _ := visitorOf(r.Context())
	since, err := strconv.ParseInt(r.FormValue("since"), 10, 64)
	if err != nil {
		return switchboard.Invalid("since", "Say since when.")
	}
	n, err := s.db.QueueChanged(r.Context(), v.Actor.OrgID, time.UnixMicro(since))
	if err != nil {
		return err
	}
	gone, err := s.goneRows(r, strings.Split(r.FormValue("shown"), ","))
	if err != nil {
		return err
	}
	p := NewSenders{Gone: gone, Count: n, URL: ownPath(r.FormValue("return"), "/unassigned")}
	if n > 0 {
		p.Text = count(n, "new sender", "new senders") + ", show"
	}
	return s.pages.Fragment(w, r, http.StatusOK, "new-senders", p)
}

// goneRows are the rows of an open page whose texts do not wait any more.
func (s *Server) goneRows(r *http.Request, shown []string) ([]GoneRow, error) {
	v, _ := visitorOf(r.Context())
	if len(shown) > queueRows {
		shown = shown[:queueRows]
	}
	messages, err := s.db.MessagesByID(r.Context(), v.Actor.OrgID, shown)
	if err != nil {
		return nil, err
	}
	_, rd, _, err := s.settingsOf(r)
	if err != nil {
		return nil, err
	}
	var gone []GoneRow
	for _, m := range messages {
		if m.State == switchboard.Unassigned {
			continue
		}
		g := GoneRow{ID: m.ID, URL: "/messages/" + m.ID, Number: rd.Number(m.Sender.Address), Chip: stateChip(m)}
		if m.Decision != nil && m.Decision.By != nil {
			g.By = "by " + m.Decision.By.Name
		}
		gone = append(gone, g)
	}
	return gone, nil
}
