package web

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
)

// SearchPage is what the search in the header found.
type SearchPage struct {
	Page
	Query    string
	Records  []LookupOption
	Messages []MessageRow
	MoreURL  string // all texts that match
}

// MessagesPage is a list of texts, whatever became of them.
type MessagesPage struct {
	Page
	Line    string
	Rows    []MessageRow
	NextURL string
}

// MessageRow is one text in a list.
type MessageRow struct {
	URL    string
	Name   string
	Number string
	Body   []Segment
	State  Chip
	Reason Chip
	Age    Age
}

const (
	searchRecords  = 10
	searchMessages = 20
	listedMessages = 50
)

// showSearch finds records and texts by number, name or word.
func (s *Server) showSearch(w http.ResponseWriter, r *http.Request) error {
	v, rd, _, err := s.settingsOf(r)
	if err != nil {
		return err
	}
	ctx, org := r.Context(), v.Actor.OrgID
	p := SearchPage{Query: strings.TrimSpace(r.FormValue("q"))}
	if p.Query != "" {
		found, _, err := s.db.Records(ctx, org, store.RecordFilter{Q: p.Query, Order: store.BestFirst, Page: store.Page{Limit: searchRecords}})
		if err != nil {
			return err
		}
		accounts, err := s.accountsOf(r, found)
		if err != nil {
			return err
		}
		for _, rec := range found {
			p.Records = append(p.Records, lookupOption(rec, accounts, p.Query))
		}
		texts, next, err := s.db.Messages(ctx, org, store.MessageFilter{Q: p.Query, Page: store.Page{Limit: searchMessages}})
		if err != nil {
			return err
		}
		p.Messages = messageRows(texts, rd, p.Query)
		if next != "" {
			p.MoreURL = "/messages?" + url.Values{"q": {p.Query}}.Encode()
		}
	}
	p.Page = s.frame(r, "Search", "")
	return s.pages.Page(w, r, http.StatusOK, "search", p)
}

func messageRows(list []*switchboard.Message, rd reader, query string) []MessageRow {
	var rows []MessageRow
	for _, m := range list {
		body := saying(m)
		_, at := mentioned(body, strings.Fields(query))
		row := MessageRow{URL: "/messages/" + m.ID, Name: m.Name(), Number: rd.Number(m.Sender.Address), Body: segments(body, at), State: stateChip(m), Reason: reasonChip(m.Decision), Age: rd.age(m.Time)}
		if m.Direction == switchboard.Outbound {
			row.State, row.Reason = Chip{Kind: "done", Icon: "send", Text: "Sent"}, Chip{}
		}
		if m.State == switchboard.Dismissed {
			row.State, row.Reason = row.Reason, Chip{} // it says both
		}
		rows = append(rows, row)
	}
	return rows
}

// showMessages lists texts: those placed today, those of a reason, those that
// hold a word.
func (s *Server) showMessages(w http.ResponseWriter, r *http.Request) error {
	v, rd, _, err := s.settingsOf(r)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	f := store.MessageFilter{State: switchboard.State(q.Get("state")), Reason: switchboard.Reason(q.Get("reason")), Q: strings.TrimSpace(q.Get("q")), Page: store.Page{Limit: listedMessages, Cursor: q.Get("after")}}
	if since, err := time.ParseInLocation(time.DateOnly, q.Get("since"), rd.Location); err == nil {
		f.Since = since
	}
	list, next, err := s.db.Messages(r.Context(), v.Actor.OrgID, f)
	if err != nil {
		return err
	}
	p := MessagesPage{Page: s.frame(r, "Texts", ""), Rows: messageRows(list, rd, f.Q), Line: messagesLine(f, rd)}
	if next != "" {
		q.Set("after", next)
		p.NextURL = "/messages?" + q.Encode()
	}
	return s.pages.Page(w, r, http.StatusOK, "messages", p)
}

func messagesLine(f store.MessageFilter, rd reader) string {
	var parts []string
	if f.State != "" {
		parts = append(parts, string(f.State))
	}
	if f.Reason != "" {
		parts = append(parts, strings.ToLower(reasonName(f.Reason)))
	}
	if f.Q != "" {
		parts = append(parts, "with “"+f.Q+"”")
	}
	if !f.Since.IsZero() {
		parts = append(parts, "since "+rd.Time(f.Since))
	}
	if len(parts) == 0 {
		return "newest first"
	}
	return strings.Join(parts, ", ") + ", newest first"
}

// reasonName is a reason as a list's name says it.
func reasonName(r switchboard.Reason) string {
	switch r {
	case switchboard.ReasonOnlyMatch:
		return "One record has the number"
	case switchboard.ReasonOnlyHistory:
		return "Only one has previous messages"
	case switchboard.ReasonLatestHistory:
		return "Latest previous message"
	case switchboard.ReasonNoMatch:
		return "No record has the number"
	case switchboard.ReasonAmbiguous:
		return "Several, no previous message"
	case switchboard.ReasonCreatedRecord:
		return "Record created"
	case switchboard.ReasonBlocked:
		return "Sender is blocked"
	}
	return "A person decided"
}
