package truedialog_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/provider"
	"github.com/switchboardhq/switchboard/internal/provider/providertest"
	"github.com/switchboardhq/switchboard/internal/provider/truedialog"
)

var proof = providertest.Proof{InBody: true}

func TestDriver(t *testing.T) {
	providertest.Run(t, truedialog.Driver{}, proof, providertest.Load(t, "testdata/*.http")...)
}

func FuzzDriver(f *testing.F) {
	providertest.Fuzz(f, truedialog.Driver{}, proof, providertest.Load(f, "testdata/*.http")...)
}

const token = "5c2b8e7f-8f0b-4f0e-9a52-1d1f3c0a9b11"

var credentials = provider.Credentials{Secret: token}

func post(body string) provider.Request {
	return provider.Request{
		Method: http.MethodPost, URL: "https://sms.example.test/hooks/truedialog/x", Body: []byte(body),
		Header: http.Header{"Content-Type": {"application/json"}}, ReceivedAt: time.Date(2026, 11, 23, 12, 35, 0, 0, time.UTC),
	}
}

// However TrueDialog puts records into a group, each is told once, under an id
// of its own, and the same group again tells the same.
func TestEveryShapeOfAGroupTellsTheSameTexts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bodies := rapid.SliceOfN(rapid.SampledFrom([]string{"yes", "no", "Hi", ""}), 1, 6).Draw(t, "bodies")
		ownIDs := rapid.Bool().Draw(t, "own ids")
		var records []map[string]any
		for i, body := range bodies {
			r := map[string]any{"PhoneNumber": "+15125550177", "Message": body}
			if ownIDs {
				r["TransactionId"] = fmt.Sprintf("own-%d", i)
			}
			records = append(records, r)
		}
		envelope := map[string]any{"Grouped": true, "AccountId": 1, "CallbackType": 11, "CallbackToken": token, "TransactionId": "T", "ChannelCode": "+15125550100"}
		around := func(inner map[string]any) map[string]any {
			for name, value := range envelope {
				if _, own := inner[name]; !own {
					inner[name] = value
				}
			}
			return inner
		}
		var body any
		switch rapid.SampledFrom([]string{"Record", "Records", "wrapped", "array"}).Draw(t, "shape") {
		case "Record":
			body = around(map[string]any{"Record": records})
		case "Records":
			body = around(map[string]any{"Records": records})
		case "wrapped":
			var wrapped []map[string]any
			for _, r := range records {
				wrapped = append(wrapped, map[string]any{"Record": r})
			}
			body = around(map[string]any{"Record": wrapped})
		case "array":
			for i := range records {
				records[i] = around(records[i])
			}
			body = records
		}
		raw, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		r := post(string(raw))
		if err := (truedialog.Driver{}).Verify(r, credentials); err != nil {
			t.Fatalf("%s: %v", raw, err)
		}
		events, err := provider.Read(truedialog.Driver{}, r, credentials)
		if err != nil || len(events) != len(bodies) {
			t.Fatalf("%s tells %d events, %v; want %d", raw, len(events), err, len(bodies))
		}
		ids := map[string]bool{}
		for i, e := range events {
			if e.Text == nil || e.Text.Body != bodies[i] || e.Text.Ours != "+15125550100" || e.Text.Twin != "incoming" {
				t.Fatalf("%s: event %d is %+v", raw, i, e.Text)
			}
			ids[e.Text.ProviderMessageID] = true
		}
		if len(ids) != len(bodies) {
			t.Fatalf("%s: %d texts have only %d ids", raw, len(bodies), len(ids))
		}
	})
}

// A token that does not match is found in every record, wherever it is.
func TestOneWrongTokenSpoilsTheGroup(t *testing.T) {
	for _, body := range []string{
		`{"CallbackToken":"%[1]s","Record":[{"CallbackToken":"%[2]s"}]}`,
		`{"CallbackToken":"%[2]s","Record":[{"CallbackToken":"%[1]s"}]}`,
		`{"CallbackToken":"%[1]s","Records":[{"Record":{}},{"Record":{"CallbackToken":"%[2]s"}}]}`,
		`[{"CallbackToken":"%[1]s"},{"CallbackToken":"%[2]s"}]`,
		`[{"CallbackToken":"%[1]s"},{}]`,
		`{"Record":[],"x":"%[1]s","y":"%[2]s"}`,
		`{"Record":[{"CallbackToken":"%[1]s"},{"PhoneNumber":"1"}]}`,
		`{"CallbackToken":"%[1]s","callbacktoken":"%[2]s","CALLBACKTOKEN":"%[2]s"}`,
	} {
		body = fmt.Sprintf(body, token, strings.Replace(token, "5", "6", 1))
		if err := (truedialog.Driver{}).Verify(post(body), credentials); !errors.Is(err, provider.ErrForged) {
			t.Errorf("%s: %v, want ErrForged", body, err)
		}
	}
}

// A group of as many records as fit is read without delay.
func TestALargeGroup(t *testing.T) {
	var b strings.Builder
	b.WriteString(`{"CallbackToken":"` + token + `","CallbackType":11,"TransactionId":"T"`)
	for i := range 20000 {
		fmt.Fprintf(&b, `,"m%d":0`, i)
	}
	b.WriteString(`,"Record":[{"PhoneNumber":"1","Message":""}`)
	for range 20000 {
		b.WriteString(`,{"PhoneNumber":"1","Message":""}`)
	}
	b.WriteString(`]}`)
	if b.Len() > provider.MaxBody {
		t.Fatalf("the body has %d bytes", b.Len())
	}
	began := time.Now()
	r := post(b.String())
	if err := (truedialog.Driver{}).Verify(r, credentials); err != nil {
		t.Fatal(err)
	}
	events, err := provider.Read(truedialog.Driver{}, r, credentials)
	if err != nil || len(events) != 20001 {
		t.Fatalf("%d events, %v", len(events), err)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
}

// A keyword's text and the incoming text that it came with join by their twins.
func TestTwinsAreNamedApart(t *testing.T) {
	for kind, want := range map[string]string{"11": "incoming", "1": "keyword", "17": ""} {
		events, err := provider.Read(truedialog.Driver{}, post(`{"CallbackType":`+kind+`,"TransactionId":"T","PhoneNumber":"1","Message":"x"}`), credentials)
		if err != nil || len(events) != 1 || events[0].Text.Twin != want {
			t.Errorf("type %s tells %+v %v, want the twin %q", kind, events, err, want)
		}
		direction := switchboard.Inbound
		if kind == "17" {
			direction = switchboard.Outbound
		}
		if events[0].Text.Direction != direction {
			t.Errorf("type %s is %s", kind, events[0].Text.Direction)
		}
	}
}
