package web

import (
	"net/http"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
)

// showChannelSetup gets the first text in. Without a channel it asks for one;
// with one, it shows the rest of the way for the one asked for, or the first.
func (s *Server) showChannelSetup(w http.ResponseWriter, r *http.Request) error {
	return s.channelSetup(w, r, http.StatusOK, nil)
}

func (s *Server) channelSetup(w http.ResponseWriter, r *http.Request, status int, failed error) error {
	v, rd, set, err := s.settingsOf(r)
	if err != nil {
		return err
	}
	p := ChannelSetupPage{Page: s.frame(r, "Set-up", ""), Checks: s.checks(r.Context())}
	p.Detached = true
	channels, err := s.db.Channels(r.Context(), v.Actor.OrgID)
	if err != nil {
		return err
	}
	if len(channels) == 0 || failed != nil {
		name := s.chosenProvider(r)
		p.Providers, p.Form = s.providers("/setup/channel", name), s.channelForm(r, "/setup/channel", name, set, failed)
		return s.pages.Page(w, r, status, "setup_channel", p)
	}
	c := channels[0]
	for _, other := range channels {
		if other.ID == r.FormValue("channel") {
			c = other
		}
	}
	if p.Channel, err = s.connectedChannel(r, v, c, rd); err != nil {
		return err
	}
	p.Checks = p.Channel.Live.Checks
	return s.pages.Page(w, r, status, "setup_channel", p)
}

func (s *Server) connectChannel(w http.ResponseWriter, r *http.Request) error {
	v, _ := visitorOf(r.Context())
	c, err := s.connect(r, v)
	switch switchboard.ErrorCode(err) {
	case "":
		return seeOther(w, r, "/setup/channel?channel="+queryEscape(c.ID))
	case switchboard.CodeInvalid:
		return s.channelSetup(w, r, http.StatusUnprocessableEntity, err)
	}
	return err
}

// connectedChannel prepares steps 1 to 3 of a channel that is there.
func (s *Server) connectedChannel(r *http.Request, v visitor, c switchboard.Channel, rd reader) (*ConnectedChannel, error) {
	g := s.guideOf(c.Provider)
	address, token, err := s.webhook(r.Context(), v.Actor.OrgID, c)
	if err != nil {
		return nil, err
	}
	out := &ConnectedChannel{
		ID: c.ID, Provider: s.caller(c.Provider), Summary: g.Title + ", as " + channelLabel(c, rd) + " with " + numbersOf(c, rd) + ".",
		Bell: "Unassigned texts ring the bell of who connected it.", Address: Secret{ID: "address", Label: "webhook address", Value: address, Brand: true}, Steps: g.Steps,
	}
	if c.AuthenticatedBy == v.User.ID {
		out.Bell = "Unassigned texts ring your bell, because you connected it."
	}
	if len(c.Numbers) > 0 {
		out.Number = rd.Number(c.Numbers[0].Number)
	}
	if out.Secret, err = s.madeSecret(r.Context(), c, token); err != nil {
		return nil, err
	}
	out.Live, err = s.channelLive(r, v, c, rd)
	return out, err
}

// channelLive is what has arrived so far.
func (s *Server) channelLive(r *http.Request, v visitor, c switchboard.Channel, rd reader) (ChannelLive, error) {
	ctx := r.Context()
	line, check, state, err := s.lastCall(ctx, v.Actor.OrgID, c, rd)
	if err != nil {
		return ChannelLive{}, err
	}
	l := ChannelLive{ID: c.ID, Line: line, Checks: append(s.checks(ctx), check)}
	newest, _, err := s.db.Messages(ctx, v.Actor.OrgID, store.MessageFilter{ChannelID: c.ID, Page: store.Page{Limit: 1}})
	if err != nil {
		return ChannelLive{}, err
	}
	if len(newest) == 1 {
		m := newest[0]
		state += " " + m.ID + " " + itoa(int(m.Version))
		l.Result = &TestResult{Name: m.Name(), URL: "/messages/" + m.ID, From: rd.Number(m.Sender.Address), Body: saying(m), Chip: stateChip(m), When: rd.age(m.ReceivedAt)}
		if m.Decision != nil {
			l.Result.Because = m.Decision.Because(rd.Reader)
		}
	}
	l.State = state
	return l, nil
}

// showChannelLive answers the page's question whether there is anything new.
func (s *Server) showChannelLive(w http.ResponseWriter, r *http.Request) error {
	v, rd, _, err := s.settingsOf(r)
	if err != nil {
		return err
	}
	c, err := s.db.Channel(r.Context(), v.Actor.OrgID, r.PathValue("id"))
	if err != nil {
		return err
	}
	l, err := s.channelLive(r, v, c, rd)
	if err != nil {
		return err
	}
	if l.State == r.FormValue("was") {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	l.Swap = true
	return s.pages.Fragment(w, r, http.StatusOK, "channel-live", l)
}

// sendTest has a test text arrive on the channel.
func (s *Server) sendTest(w http.ResponseWriter, r *http.Request) error {
	v, _ := visitorOf(r.Context())
	c, err := s.db.Channel(r.Context(), v.Actor.OrgID, r.PathValue("id"))
	if err == nil {
		err = s.sendText(r.Context(), v.Actor, c, testSender, testBody)
	}
	if err != nil {
		s.sessions.flash(r.Context(), Toast{Kind: "error", Icon: "error", Title: "The test text did not arrive", Note: switchboard.ErrorMessage(err)})
		s.log.WarnContext(r.Context(), "a test text did not arrive", "channel", r.PathValue("id"), "err", err)
	} else {
		s.sessions.flash(r.Context(), Toast{Kind: "done", Icon: "success", Title: "A test text arrived"})
	}
	to := "/settings/channels/" + r.PathValue("id")
	if r.URL.Path[:len("/setup/")] == "/setup/" {
		to = "/setup/channel?channel=" + queryEscape(r.PathValue("id"))
	}
	return seeOther(w, r, to)
}
