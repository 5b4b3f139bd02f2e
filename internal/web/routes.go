package web

import (
	"net/http"
	"slices"

	"github.com/switchboardhq/switchboard"
)

// A route is one address of the web app and what a visitor must be allowed to
// do to get there. An empty permission makes it public.
type route struct {
	pattern string // of [http.ServeMux]
	may     switchboard.Permission
	handle  handler
}

// A handler answers a request, or returns the error that [Server.fail] answers
// it with; then it has written nothing.
type handler func(w http.ResponseWriter, r *http.Request) error

// routes are all addresses of the web app.
func (s *Server) routes() []route {
	return slices.Concat(s.deskRoutes(), s.adminRoutes())
}

// deskRoutes are the pages where people place texts, and what the frame of
// every page needs.
func (s *Server) deskRoutes() []route {
	const read, place, edit = switchboard.MayRead, switchboard.MayPlace, switchboard.MayEdit
	return []route{
		{"GET /unassigned", read, s.showUnassigned},
		{"GET /unassigned/preview", read, s.showPreview},
		{"GET /unassigned/new", read, s.showNewSenders},
		{"POST /bulk", place, s.bulk},

		{"GET /messages/{id}", read, s.showMessage},
		{"GET /messages/{id}/since", read, s.showMessageSince},
		{"GET /messages/{id}/edit", place, s.editDetails},
		{"GET /messages/{id}/details", read, s.showDetails},
		{"POST /messages/{id}/details", place, s.saveDetails},
		{"POST /messages/{id}/assign", place, s.assignMessage},
		{"POST /messages/{id}/take-off", place, s.takeOff},
		{"POST /messages/{id}/dismiss", place, s.dismiss},
		{"POST /take-off", place, s.takeOffMany},
		{"POST /undo", place, s.undo},

		{"GET /lookup", read, s.lookup},
		{"GET /find", place, s.showFind},
		{"POST /assign", place, s.assignFound},
		{"GET /records/new/{object}", edit, s.newRecord},
		{"POST /records/new/{object}", edit, s.createRecord},
		{"POST /records/likely", edit, s.likely},

		{"GET /messages", read, s.showMessages},
		{"GET /search", read, s.showSearch},
		{"POST /notifications/read", read, s.readNotifications},
		{"POST /appearance", read, s.setAppearance},
		{"GET /live", read, s.stream},
		{"GET /live/frame", read, s.showFrame},
	}
}
