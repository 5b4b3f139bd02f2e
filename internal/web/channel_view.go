package web

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/provider"
	"github.com/switchboardhq/switchboard/internal/store"
)

// guideOf returns what a provider says of itself; a driver without a guide has
// its name alone.
func (s *Server) guideOf(name string) provider.Guide {
	for _, d := range s.drivers {
		if d.Name() != name {
			continue
		}
		if g, ok := d.(provider.Guided); ok {
			return g.Guide()
		}
	}
	return provider.Guide{Title: name}
}

func (s *Server) driver(name string) provider.Driver {
	for _, d := range s.drivers {
		if d.Name() == name {
			return d
		}
	}
	return nil
}

// caller is what a sentence calls the provider: by its name, or, where that is
// not a name, as what it is.
func (s *Server) caller(name string) string {
	title := s.guideOf(name).Title
	if strings.Contains(title, " ") {
		return "your program"
	}
	return title
}

// providers are the choices of the menu, with the current one.
func (s *Server) providers(path, current string) []Option {
	var all []Option
	for _, d := range s.drivers {
		all = append(all, Option{Value: d.Name(), Label: s.guideOf(d.Name()).Title, URL: path + "?provider=" + queryEscape(d.Name()), Current: d.Name() == current})
	}
	return all
}

// chosenProvider is the one asked for, else the first.
func (s *Server) chosenProvider(r *http.Request) string {
	if d := s.driver(r.FormValue("provider")); d != nil {
		return d.Name()
	}
	if len(s.drivers) == 0 {
		return ""
	}
	return s.drivers[0].Name()
}

// channelForm asks for what a channel of the provider is made of. r holds what
// was typed already.
func (s *Server) channelForm(r *http.Request, action, name string, set switchboard.Settings, failed error) ChannelForm {
	g := s.guideOf(name)
	region := r.PostFormValue("region")
	if region == "" {
		region = set.Region
	}
	label := r.PostFormValue("name")
	if r.Method != http.MethodPost && label == "" {
		label = "Main line"
	}
	f := ChannelForm{Action: action, Provider: name, Title: g.Title, Button: "Connect " + g.Title}
	f.Fields = []Input{
		{ID: "channel-name", Name: "name", Label: "Name of the channel", Type: "text", Value: label},
		{ID: "channel-region", Name: "region", Label: "Country of its numbers", Type: "select", Options: regionOptions(region)},
		{ID: "channel-number", Name: "number", Label: "Number that people text", Type: "text", Value: r.PostFormValue("number"), Required: true, Wide: true, Placeholder: "(512) 555-0100", Hint: "Several are separated by commas. Others of the same account are found by themselves."},
	}
	if g.SecretLabel != "" && !g.SecretMade {
		f.Fields = append(f.Fields, Input{ID: "channel-secret", Name: "secret", Label: g.SecretLabel, Type: "password", Complete: "off", Required: g.NeedsSecret, Wide: true, Hint: g.SecretHint})
	}
	if failed != nil {
		f.Error = switchboard.ErrorMessage(failed)
		if fields, ok := withError(f.Fields, fieldOf(failed), f.Error); ok {
			f.Fields, f.Error = fields, "Correct what is marked."
		}
	}
	return f
}

// connect makes the channel that the form describes. Where the provider takes
// a secret from us, one is made.
func (s *Server) connect(r *http.Request, v visitor) (switchboard.Channel, error) {
	n := store.NewChannel{
		Provider: r.PostFormValue("provider"), Name: r.PostFormValue("name"), Region: r.PostFormValue("region"),
		Numbers: strings.Split(r.PostFormValue("number"), ","), Secret: strings.TrimSpace(r.PostFormValue("secret")), AuthenticatedBy: v.User.ID,
	}
	if err := s.checkSecret(&n.Secret, n.Provider, true); err != nil {
		return switchboard.Channel{}, err
	}
	c, _, err := s.desk.CreateChannel(r.Context(), v.Actor, n)
	return c, err
}

// checkSecret makes a missing secret where that is ours to do, and refuses one
// that could never verify a delivery.
func (s *Server) checkSecret(secret *string, name string, needed bool) error {
	g := s.guideOf(name)
	if *secret == "" && g.SecretMade && needed {
		random := make([]byte, 24)
		if _, err := io.ReadFull(s.random, random); err != nil {
			return err
		}
		*secret = g.NewSecret(random)
	}
	if *secret == "" {
		if needed && g.NeedsSecret {
			return switchboard.Invalid("secret", "Enter the %s.", lowerFirst(g.SecretLabel))
		}
		return nil
	}
	if d, ok := s.driver(name).(provider.Guided); ok {
		return d.CheckSecret(*secret)
	}
	return nil
}

// lowerFirst puts a label into a sentence; what is written in capitals stays.
func lowerFirst(s string) string {
	if len(s) > 1 && s[1] >= 'a' && s[1] <= 'z' {
		return strings.ToLower(s[:1]) + s[1:]
	}
	return s
}

func upperFirst(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// fieldOf is the form field that an error is about, "" if about none.
func fieldOf(err error) string {
	var e *switchboard.Error
	if errors.As(err, &e) {
		return e.Field
	}
	return ""
}

// webhook is the address that the channel's provider calls.
func (s *Server) webhook(ctx context.Context, org string, c switchboard.Channel) (string, string, error) {
	token, err := s.db.WebhookToken(ctx, org, c.ID)
	if err != nil {
		return "", "", err
	}
	return s.publicURL() + "/hooks/" + c.Provider + "/" + token, token, nil
}

// madeSecret is the secret that we made and a person has to paste at the
// provider; nil where the provider makes it.
func (s *Server) madeSecret(ctx context.Context, c switchboard.Channel, token string) (*Secret, error) {
	g := s.guideOf(c.Provider)
	if !g.SecretMade || !c.HasSecret {
		return nil, nil
	}
	a, err := s.db.AccountByToken(ctx, c.Provider, token)
	if err != nil {
		return nil, err
	}
	if a.SecretErr != nil {
		return nil, nil // it can't be opened with this process's key
	}
	return &Secret{ID: "secret", Label: g.SecretLabel, Value: a.Secret}, nil
}

// channelLabel is what people call the channel; a number that stands for its
// name is written as the reader's country does.
func channelLabel(c switchboard.Channel, rd reader) string {
	if c.Name == "" && len(c.Numbers) > 0 {
		return rd.Number(c.Numbers[0].Number)
	}
	return c.Label()
}

// numbersOf writes the channel's numbers for the reader.
func numbersOf(c switchboard.Channel, rd reader) string {
	var all []string
	for _, n := range c.Numbers {
		all = append(all, rd.Number(n.Number))
	}
	return strings.Join(all, ", ")
}

// lastCall says what the provider's last call was like. state differs when
// there is something new to say.
func (s *Server) lastCall(ctx context.Context, org string, c switchboard.Channel, rd reader) (line Notice, check Check, state string, err error) {
	who := s.caller(c.Provider)
	call, err := s.db.LastCall(ctx, org, c.ID)
	if err != nil {
		return line, check, "", err
	}
	switch {
	case call.At.IsZero():
		line = Notice{Kind: "none", Text: "Waiting for the first call of " + who + "…", Wait: true}
		check = Check{Kind: "several", Icon: "clock", Text: "No call yet", Note: "Calls that fail their signature would show here"}
		return line, check, "waiting", nil
	case call.Verdict == "ok":
		ago := rd.ago(call.At)
		if seconds := int(rd.Now.Sub(call.At).Seconds()); seconds >= 0 && seconds < 60 {
			ago = count(seconds, "second", "seconds") + " ago"
		}
		line = Notice{Kind: "done", Icon: "success", Text: upperFirst(who) + " called " + ago + "."}
		check = Check{Kind: "done", Icon: "success", Text: "The provider called", Note: "Its signature matched"}
		return line, check, "ok", nil
	}
	line = Notice{Kind: "several", Icon: "warning", Text: upperFirst(who) + " called " + rd.ago(call.At) + ", but it was not accepted. " + call.Verdict}
	check = Check{Kind: "error", Icon: "error", Text: "The last call was not accepted", Note: call.Verdict}
	return line, check, "refused " + call.Verdict, nil
}

// checks are what has to be right for texts to arrive.
func (s *Server) checks(ctx context.Context) []Check {
	var all []Check
	host := s.publicURL()
	u, err := url.Parse(host)
	local := err == nil && (u.Hostname() == "localhost" || strings.HasPrefix(u.Hostname(), "127.") || u.Hostname() == "::1" || u.Hostname() == "0.0.0.0")
	switch {
	case err != nil:
		all = append(all, Check{Kind: "error", Icon: "error", Text: "The public URL is no address", Note: "Start with --public-url https://sms.example.com"})
	case local:
		all = append(all, Check{Kind: "several", Icon: "warning", Text: "Only this computer can reach it", Note: u.Host + " is not reachable for a provider. Start with --public-url, or use a tunnel"})
	case u.Scheme != "https":
		all = append(all, Check{Kind: "several", Icon: "warning", Text: "Not encrypted", Note: u.Host + " is called by http. Providers want https"})
	default:
		all = append(all, Check{Kind: "done", Icon: "success", Text: "Public address by HTTPS", Note: u.Host + " is what providers call"})
	}
	if err := s.db.Ready(ctx); err != nil {
		all = append(all, Check{Kind: "error", Icon: "error", Text: "The store can't commit", Note: "No text can be taken. The log of the server says why"})
	} else {
		all = append(all, Check{Kind: "done", Icon: "success", Text: "The store commits", Note: "A text is on disk before the provider hears that we have it"})
	}
	return all
}
