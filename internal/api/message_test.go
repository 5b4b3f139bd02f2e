package api_test

import (
	"fmt"
	"strings"
	"testing"
)

const sender = "+15125550177"

func TestMessageIsDecidedWhenItIsHandedIn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		jane := w.contact("Doe", "(512) 555-0177")
		first := w.post("/messages", `{"channel_id": "CHANNEL", "provider_message_id": "a1", "from": "512-555-0177", "to": "+15125550100",
			"body": "Open on Friday?", "sent_at": "2026-03-02T11:59:00+01:00", "media": [{"url": "https://example.com/a.jpg", "content_type": "image/jpeg"}]}`)
		first.want(201, fmt.Sprintf(`{"message": {"id": "*", "name": "SMS-000001", "direction": "inbound", "channel_id": "CHANNEL",
			"from": "+15125550177", "to": "+15125550100", "body": "Open on Friday?", "provider_message_id": "a1",
			"media": [{"url": "https://example.com/a.jpg", "content_type": "image/jpeg"}], "sent_at": "2026-03-02T10:59:00Z", "received_at": "*",
			"state": "assigned", "record": {"id": %q, "object": "Contact", "name": "Doe"},
			"decision": {"outcome": "assigned", "reason": "only_match", "retroactive": false, "because": "*", "sender": "+15125550177",
				"candidates": [{"record": {"id": %q, "object": "Contact", "name": "Doe"}, "matched": [{"field": "MobilePhone", "value": "(512) 555-0177"}], "last_message_at": null}]}}}`, jane, jane))

		again := w.text("a1", sender, "Open on Friday?").want(200, `{"message": {"name": "SMS-000001"}}`)
		if again.at("message", "id") != first.at("message", "id") {
			t.Errorf("a known id answered another message: %s", again.body)
		}
		w.get("/messages/"+first.at("message", "id")).want(200, `{"message": {"name": "SMS-000001", "body": "Open on Friday?"}}`)
		w.post("/messages", `{"channel_id": "CHANNEL", "provider_message_id": "m1", "from": "+15125550199", "body": "", "media": [{"url": "https://example.com/a"}], "sent_at": null, "to": null}`).
			want(201, `{"message": {"media": [{"url": "https://example.com/a", "content_type": ""}]}}`)
		w.text("a2", sender, "").want(201, `{"message": {"body": "", "media": [], "sent_at": null, "to": "+15125550100",
			"decision": {"reason": "only_match", "candidates": [{"last_message_at": "2026-03-02T10:59:00Z"}]}}}`)
	})
}

func TestTheFourSituations(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.text("none", "+15125550101", "hi").want(201, `{"message": {"state": "unassigned", "record": null,
			"decision": {"outcome": "unassigned", "reason": "no_match", "candidates": []}}}`)

		one := w.contact("One", "+15125550102")
		w.text("one", "+15125550102", "hi").want(201, fmt.Sprintf(`{"message": {"state": "assigned", "record": {"id": %q}, "decision": {"outcome": "assigned", "reason": "only_match"}}}`, one))

		w.contact("Twin A", "+15125550103")
		twin := w.contact("Twin B", "+15125550103")
		id := w.text("two", "+15125550103", "hi").want(201, `{"message": {"state": "unassigned", "decision": {"outcome": "unassigned", "reason": "ambiguous",
			"candidates": [{"record": {"name": "Twin A"}, "last_message_at": null}, {"record": {"name": "Twin B"}, "last_message_at": null}]}}}`).at("message", "id")
		w.put("/messages/"+id+"/assignment", fmt.Sprintf(`{"record_id": %q}`, twin)).want(200, `{}`)
		w.text("two again", "+15125550103", "hi").want(201, fmt.Sprintf(`{"message": {"state": "assigned", "record": {"id": %q}, "decision": {"reason": "only_history"}}}`, twin))
	})
}

func TestMessageSentElsewhereIsHistory(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.contact("Twin A", sender)
		twin := w.contact("Twin B", sender)
		w.post("/messages", fmt.Sprintf(`{"direction": "outbound", "channel_id": "CHANNEL", "provider_message_id": "o1", "to": "(512) 555-0177", "body": "We are open.", "record_id": %q, "sent_at": "2026-03-02T09:00:00Z"}`, twin)).
			want(201, fmt.Sprintf(`{"message": {"direction": "outbound", "from": "+15125550100", "to": "+15125550177", "state": "assigned", "decision": null, "record": {"id": %q}}}`, twin))
		w.text("a1", sender, "thanks").want(201, fmt.Sprintf(`{"message": {"record": {"id": %q}, "decision": {"reason": "only_history"}}}`, twin))
		w.post("/messages", `{"direction": "outbound", "channel_id": "CHANNEL", "provider_message_id": "o2", "to": "(512) 555-0177", "body": "no record"}`).refused(422, "invalid")
		w.post("/messages", fmt.Sprintf(`{"channel_id": "CHANNEL", "provider_message_id": "o3", "from": "(512) 555-0177", "body": "hi", "record_id": %q}`, twin)).refused(422, "invalid")
	})
}

func TestMessagesAreListed(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		jane := w.contact("Doe", sender)
		w.text("a1", sender, "first of Jane")
		w.text("b1", "+15125550188", "first of a stranger")
		w.text("a2", sender, "second of Jane")
		for path, want := range map[string]string{
			"/messages":                           "a2 b1 a1",
			"/messages?state=unassigned":          "b1",
			"/messages?state=assigned":            "a2 a1",
			"/messages?state=dismissed":           "",
			"/messages?from=512-555-0177":         "a2 a1",
			"/messages?from=%2B15125550188":       "b1",
			"/messages?from=+15125550188":         "b1", // the plus is a blank by then
			"/messages?record_id=" + jane:         "a2 a1",
			"/messages?q=stranger":                "b1",
			"/messages?q=SMS-000003":              "a2",
			"/messages?state=assigned&q=second":   "a2",
			"/messages?from=%2B15125550199":       "",
			"/messages?record_id=" + jane + "f00": "",
		} {
			a := w.get(path).want(200, `{"next_cursor": null}`)
			if got := ids(a); got != want {
				t.Errorf("%s: %q, want %q", path, got, want)
			}
		}
	})
}

// ids returns the providers' ids of the messages in a list.
func ids(a answer) string {
	var got []string
	list, _ := decode(a, a.body).(map[string]any)["messages"].([]any)
	for i := range list {
		got = append(got, a.at("messages", i, "provider_message_id"))
	}
	return strings.Join(got, " ")
}

func TestListsComeInPages(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for i := range 7 {
			w.text(fmt.Sprint("m", i), sender, "hi")
		}
		var got []string
		cursor := ""
		for range 4 {
			a := w.get("/messages?limit=3"+cursor).want(200, `{}`)
			got = append(got, ids(a))
			if strings.Contains(string(a.body), `"next_cursor":null`) {
				break
			}
			cursor = "&cursor=" + a.at("next_cursor")
		}
		if want := "m6 m5 m4|m3 m2 m1|m0"; strings.Join(got, "|") != want {
			t.Errorf("pages %q, want %q", strings.Join(got, "|"), want)
		}
		for i := range 60 {
			w.text(fmt.Sprint("n", i), sender, "hi")
		}
		if n := strings.Count(string(w.get("/messages").body), `"name":"SMS-`); n != 50 {
			t.Errorf("%d messages without a limit, want 50", n)
		}
		if n := strings.Count(string(w.get("/messages?limit=500").body), `"name":"SMS-`); n != 67 {
			t.Errorf("%d messages with the largest limit, want all 67", n)
		}
		for _, limit := range []string{"501", "0", "-1", "many", "1.5"} {
			w.get("/messages?limit="+limit).refused(422, "invalid")
		}
	})
}

func TestWhatIsNotUnicodeIsShownSafelyAndKept(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for name, c := range map[string]struct{ literal, shown, flags string }{
			"lone surrogate": {`"a\ud83d b"`, "a\uFFFD b", `["repaired"]`},
			"NUL":            {`"a\u0000b"`, "a\uFFFDb", `["repaired"]`},
			"invalid UTF-8":  {"\"a\xffb\"", "a\uFFFDb", `["repaired"]`},
			"a pair":         {`"a\ud83d\ude00b"`, "a\U0001F600b", `[]`},
			"U+FFFD itself":  {"\"a\uFFFDb\"", "a\uFFFDb", `[]`},
		} {
			w.post("/messages", fmt.Sprintf(`{"channel_id": "CHANNEL", "provider_message_id": %q, "from": %q, "body": %s}`, name, sender, c.literal)).
				want(201, fmt.Sprintf(`{"message": {"body": %q, "flags": %s}}`, c.shown, c.flags))
		}
		w.post("/messages", `{"channel_id": "CHANNEL", "provider_message_id": "twice", "from": "+15125550177", "body": "first", "body": "last"}`).
			want(201, `{"message": {"body": "last"}}`)
	})
}

func TestMessageThatCannotBe(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, body := range []string{
			`{"provider_message_id": "1", "from": "+15125550177", "body": "hi"}`,
			`{"channel_id": "CHANNEL", "from": "+15125550177", "body": "hi"}`,
			`{"channel_id": "CHANNEL", "provider_message_id": "", "from": "+15125550177", "body": "hi"}`,
			`{"channel_id": "CHANNEL", "provider_message_id": "1", "body": "hi"}`,
			`{"channel_id": "CHANNEL", "provider_message_id": "1", "from": " ", "body": "hi"}`,
			`{"channel_id": "CHANNEL", "provider_message_id": "1", "from": 15125550177, "body": "hi"}`,
			`{"channel_id": "CHANNEL", "provider_message_id": "1", "from": "+15125550177"}`,
			`{"channel_id": "CHANNEL", "provider_message_id": "1", "from": "+15125550177", "body": "hi", "sent_at": "yesterday"}`,
			`{"channel_id": "CHANNEL", "provider_message_id": "1", "from": "+15125550177", "body": "hi", "direction": "sideways"}`,
			`{"channel_id": "CHANNEL", "provider_message_id": "1", "from": "+15125550177", "body": "hi"`,
			`["hi"]`, `"hi"`, `null`, ``, ` `, `{} {}`,
		} {
			w.post("/messages", body).refused(422, "invalid")
		}
		w.post("/messages", `{"channel_id": "nobody's", "provider_message_id": "1", "from": "+15125550177", "body": "hi"}`).refused(404, "not_found")
		w.get("/messages").want(200, `{"messages": []}`)
		w.get("/messages/nothing").refused(404, "not_found")
	})
}
