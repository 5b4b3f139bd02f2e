package api_test

import (
	"fmt"
	"testing"
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
