package web

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store/storetest"
)

const goodPassword = "correct horse battery"

func (s *testSite) setPassword(a switchboard.Actor, password string) {
	s.t.Helper()
	hash, err := s.server.gate.passwords.Hash(s.t.Context(), password)
	if err == nil {
		err = s.db.SetPasswordHash(s.t.Context(), a, a.ID, hash)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

func TestSignInByPassword(t *testing.T) {
	s := newTestSite(t)
	dana := storetest.Admin(t, s.db)
	s.setPassword(dana, goodPassword)

	v := s.visitor()
	v.opens("/contacts?q=x")
	if v.path != "/sign-in" {
		t.Fatalf("a stranger gets %s", v.path)
	}
	v.posts("/sign-in", "email", " Dana@Example.com ", "password", goodPassword, "next", "/contacts?q=x")
	v.says(http.StatusOK, "All Contacts", "Dana Reyes")
	if v.path != "/contacts" {
		t.Errorf("signing in leads to %s", v.path)
	}

	v.posts("/sign-out")
	v.says(http.StatusOK, "You are signed out.")
	if v.opens("/contacts"); v.path != "/sign-in" {
		t.Errorf("after signing out, /contacts is %s", v.path)
	}
}

// A wrong password, an unknown address, a user without a password and a
// disabled user look the same from outside.
func TestSignInTellsNothing(t *testing.T) {
	s := newTestSite(t)
	dana := storetest.Admin(t, s.db)
	s.setPassword(dana, goodPassword)
	storetest.User(t, s.db, "Sam Ortiz", switchboard.Agent)
	kim := storetest.User(t, s.db, "Kim Lee", switchboard.Agent)
	s.setPassword(kim, goodPassword)
	if _, err := s.db.SetUserActive(t.Context(), dana, kim.ID, false); err != nil {
		t.Fatal(err)
	}
	answers := map[string]bool{}
	for _, c := range [][2]string{{"dana@example.com", "wrong horse battery"}, {"nobody@example.com", goodPassword}, {"sam@example.com", ""}, {"sam@example.com", goodPassword}, {"kim@example.com", goodPassword}} {
		v := s.visitor()
		v.posts("/sign-in", "email", c[0], "password", c[1])
		v.says(http.StatusUnauthorized, "E-mail address or password is wrong.")
		answers[strings.ReplaceAll(v.body, c[0], "")] = true
		if v.opens("/"); v.path != "/sign-in" {
			t.Errorf("%s gets in", c[0])
		}
	}
	if len(answers) != 1 {
		t.Errorf("there are %d different answers", len(answers))
	}
}

func TestTooManyFailuresAreRefused(t *testing.T) {
	s := newTestSite(t)
	s.setPassword(storetest.Admin(t, s.db), goodPassword)
	v := s.visitor()
	for range failuresOfAccount {
		v.posts("/sign-in", "email", "dana@example.com", "password", "wrong")
		v.says(http.StatusUnauthorized)
	}
	v.posts("/sign-in", "email", "dana@example.com", "password", goodPassword)
	v.says(http.StatusTooManyRequests, "Wait a minute")
	if v.header.Get("Retry-After") == "" {
		t.Error("it does not say when to try again")
	}
	s.clock.Advance(2 * time.Minute)
	v.posts("/sign-in", "email", "dana@example.com", "password", goodPassword)
	v.says(http.StatusOK, "Good")
}

func TestNextStaysOnThisSite(t *testing.T) {
	s := newTestSite(t)
	s.setPassword(storetest.Admin(t, s.db), goodPassword)
	for _, next := range []string{"https://evil.example/", "//evil.example", "/\\evil.example", "evil", "javascript:alert(1)"} {
		v := s.visitor()
		v.posts("/sign-in", "email", "dana@example.com", "password", goodPassword, "next", next)
		if v.path != "/" || v.status != http.StatusOK {
			t.Errorf("next=%q leads to %s, %d", next, v.path, v.status)
		}
	}
}

// Opening a link does nothing: a mail scanner may do it. Its button signs in,
// once.
func TestLinkSignsInOnce(t *testing.T) {
	s := newTestSite(t)
	dana := storetest.Admin(t, s.db)
	token, err := s.db.CreateSignInLink(t.Context(), storetest.System(t, s.db), dana.ID)
	if err != nil {
		t.Fatal(err)
	}
	v := s.visitor()
	for range 3 {
		v.opens("/sign-in/link?token=" + token)
		v.says(http.StatusOK, "Sign in as Dana Reyes")
		if got := v.header.Get("Referrer-Policy"); got != "no-referrer" {
			t.Errorf("Referrer-Policy is %q", got)
		}
	}
	v.posts("/sign-in/link", "token", token)
	v.says(http.StatusOK, "Good")
	s.visitor().posts("/sign-in/link", "token", token).says(http.StatusGone, "used already")
	s.visitor().opens("/sign-in/link?token=nonsense").says(http.StatusGone)
}

func TestSessionsEnd(t *testing.T) {
	s := newTestSite(t)
	dana := storetest.Admin(t, s.db)
	sam := storetest.User(t, s.db, "Sam Ortiz", switchboard.Agent)

	v := s.as(sam)
	s.clock.Advance(11 * time.Hour)
	v.opens("/contacts").says(http.StatusOK, "All Contacts")
	s.clock.Advance(11 * time.Hour)
	v.opens("/contacts").says(http.StatusOK, "All Contacts")
	s.clock.Advance(13 * time.Hour)
	if v.opens("/contacts"); v.path != "/sign-in" {
		t.Errorf("after 13 idle hours, /contacts is %s", v.path)
	}

	v = s.as(sam)
	if _, err := s.db.SetUserActive(t.Context(), dana, sam.ID, false); err != nil {
		t.Fatal(err)
	}
	if v.opens("/contacts"); v.path != "/sign-in" {
		t.Errorf("a disabled user sees %s", v.path)
	}
}

func TestSigningInTakesANewToken(t *testing.T) {
	s := newTestSite(t)
	s.setPassword(storetest.Admin(t, s.db), goodPassword)
	v := s.visitor()
	cookie := func() string {
		r, err := http.NewRequest(http.MethodGet, s.url, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range v.client.Jar.Cookies(r.URL) {
			return c.Value
		}
		return ""
	}
	v.posts("/sign-in", "email", "dana@example.com", "password", goodPassword)
	first := cookie()
	v.posts("/profile/password", "current", goodPassword, "new", "another long password").says(http.StatusOK, "Password saved")
	if second := cookie(); first == "" || second == first {
		t.Errorf("the token is %q before a new password and %q after", first, second)
	}
}

// Two people at one browser: the second sees nothing that was for the first.
func TestAnotherUserFindsACleanSession(t *testing.T) {
	s := newTestSite(t)
	dana := storetest.Admin(t, s.db)
	sam := storetest.User(t, s.db, "Sam Ortiz", switchboard.Agent)
	s.setPassword(sam, goodPassword)
	v := s.as(dana)
	v.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	v.posts("/settings/organization", "name", "Northside", "region", "US", "time_zone", "UTC") // its toast is not shown yet
	v.posts("/sign-in", "email", "sam@example.com", "password", goodPassword)
	v.client.CheckRedirect = nil
	v.opens("/contacts").says(http.StatusOK, "Sam Ortiz")
	v.saysNot("Saved")
}

func TestSecureCookie(t *testing.T) {
	s := newTestSite(t, func(c *Config) { c.Secure = true })
	s.setPassword(storetest.Admin(t, s.db), goodPassword)
	v := s.visitor()
	v.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	v.posts("/sign-in", "email", "dana@example.com", "password", goodPassword)
	c := v.header.Get("Set-Cookie")
	for _, part := range []string{"__Host-switchboard=", "Path=/", "HttpOnly", "Secure", "SameSite=Lax"} {
		if !strings.Contains(c, part) {
			t.Errorf("the cookie lacks %s: %s", part, c)
		}
	}
	if strings.Contains(c, "Domain") {
		t.Errorf("the cookie goes to other hosts: %s", c)
	}
}

func TestPasswordIsSetByItsOwnerOnly(t *testing.T) {
	s := newTestSite(t)
	dana := storetest.Admin(t, s.db)
	v, other := s.as(dana), s.as(dana)
	v.opens("/profile").says(http.StatusOK, "Set a password")
	v.posts("/profile/password", "new", "short").says(http.StatusUnprocessableEntity, "Use at least 10 characters")
	v.posts("/profile/password", "new", goodPassword).says(http.StatusOK, "Password saved", "Change your password")
	if other.opens("/"); other.path != "/sign-in" {
		t.Error("the other session goes on")
	}
	v.posts("/profile/password", "current", "wrong password", "new", "another long password").says(http.StatusUnprocessableEntity, "This is not your password.")
	s.visitor().posts("/sign-in", "email", "dana@example.com", "password", goodPassword).says(http.StatusOK, "Good")
}

func TestCrossSiteFormsAreRefused(t *testing.T) {
	s := newTestSite(t)
	v := s.as(storetest.Admin(t, s.db))
	r, err := http.NewRequest(http.MethodPost, s.url+"/settings/api-keys", strings.NewReader("name=x&role=admin"))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	v.sends(r).says(http.StatusForbidden, "from another site")
}
