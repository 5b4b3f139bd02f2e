package web

import (
	"net/http"
	"slices"
	"strings"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
)

const listedRecords = 50

// showRecords lists the records of one object.
func (s *Server) showRecords(object switchboard.Object) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		v, _, set, err := s.settingsOf(r)
		if err != nil {
			return err
		}
		q := r.URL.Query()
		show := q.Get("show")
		f := store.RecordFilter{Object: object, Q: strings.TrimSpace(q.Get("q")), Deleted: show == "deleted", Page: store.Page{Limit: listedRecords, Cursor: q.Get("after")}}
		switch {
		case f.Q != "":
			f.Order = store.BestFirst
		case show != "newest":
			f.Order = store.ByName
		}
		list, next, err := s.db.Records(r.Context(), v.Actor.OrgID, f)
		if err != nil {
			return err
		}
		accounts, err := s.accountsOf(r, list)
		if err != nil {
			return err
		}
		p := recordsPage(object, f, show, list, accounts, set)
		p.Page = s.frame(r, p.Plural, section(object))
		if next != "" {
			q.Set("after", next)
			p.NextURL = p.URL + "?" + q.Encode()
		}
		if f.Cursor != "" {
			q.Del("after")
			p.First = strings.TrimSuffix(p.URL+"?"+q.Encode(), "?")
		}
		p.Count = listed(len(list), next != "" || f.Cursor != "", object)
		if v.Actor.Role.Can(switchboard.MayEdit) && !f.Deleted && slices.Contains(matchedObjects(set.PhoneFields), object) {
			p.NewURL, p.New = newPath(object), "New "+objectLabel(string(object))
		}
		return s.pages.Page(w, r, http.StatusOK, "records", p)
	}
}

// listed says how many records the page shows.
func listed(n int, more bool, object switchboard.Object) string {
	one, many := nouns(object)
	if more {
		return itoa(n) + " shown"
	}
	return count(n, one, many)
}

func recordsPage(object switchboard.Object, f store.RecordFilter, show string, list []*switchboard.Record, accounts recordSet, set switchboard.Settings) RecordsPage {
	many := plural(string(object))
	p := RecordsPage{Object: string(object), Plural: many, URL: listPath(object), Query: f.Q, Deleted: f.Deleted, Show: show, Sorted: f.Order == store.ByName}
	for _, o := range []Option{{Value: "all", Label: "All", URL: p.URL}, {Value: "newest", Label: "Newest", URL: p.URL + "?show=newest"}, {Value: "deleted", Label: "Deleted", URL: p.URL + "?show=deleted"}} {
		o.Current = o.Value == show || o.Value == "all" && show == ""
		p.Filters = append(p.Filters, o)
	}
	columns := listColumns(object, set.PhoneFields)
	for _, name := range columns {
		p.Columns = append(p.Columns, switchboard.FieldLabel(name))
	}
	for _, rec := range list {
		p.Rows = append(p.Rows, recordRow(rec, columns, accounts, set))
	}
	one, ones := nouns(object)
	switch {
	case f.Q != "":
		p.Empty = "No " + one + " matches “" + f.Q + "”."
	case f.Deleted:
		p.Empty = "No deleted " + ones + "."
	default:
		p.Empty = "No " + ones + " yet."
	}
	return p
}

// listColumns are the fields that a list shows beside the name.
func listColumns(o switchboard.Object, matched switchboard.PhoneFields) []string {
	switch o {
	case switchboard.Contact:
		return []string{"AccountId", "MobilePhone", "Phone", "Email"}
	case switchboard.Lead:
		return []string{"Company", "MobilePhone", "Phone", "Email"}
	}
	if o.Custom() {
		return matched[o]
	}
	return []string{"Phone", "BillingCity", "Website"}
}

func recordRow(rec *switchboard.Record, columns []string, accounts recordSet, set switchboard.Settings) RecordRow {
	row := RecordRow{URL: "/records/" + rec.ID, Object: string(rec.Object), Name: rec.Name}
	_, rejected := switchboard.RecordNumbers(rec.Object, rec.Fields, set.PhoneFields, set.Region)
	var told []string
	for _, name := range columns {
		c := Cell{Text: rec.Fields.Text(name)}
		if name == "AccountId" && c.Text != "" {
			if a := accounts[c.Text]; a != nil {
				c.Text, c.URL = a.Name, "/records/"+a.ID
			}
		}
		for _, x := range rejected {
			if x.Field == name {
				c.Warn = x.Reason
			}
		}
		if c.Text != "" && len(told) < 2 {
			told = append(told, c.Text)
		}
		row.Cells = append(row.Cells, c)
	}
	row.Line = strings.Join(told, " · ")
	return row
}
