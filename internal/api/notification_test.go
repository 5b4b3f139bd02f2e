package api_test

import (
	"fmt"
	"testing"
)

func TestNotificationOfTextsThatWait(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.text("a1", sender, "one")
		newest := w.text("a2", sender, "two").at("message", "id")
		want := func(state string) string {
			return fmt.Sprintf(`{"id": "*", "kind": "unassigned", "title": "New SMS! (not assigned)", "body": "*", "message_id": %q, "sender": "+15125550177", "count": 2,
				"state": %q, "user": {"id": %q, "email": "dana@example.com", "name": "Dana Reyes"}, "created_at": "*", "updated_at": "*"}`, newest, state, w.admin.ID)
		}
		id := w.get("/notifications").want(200, `{"notifications": [`+want("unread")+`], "next_cursor": null}`).at("notifications", 0, "id")
		w.get("/notifications?kind=unassigned&state=unread").want(200, `{"notifications": [{}]}`)
		w.get("/notifications?kind=new_sms").want(200, `{"notifications": [], "next_cursor": null}`)
		w.post("/notifications/"+id+"/read", "").want(200, `{"notification": `+want("read")+`}`)
		w.get("/notifications?state=unread").want(200, `{"notifications": []}`)
		w.get("/notifications?state=read").want(200, `{"notifications": [{}]}`)
		w.contact("Doe", sender)
		w.get("/notifications?state=cleared").want(200, `{"notifications": [{"count": 0, "state": "cleared"}]}`)
		w.post("/notifications/nothing/read", "").refused(404, "not_found")
		w.get("/notifications?state=loud").refused(422, "invalid")
	})
}
