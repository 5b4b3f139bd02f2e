package web

import "github.com/switchboardhq/switchboard"

// adminRoutes are the pages around the desk: signing in, set-up, home, records
// and settings.
func (s *Server) adminRoutes() []route {
	const read, place, edit, block, configure = switchboard.MayRead, switchboard.MayPlace, switchboard.MayEdit, switchboard.MayBlock, switchboard.MayConfigure
	return []route{
		{"GET /sign-in", "", s.showSignIn},
		{"POST /sign-in", "", s.signIn},
		{"GET /sign-in/link", "", s.showLink},
		{"POST /sign-in/link", "", s.useLink},
		{"POST /sign-out", "", s.signOut},
		{"GET /setup", "", s.showSetup},
		{"POST /setup", "", s.setUp},

		{"GET /profile", read, s.showProfile},
		{"POST /profile/password", read, s.setPassword},
		{"POST /profile/preferences", read, s.setPreferences},

		{"GET /{$}", read, s.showHome},
		{"GET /contacts", read, s.showRecords(switchboard.Contact)},
		{"GET /leads", read, s.showRecords(switchboard.Lead)},
		{"GET /accounts", read, s.showRecords(switchboard.Account)},
		{"GET /records/{id}", read, s.showRecord},
		{"POST /records/{id}", edit, s.changeRecord},

		{"GET /setup/channel", configure, s.showChannelSetup},
		{"POST /setup/channel", configure, s.connectChannel},
		{"GET /setup/channel/{id}/live", configure, s.showChannelLive},
		{"POST /setup/channel/{id}/test", configure, s.sendTest},
	}
}
