package web

import (
	"net/http"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
)

func roleOptions(current switchboard.Role) []Option {
	var all []Option
	for _, role := range []switchboard.Role{switchboard.Admin, switchboard.Agent, switchboard.Viewer} {
		all = append(all, Option{Value: string(role), Label: roleLabel(role) + ": " + roleMeans(role), Current: role == current})
	}
	return all
}

func (s *Server) showUsers(w http.ResponseWriter, r *http.Request) error {
	return s.usersPage(w, r, http.StatusOK, nil, nil)
}

func (s *Server) usersPage(w http.ResponseWriter, r *http.Request, code int, once *ShownOnce, failed error) error {
	v, rd, _, err := s.settingsOf(r)
	if err != nil {
		return err
	}
	users, err := s.db.Users(r.Context(), v.Actor.OrgID)
	if err != nil {
		return err
	}
	p := UsersPage{Settings: s.settingsFrame(r, "Users", partUsers), Link: once}
	for _, u := range users {
		row := UserRow{ID: u.ID, Name: u.Name, Email: u.Email, Initials: initials(u.Name), Role: roleLabel(u.Role), Active: u.Active, Self: u.ID == v.User.ID, Since: rd.local(u.CreatedAt).Format("January 2, 2006")}
		for _, role := range []switchboard.Role{switchboard.Admin, switchboard.Agent, switchboard.Viewer} {
			row.Roles = append(row.Roles, Option{Value: string(role), Label: roleLabel(role), Current: role == u.Role})
		}
		if !u.Active {
			row.Chip = Chip{Icon: "ban", Text: "Disabled"}
		}
		p.Rows = append(p.Rows, row)
	}
	role := switchboard.Role(r.PostFormValue("role"))
	if role == "" {
		role = switchboard.Agent
	}
	p.Fields = []Input{
		{ID: "user-name", Name: "name", Label: "Name", Type: "text", Required: true},
		{ID: "user-email", Name: "email", Label: "Email", Type: "email", Required: true},
		{ID: "user-role", Name: "role", Label: "Role", Type: "select", Wide: true, Options: roleOptions(role)},
	}
	if failed != nil {
		p.Fields[0].Value, p.Fields[1].Value = r.PostFormValue("name"), r.PostFormValue("email")
		p.Error = wrongInput(p.Fields, failed)
	}
	return s.pages.Page(w, r, code, "settings_users", p)
}

// linkOnce shows a sign-in link, now and never again.
func (s *Server) linkOnce(u switchboard.User, token string) *ShownOnce {
	return &ShownOnce{
		Title: u.Name + " can sign in by this link", Note: "Hand it over yourself. It works once, for 15 minutes, and is not shown again.",
		Secret: Secret{ID: "link", Label: "sign-in link", Value: s.publicURL() + "/sign-in/link?token=" + queryEscape(token)},
	}
}

func (s *Server) addUser(w http.ResponseWriter, r *http.Request) error {
	v, _ := visitorOf(r.Context())
	u, token, err := s.desk.AddUser(r.Context(), v.Actor, r.PostFormValue("name"), r.PostFormValue("email"), switchboard.Role(r.PostFormValue("role")))
	switch switchboard.ErrorCode(err) {
	case "":
		noReferrer(w)
		return s.usersPage(w, r, http.StatusOK, s.linkOnce(u, token), nil)
	case switchboard.CodeInvalid, switchboard.CodeAlreadyExists:
		return s.usersPage(w, r, http.StatusUnprocessableEntity, nil, err)
	}
	return err
}

func (s *Server) linkUser(w http.ResponseWriter, r *http.Request) error {
	v, _ := visitorOf(r.Context())
	u, token, err := s.desk.SignInLink(r.Context(), v.Actor, r.PathValue("id"))
	if err != nil {
		return s.notSaved(w, r, err, partUsers)
	}
	noReferrer(w)
	return s.usersPage(w, r, http.StatusOK, s.linkOnce(u, token), nil)
}

func (s *Server) setUserRole(w http.ResponseWriter, r *http.Request) error {
	v, _ := visitorOf(r.Context())
	u, err := s.desk.SetUserRole(r.Context(), v.Actor, r.PathValue("id"), switchboard.Role(r.PostFormValue("role")))
	if err != nil {
		return s.notSaved(w, r, err, partUsers)
	}
	return s.saved(w, r, u.Name+" is "+roleLabel(u.Role)+" now", "", partUsers)
}

func (s *Server) setUserActive(active bool) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		v, _ := visitorOf(r.Context())
		u, err := s.desk.SetUserActive(r.Context(), v.Actor, r.PathValue("id"), active)
		switch {
		case err != nil:
			return s.notSaved(w, r, err, partUsers)
		case active:
			return s.saved(w, r, u.Name+" may sign in again", "", partUsers)
		default:
			return s.saved(w, r, u.Name+" is disabled", "Signed out everywhere.", partUsers)
		}
	}
}

func (s *Server) showKeys(w http.ResponseWriter, r *http.Request) error {
	return s.keysPage(w, r, http.StatusOK, nil, nil)
}

func (s *Server) keysPage(w http.ResponseWriter, r *http.Request, code int, once *ShownOnce, failed error) error {
	v, rd, _, err := s.settingsOf(r)
	if err != nil {
		return err
	}
	keys, err := s.db.APIKeys(r.Context(), v.Actor.OrgID)
	if err != nil {
		return err
	}
	p := APIKeysPage{Settings: s.settingsFrame(r, "API keys", partKeys), Key: once}
	for _, k := range keys {
		row := APIKeyRow{ID: k.ID, Name: k.Name, Role: roleLabel(k.Role), Since: rd.local(k.CreatedAt).Format("January 2, 2006"), Active: k.RevokedAt.IsZero(), Chip: Chip{Kind: "done", Icon: "check", Text: "Works"}}
		if !row.Active {
			row.Chip = Chip{Icon: "ban", Text: "Revoked " + rd.Time(k.RevokedAt)}
		}
		p.Rows = append(p.Rows, row)
	}
	role := switchboard.Role(r.PostFormValue("role"))
	if role == "" {
		role = switchboard.Viewer
	}
	p.Fields = []Input{
		{ID: "key-name", Name: "name", Label: "Name of the program", Type: "text", Required: true},
		{ID: "key-role", Name: "role", Label: "Role", Type: "select", Options: roleOptions(role)},
	}
	if failed != nil {
		p.Fields[0].Value = r.PostFormValue("name")
		p.Error = wrongInput(p.Fields, failed)
	}
	return s.pages.Page(w, r, code, "settings_keys", p)
}

func (s *Server) addKey(w http.ResponseWriter, r *http.Request) error {
	v, _ := visitorOf(r.Context())
	k, secret, err := s.desk.CreateAPIKey(r.Context(), v.Actor, r.PostFormValue("name"), switchboard.Role(r.PostFormValue("role")))
	switch switchboard.ErrorCode(err) {
	case "":
		return s.keysPage(w, r, http.StatusOK, &ShownOnce{Title: "The key of " + k.Name, Note: "Copy it now: it is stored hashed and not shown again.", Secret: Secret{ID: "key", Label: "API key", Value: secret}}, nil)
	case switchboard.CodeInvalid:
		return s.keysPage(w, r, http.StatusUnprocessableEntity, nil, err)
	}
	return err
}

func (s *Server) revokeKey(w http.ResponseWriter, r *http.Request) error {
	v, _ := visitorOf(r.Context())
	if err := s.desk.RevokeAPIKey(r.Context(), v.Actor, r.PathValue("id")); err != nil {
		return s.notSaved(w, r, err, partKeys)
	}
	return s.saved(w, r, "Key revoked", "It works no more.", partKeys)
}

const listedBlocked = 50

func (s *Server) showBlocked(w http.ResponseWriter, r *http.Request) error {
	return s.blockedPage(w, r, http.StatusOK, nil)
}

func (s *Server) blockedPage(w http.ResponseWriter, r *http.Request, code int, failed error) error {
	v, rd, _, err := s.settingsOf(r)
	if err != nil {
		return err
	}
	list, next, err := s.db.BlockedSenders(r.Context(), v.Actor.OrgID, store.Page{Limit: listedBlocked, Cursor: r.URL.Query().Get("after")})
	if err != nil {
		return err
	}
	p := BlockedPage{Settings: s.settingsFrame(r, "Blocked senders", partBlocked), Writes: v.Actor.Role.Can(switchboard.MayBlock)}
	for _, b := range list {
		p.Rows = append(p.Rows, BlockedRow{Sender: b.Sender.Address, Number: rd.Number(b.Sender.Address), Reason: b.Reason, By: b.By, When: Age{Text: rd.Time(b.At), ISO: rd.age(b.At).ISO, Full: rd.age(b.At).Full}})
	}
	if next != "" {
		p.NextURL = partBlocked + "?after=" + queryEscape(next)
	}
	p.Fields = []Input{
		{ID: "sender", Name: "sender", Label: "Number or sender", Type: "text", Required: true, Placeholder: "(206) 555-0142 or 88202"},
		{ID: "reason", Name: "reason", Label: "Reason", Type: "text"},
	}
	if failed != nil {
		p.Fields[0].Value, p.Fields[1].Value = r.PostFormValue("sender"), r.PostFormValue("reason")
		p.Error = wrongInput(p.Fields, failed)
	}
	return s.pages.Page(w, r, code, "settings_blocked", p)
}

func (s *Server) blockSender(w http.ResponseWriter, r *http.Request) error {
	v, rd, _, err := s.settingsOf(r)
	if err != nil {
		return err
	}
	b, err := s.desk.Block(r.Context(), v.Actor, r.PostFormValue("sender"), r.PostFormValue("reason"))
	switch switchboard.ErrorCode(err) {
	case "":
		return s.saved(w, r, rd.Number(b.Sender.Address)+" blocked", "Its texts are dismissed from now on.", partBlocked)
	case switchboard.CodeInvalid:
		return s.blockedPage(w, r, http.StatusUnprocessableEntity, err)
	}
	return err
}

func (s *Server) unblockSender(w http.ResponseWriter, r *http.Request) error {
	v, rd, _, err := s.settingsOf(r)
	if err != nil {
		return err
	}
	sender := r.PostFormValue("sender")
	if err := s.desk.Unblock(r.Context(), v.Actor, sender); err != nil {
		return s.notSaved(w, r, err, partBlocked)
	}
	return s.saved(w, r, rd.Number(sender)+" unblocked", "What was dismissed stays so.", partBlocked)
}
