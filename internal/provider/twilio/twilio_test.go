package twilio_test

import (
	"errors"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/provider"
	"github.com/switchboardhq/switchboard/internal/provider/providertest"
	"github.com/switchboardhq/switchboard/internal/provider/twilio"
)

var proof = providertest.Proof{Headers: []string{"X-Twilio-Signature"}, Body: true, URL: true}

func TestDriver(t *testing.T) {
	providertest.Run(t, twilio.Driver{}, proof, providertest.Load(t, "testdata/*.http")...)
}

func FuzzDriver(f *testing.F) {
	providertest.Fuzz(f, twilio.Driver{}, proof, providertest.Load(f, "testdata/*.http")...)
}

func TestTheVendorAgrees(t *testing.T) { providertest.Oracle(t, twilio.Driver{}, 3000, 1) }

// The example of https://www.twilio.com/docs/usage/security.
func TestTheDocumentedSignature(t *testing.T) {
	form := url.Values{
		"CallSid": {"CA1234567890ABCDE"}, "Caller": {"+14158675310"}, "Digits": {"1234"}, "From": {"+14158675310"}, "To": {"+18005551212"},
	}
	if got, want := twilio.Sign("12345", "https://mycompany.com/myapp.php?foo=1&bar=2", form), "GvWf1cFY/Q7PnoempGyD5oXAezc="; got != want {
		t.Errorf("the signature is %s, Twilio documents %s", got, want)
	}
}

func post(address, signature string, body string) provider.Request {
	return provider.Request{
		Method: http.MethodPost, URL: address, Body: []byte(body), ReceivedAt: time.Date(2026, 11, 23, 12, 35, 0, 0, time.UTC),
		Header: http.Header{"X-Twilio-Signature": {signature}, "Content-Type": {"application/x-www-form-urlencoded"}},
	}
}

const (
	token   = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
	address = "https://sms.example.test/hooks/twilio/k3Vw9s"
)

var credentials = provider.Credentials{Secret: token}

// Numbers are in a body byte for byte, valid text or not.
func TestBytesThatAreNoTextAreKept(t *testing.T) {
	for _, body := range []string{"caf\xe9", "a\x00b", "\xed\xa0\xbd", "\xff"} {
		form := url.Values{"MessageSid": {"SM1"}, "AccountSid": {"AC1"}, "From": {"+15125550177"}, "Body": {body}}
		r := post(address, twilio.Sign(token, address, form), form.Encode())
		if err := (twilio.Driver{}).Verify(r, credentials); err != nil {
			t.Errorf("%q: %v", body, err)
		}
		events, err := provider.Read(twilio.Driver{}, r, credentials)
		if err != nil || len(events) != 1 {
			t.Fatalf("%q tells %v %v", body, events, err)
		}
		text := events[0].Text
		if want, _ := switchboard.Repair(body); text.Body != want || string(text.Raw) != body {
			t.Errorf("%q is shown as %q and kept as %q", body, text.Body, text.Raw)
		}
	}
}

// Twilio may sign our address with or without the standard port, and with the
// override that the guide recommends; but no other address.
func TestWhichAddressesMayBeSigned(t *testing.T) {
	form := url.Values{"MessageSid": {"SM1"}, "From": {"+15125550177"}, "Body": {"Hi"}}
	for _, tt := range []struct {
		configured, signed string
		genuine            bool
	}{
		{"https://a.test/h", "https://a.test/h", true},
		{"https://a.test/h", "https://a.test:443/h", true},
		{"https://a.test:443/h", "https://a.test/h", true},
		{"https://a.test:8443/h", "https://a.test:8443/h", true},
		{"https://a.test:8443/h", "https://a.test/h", true},
		{"http://a.test/h", "http://a.test:80/h", true},
		{"https://[::1]:443/h", "https://[::1]/h", true},
		{"https://[::1]/h", "https://[::1]:443/h", true},
		{"https://a.test/h", "https://a.test/h#rc=5&rp=all", true},
		{"https://a.test/h?n=O'Neil", "https://a.test/h?n=O%27Neil", true},
		{"https://a.test/h", "https://a.test:80/h", false},
		{"https://a.test:8443/h", "https://a.test:443/h", false},
		{"https://a.test/h", "http://a.test/h", false},
		{"https://a.test/h", "https://b.test/h", false},
		{"https://a.test/h", "https://a.test/h/", false},
		{"https://a.test/h", "https://a.test/h?x=1", false},
		{"https://a.test/h", "https://a.test/h#rc=1", false},
	} {
		err := twilio.Driver{}.Verify(post(tt.configured, twilio.Sign(token, tt.signed, form), form.Encode()), credentials)
		if tt.genuine != (err == nil) || err != nil && !errors.Is(err, provider.ErrForged) {
			t.Errorf("%s signed as %s: %v, want genuine=%t", tt.configured, tt.signed, err, tt.genuine)
		}
	}
}

func TestWithoutAPublicURLNothingCanBeJudged(t *testing.T) {
	form := url.Values{"MessageSid": {"SM1"}}
	r := post("/hooks/twilio/k3Vw9s", twilio.Sign(token, "/hooks/twilio/k3Vw9s", form), form.Encode())
	if err := (twilio.Driver{}).Verify(r, credentials); !errors.Is(err, provider.ErrSecret) {
		t.Errorf("it is %v, want ErrSecret", err)
	}
}

// A body that is not a form has to be in the signature by its hash.
func TestABodyThatIsNotSignedIsForged(t *testing.T) {
	body := `{"MessageSid":"SM1","From":"+15125550177","Body":"Hi"}`
	signedURL, signature := twilio.SignBody(token, address, []byte(body))
	if err := (twilio.Driver{}).Verify(post(signedURL, signature, body), credentials); err != nil {
		t.Fatalf("signed as Twilio does: %v", err)
	}
	for what, r := range map[string]provider.Request{
		"without the hash":         post(address, twilio.Sign(token, address, nil), body),
		"with another body":        post(signedURL, signature, body+" "),
		"with another body's hash": post(address+"?bodySHA256=00", twilio.Sign(token, address+"?bodySHA256=00", nil), body),
		"with an empty hash":       post(address+"?bodySHA256=", twilio.Sign(token, address+"?bodySHA256=", nil), body),
	} {
		if err := (twilio.Driver{}).Verify(r, credentials); !errors.Is(err, provider.ErrForged) {
			t.Errorf("%s: %v, want ErrForged", what, err)
		}
	}
	form := url.Values{"MessageSid": {"SM1"}}
	r := post(address, twilio.Sign(token, address, form), form.Encode())
	r.Header.Add("X-Twilio-Signature", "second")
	if err := (twilio.Driver{}).Verify(r, credentials); !errors.Is(err, provider.ErrForged) {
		t.Errorf("with two signatures: %v, want ErrForged", err)
	}
}

// A text that comes by the webhook and by Event Streams is one text.
func TestBothWaysTellTheSameID(t *testing.T) {
	form := url.Values{"MessageSid": {"SM1"}, "AccountSid": {"AC1"}, "From": {"+15125550177"}, "Body": {"Hi"}}
	signedURL, signature := twilio.SignBody(token, address, nil)
	event := `[{"type":"com.twilio.messaging.inbound-message.received","data":{"messageSid":"SM1","accountSid":"AC1","from":"+15125550177","body":"Hi"}}]`
	var told [][]switchboard.Event
	for _, r := range []provider.Request{post(address, "", form.Encode()), post(signedURL, signature, event)} {
		events, err := provider.Read(twilio.Driver{}, r, credentials)
		if err != nil {
			t.Fatal(err)
		}
		told = append(told, events)
	}
	if diff := cmp.Diff(told[0], told[1]); diff != "" {
		t.Errorf("Event Streams tell it differently (-webhook +event):\n%s", diff)
	}
}

func TestStatusWords(t *testing.T) {
	for word, want := range map[string]switchboard.DeliveryStatus{
		"queued": switchboard.DeliveryUnknown, "accepted": switchboard.DeliveryUnknown, "sending": switchboard.DeliveryUnknown,
		"sent": switchboard.DeliverySent, "delivered": switchboard.DeliveryDelivered, "read": switchboard.DeliveryDelivered,
		"undelivered": switchboard.DeliveryUndelivered, "failed": switchboard.DeliveryUndelivered, "canceled": switchboard.DeliveryUndelivered,
		"something new": switchboard.DeliveryUnknown,
	} {
		form := url.Values{"MessageSid": {"SM1"}, "AccountSid": {"AC1"}, "To": {"+15125550177"}, "MessageStatus": {word}}
		events, err := provider.Read(twilio.Driver{}, post(address, "", form.Encode()), credentials)
		if err != nil || len(events) != 1 || events[0].Delivery == nil {
			t.Fatalf("%s tells %v %v", word, events, err)
		}
		if got := *events[0].Delivery; got.Status != want || got.Detail != word || got.Sender != "+15125550177" || got.ProviderMessageID != "SM1" {
			t.Errorf("%s is read as %+v", word, got)
		}
	}
}

func TestASIDIsNoSecret(t *testing.T) {
	for secret, good := range map[string]bool{
		token: true, "12345": true, token + " " + token: true,
		"": false, "AC00112233445566778899aabbccddeeff": false, "SK00112233445566778899aabbccddeeff": false,
	} {
		if err := (twilio.Driver{}).CheckSecret(secret); (err == nil) != good {
			t.Errorf("%q: %v", secret, err)
		}
	}
}
