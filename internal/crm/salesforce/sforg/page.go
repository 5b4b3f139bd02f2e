package sforg

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// What no real org has: a few pages below /_sforg/ that show the bell and the
// SMS records to whoever tries Switchboard out, as they are just now, and let them
// place a message on a contact as they would in Salesforce's own pages.

//go:embed page/page.html
var pageHTML string

//go:embed page/style.css
var pageCSS []byte

//go:embed page/live.js
var pageJS []byte

var pages = template.Must(template.New("").Parse(pageHTML))

// cookie holds the access token of a browser.
const cookie = "sforg_token"

// page is what a template gets.
type page struct {
	Title, User, Problem string
	Bell                 []ring
	Installed            bool
	Messages             []message
	Message              message
	Contacts             []choice
}

type ring struct{ Title, Body, Link string }

type choice struct{ ID, Name string }

type message struct {
	ID, Name, Phone, Message, Status, Record, Contact, ContactID, Lead, Account, Reason, Explanation string
}

// PageURL returns the address at which a browser sees the org's pages as a user.
// It holds a token: it is for the person who tries the org out.
func (u *User) PageURL(base string) string {
	return strings.TrimRight(base, "/") + "/_sforg/?token=" + url.QueryEscape(u.Token())
}

// pages answers what is below /_sforg/.
func (o *Org) pages(w http.ResponseWriter, r *http.Request, path string, body []byte) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	switch path {
	case "/_sforg/style.css":
		h.Set("Content-Type", "text/css; charset=utf-8")
		_, _ = w.Write(pageCSS)
		return
	case "/_sforg/live.js":
		h.Set("Content-Type", "text/javascript; charset=utf-8")
		_, _ = w.Write(pageJS)
		return
	}
	if token := r.URL.Query().Get("token"); token != "" {
		http.SetCookie(w, &http.Cookie{Name: cookie, Value: url.QueryEscape(token), Path: "/_sforg/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
		seeOther(w, "/_sforg/")
		return
	}
	u := o.visitor(r)
	if u == nil {
		o.render(w, http.StatusUnauthorized, "signin", page{})
		return
	}
	id, isRecord := strings.CutPrefix(path, "/_sforg/SMS__c/")
	switch {
	case path == "/_sforg/" && r.Method == http.MethodGet:
		o.render(w, http.StatusOK, "list", o.listPage(u))
	case isRecord && r.Method == http.MethodGet:
		o.recordPage(w, u, id, http.StatusOK, "")
	case isRecord && r.Method == http.MethodPost:
		if err := http.NewCrossOriginProtection().Check(r); err != nil {
			http.Error(w, "This form was sent from somewhere else.", http.StatusForbidden)
			return
		}
		form, err := url.ParseQuery(string(body))
		if err == nil {
			err = o.place(u, id, form)
		}
		if err != nil {
			problem := err.Error()
			if e := (*Error)(nil); errors.As(err, &e) {
				problem = e.Message
			}
			o.recordPage(w, u, id, http.StatusUnprocessableEntity, problem)
			return
		}
		seeOther(w, "/_sforg/SMS__c/"+url.PathEscape(id))
	default:
		http.Error(w, "There is no such page.", http.StatusNotFound)
	}
}

func seeOther(w http.ResponseWriter, to string) {
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusSeeOther)
}

// visitor returns the user whose token the browser has.
func (o *Org) visitor(r *http.Request) *User {
	c, err := r.Cookie(cookie)
	if err != nil {
		return nil
	}
	token, err := url.QueryUnescape(c.Value)
	if err != nil {
		return nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if s := o.sessions[token]; s != nil && o.active(s.user) {
		return s.user
	}
	return nil
}

// place does what the forms of a record's page ask for.
func (o *Org) place(u *User, id string, form url.Values) error {
	contact := form.Get("contact")
	if form.Get("new") != "" {
		fields := map[string]any{}
		for _, name := range []string{"FirstName", "LastName", "MobilePhone", "Email"} {
			fields[name] = form.Get(name)
		}
		made, err := o.Create(u, "Contact", fields)
		if err != nil {
			return err
		}
		contact = made
	}
	return o.Update(u, "SMS__c", id, map[string]any{"Contact__c": contact})
}

func (o *Org) render(w http.ResponseWriter, status int, name string, p page) {
	var buf bytes.Buffer
	if err := pages.ExecuteTemplate(&buf, name, p); err != nil {
		http.Error(w, "The page cannot be shown.", http.StatusInternalServerError)
		o.log.Error("show a page", "error", err)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(buf.Bytes())
}

// frame is what all pages of a user have.
func (o *Org) frame(u *User, title string) page {
	p := page{Title: title, User: u.Username, Installed: o.Fields("SMS__c") != nil}
	for _, n := range slices.Backward(o.Notifications()) {
		if slices.Contains(n.Recipients, u.ID) {
			p.Bell = append(p.Bell, ring{n.Title, n.Body, "/_sforg/SMS__c/" + n.Target})
		}
	}
	return p
}

const messageFields = "Id, Name, Phone__c, Message__c, Status__c, Contact__c, Contact__r.Name, Lead__r.Name, Account__r.Name, Assignment_Reason__c, Explanation__c"

func (o *Org) messages(tail string) ([]message, error) {
	rows, err := o.Query("SELECT " + messageFields + " FROM SMS__c WHERE IsDeleted = false " + tail)
	if err != nil {
		return nil, err
	}
	var list []message
	for _, r := range rows {
		text := func(name string) string {
			s, _ := r[name].(string)
			return s
		}
		m := message{ID: text("Id"), Name: text("Name"), Phone: text("Phone__c"), Message: text("Message__c"), Status: text("Status__c"),
			Contact: text("Contact__r.Name"), ContactID: text("Contact__c"), Lead: text("Lead__r.Name"), Account: text("Account__r.Name"),
			Reason: text("Assignment_Reason__c"), Explanation: text("Explanation__c")}
		if m.Name == "" {
			m.Name = m.ID
		}
		m.Record = m.Contact + m.Lead + m.Account
		list = append(list, m)
	}
	return list, nil
}

func (o *Org) listPage(u *User) page {
	p := o.frame(u, "SMS")
	if !p.Installed {
		return p
	}
	list, err := o.messages("ORDER BY Name DESC LIMIT 100")
	if err != nil {
		p.Problem = err.Error()
	}
	p.Messages = list
	return p
}

func (o *Org) recordPage(w http.ResponseWriter, u *User, id string, status int, problem string) {
	if !looksLikeID(id) {
		http.Error(w, "There is no such page.", http.StatusNotFound)
		return
	}
	list, err := o.messages(fmt.Sprintf("AND Id = '%s'", id))
	if err != nil || len(list) != 1 {
		http.Error(w, "There is no such record.", http.StatusNotFound)
		return
	}
	p := o.frame(u, list[0].Name)
	p.Message, p.Problem = list[0], problem
	contacts, err := o.Query("SELECT Id, Name FROM Contact WHERE IsDeleted = false ORDER BY Id DESC LIMIT 200")
	if err != nil {
		p.Problem = err.Error()
	}
	for _, c := range contacts {
		id, _ := c["Id"].(string)
		name, _ := c["Name"].(string)
		p.Contacts = append(p.Contacts, choice{id, name})
	}
	o.render(w, status, "record", p)
}
