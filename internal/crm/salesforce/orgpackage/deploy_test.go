package orgpackage_test

import (
	"bytes"
	"context"
	"io/fs"
	"math/rand/v2"
	"net/http/httptest"
	"slices"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/crm/salesforce"
	"github.com/switchboardhq/switchboard/internal/crm/salesforce/orgpackage"
	"github.com/switchboardhq/switchboard/internal/crm/salesforce/sforg"
)

// A sandbox is a simulated org, and Switchboard's connection to it.
type sandbox struct {
	*salesforce.Org
	there *sforg.Org
}

func newSandbox(t *testing.T) *sandbox {
	t.Helper()
	there := sforg.New(sforg.Config{Now: time.Now, Random: rand.NewChaCha8([32]byte{1})})
	server := httptest.NewServer(there)
	t.Cleanup(server.Close)
	there.SetURL(server.URL)
	grant, err := salesforce.ClientCredentials(salesforce.App{LoginURL: server.URL, ClientID: there.ClientID(), HTTP: server.Client()}, there.ClientSecret())
	if err != nil {
		t.Fatal(err)
	}
	client, err := salesforce.New(salesforce.Config{HTTP: server.Client(), Source: salesforce.NewSource(grant),
		Now: time.Now, Wait: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }})
	if err != nil {
		t.Fatal(err)
	}
	return &sandbox{salesforce.NewOrg(client), there}
}

// install deploys the package as switchboard salesforce install does.
func (s *sandbox) install(t *testing.T, o orgpackage.Options) {
	t.Helper()
	var zip bytes.Buffer
	if err := orgpackage.Zip(&zip, o); err != nil {
		t.Fatal(err)
	}
	d, err := s.Deploy(t.Context(), zip.Bytes(), nil)
	if err != nil || !d.Success || len(d.Failures) > 0 {
		t.Fatalf("the deployment: %+v, %v", d, err)
	}
	components, err := orgpackage.Components(o)
	if err != nil {
		t.Fatal(err)
	}
	if d.Deployed < len(slices.DeleteFunc(components, func(c orgpackage.Component) bool { return c.Type == "ListView" || c.Type == "CompactLayout" })) {
		t.Errorf("only %d components were deployed of %d", d.Deployed, len(components))
	}
}

func TestAnOrgThatGetsThePackageHasWhatSwitchboardAsksFor(t *testing.T) {
	s := newSandbox(t)
	if version, err := s.PackageVersion(t.Context()); version != "" || err != nil {
		t.Fatalf("a new org has version %q, %v", version, err)
	}
	s.install(t, orgpackage.Options{})

	sms, err := s.Describe(t.Context(), "SMS__c")
	if err != nil {
		t.Fatal(err)
	}
	types := map[string]string{
		"Name": "string", "Phone__c": "phone", "Message__c": "textarea", "Direction__c": "picklist", "Status__c": "picklist", "Channel__c": "string",
		"Received_At__c": "datetime", "Assignment_Reason__c": "picklist", "Explanation__c": "textarea", "External_Id__c": "string",
		"Contact__c": "reference", "Lead__c": "reference", "Account__c": "reference",
	}
	for name, want := range types {
		f, ok := sms.Field(name)
		if !ok || f.Type != want || !f.Updateable || f.Required() {
			t.Errorf("SMS__c.%s is %+v, want an optional %s that can be written", name, f, want)
		}
	}
	for object, field := range map[string]string{"SMS__c": "External_Id__c", "Account": orgpackage.KeyField, "Contact": orgpackage.KeyField, "Lead": orgpackage.KeyField} {
		d, err := s.Describe(t.Context(), object)
		if err != nil {
			t.Fatal(err)
		}
		if f, _ := d.Field(field); !f.ExternalID || !f.Unique {
			t.Errorf("%s.%s is no unique external id: %+v", object, field, f)
		}
	}
	for _, o := range switchboard.Objects() {
		if f, _ := sms.Field(string(o) + "__c"); !slices.Equal(f.ReferenceTo, []string{string(o)}) {
			t.Errorf("%s__c leads to %v", o, f.ReferenceTo)
		}
	}

	if version, err := s.PackageVersion(t.Context()); version != orgpackage.Version || err != nil {
		t.Errorf("the org has version %q, %v; want %s", version, err, orgpackage.Version)
	}
	setting, err := s.UnknownNumbers(t.Context())
	if err != nil || setting == nil {
		t.Fatalf("the setting of the org: %v, %v", setting, err)
	}
	want := switchboard.DefaultUnknownNumbers()
	if setting.Enabled || setting.Object != want.Object || setting.PhoneField != want.PhoneField || !cmp.Equal(setting.Fields, want.Fields) {
		t.Errorf("the setting of the org is %+v, and Switchboard's %+v", setting, want)
	}
	for _, f := range s.Check(t.Context(), switchboard.DefaultPhoneFields()) {
		if f.Level == salesforce.Fail {
			t.Errorf("the check fails: %s (%s)", f.What, f.Remedy)
		}
	}
	s.count(t, "SELECT Id FROM CustomNotificationType WHERE DeveloperName = '"+orgpackage.NotificationType+"' AND MasterLabel = 'New SMS'", 1)
	s.count(t, "SELECT Id FROM PermissionSet WHERE Name = 'Switchboard_Integration' AND PermissionsSendCustomNotifications = true", 1)
	s.count(t, "SELECT Id FROM PlatformEventChannelMember", 0)
}

// count asks the org as its admin would.
func (s *sandbox) count(t *testing.T, query string, want int) {
	t.Helper()
	rows, err := s.there.Query(query)
	if err != nil || len(rows) != want {
		t.Errorf("%s: %d rows, %v; want %d", query, len(rows), err, want)
	}
}

func TestChangeEventsComeInAStepOfTheirOwn(t *testing.T) {
	s := newSandbox(t)
	s.install(t, orgpackage.Options{})
	s.install(t, orgpackage.Options{ChangeDataCapture: true})
	for _, entity := range []string{"AccountChangeEvent", "ContactChangeEvent", "LeadChangeEvent", "SMS__ChangeEvent"} {
		s.count(t, "SELECT Id FROM PlatformEventChannelMember WHERE SelectedEntity = '"+entity+"'", 1)
	}
}

func TestAnUpgradeKeepsWhatAnAdminSwitchedOn(t *testing.T) {
	s := newSandbox(t)
	s.install(t, orgpackage.Options{})
	enabled := func() bool {
		t.Helper()
		setting, err := s.UnknownNumbers(t.Context())
		if err != nil || setting == nil {
			t.Fatalf("the setting of the org: %v, %v", setting, err)
		}
		return setting.Enabled
	}
	s.switchOn(t)
	if !enabled() {
		t.Fatal("an admin could not switch creation on")
	}
	s.install(t, orgpackage.Options{KeepSettings: true})
	if !enabled() {
		t.Error("an upgrade that keeps settings switched creation off")
	}
	s.count(t, "SELECT Id FROM "+orgpackage.UnknownNumbersType, 1)
	s.count(t, "SELECT Id FROM "+orgpackage.VersionType, 1)
	s.install(t, orgpackage.Options{})
	if enabled() {
		t.Error("the record that is installed is off, and the setting is on")
	}
}

// switchOn switches creation on as an admin of the org does: no API writes a
// record of a custom metadata type but a deployment.
func (s *sandbox) switchOn(t *testing.T) {
	t.Helper()
	const name = "force-app/main/default/customMetadata/Create_Records_From_Unknown_Numbers.Default.md-meta.xml"
	record, err := fs.ReadFile(orgpackage.FS(), name)
	if err != nil {
		t.Fatal(err)
	}
	on := bytes.Replace(record, []byte(">false</value>"), []byte(">true</value>"), 1)
	if err := s.there.InstallPackage(fstest.MapFS{name: {Data: on}}); err != nil {
		t.Fatal(err)
	}
}

// A user of no rights gets what the check asks for by the one permission set.
func TestTheIntegrationPermissionSetIsWhatTheCheckAsksFor(t *testing.T) {
	s := newSandbox(t)
	s.install(t, orgpackage.Options{})
	user, err := s.there.AddUser("switchboard@acme.example", "Switchboard")
	if err != nil {
		t.Fatal(err)
	}
	s.there.RunAs(user)
	s.there.ExpireSessions()
	fails := func() (found []string) {
		for _, f := range s.Check(t.Context(), switchboard.DefaultPhoneFields()) {
			if f.Level == salesforce.Fail {
				found = append(found, f.What)
			}
		}
		return found
	}
	if got, want := fails(), []string{"no View All on Account, Contact, Lead"}; !slices.Equal(got, want) {
		t.Errorf("without the permission set the check fails for %q, want %q", got, want)
	}
	sets, err := s.there.Query("SELECT Id FROM PermissionSet WHERE Name = 'Switchboard_Integration'")
	if err != nil || len(sets) != 1 {
		t.Fatalf("the org has %d such permission sets, %v", len(sets), err)
	}
	if _, err := s.there.Create(s.there.Admin(), "PermissionSetAssignment", map[string]any{"PermissionSetId": sets[0]["Id"], "AssigneeId": user.ID}); err != nil {
		t.Fatal(err)
	}
	if got := fails(); len(got) > 0 {
		t.Errorf("with the permission set the check fails for %q", got)
	}
}
