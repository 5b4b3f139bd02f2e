package api_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
)

func TestRecordsFromUnknownNumbers(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.get("/settings/unknown-numbers").want(200, `{"enabled": false, "object": "Contact", "phone_field": "MobilePhone", "fields": {"LastName": "Unknown {phone}"}}`)
		on := `{"enabled": true, "object": "Lead", "phone_field": "Phone", "fields": {"LastName": "Caller {national}", "Company": "via {channel}"}}`
		w.put("/settings/unknown-numbers", on).want(200, on)
		w.get("/settings/unknown-numbers").want(200, on)
		id := w.text("a1", sender, "hello").want(201, `{"message": {"state": "assigned", "record": {"object": "Lead", "name": "Caller (512) 555-0177"}, "decision": {"outcome": "created", "reason": "created_record"}}}`).at("message", "record", "id")
		w.get("/records/"+id).want(200, `{"record": {"origin": "unknown_number", "fields": {"Phone": "+15125550177", "Company": "via +15125550100"}}}`)

		w.put("/settings/unknown-numbers", `{"enabled": false}`).want(200, `{"enabled": false, "object": "Lead", "phone_field": "Phone"}`)
		for _, body := range []string{
			`{"phone_field": "Fax"}`, `{"object": "Case"}`, `{"fields": {"LastName": "{weather}", "Company": "x"}}`,
			`{"fields": {"LastName": "x"}}`, `{"owner_id": "nobody"}`, `{"enabled": "yes"}`,
		} {
			w.put("/settings/unknown-numbers", body).refused(422, "invalid")
		}
		w.put("/settings/unknown-numbers", fmt.Sprintf(`{"owner_id": %q}`, w.admin.ID)).want(200, `{"owner_id": "*"}`)
	})
}

func TestChannelsAndCaller(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.get("/channels").want(200, fmt.Sprintf(`{"channels": [{"id": "CHANNEL", "provider": "generic", "region": "US", "numbers": ["+15125550100"], "authenticated_by": %q}]}`, w.admin.ID))
		w.get("/me").want(200, `{"id": "*", "name": "admin key", "role": "admin"}`)
	})
}

func TestUsersAndAudit(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.get("/users").want(200, `{"users": [{"id": "*", "email": "dana@example.com", "name": "Dana Reyes", "role": "admin", "active": true, "created_at": "*"}]}`)
		id := w.contact("Doe", sender)
		w.delete("/records/"+id, "").want(204, "")
		w.get("/audit?subject_id="+id).want(200, `{"entries": [{"id": "*", "at": "*", "actor_id": "*", "actor_name": "admin key", "action": "record.delete", "subject": "record", "subject_id": "*"}, {"action": "record.create"}], "next_cursor": null}`)
		w.get("/audit?limit=1").want(200, `{"entries": [{"action": "record.delete"}], "next_cursor": "*"}`)
	})
}

func TestQuarantineIsListed(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, same := range []string{"a", "b"} {
			if err := w.db.Quarantine(t.Context(), w.admin.OrgID, store.NewQuarantined{ChannelID: w.channel.ID, ReceivedAt: w.clock.Now(), Reason: "It is cut off.", Request: []byte("x"), Same: same, Size: 36}); err != nil {
				t.Fatal(err)
			}
		}
		item := `{"id": "*", "channel_id": "CHANNEL", "provider": "generic", "received_at": "*", "reason": "It is cut off.", "size": 36}`
		id := w.get("/quarantine").want(200, `{"items": [`+item+`, `+item+`], "next_cursor": null}`).at("items", 0, "id")
		w.get("/quarantine?limit=1").want(200, `{"items": [`+item+`], "next_cursor": "*"}`)
		asked := ""
		w.replay = func(_ context.Context, a switchboard.Actor, id string) error {
			asked = id
			return a.Allow(switchboard.MayConfigure)
		}
		w.post("/quarantine/"+id+"/replay", "").want(200, `{"items": [`+item+`, `+item+`], "next_cursor": null}`)
		if asked != id {
			t.Errorf("%q was replayed, want %q", asked, id)
		}
	})
}
