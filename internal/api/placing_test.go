package api_test

import (
	"fmt"
	"testing"

	"github.com/switchboardhq/switchboard"
)

func TestPlacingAndTakingBack(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.contact("Twin A", sender)
		twin := w.contact("Twin B", sender)
		first := w.text("a1", sender, "one").at("message", "id")
		w.text("a2", sender, "two")

		placed := w.put("/messages/"+first+"/assignment", fmt.Sprintf(`{"record_id": %q}`, twin)).
			want(200, fmt.Sprintf(`{"undo": "*", "messages": [{"provider_message_id": "a1", "state": "assigned", "record": {"id": %q}, "decision": {"outcome": "assigned", "reason": "person", "retroactive": false, "because": "*", "candidates": [{}, {}]}}]}`, twin))
		w.post("/undo", fmt.Sprintf(`{"token": %q}`, placed.at("undo"))).want(200, `{"messages": [{"provider_message_id": "a1", "state": "unassigned", "record": null, "decision": {"reason": "ambiguous"}}]}`)
		w.post("/undo", fmt.Sprintf(`{"token": %q}`, placed.at("undo"))).refused(409, "undo_gone")

		w.put("/messages/"+first+"/assignment", fmt.Sprintf(`{"record_id": %q, "scope": "sender"}`, twin)).
			want(200, `{"messages": [{"provider_message_id": "a1", "state": "assigned"}, {"provider_message_id": "a2", "state": "assigned"}]}`)
		w.delete("/messages/"+first+"/assignment", "").want(200, `{"undo": "*", "messages": [{"provider_message_id": "a1", "state": "unassigned", "record": null, "decision": {"outcome": "unassigned", "reason": "person"}}]}`)
		w.delete("/messages/"+first+"/assignment", "").refused(409, "not_assigned")
	})
}

func TestUndoRefusesWhenSomebodyWasFaster(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a, b := w.contact("Twin A", sender), w.contact("Twin B", sender)
		id := w.text("a1", sender, "one").at("message", "id")
		undo := w.put("/messages/"+id+"/assignment", fmt.Sprintf(`{"record_id": %q}`, a)).at("undo")
		w.as(switchboard.Agent, "POST", "/undo", fmt.Sprintf(`{"token": %q}`, undo)).refused(409, "undo_gone") // it is not theirs
		w.as(switchboard.Agent, "PUT", "/messages/"+id+"/assignment", fmt.Sprintf(`{"record_id": %q}`, b)).want(200, `{}`)
		w.post("/undo", fmt.Sprintf(`{"token": %q}`, undo)).refused(409, "conflict")
		w.get("/messages/"+id).want(200, fmt.Sprintf(`{"message": {"record": {"id": %q}}}`, b))
		w.put("/messages/"+id+"/assignment", fmt.Sprintf(`{"record_id": %q, "version": 1}`, a)).refused(409, "conflict")
		w.post("/undo", `{"token": "never given"}`).refused(409, "undo_gone")
	})
}

func TestPlacingOnWhatIsNotThere(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		jane := w.contact("Doe", "")
		id := w.text("a1", sender, "one").at("message", "id")
		w.delete("/records/"+jane, "").want(204, "")
		w.put("/messages/"+id+"/assignment", fmt.Sprintf(`{"record_id": %q}`, jane)).refused(409, "record_deleted")
		w.put("/messages/"+id+"/assignment", `{"record_id": "nothing"}`).refused(404, "not_found")
		w.put("/messages/nothing/assignment", fmt.Sprintf(`{"record_id": %q}`, jane)).refused(404, "not_found")
		w.put("/messages/"+id+"/assignment", `{}`).refused(422, "invalid")
		w.put("/messages/"+id+"/assignment", fmt.Sprintf(`{"record_id": %q, "scope": "world"}`, jane)).refused(422, "invalid")
		w.delete("/messages/nothing/assignment", "").refused(404, "not_found")
	})
}

func TestRememberedNumberIsALink(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		jane := w.contact("Doe", "")
		id := w.text("a1", sender, "from a borrowed phone").at("message", "id")
		w.put("/messages/"+id+"/assignment", fmt.Sprintf(`{"record_id": %q, "remember": true}`, jane)).want(200, `{}`)
		w.text("a2", sender, "again").want(201, fmt.Sprintf(`{"message": {"record": {"id": %q}, "decision": {"reason": "only_match", "candidates": [{"matched": [{"field": "link", "value": "+15125550177"}]}]}}}`, jane))

		want := fmt.Sprintf(`{"links": [{"id": "*", "sender": "+15125550177", "record": {"id": %q, "object": "Contact", "name": "Doe"}, "user": {"id": "*", "name": "admin key"}, "created_at": "*"}], "next_cursor": null}`, jane)
		link := w.get("/links").want(200, want).at("links", 0, "id")
		w.get("/links?sender=512-555-0177").want(200, want)
		w.get("/links?record_id="+jane).want(200, want)
		w.get("/links?sender=%2B15125550199").want(200, `{"links": []}`)
		w.delete("/links/"+link, "").want(204, "")
		w.delete("/links/"+link, "").refused(404, "not_found")
		w.text("a3", sender, "forgotten").want(201, `{"message": {"decision": {"reason": "no_match"}}}`)
	})
}

func TestDismissingAndBlocking(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		id := w.text("a1", sender, "buy now").at("message", "id")
		undo := w.post("/messages/"+id+"/dismiss", `{"reason": "spam", "block_sender": true}`).
			want(200, `{"undo": "*", "messages": [{"state": "dismissed", "record": null, "decision": {"outcome": "dismissed", "reason": "person"}}]}`).at("undo")
		w.text("a2", sender, "buy more").want(201, `{"message": {"state": "dismissed", "decision": {"outcome": "dismissed", "reason": "blocked"}}}`)
		w.get("/blocked-senders").want(200, `{"blocked_senders": [{"sender": "+15125550177", "reason": "spam", "created_at": "*"}], "next_cursor": null}`)
		w.post("/undo", fmt.Sprintf(`{"token": %q}`, undo)).want(200, `{"messages": [{"state": "unassigned"}]}`)
		w.get("/blocked-senders").want(200, `{"blocked_senders": []}`)

		w.post("/blocked-senders", `{"sender": "(512) 555-0188", "reason": "asked to"}`).want(201, `{"blocked_sender": {"sender": "+15125550188", "reason": "asked to", "by": "admin key"}}`)
		w.post("/blocked-senders", `{"sender": "PROMO"}`).want(201, `{"blocked_sender": {"sender": "PROMO", "reason": ""}}`)
		w.text("b1", "+15125550188", "hi").want(201, `{"message": {"decision": {"reason": "blocked"}}}`)
		w.text("c1", "promo", "hi").want(201, `{"message": {"decision": {"reason": "blocked"}}}`)
		w.delete("/blocked-senders", `{"sender": "+15125550188"}`).want(204, "")
		w.delete("/blocked-senders", `{"sender": "+15125550188"}`).refused(404, "not_found")
		w.delete("/blocked-senders?sender=PROMO", "").want(204, "")
		w.delete("/blocked-senders", "").refused(422, "invalid")
		w.get("/blocked-senders").want(200, `{"blocked_senders": []}`)
		w.post("/messages/"+id+"/dismiss", `{"reason": "bored"}`).refused(422, "invalid")
	})
}

func TestExplainingWritesNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		jane := w.contact("Doe", sender)
		w.as(switchboard.Viewer, "POST", "/route", `{"channel_id": "CHANNEL", "from": "512 555 0177"}`).
			want(200, fmt.Sprintf(`{"decision": {"outcome": "assigned", "reason": "only_match", "sender": "+15125550177", "because": "*", "candidates": [{"record": {"id": %q}}]}}`, jane))
		w.post("/route", `{"channel_id": "CHANNEL", "from": "HDFC"}`).want(200, `{"decision": {"outcome": "unassigned", "reason": "no_match", "sender": "HDFC"}}`)
		w.post("/route", `{"channel_id": "nobody's", "from": "512 555 0177"}`).refused(404, "not_found")
		w.get("/messages").want(200, `{"messages": []}`)
		w.get("/notifications").want(200, `{"notifications": []}`)
	})
}
