package api_test

import (
	"fmt"
	"testing"
)

func TestRecordSettlesTheTextsThatWaited(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.text("a1", sender, "hi")
		w.text("a2", sender, "hi again")
		a := w.post("/records", `{"object": "Contact", "fields": {"FirstName": "Jane", "LastName": "Doe", "MobilePhone": "(512) 555-0177", "Notes__c": 7, "HasOptedOutOfEmail": true}}`).
			want(201, `{"record": {"id": "*", "object": "Contact", "name": "Jane Doe", "fields": {"FirstName": "Jane", "LastName": "Doe", "MobilePhone": "(512) 555-0177", "Notes__c": 7, "HasOptedOutOfEmail": true},
				"salesforce_id": null, "origin": "person", "deleted": false, "created_at": "*", "updated_at": "*"},
				"resolved": [{"provider_message_id": "a1", "state": "assigned", "decision": {"reason": "only_match", "retroactive": true}}, {"provider_message_id": "a2", "decision": {"reason": "only_match", "retroactive": true}}]}`)
		id := a.at("record", "id")
		w.get("/records/"+id).want(200, `{"record": {"name": "Jane Doe", "deleted": false}}`)

		w.text("b1", "+15125550188", "another number")
		w.patch("/records/"+id, `{"fields": {"MobilePhone": "512.555.0188", "FirstName": null}}`).
			want(200, `{"record": {"name": "Doe", "fields": {"LastName": "Doe", "MobilePhone": "512.555.0188"}}, "resolved": [{"provider_message_id": "b1"}]}`)

		w.delete("/records/"+id, "").want(204, "")
		w.get("/records/"+id).want(200, `{"record": {"deleted": true}}`)
		w.delete("/records/"+id, "").want(204, "")
		w.patch("/records/"+id, `{"fields": {"LastName": "Dow"}}`).refused(409, "record_deleted")
		w.text("b2", "+15125550188", "nobody has it now").want(201, `{"message": {"decision": {"reason": "no_match"}}}`)
		w.post("/records/"+id+"/restore", "").want(200, `{"record": {"deleted": false}, "resolved": [{"provider_message_id": "b2"}]}`)
	})
}

func TestRecordsAreListed(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.contact("Alder", "+15125550101")
		w.post("/records", `{"object": "Lead", "fields": {"LastName": "Birch", "Company": "Acme", "MobilePhone": "+15125550102"}}`).want(201, `{}`)
		w.post("/records", `{"object": "Account", "fields": {"Name": "Cedar Works", "Phone": "+15125550101"}}`).want(201, `{}`)
		gone := w.contact("Dogwood", "+15125550101")
		w.delete("/records/"+gone, "").want(204, "")
		for path, want := range map[string]string{
			"/records":                            `{"records": [{"name": "Cedar Works"}, {"name": "Birch"}, {"name": "Alder"}], "next_cursor": null}`,
			"/records?object=Lead":                `{"records": [{"name": "Birch"}]}`,
			"/records?q=ced":                      `{"records": [{"name": "Cedar Works"}]}`,
			"/records?q=acme":                     `{"records": [{"name": "Birch"}]}`,
			"/records?phone=512-555-0101":         `{"records": [{"name": "Cedar Works"}, {"name": "Alder"}]}`,
			"/records?phone=%2B15125550101&q=ald": `{"records": [{"name": "Alder"}]}`,
			"/records?phone=%2B15125550199":       `{"records": []}`,
			"/records?deleted=true":               `{"records": [{"name": "Dogwood", "deleted": true}]}`,
		} {
			w.get(path).want(200, want)
		}
		first := w.get("/records?limit=2").want(200, `{"records": [{"name": "Cedar Works"}, {"name": "Birch"}]}`)
		w.get("/records?limit=2&cursor="+first.at("next_cursor")).want(200, `{"records": [{"name": "Alder"}], "next_cursor": null}`)
		w.get("/records?object=Opportunity").refused(422, "invalid")
	})
}

func TestRecordThatCannotBe(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, body := range []string{
			`{"object": "Contact", "fields": {"FirstName": "Jane"}}`,
			`{"object": "Contact", "fields": {"LastName": " "}}`,
			`{"object": "Lead", "fields": {"LastName": "Doe"}}`,
			`{"object": "Account", "fields": {"LastName": "Doe"}}`,
			`{"object": "Opportunity", "fields": {"Name": "Deal"}}`,
			`{"object": "Contact", "fields": {"LastName": "Doe", "no name": "x"}}`,
			`{"object": "Contact", "fields": {"LastName": "Doe", "List": ["x"]}}`,
			`{"object": "Contact", "fields": "Doe"}`,
			`{"object": "Contact"}`,
			`{"fields": {"LastName": "Doe"}}`,
		} {
			w.post("/records", body).refused(422, "invalid")
		}
		jane := w.contact("Doe", sender)
		w.patch("/records/"+jane, `{"fields": {"LastName": null}}`).refused(422, "invalid")
		w.patch("/records/"+jane, `{"fields": {"LastName": "Dow"}, "version": 7}`).refused(409, "conflict")
		w.patch("/records/nothing", `{"fields": {"LastName": "Dow"}}`).refused(404, "not_found")
		w.get("/records/nothing").refused(404, "not_found")
		w.delete("/records/nothing", "").refused(404, "not_found")
		w.post("/records/nothing/restore", "").refused(404, "not_found")
		w.get("/records/"+jane).want(200, fmt.Sprintf(`{"record": {"id": %q, "name": "Doe", "version": 1}}`, jane))
	})
}
