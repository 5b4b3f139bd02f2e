package generic_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/provider"
	"github.com/switchboardhq/switchboard/internal/provider/generic"
	"github.com/switchboardhq/switchboard/internal/provider/providertest"
)

var proof = providertest.Proof{Headers: []string{"Webhook-Id", "Webhook-Timestamp", "Webhook-Signature"}, Body: true}

func TestDriver(t *testing.T) {
	providertest.Run(t, generic.Driver{}, proof, providertest.Load(t, "testdata/*.http")...)
}

func FuzzDriver(f *testing.F) {
	providertest.Fuzz(f, generic.Driver{}, proof, providertest.Load(f, "testdata/*.http")...)
}

func TestTheVendorAgrees(t *testing.T) { providertest.Oracle(t, generic.Driver{}, 3000, 2) }

const secret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

var now = time.Date(2026, 11, 23, 12, 35, 0, 0, time.UTC)

func signed(t interface{ Fatal(...any) }, body string, at time.Time) provider.Request {
	h, err := generic.Sign(secret, "msg_1", at, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return provider.Request{Method: http.MethodPost, Header: h, Body: []byte(body), ReceivedAt: now}
}

func TestTheTimestampMayBeFiveMinutesOff(t *testing.T) {
	for off, genuine := range map[time.Duration]bool{
		0: true, -5 * time.Minute: true, 5 * time.Minute: true,
		-5*time.Minute - time.Second: false, 5*time.Minute + time.Second: false, -24 * time.Hour: false, 1e6 * time.Hour: false,
	} {
		err := generic.Driver{}.Verify(signed(t, "{}", now.Add(off)), provider.Credentials{Secret: secret})
		if genuine != (err == nil) || err != nil && !errors.Is(err, provider.ErrForged) {
			t.Errorf("%v off: %v, want genuine=%t", off, err, genuine)
		}
	}
}

func TestWhichHeadersProveADelivery(t *testing.T) {
	for _, tt := range []struct {
		what    string
		change  func(http.Header)
		genuine bool
	}{
		{"as signed", func(http.Header) {}, true},
		{"among other signatures", func(h http.Header) {
			h.Set("webhook-signature", "v1,AAAA v2,"+h.Get("webhook-signature")+" v1a,BBBB "+h.Get("webhook-signature"))
		}, true},
		{"in a second header", func(h http.Header) {
			h["Webhook-Signature"] = append([]string{"v1,AAAA"}, h["Webhook-Signature"]...)
		}, true},
		{"as another version", func(h http.Header) {
			h.Set("webhook-signature", strings.Replace(h.Get("webhook-signature"), "v1,", "v2,", 1))
		}, false},
		{"without its version", func(h http.Header) {
			h.Set("webhook-signature", strings.TrimPrefix(h.Get("webhook-signature"), "v1,"))
		}, false},
		{"without padding", func(h http.Header) {
			h.Set("webhook-signature", strings.TrimRight(h.Get("webhook-signature"), "="))
		}, false},
		{"with two ids", func(h http.Header) { h.Add("webhook-id", "msg_2") }, false},
		{"with two timestamps", func(h http.Header) { h.Add("webhook-timestamp", h.Get("webhook-timestamp")) }, false},
		{"with a sign before the timestamp", func(h http.Header) { h.Set("webhook-timestamp", "+"+h.Get("webhook-timestamp")) }, false},
		{"with an exponent as timestamp", func(h http.Header) { h.Set("webhook-timestamp", "1e9") }, false},
		{"with a huge timestamp", func(h http.Header) { h.Set("webhook-timestamp", strings.Repeat("9", 40)) }, false},
		{"with the smallest timestamp", func(h http.Header) { h.Set("webhook-timestamp", "-9223372036854775808") }, false},
	} {
		r := signed(t, `{"from":"1","body":"x"}`, now)
		tt.change(r.Header)
		err := generic.Driver{}.Verify(r, provider.Credentials{Secret: secret})
		if tt.genuine != (err == nil) || err != nil && !errors.Is(err, provider.ErrForged) {
			t.Errorf("%s: %v, want genuine=%t", tt.what, err, tt.genuine)
		}
	}
}

func TestSecretsThatCannotVerifyAreOurTrouble(t *testing.T) {
	for _, s := range []string{"", " ", "whsec_", "whsec_?", "hunter2!", secret + " whsec_?"} {
		if err := (generic.Driver{}).Verify(signed(t, "{}", now), provider.Credentials{Secret: s}); !errors.Is(err, provider.ErrSecret) {
			t.Errorf("%q: %v, want ErrSecret", s, err)
		}
		if err := (generic.Driver{}).CheckSecret(s); switchboard.ErrorCode(err) != switchboard.CodeInvalid {
			t.Errorf("%q would be taken: %v", s, err)
		}
		if _, err := generic.Sign(s, "id", now, nil); err == nil && s != secret {
			t.Errorf("%q signs", s)
		}
	}
	if err := (generic.Driver{}).CheckSecret(strings.TrimRight(secret, "=")); err != nil {
		t.Errorf("without padding: %v", err)
	}
}

// Whatever a text says, it is read as it was sent.
func TestTextsComeThroughUnchanged(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		body, id := rapid.String().Draw(t, "body"), rapid.StringN(1, 60, 200).Draw(t, "id")
		r := signed(t, fmt.Sprintf(`{"id":%s,"from":"+15125550177","body":%s}`, quote(id), quote(body)), now)
		events, err := provider.Read(generic.Driver{}, r, provider.Credentials{Secret: secret})
		if err != nil || len(events) != 1 {
			t.Fatalf("it tells %v %v", events, err)
		}
		want, repaired := switchboard.Repair(body)
		wantID, _ := switchboard.Repair(id)
		if got := events[0].Text; got.Body != want || got.ProviderMessageID != wantID || (got.Raw != nil) != repaired {
			t.Fatalf("it is read as %+v", got)
		}
	})
}

// What the body is called does not matter: the signature says that it is meant.
func TestLongTextsOfAnyContentType(t *testing.T) {
	long := strings.Repeat("Długi tekst. ", 100<<10/14)
	for _, contentType := range []string{"application/json", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""} {
		r := signed(t, `{"id":"1","from":"+15125550177","body":"`+long+`"}`, now)
		r.Header.Set("Content-Type", contentType)
		if err := (generic.Driver{}).Verify(r, provider.Credentials{Secret: secret}); err != nil {
			t.Errorf("%q: %v", contentType, err)
		}
		events, err := provider.Read(generic.Driver{}, r, provider.Credentials{Secret: secret})
		if err != nil || len(events) != 1 || events[0].Text.Body != long {
			t.Errorf("%q: %d events, %v", contentType, len(events), err)
		}
	}
}

// quote writes s as other languages' JSON writers do, with everything that is
// not ASCII escaped.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case ' ' <= r && r < 0x7f:
			b.WriteRune(r)
		case r > 0xffff:
			r -= 0x10000
			fmt.Fprintf(&b, `\u%04X\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// What the driver costs of each delivery.
func BenchmarkVerifyAndRead(b *testing.B) {
	r := signed(b, `{"id":"42","from":"+15125550177","to":"+15125550100","body":"Hi, is my order ready?","sent_at":"2026-11-23T12:34:50Z"}`, now)
	c := provider.Credentials{Secret: secret}
	b.ReportAllocs()
	for b.Loop() {
		if err := (generic.Driver{}).Verify(r, c); err != nil {
			b.Fatal(err)
		}
		if _, err := provider.Read(generic.Driver{}, r, c); err != nil {
			b.Fatal(err)
		}
	}
}
