package api_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/switchboardhq/switchboard"
)

// calls is every call of the API, with a body that its role is asked before.
var calls = []struct {
	method, path, id string
	may              []switchboard.Role
}{
	{"POST", "/messages", "submitMessage", workers},
	{"GET", "/messages", "listMessages", everybody},
	{"GET", "/messages/x", "getMessage", everybody},
	{"PUT", "/messages/x/assignment", "assignMessage", workers},
	{"DELETE", "/messages/x/assignment", "takeOffMessage", workers},
	{"POST", "/messages/x/dismiss", "dismissMessage", workers},
	{"POST", "/undo", "undo", workers},
	{"POST", "/route", "explainRoute", everybody},
	{"GET", "/blocked-senders", "listBlockedSenders", everybody},
	{"POST", "/blocked-senders", "blockSender", workers},
	{"DELETE", "/blocked-senders", "unblockSender", workers},
	{"GET", "/links", "listLinks", everybody},
	{"DELETE", "/links/x", "deleteLink", workers},
	{"POST", "/records", "createRecord", workers},
	{"GET", "/records", "listRecords", everybody},
	{"GET", "/records/x", "getRecord", everybody},
	{"PATCH", "/records/x", "updateRecord", workers},
	{"DELETE", "/records/x", "deleteRecord", workers},
	{"POST", "/records/x/restore", "restoreRecord", workers},
	{"GET", "/notifications", "listNotifications", everybody},
	{"POST", "/notifications/x/read", "readNotification", workers},
	{"GET", "/settings/unknown-numbers", "getUnknownNumbers", everybody},
	{"PUT", "/settings/unknown-numbers", "setUnknownNumbers", admins},
	{"GET", "/quarantine", "listQuarantine", admins},
	{"POST", "/quarantine/x/replay", "replayQuarantined", admins},
	{"GET", "/channels", "listChannels", everybody},
	{"GET", "/users", "listUsers", admins},
	{"GET", "/audit", "listAudit", admins},
	{"GET", "/me", "getCaller", everybody},
}

var (
	everybody = []switchboard.Role{switchboard.Admin, switchboard.Agent, switchboard.Viewer}
	workers   = []switchboard.Role{switchboard.Admin, switchboard.Agent}
	admins    = []switchboard.Role{switchboard.Admin}
)

func TestEveryRoleAtEveryCall(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		known := w.api.Calls()
		for _, c := range calls {
			if _, ok := known[c.id]; !ok {
				t.Errorf("there is no call %s", c.id)
			}
			delete(known, c.id)
			for _, role := range everybody {
				a := w.as(role, c.method, c.path, "")
				if forbidden := !slices.Contains(c.may, role); forbidden {
					a.refused(403, "forbidden")
				} else if a.status == 401 || a.status == 403 {
					t.Errorf("%s as %s: status %d", a.call, role, a.status)
				}
			}
			w.as("", c.method, c.path, "").refused(401, "unauthorized")
		}
		for _, id := range slices.Sorted(maps.Keys(known)) {
			t.Errorf("nobody has said who may call %s", id)
		}
	})
}

func TestKeysThatDoNotWork(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		keys, err := w.db.APIKeys(t.Context(), w.admin.OrgID)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.db.RevokeAPIKey(t.Context(), w.admin, keys[0].ID); err != nil {
			t.Fatal(err)
		}
		working := w.keys[switchboard.Viewer]
		for _, header := range []string{"", "Bearer", "Bearer ", working, "Basic " + working, "Bearer " + working + "x", "Bearer " + w.keys[switchboard.Admin]} {
			r := httptest.NewRequest("GET", "/api/v1/messages", nil)
			r.Header.Set("Authorization", header)
			a := w.do(r).refused(401, "unauthorized")
			if a.header.Get("WWW-Authenticate") == "" {
				t.Errorf("%q: no WWW-Authenticate", header)
			}
		}
		r := httptest.NewRequest("GET", "/api/v1/messages", nil)
		r.Header.Set("Authorization", "bearer  "+working)
		w.do(r).want(200, `{"messages": []}`)
	})
}

func TestUnknownMembersAreNamed(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, c := range []struct{ method, path, body, named string }{
			{"POST", "/messages", `{"channel_id": "CHANNEL", "provider_message_id": "1", "from": "+15125550177", "body": "hi", "frmo": 1}`, "frmo"},
			{"POST", "/messages", `{"channel_id": "CHANNEL", "provider_message_id": "1", "From": "+15125550177", "body": "hi"}`, "From"},
			{"POST", "/messages", `{"channel_id": "CHANNEL", "provider_message_id": "1", "from": "+15125550177", "body": "hi", "media": [{"url": "https://example.com", "size": 1}]}`, "media[0].size"},
			{"PUT", "/messages/x/assignment", `{"record_id": "x", "recordId": "x"}`, "recordId"},
			{"POST", "/messages/x/dismiss", `{"reason": "spam", "block": true}`, "block"},
			{"POST", "/undo", `{"token": "x", "really": true}`, "really"},
			{"POST", "/route", `{"channel_id": "CHANNEL", "from": "x", "to": "y"}`, "to"},
			{"POST", "/records", `{"object": "Contact", "fields": {"LastName": "Doe"}, "owner": "x"}`, "owner"},
			{"PATCH", "/records/x", `{"fields": {}, "object": "Lead"}`, "object"},
			{"POST", "/blocked-senders", `{"sender": "x", "until": "y"}`, "until"},
			{"DELETE", "/blocked-senders", `{"sender": "x", "all": true}`, "all"},
			{"PUT", "/settings/unknown-numbers", `{"enabled": true, "colour": "red"}`, "colour"},
			{"GET", "/messages?form=5125550177", ``, "form"},
		} {
			a := w.as(switchboard.Admin, c.method, c.path, c.body).refused(422, "invalid")
			if !strings.Contains(a.at("detail"), fmt.Sprintf("%q", c.named)) {
				t.Errorf("%s %s: the detail %q does not name %q", c.method, c.path, a.at("detail"), c.named)
			}
			if got := a.at("errors", 0, "field"); got != c.named {
				t.Errorf("%s %s: the error is about %q, want %q", c.method, c.path, got, c.named)
			}
		}
		w.get("/messages").want(200, `{"messages": []}`)
	})
}

func TestBodiesHaveALimit(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.contact("Doe", sender)
		long := strings.Repeat("a", 100<<10)
		w.text("long", sender, long).want(201, fmt.Sprintf(`{"message": {"body": %q}}`, long))
		w.text("too long", sender, strings.Repeat("a", 300<<10)).refused(413, "too_large")
		fits := `{"object": "Contact", "fields": {"LastName": "Doe"}}`
		fits += strings.Repeat(" ", 1<<20-len(fits))
		w.post("/records", fits).want(201, `{}`)
		w.post("/records", fits+" ").refused(413, "too_large")
	})
}

func TestCallsThatAreNotThere(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.get("/nothing").refused(404, "not_found")
		w.get("/").refused(404, "not_found")
		a := w.as(switchboard.Admin, "PATCH", "/messages", "{}")
		if a.status != 405 || a.header.Get("Allow") != "GET, POST" {
			t.Errorf("%s: status %d, Allow %q", a.call, a.status, a.header.Get("Allow"))
		}
		w.as("", "GET", "/nothing", "").refused(401, "unauthorized") // strangers learn nothing
	})
}

func TestFailureOfOursIsNotShown(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.post("/quarantine/x/replay", "").refused(500, "internal") // the world's replay fails with a text of its own
		if strings.Contains(string(a.body), "nothing is replayed here") {
			t.Errorf("a visitor sees what failed: %s", a.body)
		}
	})
}

func TestDocumentsArePublic(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.as("", "GET", "/openapi.json", "")
		if a.status != 200 || a.header.Get("Content-Type") != "application/json" {
			t.Fatalf("openapi.json: %d %s", a.status, a.header.Get("Content-Type"))
		}
		var doc struct {
			OpenAPI string                                `json:"openapi"`
			Paths   map[string]map[string]json.RawMessage `json:"paths"`
		}
		if err := json.Unmarshal(a.body, &doc); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(doc.OpenAPI, "3.1") {
			t.Errorf("OpenAPI %s", doc.OpenAPI)
		}
		for _, c := range calls {
			path := "/api/v1" + strings.ReplaceAll(c.path, "/x", "/{id}")
			if doc.Paths[path][strings.ToLower(c.method)] == nil {
				t.Errorf("the document leaves out %s %s", c.method, path)
			}
		}
		for _, path := range []string{"/docs", "/docs/docs.css", "/docs/docs.js"} {
			a := w.as("", "GET", path, "")
			if a.status != 200 || a.header.Get("Content-Security-Policy") == "" || len(a.body) < 500 {
				t.Errorf("%s: status %d, %d bytes", path, a.status, len(a.body))
			}
		}
		page := string(w.as("", "GET", "/docs", "").body)
		for _, c := range calls {
			if !strings.Contains(page, `id="`+c.id+`"`) {
				t.Errorf("the page leaves out %s", c.id)
			}
		}
		if strings.Contains(page, "http://") || strings.Contains(page, `src="//`) || strings.Contains(page, "<style") || strings.Contains(page, "onclick") {
			t.Error("the page loads from elsewhere, or holds what its own policy forbids")
		}
	})
}

func TestEveryErrorCodeIsInTheDocument(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		doc := string(w.as("", "GET", "/openapi.json", "").body)
		for _, code := range []switchboard.Code{
			switchboard.CodeInvalid, switchboard.CodeUnauthorized, switchboard.CodeForbidden, switchboard.CodeNotFound, switchboard.CodeConflict,
			switchboard.CodeRecordDeleted, switchboard.CodeNotAssigned, switchboard.CodeUndoGone, switchboard.CodeTooLarge, switchboard.CodeUnavailable,
			switchboard.CodeInternal, switchboard.CodeTooMany, switchboard.CodeAlreadyExists, switchboard.CodeStale,
		} {
			if !strings.Contains(doc, fmt.Sprintf("%q", code)) {
				t.Errorf("the document leaves out the code %s", code)
			}
		}
	})
}
