package switchboard

import (
	"strings"
	"testing"
)

func TestWhatEachRoleMayDo(t *testing.T) {
	may := map[Role][]Permission{
		Admin:    {MayRead, MayPlace, MayEdit, MaySubmit, MayBlock, MayConfigure},
		Agent:    {MayRead, MayPlace, MayEdit, MaySubmit, MayBlock},
		Viewer:   {MayRead},
		"":       {},
		"master": {},
	}
	for role, granted := range may {
		allowed := map[Permission]bool{}
		for _, p := range granted {
			allowed[p] = true
		}
		for _, p := range may[Admin] {
			err := Actor{Role: role}.Allow(p)
			if got := role.Can(p); got != allowed[p] || (err == nil) != allowed[p] {
				t.Errorf("role %q may %s: %v (%v), want %v", role, p, got, err, allowed[p])
			}
			if err != nil && ErrorCode(err) != CodeForbidden {
				t.Errorf("role %q may not %s, but the error is %v", role, p, err)
			}
		}
	}
}

func TestParseRole(t *testing.T) {
	for _, name := range []string{"admin", "agent", "viewer"} {
		if r, err := ParseRole(name); err != nil || string(r) != name {
			t.Errorf("%s: %q, %v", name, r, err)
		}
	}
	for _, name := range []string{"", "Admin", "owner"} {
		if _, err := ParseRole(name); ErrorCode(err) != CodeInvalid {
			t.Errorf("%q: %v, want it to be invalid", name, err)
		}
	}
}

func TestCheckUser(t *testing.T) {
	for _, tc := range []struct {
		name, email         string
		wantName, wantEmail string
		field               string // that the error names; "" if there is none
	}{
		{" Dana Reyes ", " Dana@Example.COM ", "Dana Reyes", "dana@example.com", ""},
		{"Jo", "jo+sms@sub.example.co.uk", "Jo", "jo+sms@sub.example.co.uk", ""},
		{"  ", "dana@example.com", "", "", "name"},
		{strings.Repeat("é", 121), "dana@example.com", "", "", "name"},
		{"Dana", "dana", "", "", "email"},
		{"Dana", "", "", "", "email"},
		{"Dana", "Dana Reyes <dana@example.com>", "", "", "email"},
		{"Dana", "dana@example.com, jo@example.com", "", "", "email"},
		{"Dana", strings.Repeat("d", 250) + "@example.com", "", "", "email"},
	} {
		name, email, err := CheckUser(tc.name, tc.email)
		if tc.field == "" {
			if err != nil || name != tc.wantName || email != tc.wantEmail {
				t.Errorf("%q, %q: %q, %q, %v", tc.name, tc.email, name, email, err)
			}
			continue
		}
		if e, ok := err.(*Error); !ok || e.Code != CodeInvalid || e.Field != tc.field {
			t.Errorf("%.20q, %.40q: %v, want an invalid %s", tc.name, tc.email, err, tc.field)
		}
	}
}
