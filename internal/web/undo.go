package web

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"

	"github.com/switchboardhq/switchboard/internal/store"
)

// sessionUndo holds the tokens of what this visitor did, so that a text's page
// can offer to take it back for as long as the store keeps them.
const sessionUndo = "undo"

const undosKept = 20

type undoable struct {
	Token    string   `json:"token"`
	Messages []string `json:"messages"`
}

func (s *Server) undos(r *http.Request) []undoable {
	var all []undoable
	if b := s.sessions.scs.GetBytes(r.Context(), sessionUndo); len(b) > 0 {
		if err := json.Unmarshal(b, &all); err != nil {
			return nil // kept by another version
		}
	}
	return all
}

func (s *Server) setUndos(r *http.Request, all []undoable) {
	b, err := json.Marshal(all[max(0, len(all)-undosKept):])
	if err != nil {
		s.log.ErrorContext(r.Context(), "an undo token was lost", "err", err)
		return
	}
	s.sessions.scs.Put(r.Context(), sessionUndo, b)
}

// keepUndo remembers how to take an action back. An older action on one of
// the same texts can't be taken back any more.
func (s *Server) keepUndo(r *http.Request, c store.Changed) {
	s.keepAlong(r, c)
	if c.Undo == "" {
		return
	}
	u := undoable{Token: c.Undo}
	for _, m := range c.Messages {
		if len(u.Messages) < 100 {
			u.Messages = append(u.Messages, m.ID)
		}
	}
	kept := slices.DeleteFunc(s.undos(r), func(old undoable) bool {
		return slices.ContainsFunc(old.Messages, func(id string) bool { return slices.Contains(u.Messages, id) })
	})
	s.setUndos(r, append(kept, u))
}

func (s *Server) dropUndo(r *http.Request, token string) {
	all := s.undos(r)
	kept := slices.DeleteFunc(slices.Clone(all), func(u undoable) bool { return u.Token == token })
	if len(kept) != len(all) {
		s.setUndos(r, kept)
	}
}

// undoOf is the token that takes back what was done with a text; "" if there
// is none.
func (s *Server) undoOf(r *http.Request, message string) string {
	for _, u := range s.undos(r) {
		if slices.Contains(u.Messages, message) {
			return u.Token
		}
	}
	return ""
}

// sessionAlong holds the later texts that came to a record by a number that is
// forgotten now, until the page of the text shows them.
const sessionAlong = "along"

// keepAlong remembers what came along, for the next page of the text.
func (s *Server) keepAlong(r *http.Request, c store.Changed) {
	if len(c.CameAlong) == 0 {
		return
	}
	u := undoable{Token: c.Messages[0].ID}
	for _, m := range c.CameAlong {
		u.Messages = append(u.Messages, m.ID)
	}
	b, err := json.Marshal(u)
	if err != nil {
		s.log.ErrorContext(r.Context(), "texts that came along are not shown", "err", err)
		return
	}
	s.sessions.scs.Put(r.Context(), sessionAlong, b)
}

// takeAlong returns the texts that came along with one, once.
func (s *Server) takeAlong(r *http.Request, message string) []string {
	var u undoable
	b := s.sessions.scs.GetBytes(r.Context(), sessionAlong)
	if len(b) == 0 || json.Unmarshal(b, &u) != nil || u.Token != message {
		return nil
	}
	s.sessions.scs.Remove(r.Context(), sessionAlong)
	return u.Messages
}

func formVersion(r *http.Request) int64 {
	n, err := strconv.ParseInt(r.FormValue("version"), 10, 64)
	if err != nil {
		return 0
	}
	return n
}
