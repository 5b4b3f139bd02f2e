package web

import "github.com/switchboardhq/switchboard"

// adminRoutes are the pages around the desk: signing in, set-up, home, records
// and settings.
func (s *Server) adminRoutes() []route {
	const read, edit, block, configure = switchboard.MayRead, switchboard.MayEdit, switchboard.MayBlock, switchboard.MayConfigure
	routes := []route{
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
		{"GET /objects/{object}", read, s.showCustomRecords},
		{"GET /records/{id}", read, s.showRecord},
		{"POST /records/{id}", edit, s.changeRecord},

		{"GET /setup/channel", configure, s.showChannelSetup},
		{"POST /setup/channel", configure, s.connectChannel},
		{"GET /setup/channel/{id}/live", configure, s.showChannelLive},
		{"POST /setup/channel/{id}/test", configure, s.sendTest},

		{"GET /settings", read, s.showSettings},
		{"GET " + partOrganization, configure, s.showOrganization},
		{"POST " + partOrganization, configure, s.saveOrganization},
		{"GET " + partChannels, configure, s.showChannels},
		{"POST " + partChannels, configure, s.addChannel},
		{"GET " + partChannels + "/new", configure, s.showNewChannel},
		{"GET " + partChannels + "/{id}", configure, s.showChannel},
		{"POST " + partChannels + "/{id}", configure, s.saveChannel},
		{"POST " + partChannels + "/{id}/test", configure, s.sendTest},
		{"GET " + partPhoneFields, configure, s.showPhoneFields},
		{"POST " + partPhoneFields, configure, s.savePhoneFields},
		{"GET " + partUnknown, configure, s.showUnknown},
		{"POST " + partUnknown, configure, s.saveUnknown},
		{"GET " + partUsers, configure, s.showUsers},
		{"POST " + partUsers, configure, s.addUser},
		{"POST " + partUsers + "/{id}/link", configure, s.linkUser},
		{"POST " + partUsers + "/{id}/role", configure, s.setUserRole},
		{"POST " + partUsers + "/{id}/disable", configure, s.setUserActive(false)},
		{"POST " + partUsers + "/{id}/enable", configure, s.setUserActive(true)},
		{"GET " + partKeys, configure, s.showKeys},
		{"POST " + partKeys, configure, s.addKey},
		{"POST " + partKeys + "/{id}/revoke", configure, s.revokeKey},
		{"GET " + partWebhook, configure, s.showWebhook},
		{"POST " + partWebhook, configure, s.saveWebhook},
		{"POST " + partWebhook + "/remove", configure, s.removeWebhook},
		{"POST " + partWebhook + "/test", configure, s.testWebhook},
		{"POST " + partWebhook + "/{id}/retry", configure, s.retryCall},
		{"GET " + partBlocked, read, s.showBlocked},
		{"POST " + partBlocked, block, s.blockSender},
		{"POST " + partBlocked + "/remove", block, s.unblockSender},
		{"GET " + partQuarantine, configure, s.showQuarantine},
		{"GET " + partQuarantine + "/{id}", configure, s.showQuarantined},
		{"POST " + partQuarantine + "/{id}/replay", configure, s.replayQuarantined},
		{"GET " + partAudit, configure, s.showAudit},
	}
	routes = append(routes, s.salesforceRoutes()...)
	if s.demo {
		routes = append(routes, route{"GET /demo/handset", "", s.showHandset}, route{"POST /demo/handset", "", s.playHandset})
	}
	return routes
}
