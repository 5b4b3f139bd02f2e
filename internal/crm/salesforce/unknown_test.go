package salesforce_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/xml"
	"io"
	"math/rand/v2"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/crm/salesforce"
	"github.com/switchboardhq/switchboard/internal/crm/salesforce/orgpackage"
	"github.com/switchboardhq/switchboard/internal/crm/salesforce/sforg"
)

func TestASettingInTheOrgIsRead(t *testing.T) {
	s := simulate(t)
	got, err := s.UnknownNumbers(t.Context())
	if err != nil || got == nil || got.Enabled || got.Object != switchboard.Contact || got.PhoneField == "" || got.Fields["LastName"] == "" {
		t.Errorf("got %+v, %v", got, err)
	}
	bare := sforg.New(sforg.Config{Now: s.clock.Now, Random: rand.NewChaCha8([32]byte{2})})
	server := httptest.NewServer(bare)
	defer server.Close()
	bare.SetURL(server.URL)
	g, err := salesforce.ClientCredentials(salesforce.App{LoginURL: server.URL, ClientID: bare.ClientID(), HTTP: server.Client()}, bare.ClientSecret())
	must(t, err)
	c, err := salesforce.New(salesforce.Config{HTTP: server.Client(), Source: salesforce.NewSource(g), Wait: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }})
	must(t, err)
	if got, err := salesforce.NewOrg(c).UnknownNumbers(t.Context()); err != nil || got != nil {
		t.Errorf("without the package: %+v, %v", got, err)
	}
	// Installed over the wire, it is there.
	var zip bytes.Buffer
	must(t, orgpackage.Zip(&zip, orgpackage.Options{}))
	var seen []string
	d, err := c.Deploy(t.Context(), zip.Bytes(), func(d salesforce.Deployment) { seen = append(seen, d.Status) })
	if err != nil || !d.Success || len(seen) == 0 {
		t.Fatalf("%+v, %v", d, err)
	}
	if got, err := salesforce.NewOrg(c).UnknownNumbers(t.Context()); err != nil || got == nil {
		t.Errorf("with the package: %+v, %v", got, err)
	}
	if v, err := salesforce.NewOrg(c).PackageVersion(t.Context()); err != nil || v != orgpackage.Version {
		t.Errorf("the package's version is %q, %v", v, err)
	}
}

// The owner is named by username, address or id, and looked up once an hour.
func TestTheOwnerInTheOrgsSettingIsLookedUp(t *testing.T) {
	s := simulate(t)
	bob, err := s.there.AddUser("bob@example.com", "Bob Roe")
	must(t, err)
	eve, err := s.there.AddUser("eve@example.com", "Eve Poe")
	must(t, err)
	gone, err := s.there.AddUser("gone@example.com", "Gus Doe")
	must(t, err)
	must(t, s.there.Update(nil, "User", gone.ID, map[string]any{"Email": "shared@example.com", "IsActive": false}))
	must(t, s.there.Update(nil, "User", eve.ID, map[string]any{"Email": "shared@example.com"}))
	for _, tc := range []struct{ name, id string }{
		{"bob@example.com", bob.ID}, {" BOB@example.com ", bob.ID}, {bob.ID, bob.ID}, {bob.ID[:15], bob.ID},
		{"shared@example.com", eve.ID}, {"gone@example.com", gone.ID}, {"o'neil\\' OR Id != '", ""}, {"nobody", ""}, {"", ""},
	} {
		installSetting(t, s, tc.name)
		s.there.ResetCalls()
		for range 3 {
			got, err := s.UnknownNumbers(t.Context())
			if err != nil || got.OwnerID != tc.id || got.Owner != strings.TrimSpace(tc.name) {
				t.Errorf("%q is %+v, %v, want %q", tc.name, got, err, tc.id)
			}
		}
		if n := s.there.APIUsage(); n > 4 || tc.name == "" && n != 3 {
			t.Errorf("%q: three readings took %d calls", tc.name, n)
		}
	}
}

// installSetting deploys the package with an owner in its setting.
func installSetting(t testing.TB, s *simulated, owner string) {
	t.Helper()
	var whole, changed bytes.Buffer
	must(t, orgpackage.Zip(&whole, orgpackage.Options{}))
	from, err := zip.NewReader(bytes.NewReader(whole.Bytes()), int64(whole.Len()))
	must(t, err)
	to := zip.NewWriter(&changed)
	for _, f := range from.File {
		r, err := f.Open()
		must(t, err)
		text, err := io.ReadAll(r)
		must(t, err)
		if strings.Contains(f.Name, "Create_Records_From_Unknown_Numbers.Default") {
			var value bytes.Buffer
			must(t, xml.EscapeText(&value, []byte(owner)))
			text = regexp.MustCompile(`(?s)(<field>Owner__c</field>\s*)<value[^>]*/>`).ReplaceAll(text,
				[]byte(`${1}<value xsi:type="xsd:string">`+strings.ReplaceAll(value.String(), "$", "$$")+`</value>`))
		}
		w, err := to.Create(f.Name)
		must(t, err)
		_, err = w.Write(text)
		must(t, err)
	}
	must(t, to.Close())
	_, err = s.Deploy(t.Context(), changed.Bytes(), nil)
	must(t, err)
}
