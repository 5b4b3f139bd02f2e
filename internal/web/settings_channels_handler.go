package web

import (
	"net/http"
	"strings"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
)

func (s *Server) showChannels(w http.ResponseWriter, r *http.Request) error {
	v, rd, _, err := s.settingsOf(r)
	if err != nil {
		return err
	}
	channels, err := s.db.Channels(r.Context(), v.Actor.OrgID)
	if err != nil {
		return err
	}
	p := ChannelsPage{Settings: s.settingsFrame(r, "Channels", partChannels)}
	for _, c := range channels {
		row := ChannelRow{URL: partChannels + "/" + c.ID, Name: channelLabel(c, rd), Provider: s.guideOf(c.Provider).Title, Numbers: numbersOf(c, rd), Chip: Chip{Kind: "several", Icon: "clock", Text: "No call yet"}}
		call, err := s.db.LastCall(r.Context(), v.Actor.OrgID, c.ID)
		if err != nil {
			return err
		}
		switch {
		case call.At.IsZero():
		case call.Verdict == "ok":
			row.Called, row.Chip = rd.ago(call.At), Chip{Kind: "done", Icon: "check", Text: "Receives"}
		default:
			row.Called, row.Chip = rd.ago(call.At), Chip{Kind: "error", Icon: "error", Text: "Refused"}
		}
		p.Rows = append(p.Rows, row)
	}
	return s.pages.Page(w, r, http.StatusOK, "settings_channels", p)
}

func (s *Server) showNewChannel(w http.ResponseWriter, r *http.Request) error {
	return s.newChannelPage(w, r, http.StatusOK, nil)
}

func (s *Server) newChannelPage(w http.ResponseWriter, r *http.Request, status int, failed error) error {
	_, _, set, err := s.settingsOf(r)
	if err != nil {
		return err
	}
	name := s.chosenProvider(r)
	p := NewChannelPage{Settings: s.settingsFrame(r, "New channel", partChannels), Providers: s.providers(partChannels+"/new", name)}
	p.Form = s.channelForm(r, partChannels, name, set, failed)
	return s.pages.Page(w, r, status, "settings_channel_new", p)
}

func (s *Server) addChannel(w http.ResponseWriter, r *http.Request) error {
	v, _ := visitorOf(r.Context())
	c, err := s.connect(r, v)
	switch switchboard.ErrorCode(err) {
	case "":
		return s.saved(w, r, c.Label()+" connected", "Copy its webhook address to the provider.", partChannels+"/"+c.ID)
	case switchboard.CodeInvalid:
		return s.newChannelPage(w, r, http.StatusUnprocessableEntity, err)
	}
	return err
}

func (s *Server) showChannel(w http.ResponseWriter, r *http.Request) error {
	return s.channelPage(w, r, http.StatusOK, nil)
}

func (s *Server) channelPage(w http.ResponseWriter, r *http.Request, status int, failed error) error {
	v, rd, _, err := s.settingsOf(r)
	if err != nil {
		return err
	}
	c, err := s.db.Channel(r.Context(), v.Actor.OrgID, r.PathValue("id"))
	if err != nil {
		return err
	}
	address, token, err := s.webhook(r.Context(), v.Actor.OrgID, c)
	if err != nil {
		return err
	}
	g := s.guideOf(c.Provider)
	p := ChannelPage{Settings: s.settingsFrame(r, channelLabel(c, rd), partChannels), ID: c.ID, Name: channelLabel(c, rd), Provider: s.caller(c.Provider), Steps: g.Steps, Test: true,
		Line: g.Title + " · since " + rd.local(c.CreatedAt).Format("January 2, 2006"), Address: Secret{ID: "address", Label: "webhook address", Value: address, Brand: true}}
	if p.Secret, err = s.madeSecret(r.Context(), c, token); err != nil {
		return err
	}
	if p.Call, _, _, err = s.lastCall(r.Context(), v.Actor.OrgID, c, rd); err != nil {
		return err
	}
	for _, n := range c.Numbers {
		p.Numbers = append(p.Numbers, ChannelNumber{Number: rd.Number(n.Number), Found: n.Found})
	}
	if p.Fields, err = s.channelInputs(r, v, c, rd); err != nil {
		return err
	}
	if failed != nil {
		p.Error = wrongInput(p.Fields, failed)
	}
	return s.pages.Page(w, r, status, "settings_channel", p)
}

// channelInputs are the fields of a channel: what was typed, else what it has.
func (s *Server) channelInputs(r *http.Request, v visitor, c switchboard.Channel, rd reader) ([]Input, error) {
	users, err := s.db.Users(r.Context(), v.Actor.OrgID)
	if err != nil {
		return nil, err
	}
	name, numbers, region, by := c.Name, numbersOf(c, rd), c.Region, c.AuthenticatedBy
	if r.Method == http.MethodPost {
		name, numbers, region, by = r.PostFormValue("name"), r.PostFormValue("number"), r.PostFormValue("region"), r.PostFormValue("authenticated_by")
	}
	g := s.guideOf(c.Provider)
	fields := []Input{
		{ID: "channel-name", Name: "name", Label: "Name of the channel", Type: "text", Value: name},
		{ID: "channel-region", Name: "region", Label: "Country of its numbers", Type: "select", Options: regionOptions(region)},
		{ID: "channel-number", Name: "number", Label: "Numbers that people text", Type: "text", Value: numbers, Required: true, Wide: true, Hint: "Several are separated by commas."},
	}
	who := Input{ID: "channel-by", Name: "authenticated_by", Label: "Authenticated admin user", Type: "select", Wide: true, Hint: "This user’s bell rings for the channel’s unassigned texts."}
	for _, u := range users {
		label := u.Name
		if !u.Active {
			label += " (disabled)"
		}
		who.Options = append(who.Options, Option{Value: u.ID, Label: label, Current: u.ID == by})
	}
	fields = append(fields, who)
	if g.SecretLabel != "" {
		hint := "Leave it empty to keep the one that is set."
		if !c.HasSecret {
			hint = "None is set, so its webhook takes nothing."
		}
		fields = append(fields, Input{ID: "channel-secret", Name: "secret", Label: "New " + lowerFirst(g.SecretLabel), Type: "password", Complete: "off", Wide: true, Hint: hint})
	}
	return fields, nil
}

func (s *Server) saveChannel(w http.ResponseWriter, r *http.Request) error {
	v, _ := visitorOf(r.Context())
	ctx, id := r.Context(), r.PathValue("id")
	c, err := s.db.Channel(ctx, v.Actor.OrgID, id)
	if err != nil {
		return err
	}
	name, region, by, secret := r.PostFormValue("name"), r.PostFormValue("region"), r.PostFormValue("authenticated_by"), strings.TrimSpace(r.PostFormValue("secret"))
	u := store.ChannelUpdate{Name: &name, Region: &region, Numbers: strings.Split(r.PostFormValue("number"), ",")}
	if by != "" && by != c.AuthenticatedBy {
		u.AuthenticatedBy = &by
	}
	if secret != "" {
		u.Secret = &secret
		err = s.checkSecret(&secret, c.Provider, false)
	}
	if err == nil {
		c, err = s.desk.UpdateChannel(ctx, v.Actor, id, u)
	}
	switch switchboard.ErrorCode(err) {
	case "":
		return s.saved(w, r, c.Label()+" saved", "", partChannels+"/"+id)
	case switchboard.CodeInvalid:
		return s.channelPage(w, r, http.StatusUnprocessableEntity, err)
	}
	return err
}
