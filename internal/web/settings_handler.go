package web

import (
	"net/http"
	"slices"
	"strings"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
)

// The parts of the settings, in the order of their menu.
const (
	partOrganization = "/settings/organization"
	partChannels     = "/settings/channels"
	partPhoneFields  = "/settings/phone-fields"
	partUnknown      = "/settings/unknown-numbers"
	partUsers        = "/settings/users"
	partKeys         = "/settings/api-keys"
	partBlocked      = "/settings/blocked-senders"
	partQuarantine   = "/settings/quarantine"
	partAudit        = "/settings/audit"
)

func settingsParts() []Option {
	return []Option{
		{URL: partOrganization, Label: "Organization"},
		{URL: partChannels, Label: "Channels"},
		{URL: partPhoneFields, Label: "Phone fields"},
		{URL: partUnknown, Label: "Unknown numbers"},
		{URL: partUsers, Label: "Users"},
		{URL: partKeys, Label: "API keys"},
		{URL: partSalesforce, Label: "Salesforce"},
		{URL: partWebhook, Label: "Outgoing webhook"},
		{URL: partBlocked, Label: "Blocked senders"},
		{URL: partQuarantine, Label: "Quarantine"},
		{URL: partAudit, Label: "Audit trail"},
	}
}

// settingsFrame prepares what surrounds a settings page. Who may not change
// settings sees the block list and the profile.
func (s *Server) settingsFrame(r *http.Request, title, part string) Settings {
	v, _ := visitorOf(r.Context())
	set := Settings{Page: s.frame(r, title, "settings")}
	for _, o := range append(settingsParts(), Option{URL: "/profile", Label: "Your profile"}) {
		if !v.Actor.Role.Can(switchboard.MayConfigure) && o.URL != partBlocked && o.URL != "/profile" {
			continue
		}
		if o.Current = o.URL == part; o.Current && len(title) > len(o.Label) {
			set.Heading = o.Label // a phone's header is narrow
		}
		set.Nav = append(set.Nav, o)
	}
	return set
}

func (s *Server) showSettings(w http.ResponseWriter, r *http.Request) error {
	v, _, set, err := s.settingsOf(r)
	if err != nil {
		return err
	}
	p := SettingsPage{Settings: s.settingsFrame(r, "Settings", "")}
	if !v.Actor.Role.Can(switchboard.MayConfigure) {
		p.Parts = []SettingsPart{
			{partBlocked, "Blocked senders", "Senders whose texts are dismissed at once.", ""},
			{"/profile", "Your profile", "Your password, colors and keys.", roleLabel(v.User.Role) + ", " + roleMeans(v.User.Role)},
		}
		return s.pages.Page(w, r, http.StatusOK, "settings", p)
	}
	states, err := s.settingsStates(r, v, set)
	if err != nil {
		return err
	}
	about := map[string]string{
		partOrganization: "Its name, country and time zone.",
		partChannels:     "Accounts at SMS providers, and our numbers there.",
		partPhoneFields:  "Which fields of a record are matched, and numbers that cannot be read.",
		partUnknown:      "What happens when no record has the number of a text.",
		partUsers:        "Who may sign in, and what they may do.",
		partKeys:         "Programs that use the JSON API.",
		partSalesforce:   "Its records are matched here, and texts stand there.",
		partWebhook:      "Who outside is told when a text waits for a person.",
		partBlocked:      "Senders whose texts are dismissed at once.",
		partQuarantine:   "What came from a provider but could not be read.",
		partAudit:        "Every change that a person or a program made.",
	}
	for _, o := range settingsParts() {
		title := o.Label
		if o.URL == partUnknown {
			title = "Create Records From Unknown Numbers"
		}
		p.Parts = append(p.Parts, SettingsPart{URL: o.URL, Title: title, About: about[o.URL], State: states[o.URL]})
	}
	p.Parts = append(p.Parts, SettingsPart{"/profile", "Your profile", "Your password, colors and keys.", v.User.Email})
	return s.pages.Page(w, r, http.StatusOK, "settings", p)
}

// settingsStates says of each part how it stands, by its address.
func (s *Server) settingsStates(r *http.Request, v visitor, set switchboard.Settings) (map[string]string, error) {
	ctx, org := r.Context(), v.Actor.OrgID
	channels, err := s.db.Channels(ctx, org)
	if err != nil {
		return nil, err
	}
	users, err := s.db.Users(ctx, org)
	if err != nil {
		return nil, err
	}
	keys, err := s.db.APIKeys(ctx, org)
	if err != nil {
		return nil, err
	}
	keys = slices.DeleteFunc(keys, func(k store.APIKey) bool { return !k.RevokedAt.IsZero() })
	waiting, more, err := s.db.Quarantined(ctx, org, store.Page{Limit: 50})
	if err != nil {
		return nil, err
	}
	fields := 0
	for _, f := range set.PhoneFields {
		fields += len(f)
	}
	states := map[string]string{
		partOrganization: set.OrgName, partChannels: count(len(channels), "channel", "channels"), partPhoneFields: count(fields, "field", "fields") + " matched",
		partUnknown: "Off", partUsers: count(len(users), "user", "users"), partKeys: count(len(keys), "key", "keys"), partQuarantine: "Empty",
	}
	if set.UnknownNumbers.Enabled {
		states[partUnknown] = "On: creates a " + strings.ToLower(string(set.UnknownNumbers.Object))
	}
	switch _, err := s.db.Endpoint(ctx, org); switchboard.ErrorCode(err) {
	case "":
		states[partWebhook] = "On"
	case switchboard.CodeNotFound:
		states[partWebhook] = "None"
	default:
		return nil, err
	}
	if states[partSalesforce], err = s.salesforceWord(ctx, org); err != nil {
		return nil, err
	}
	if len(waiting) > 0 {
		states[partQuarantine] = count(len(waiting), "delivery", "deliveries")
	}
	if more != "" {
		states[partQuarantine] = "more than 50 deliveries"
	}
	return states, nil
}

// saved goes back to a settings page with a word that it is done.
func (s *Server) saved(w http.ResponseWriter, r *http.Request, title, note, to string) error {
	s.sessions.flash(r.Context(), Toast{Kind: "done", Icon: "success", Title: title, Note: note})
	return seeOther(w, r, to)
}

// notSaved goes back to a settings page with what went wrong, where that is not
// about a field; else it is a page of its own.
func (s *Server) notSaved(w http.ResponseWriter, r *http.Request, err error, to string) error {
	switch switchboard.ErrorCode(err) {
	case switchboard.CodeConflict, switchboard.CodeNotFound, switchboard.CodeInvalid:
		s.sessions.flash(r.Context(), Toast{Kind: "error", Icon: "error", Title: "Not changed", Note: switchboard.ErrorMessage(err)})
		return seeOther(w, r, to)
	}
	return err
}

// wrongInput puts an error at the field that it is about. It returns the line
// above the form.
func wrongInput(fields []Input, err error) string {
	message := switchboard.ErrorMessage(err)
	if _, found := withError(fields, fieldOf(err), message); found {
		return "Correct what is marked."
	}
	return message
}

func (s *Server) showOrganization(w http.ResponseWriter, r *http.Request) error {
	_, _, set, err := s.settingsOf(r)
	if err != nil {
		return err
	}
	return s.organizationPage(w, r, http.StatusOK, store.OrgSettings{Name: set.OrgName, Region: set.Region, TimeZone: set.TimeZone}, nil)
}

func (s *Server) organizationPage(w http.ResponseWriter, r *http.Request, status int, o store.OrgSettings, failed error) error {
	p := OrganizationPage{Settings: s.settingsFrame(r, "Organization", partOrganization)}
	p.Fields = []Input{
		{ID: "organization", Name: "name", Label: "Organization name", Type: "text", Value: o.Name, Complete: "organization", Required: true},
		{ID: "region", Name: "region", Label: "Country", Type: "select", Options: regionOptions(o.Region)},
		{ID: "zone", Name: "time_zone", Label: "Time zone", Type: "select", Options: zoneOptions(o.TimeZone, s.now())},
	}
	if failed != nil {
		p.Error = wrongInput(p.Fields, failed)
	}
	return s.pages.Page(w, r, status, "settings_organization", p)
}

func (s *Server) saveOrganization(w http.ResponseWriter, r *http.Request) error {
	v, _ := visitorOf(r.Context())
	o := store.OrgSettings{Name: r.PostFormValue("name"), Region: r.PostFormValue("region"), TimeZone: r.PostFormValue("time_zone")}
	_, err := s.desk.UpdateOrg(r.Context(), v.Actor, o)
	switch switchboard.ErrorCode(err) {
	case "":
		return s.saved(w, r, "Saved", "", partOrganization)
	case switchboard.CodeInvalid:
		return s.organizationPage(w, r, http.StatusUnprocessableEntity, o, err)
	}
	return err
}
