package twilio

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/switchboardhq/switchboard/internal/provider"
)

// The parameter with the hash of a body that is not a form. Twilio adds it to
// the URL, which is what it then signs.
const bodyHash = "bodySHA256"

// retries, at the end of a webhook address, has Twilio try five times, and for
// any failure.
const retries = "#rc=5&rp=all"

// Verify checks X-Twilio-Signature over the public URL and, of a form, all
// parameters: Twilio adds some without notice. There is no time in the
// signature; a repeated delivery is known by its MessageSid.
func (Driver) Verify(r provider.Request, c provider.Credentials) error {
	tokens := c.Secrets()
	if len(tokens) == 0 {
		return fmt.Errorf("%w: the channel has no auth token", provider.ErrSecret)
	}
	if _, _, ok := strings.Cut(r.URL, "://"); !ok {
		return fmt.Errorf("%w: Twilio signs the public URL, and none is configured", provider.ErrSecret)
	}
	signatures := r.Header.Values("X-Twilio-Signature")
	if len(signatures) != 1 {
		return fmt.Errorf("%w: no X-Twilio-Signature", provider.ErrForged)
	}
	hash, hashed := signedHash(r.URL)
	var form url.Values
	if hashed {
		sum := sha256.Sum256(r.Body)
		if !hmac.Equal([]byte(hash), []byte(hex.EncodeToString(sum[:]))) {
			return fmt.Errorf("%w: bodySHA256 does not match the body", provider.ErrForged)
		}
	} else {
		var err error
		if form, err = url.ParseQuery(string(r.Body)); err != nil {
			return fmt.Errorf("%w: neither a form nor a body with bodySHA256", provider.ErrForged)
		}
	}
	params := concatenate(form)
	for _, token := range tokens {
		for _, u := range variants(r.URL) {
			if hmac.Equal([]byte(signatures[0]), []byte(sign(token, u, params))) {
				return nil
			}
		}
	}
	return fmt.Errorf("%w: X-Twilio-Signature does not match", provider.ErrForged)
}

// Sign returns the X-Twilio-Signature of a POST of form to address, as Twilio
// makes it with the account's auth token.
func Sign(token, address string, form url.Values) string {
	return sign(token, address, concatenate(form))
}

// SignBody returns the URL that Twilio posts a body other than a form to, and
// the X-Twilio-Signature that goes with it.
func SignBody(token, address string, body []byte) (signedURL, signature string) {
	sum := sha256.Sum256(body)
	separator := "?"
	if strings.Contains(address, "?") {
		separator = "&"
	}
	signedURL = address + separator + bodyHash + "=" + hex.EncodeToString(sum[:])
	return signedURL, sign(token, signedURL, "")
}

func sign(token, address, params string) string {
	mac := hmac.New(sha1.New, []byte(token))
	mac.Write([]byte(address))
	mac.Write([]byte(params))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// concatenate returns keys and values in order of the keys. Of a key that comes
// several times, each different value counts once, in order.
func concatenate(form url.Values) string {
	var b strings.Builder
	for _, key := range slices.Sorted(maps.Keys(form)) {
		for _, value := range slices.Compact(slices.Sorted(slices.Values(form[key]))) {
			b.WriteString(key)
			b.WriteString(value)
		}
	}
	return b.String()
}

func signedHash(address string) (string, bool) {
	_, query, _ := strings.Cut(address, "?")
	for pair := range strings.SplitSeq(query, "&") {
		if name, value, _ := strings.Cut(pair, "="); name == bodyHash {
			return value, true
		}
	}
	return "", false
}

// variants returns the forms in which Twilio may have signed address: as it is,
// without its port, or with the standard one if it has none; each of these with
// its query escaped once more, which parts of Twilio do; and with the override
// that our guide recommends, for nothing says whether it is part of what is
// signed.
func variants(address string) []string {
	all := []string{address, otherPort(address)}
	for _, v := range all {
		all = append(all, escaped(v), quoted(v), v+retries)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// otherPort returns address without its port, or with the standard one.
func otherPort(address string) string {
	scheme, rest, _ := strings.Cut(address, "://")
	end := strings.IndexAny(rest, "/?")
	if end < 0 {
		end = len(rest)
	}
	host, rest := rest[:end], rest[end:]
	if i := strings.LastIndexByte(host, ':'); i > strings.LastIndexByte(host, ']') {
		return scheme + "://" + host[:i] + rest
	}
	if strings.EqualFold(scheme, "https") {
		return scheme + "://" + host + ":443" + rest
	}
	return scheme + "://" + host + ":80" + rest
}

// escaped returns address with the one character in its query escaped that Go
// takes as it is and web browsers don't.
func escaped(address string) string {
	path, query, ok := strings.Cut(address, "?")
	if !ok {
		return address
	}
	return path + "?" + strings.ReplaceAll(query, "'", "%27")
}

// quoted returns address with its query taken apart and put together again, as
// JavaScript's query strings are.
func quoted(address string) string {
	path, query, ok := strings.Cut(address, "?")
	if !ok || query == "" {
		return address
	}
	pairs := strings.Split(query, "&")
	for i, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		pairs[i] = quote(name) + "=" + quote(value)
	}
	return path + "?" + strings.Join(pairs, "&")
}

func quote(s string) string {
	plain, err := url.QueryUnescape(s)
	if err != nil {
		return s
	}
	return strings.NewReplacer("+", "%20", "%21", "!", "%27", "'", "%28", "(", "%29", ")", "%2A", "*").Replace(url.QueryEscape(plain))
}
