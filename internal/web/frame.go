package web

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"unicode"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
)

// bellNotes is how many notifications the panel shows.
const bellNotes = 20

// frame prepares what surrounds every page of the app, and takes the toasts
// that wait for it. What cannot be read is left out, and logged: the page
// itself matters more.
func (s *Server) frame(r *http.Request, title, section string) Page {
	v, _ := visitorOf(r.Context())
	p, err := s.frameOf(r, v, title, section)
	if err != nil {
		s.log.ErrorContext(r.Context(), "frame of a page", "path", r.URL.Path, "err", err)
	}
	p.Toasts = s.sessions.toasts(r.Context())
	return p
}

// frameOf is frame without the toasts, which stay for the next page.
func (s *Server) frameOf(r *http.Request, v visitor, title, section string) (Page, error) {
	p := Page{
		Title: title, Section: section, Theme: v.Preferences.Theme, KeysOff: v.Preferences.KeysOff, Return: ownPath(r.URL.RequestURI(), "/"),
		User: User{
			Name: v.User.Name, Email: v.User.Email, Initials: initials(v.User.Name),
			Admin: v.Actor.Role.Can(switchboard.MayConfigure), Writes: v.Actor.Role.Can(switchboard.MayPlace),
		},
	}
	ctx := r.Context()
	set, err := s.db.Settings(ctx, v.Actor.OrgID)
	if err != nil {
		return p, err
	}
	p.Org, p.Own = set.OrgName, ownTabs(set.PhoneFields)
	rd, err := s.reader(set)
	if err != nil {
		return p, err
	}
	p.Now = rd.Now.UnixMilli()
	waiting, err := s.db.QueueCounts(ctx, v.Actor.OrgID, "")
	if err != nil {
		return p, err
	}
	p.Waiting = waiting.Senders
	p.Bell, err = s.bell(ctx, v, rd, waiting.Senders)
	return p, err
}

// bell prepares the notifications of the visitor.
func (s *Server) bell(ctx context.Context, v visitor, rd reader, waiting int) (Bell, error) {
	open, err := s.db.OpenNotifications(ctx, v.Actor.OrgID, v.Actor.ID, bellNotes)
	if err != nil {
		return Bell{}, err
	}
	ids := make([]string, len(open.Notifications))
	for i, n := range open.Notifications {
		ids[i] = n.MessageID
	}
	texts, err := s.db.MessagesByID(ctx, v.Actor.OrgID, ids)
	if err != nil {
		return Bell{}, err
	}
	body := map[string]string{}
	for _, m := range texts {
		body[m.ID] = saying(m)
	}
	b := Bell{Unread: open.Unread, Waiting: waiting}
	for _, n := range open.Notifications {
		note := Note{
			ID: n.ID, URL: "/messages/" + n.MessageID, Title: switchboard.NotificationTitle, Object: "SMS", Sender: rd.Number(n.Sender.Address),
			Body: body[n.MessageID], Age: rd.age(n.UpdatedAt), Unread: n.State == switchboard.Unread,
		}
		if n.Count > 1 {
			note.Count = count(n.Count, "text", "texts")
		}
		b.Notes = append(b.Notes, note)
	}
	return b, nil
}

// saying is what a text says, for lists: the start of it, or what stands for a
// text without words.
func saying(m *switchboard.Message) string {
	if words := excerpt(m.Body); words != "" {
		return words
	}
	if n := len(m.Media); n > 0 {
		return "Sent " + count(n, "attachment", "attachments") + "."
	}
	return emptyText
}

// emptyText stands for a text that says nothing.
const emptyText = "An empty text."

// excerpt is the start of a text, for lists.
func excerpt(body string) string {
	words := strings.Join(strings.Fields(body), " ")
	if r := []rune(words); len(r) > 240 {
		return string(r[:240]) + "…"
	}
	return words
}

func initials(name string) string {
	var b strings.Builder
	words := strings.Fields(name)
	for i, w := range words {
		if i == 0 || i == len(words)-1 {
			for _, r := range w {
				b.WriteRune(unicode.ToUpper(r))
				break
			}
		}
	}
	return b.String()
}

// showFrame answers with the parts of the frame that changes of others touch.
func (s *Server) showFrame(w http.ResponseWriter, r *http.Request) error {
	v, _ := visitorOf(r.Context())
	p, err := s.frameOf(r, v, "", "")
	if err != nil {
		return err
	}
	return s.pages.Fragment(w, r, http.StatusOK, "frame", p)
}

// readNotifications marks all of the visitor's notifications read.
func (s *Server) readNotifications(w http.ResponseWriter, r *http.Request) error {
	v, _ := visitorOf(r.Context())
	if _, err := s.db.MarkAllRead(r.Context(), v.Actor); err != nil {
		return err
	}
	s.hub.Changed(v.Actor.OrgID)
	if r.Header.Get("HX-Request") == "true" {
		return s.showFrame(w, r)
	}
	return back(w, r, "/")
}

// markRead marks the visitor's notification about a sender read: its text is
// on the screen.
func (s *Server) markRead(ctx context.Context, v visitor, sender switchboard.MatchKey) {
	open, err := s.db.OpenNotifications(ctx, v.Actor.OrgID, v.Actor.ID, store.MaxPage)
	if err == nil {
		at := slices.IndexFunc(open.Notifications, func(n switchboard.Notification) bool {
			return n.Sender.Key == sender && n.State == switchboard.Unread
		})
		if at < 0 {
			return
		}
		if _, err = s.db.MarkRead(ctx, v.Actor, open.Notifications[at].ID); err == nil {
			s.hub.Changed(v.Actor.OrgID)
			return
		}
	}
	s.log.ErrorContext(ctx, "a notification stays unread", "err", err)
}

// setAppearance keeps how the visitor wants the pages.
func (s *Server) setAppearance(w http.ResponseWriter, r *http.Request) error {
	v, _ := visitorOf(r.Context())
	p := v.Preferences
	if err := readForm(r); err != nil {
		return err
	}
	if r.PostForm.Has("theme") {
		p.Theme = r.PostForm.Get("theme")
	}
	if r.PostForm.Has("keys") {
		p.KeysOff = r.PostForm.Get("keys") == "off"
	}
	if err := s.db.SetPreferences(r.Context(), v.Actor, p); err != nil {
		return err
	}
	return back(w, r, "/")
}
