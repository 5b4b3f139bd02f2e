// Package providertest is what every provider driver has to pass: recorded
// deliveries are genuine and tell what stands beside them; whatever is changed
// in what their proof covers is found out; and nothing that anybody may send
// makes a driver fail, or tell of a text from nobody.
package providertest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/provider"
)

// Proof says where a provider's proof is, and what it covers.
type Proof struct {
	Headers []string // carry it
	InBody  bool     // the secret itself stands in the body
	Body    bool     // covers the body
	URL     bool     // covers the URL
}

// Run tests d with recorded deliveries.
func Run(t *testing.T, d provider.Driver, p Proof, cases ...Case) {
	t.Run("names itself", func(t *testing.T) { names(t, d) })
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			t.Run("verdict", func(t *testing.T) { verdict(t, d, c) })
			t.Run("depends on nothing else", func(t *testing.T) { pure(t, d, c) })
			if c.Verdict == "genuine" {
				t.Run("tells", func(t *testing.T) { tells(t, d, c) })
				t.Run("secrets", func(t *testing.T) { secrets(t, d, c) })
				t.Run("forgeries", func(t *testing.T) { forgeries(t, d, p, c) })
				t.Run("replaced secret", func(t *testing.T) { rotation(t, d, c) })
			}
		})
	}
}

func names(t *testing.T, d provider.Driver) {
	if !regexp.MustCompile(`^[a-z]+$`).MatchString(d.Name()) {
		t.Errorf("the name %q does not fit a webhook address", d.Name())
	}
	contentType, body := d.Answer()
	if (contentType == "") != (len(body) == 0) {
		t.Errorf("the answer has the content type %q and %d bytes", contentType, len(body))
	}
	g, ok := d.(provider.Guided)
	if !ok {
		return
	}
	guide := g.Guide()
	if guide.Title == "" || len(guide.Steps) == 0 {
		t.Error("the guide has no title or no steps")
	}
	if guide.NeedsSecret && guide.SecretLabel == "" {
		t.Error("a secret is needed that has no label")
	}
	if err := g.CheckSecret(" "); switchboard.ErrorCode(err) != switchboard.CodeInvalid {
		t.Errorf("a blank secret: %v, want an error that it is invalid", err)
	}
	random := []byte("0123456789abcdefghijklmnopqrstuv")
	if made := guide.NewSecret(random); guide.SecretMade {
		if err := g.CheckSecret(made); err != nil {
			t.Errorf("the secret that we make is refused: %v", err)
		}
	} else if made != "" {
		t.Errorf("a secret %q was made, which the provider makes", made)
	}
}

func verdict(t *testing.T, d provider.Driver, c Case) {
	err := d.Verify(c.Request, c.Credentials)
	want := map[string]error{"forged": provider.ErrForged, "unreadable": provider.ErrUnreadable, "unsigned": provider.ErrUnsigned}[c.Verdict]
	if !errors.Is(err, want) {
		t.Errorf("it is %v, want %s", err, c.Verdict)
	}
	if g, ok := d.(provider.Guided); ok {
		if err := g.CheckSecret(c.Credentials.Secret); err != nil {
			t.Errorf("the secret that it is signed with would be refused: %v", err)
		}
	}
}

func tells(t *testing.T, d provider.Driver, c Case) {
	got := describe(t, d, c)
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(c.golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(c.golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("it tells something else than %s (-want +got):\n%s", c.golden, diff)
	}
}

// describe returns the events without their zero members.
func describe(t *testing.T, d provider.Driver, c Case) []byte {
	events, unreadable := provider.Read(d, c.Request, c.Credentials)
	checkEvents(t, events)
	told := struct {
		Events     []switchboard.Event
		Unreadable string
	}{Events: events}
	if unreadable != nil {
		told.Unreadable = unreadable.Error()
	}
	full, err := json.Marshal(told)
	if err != nil {
		t.Fatal(err)
	}
	var pruned any
	if err := json.Unmarshal(full, &pruned); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(prune(pruned)); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func prune(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			if member = prune(member); member == nil || member == "" || member == false || member == "0001-01-01T00:00:00Z" {
				delete(v, name)
			}
		}
	case []any:
		for _, item := range v {
			prune(item)
		}
	}
	return v
}

func pure(t *testing.T, d provider.Driver, c Case) {
	header, body := c.Request.Header.Clone(), bytes.Clone(c.Request.Body)
	first, firstErr := provider.Read(d, c.Request, c.Credentials)
	for range 10 {
		if err := d.Verify(c.Request, c.Credentials); (err == nil) != (c.Verdict == "genuine") {
			t.Fatalf("another time it is %v", err)
		}
		again, err := provider.Read(d, c.Request, c.Credentials)
		if !reflect.DeepEqual(first, again) || (err == nil) != (firstErr == nil) {
			t.Fatalf("another time it tells %v %v, at first it was %v %v", again, err, first, firstErr)
		}
	}
	if !bytes.Equal(body, c.Request.Body) || !reflect.DeepEqual(header, c.Request.Header) {
		t.Error("the driver changed the request")
	}
}

func secrets(t *testing.T, d provider.Driver, c Case) {
	none := c.Credentials
	none.Secret = ""
	if err := d.Verify(c.Request, none); !errors.Is(err, provider.ErrSecret) {
		t.Errorf("without a secret it is %v, want ErrSecret", err)
	}
	other := c.Credentials
	other.Secret = otherSecret(t, c.Credentials.Secret)
	if err := d.Verify(c.Request, other); !errors.Is(err, provider.ErrForged) {
		t.Errorf("with another account's secret it is %v, want ErrForged", err)
	}
}

// rotation: while one secret replaces another, deliveries with either are genuine.
func rotation(t *testing.T, d provider.Driver, c Case) {
	both := c.Credentials
	other := otherSecret(t, c.Credentials.Secret)
	for _, secret := range []string{other + " " + c.Credentials.Secret, c.Credentials.Secret + " " + other} {
		both.Secret = secret
		if err := d.Verify(c.Request, both); err != nil {
			t.Errorf("with a second secret it is %v", err)
		}
	}
}

// otherSecret returns a secret of the same shape.
func otherSecret(t *testing.T, secret string) string {
	i := max(len(secret)-5, 0)
	if i >= len(secret) {
		t.Fatal("the case has no secret")
	}
	replacement := byte('a')
	if secret[i] == replacement {
		replacement = 'b'
	}
	return secret[:i] + string(replacement) + secret[i+1:]
}

// forgeries changes every byte that the proof covers. A change that is not found
// out must not change what the delivery tells: such as of %2B into %2b.
func forgeries(t *testing.T, d provider.Driver, p Proof, c Case) {
	genuine, _ := provider.Read(d, c.Request, c.Credentials)
	try := func(what string, at int, r provider.Request) {
		err := d.Verify(r, c.Credentials)
		if err != nil {
			if !errors.Is(err, provider.ErrForged) && !errors.Is(err, provider.ErrUnreadable) && !errors.Is(err, provider.ErrUnsigned) {
				t.Errorf("%s changed at %d: %v, which is not one of Verify's errors", what, at, err)
			}
			return
		}
		if told, _ := provider.Read(d, r, c.Credentials); !reflect.DeepEqual(genuine, told) {
			t.Errorf("%s changed at %d: taken as genuine, and tells %v", what, at, told)
		}
	}
	for _, name := range p.Headers {
		r := c.Request
		r.Header = c.Request.Header.Clone()
		r.Header.Del(name)
		if err := d.Verify(r, c.Credentials); err == nil {
			t.Errorf("genuine without the header %s", name)
		}
		value := c.Request.Header.Get(name)
		for i := range value {
			r.Header.Set(name, flip(value, i))
			if err := d.Verify(r, c.Credentials); !errors.Is(err, provider.ErrForged) {
				t.Errorf("the header %s changed at %d: %v, want ErrForged", name, i, err)
			}
		}
		r.Header.Set(name, "")
		try("the header "+name, 0, r)
	}
	if p.URL {
		for i := len("https://"); i < len(c.Request.URL); i++ {
			r := c.Request
			r.URL = flip(c.Request.URL, i)
			try("the URL", i, r)
		}
	}
	body := string(c.Request.Body)
	for i := range min(len(body), 4096) {
		changed, cut := c.Request, c.Request
		changed.Body, cut.Body = []byte(flip(body, i)), []byte(body[:i])
		if p.Body {
			try("the body", i, changed)
			try("the length of the body", i, cut)
		} else { // whatever they say, they must say something
			for _, r := range []provider.Request{changed, cut} {
				if d.Verify(r, c.Credentials) == nil {
					checkRead(t, d, r, c.Credentials)
				}
			}
		}
	}
	if p.InBody {
		for offset := 0; ; {
			i := strings.Index(body[offset:], c.Credentials.Secret)
			if i < 0 {
				break
			}
			for k := range c.Credentials.Secret {
				r := c.Request
				r.Body = []byte(body[:offset+i+k] + otherDigit(body[offset+i+k]) + body[offset+i+k+1:])
				if err := d.Verify(r, c.Credentials); !errors.Is(err, provider.ErrForged) {
					t.Errorf("the token changed at %d: %v, want ErrForged", k, err)
				}
			}
			offset += i + len(c.Credentials.Secret)
		}
	}
}

func flip(s string, i int) string {
	return s[:i] + string([]byte{s[i] ^ 1<<(i%7)}) + s[i+1:]
}

func otherDigit(c byte) string {
	if c == '7' {
		return "8"
	}
	return "7"
}

func checkRead(t testing.TB, d provider.Driver, r provider.Request, c provider.Credentials) {
	events, err := provider.Read(d, r, c)
	if p := (*provider.PanicError)(nil); errors.As(err, &p) {
		t.Fatalf("the driver failed: %s\n%s", p.What, p.Stack)
	}
	checkEvents(t, events)
	again, _ := provider.Read(d, r, c)
	if !reflect.DeepEqual(events, again) {
		t.Fatalf("the same bytes tell %v, then %v", events, again)
	}
}

// checkEvents: events are what a store can hold.
func checkEvents(t testing.TB, events []switchboard.Event) {
	for _, e := range events {
		var all []string
		switch {
		case e.Text != nil && e.Consent == nil && e.Delivery == nil:
			v := e.Text
			if strings.TrimSpace(v.Sender) == "" || v.ProviderMessageID == "" {
				t.Fatalf("a text without sender or id: %+v", v)
			}
			if v.Direction != switchboard.Inbound && v.Direction != switchboard.Outbound {
				t.Fatalf("a text with the direction %q", v.Direction)
			}
			all = append(all, v.Account, v.ProviderMessageID, v.Sender, v.Ours)
			for _, m := range v.Media {
				all = append(all, m.URL, m.ContentType)
			}
			if !storable(v.Body) {
				t.Fatalf("the body cannot be stored: %q", v.Body)
			}
		case e.Consent != nil && e.Text == nil && e.Delivery == nil:
			if strings.TrimSpace(e.Consent.Sender) == "" {
				t.Fatalf("a wish of nobody: %+v", e.Consent)
			}
			all = append(all, e.Consent.Account, e.Consent.EventID, e.Consent.Sender, e.Consent.Ours)
		case e.Delivery != nil && e.Text == nil && e.Consent == nil:
			if e.Delivery.ProviderMessageID == "" {
				t.Fatalf("a report about nothing: %+v", e.Delivery)
			}
			all = append(all, e.Delivery.Account, e.Delivery.ProviderMessageID, e.Delivery.Sender, e.Delivery.Detail)
		default:
			t.Fatalf("not one member: %+v", e)
		}
		for _, s := range all {
			if !storable(s) {
				t.Fatalf("%q cannot be stored: %+v", s, e)
			}
		}
	}
}

func storable(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }

// Fuzz sends d whatever there is. The seeds are the cases.
func Fuzz(f *testing.F, d provider.Driver, p Proof, cases ...Case) {
	secret := ""
	for _, c := range cases {
		secret = c.Credentials.Secret
		proof := ""
		if len(p.Headers) > 0 {
			proof = c.Request.Header.Get(p.Headers[len(p.Headers)-1])
		}
		f.Add(c.Request.URL, proof, c.Request.Body)
	}
	base := cases[0].Request
	f.Fuzz(func(t *testing.T, url, proof string, body []byte) {
		r := base
		r.URL, r.Body, r.Header = url, body, base.Header.Clone()
		for _, name := range p.Headers {
			r.Header.Set(name, proof)
		}
		c := provider.Credentials{Secret: secret}
		if err := d.Verify(r, c); err != nil && !errors.Is(err, provider.ErrForged) && !errors.Is(err, provider.ErrSecret) &&
			!errors.Is(err, provider.ErrUnreadable) && !errors.Is(err, provider.ErrUnsigned) {
			t.Fatalf("%v is not one of Verify's errors", err)
		}
		stranger := provider.Credentials{Secret: base64.StdEncoding.EncodeToString([]byte("nobody has this secret"))}
		if d.Verify(r, stranger) == nil {
			t.Fatal("genuine under a secret that nobody has")
		}
		checkRead(t, d, r, c)
	})
}
