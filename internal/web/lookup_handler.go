package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
)

const (
	lookupMatches = 7
	lookupRecents = 5
)

// lookup is the list under a search box of records.
func (s *Server) lookup(w http.ResponseWriter, r *http.Request) error {
	v, rd, set, err := s.settingsOf(r)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	list := LookupList{Object: q.Get("object"), Query: strings.TrimSpace(q.Get("q"))}
	if list.Object != "" {
		if _, err := switchboard.ParseObject(list.Object); err != nil {
			return err
		}
		if v.Actor.Role.Can(switchboard.MayEdit) && slices.Contains(matchedObjects(set.PhoneFields), switchboard.Object(list.Object)) {
			list.NewURL = newPath(switchboard.Object(list.Object)) + "?from=lookup"
			if m := q.Get("message"); m != "" {
				list.NewURL += "&message=" + url.QueryEscape(m)
			}
		}
	}
	keys, err := s.senderKeys(r, q["message"])
	if err != nil {
		return err
	}
	if list.Groups, err = s.lookupGroups(r, list, keys, rd); err != nil {
		return err
	}
	return s.pages.Fragment(w, r, http.StatusOK, "lookup-list", list)
}

func (s *Server) senderKeys(r *http.Request, messages []string) ([]switchboard.MatchKey, error) {
	v, _ := visitorOf(r.Context())
	found, err := s.db.MessagesByID(r.Context(), v.Actor.OrgID, messages)
	if err != nil {
		return nil, err
	}
	var keys []switchboard.MatchKey
	for _, m := range found {
		if !slices.Contains(keys, m.Sender.Key) {
			keys = append(keys, m.Sender.Key)
		}
	}
	return keys, nil
}

func (s *Server) lookupGroups(r *http.Request, list LookupList, keys []switchboard.MatchKey, rd reader) ([]LookupGroup, error) {
	v, _ := visitorOf(r.Context())
	ctx, org, object := r.Context(), v.Actor.OrgID, switchboard.Object(list.Object)
	var have []*switchboard.Record // with the sender's number
	if len(keys) == 1 {
		var err error
		if have, _, err = s.db.Records(ctx, org, store.RecordFilter{Phone: keys[0], Object: object, Page: store.Page{Limit: lookupMatches}}); err != nil {
			return nil, err
		}
	}
	var groups []LookupGroup
	var matches []*switchboard.Record
	if list.Query != "" {
		found, _, err := s.db.Records(ctx, org, store.RecordFilter{Q: list.Query, Object: object, Order: store.BestFirst, Page: store.Page{Limit: lookupMatches}})
		if err != nil {
			return nil, err
		}
		matches = found
		slices.SortStableFunc(matches, func(a, b *switchboard.Record) int { return boolOrder(hasRecord(have, a.ID), hasRecord(have, b.ID)) })
		groups = append(groups, LookupGroup{Title: plural(list.Object) + " that match “" + list.Query + "”"})
	} else if len(have) > 0 {
		groups = append(groups, LookupGroup{Title: plural(list.Object) + " with this number", Recent: true})
		matches = have
	}
	recent, err := s.recentRecords(r, object)
	if err != nil {
		return nil, err
	}
	recent = slices.DeleteFunc(recent, func(rec *switchboard.Record) bool { return hasRecord(matches, rec.ID) })
	recent = recent[:min(len(recent), lookupRecents)]
	accounts, err := s.accountsOf(r, append(slices.Clone(matches), recent...))
	if err != nil {
		return nil, err
	}
	if len(groups) > 0 {
		for _, rec := range matches {
			o := lookupOption(rec, accounts, list.Query)
			if hasRecord(have, rec.ID) {
				o.Side = "has this number"
			}
			groups[0].Options = append(groups[0].Options, o)
		}
		if len(matches) == 0 {
			groups = nil
		}
	}
	if len(recent) > 0 {
		g := LookupGroup{Title: "Recent " + strings.ToLower(plural(list.Object)), Recent: true}
		for _, rec := range recent {
			o := lookupOption(rec, accounts, "")
			o.Side = rd.age(rec.UpdatedAt).Text
			g.Options = append(g.Options, o)
		}
		groups = append(groups, g)
	}
	return groups, nil
}

// recentRecords are those that something happened to last, of one object or,
// some of each, of all.
func (s *Server) recentRecords(r *http.Request, object switchboard.Object) ([]*switchboard.Record, error) {
	v, _ := visitorOf(r.Context())
	if object != "" {
		return s.db.RecentRecords(r.Context(), v.Actor.OrgID, object, lookupRecents+lookupMatches)
	}
	var all []*switchboard.Record
	for _, o := range switchboard.Objects() {
		some, err := s.db.RecentRecords(r.Context(), v.Actor.OrgID, o, 3)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

func boolOrder(a, b bool) int {
	switch {
	case a && !b:
		return -1
	case b && !a:
		return 1
	}
	return 0
}

func hasRecord(list []*switchboard.Record, id string) bool {
	return slices.ContainsFunc(list, func(r *switchboard.Record) bool { return r.ID == id })
}

func (s *Server) accountsOf(r *http.Request, list []*switchboard.Record) (recordSet, error) {
	set := recordSet{}
	var ids []string
	for _, rec := range list {
		if id := rec.Fields.Text("AccountId"); id != "" {
			ids = append(ids, id)
		}
	}
	accounts, err := s.recordsWithAccounts(r, ids)
	if err != nil {
		return nil, err
	}
	for _, a := range accounts {
		set[a.ID] = a
	}
	for _, rec := range list {
		set[rec.ID] = rec
	}
	return set, nil
}

func lookupOption(rec *switchboard.Record, accounts recordSet, query string) LookupOption {
	return LookupOption{
		ID: rec.ID, Object: string(rec.Object), Name: rec.Name, Marked: markStarts(rec.Name, query),
		Line: dotted(accounts.account(rec.ID), reachedAt(rec)),
	}
}

func firstPhone(rec *switchboard.Record) string {
	for _, f := range []string{"MobilePhone", "Phone", "HomePhone", "OtherPhone"} {
		if v := rec.Fields.Text(f); v != "" {
			return v
		}
	}
	return ""
}

// reachedAt is a number of a record, or else its e-mail address.
func reachedAt(rec *switchboard.Record) string {
	if p := firstPhone(rec); p != "" {
		return p
	}
	return rec.Fields.Text("Email")
}

// markStarts marks the letters of a name that were typed: at the start of its
// words, as the search finds them.
func markStarts(name, query string) []Segment {
	var at []span
	body := lowered(name)
	for word := range strings.FieldsSeq(query) {
		w := lowered(word)
		if utf8.RuneCountInString(word) == 0 {
			continue
		}
		for i := 0; i+len(w) <= len(body); i++ {
			if slices.Equal(body[i:i+len(w)], w) && (i == 0 || !isWord(body[i-1])) {
				at = append(at, span{i, i + len(w)})
			}
		}
	}
	return segments(name, at)
}

// choices are the records that a typed name may mean, for browsers without a
// script.
func (s *Server) choices(r *http.Request, object, query string, key switchboard.MatchKey) ([]LookupOption, error) {
	groups, err := s.lookupGroups(r, LookupList{Object: object, Query: query}, []switchboard.MatchKey{key}, reader{})
	if err != nil {
		return nil, err
	}
	for _, g := range groups {
		if !g.Recent {
			return g.Options, nil
		}
	}
	return nil, nil
}

// showFind is the dialog that searches one record for one text or many.
func (s *Server) showFind(w http.ResponseWriter, r *http.Request) error {
	v, _ := visitorOf(r.Context())
	q := r.URL.Query()
	ids := append(q["message"], q["id"]...)
	messages, err := s.db.MessagesByID(r.Context(), v.Actor.OrgID, ids)
	if err == nil && len(messages) == 0 {
		err = switchboard.Errorf(switchboard.CodeNotFound, "There is no such text any more.")
	}
	if err != nil {
		return err
	}
	_, rd, _, err := s.settingsOf(r)
	if err != nil {
		return err
	}
	d := FindDialog{Title: "Find a record", Scope: q.Get("scope"), Return: ownPath(q.Get("return"), "/unassigned")}
	for _, m := range messages {
		d.IDs = append(d.IDs, m.ID)
	}
	if len(messages) > 1 {
		d.Title, d.Note = "Assign to…", "for "+itoa(len(messages))+" senders, with all their waiting texts"
	} else {
		m := messages[0]
		d.Version = version(m)
		d.Note = "for the text from " + rd.Number(m.Sender.Address)
		state, err := s.db.SenderState(r.Context(), v.Actor.OrgID, m.Sender.Key)
		if err != nil {
			return err
		}
		if m.State == switchboard.Unassigned {
			d.Others = max(0, state.Waiting-1)
		}
	}
	if r.Header.Get("HX-Request") == "true" {
		return s.pages.Fragment(w, r, http.StatusOK, "find-dialog", d)
	}
	p := FindPage{Page: s.frame(r, d.Title, "unassigned"), Dialog: d, Query: strings.TrimSpace(q.Get("q")), URL: r.URL.Path, Messages: d.IDs}
	if p.Query != "" {
		groups, err := s.lookupGroups(r, LookupList{Query: p.Query}, nil, rd)
		if err != nil {
			return err
		}
		for _, g := range groups {
			if !g.Recent {
				p.Found = g.Options
			}
		}
	}
	return s.pages.Page(w, r, http.StatusOK, "find", p)
}
