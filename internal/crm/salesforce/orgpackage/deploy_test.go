package orgpackage_test

import (
	"bytes"
	"context"
	"encoding/xml"
	"io/fs"
	"math/rand/v2"
	"net/http/httptest"
	"slices"
	"strings"
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

// integrate makes the connection act as a user of no rights of its own, but for
// the permission sets.
func (s *sandbox) integrate(t *testing.T, sets ...string) {
	t.Helper()
	user, err := s.there.AddUserWith(sforg.MinimumAccess, "switchboard@acme.example", "Switchboard")
	if err != nil {
		t.Fatal(err)
	}
	for _, set := range sets {
		if err := user.Assign(set); err != nil {
			t.Fatal(err)
		}
	}
	s.there.RunAs(user)
	s.there.ExpireSessions()
}

// wrong returns what the check finds to be amiss.
func (s *sandbox) wrong(t *testing.T) []string {
	t.Helper()
	var found []string
	for _, f := range s.Check(t.Context(), switchboard.DefaultPhoneFields()) {
		if f.Level != salesforce.OK {
			found = append(found, f.What+": "+f.Remedy)
		}
	}
	return found
}

// The permission set is all that the user needs whom we act as. Who sees every
// record only who may look at the setup can tell.
func TestTheCheckAsksForNothingButTheIntegrationPermissionSet(t *testing.T) {
	s := newSandbox(t)
	s.install(t, orgpackage.Options{})
	s.integrate(t)
	if got := s.wrong(t); len(got) < 5 {
		t.Errorf("without the permission set it finds %q", got)
	}
	if err := s.there.User("switchboard@acme.example").Assign(orgpackage.IntegrationSet); err != nil {
		t.Fatal(err)
	}
	if got := s.wrong(t); len(got) != 1 || !strings.HasPrefix(got[0], "View All on the matched objects can't be checked") {
		t.Errorf("with it, it finds %q", got)
	}
}

// permissionSet is a permission set as a test changes it.
type permissionSet struct {
	XMLName xml.Name `xml:"http://soap.sforce.com/2006/04/metadata PermissionSet"`
	Label   string   `xml:"label"`
	Fields  []struct {
		Editable bool   `xml:"editable"`
		Field    string `xml:"field"`
		Readable bool   `xml:"readable"`
	} `xml:"fieldPermissions"`
	Objects []struct {
		Create    bool   `xml:"allowCreate"`
		Delete    bool   `xml:"allowDelete"`
		Edit      bool   `xml:"allowEdit"`
		Read      bool   `xml:"allowRead"`
		ModifyAll bool   `xml:"modifyAllRecords"`
		Object    string `xml:"object"`
		ViewAll   bool   `xml:"viewAllRecords"`
	} `xml:"objectPermissions"`
	Types []permission `xml:"customMetadataTypeAccesses"`
	User  []permission `xml:"userPermissions"`
}

type permission struct {
	Enabled bool   `xml:"enabled"`
	Name    string `xml:"name"`
}

// deploy deploys the set under a name.
func (p *permissionSet) deploy(t *testing.T, s *sandbox, name string) {
	t.Helper()
	text, err := xml.Marshal(p)
	if err == nil {
		err = s.there.InstallPackage(fstest.MapFS{"permissionsets/" + name + ".permissionset": {Data: text}})
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestTheCheckNamesEachPermissionThatIsTakenAway(t *testing.T) {
	s := newSandbox(t)
	s.install(t, orgpackage.Options{})
	viewer := &permissionSet{Label: "Setup Viewer", User: []permission{{true, "ViewSetup"}}}
	viewer.deploy(t, s, "Setup_Viewer")
	s.integrate(t, orgpackage.IntegrationSet, "Setup_Viewer")
	if got := s.wrong(t); len(got) > 0 {
		t.Fatalf("with everything there it finds %q", got)
	}
	doc, err := fs.ReadFile(orgpackage.FS(), "force-app/main/default/permissionsets/"+orgpackage.IntegrationSet+".permissionset-meta.xml")
	if err != nil {
		t.Fatal(err)
	}
	read := func() (set permissionSet) {
		t.Helper()
		if err := xml.Unmarshal(doc, &set); err != nil {
			t.Fatal(err)
		}
		return set
	}
	// without deploys less than all, and wants one line that says all of what is
	// missing and what to do.
	without := func(take func(*permissionSet), says ...string) {
		t.Helper()
		less := read()
		take(&less)
		less.deploy(t, s, orgpackage.IntegrationSet)
		says = append(says, "Assign the permission set Switchboard Integration")
		got := s.wrong(t)
		if !slices.ContainsFunc(got, func(line string) bool {
			return !slices.ContainsFunc(says, func(word string) bool { return !strings.Contains(line, word) })
		}) {
			t.Errorf("it finds %q, and no line that says %q", got, says)
		}
	}
	set := read()
	for i, f := range set.Fields {
		object, field, _ := strings.Cut(f.Field, ".")
		without(func(p *permissionSet) { p.Fields = slices.Delete(p.Fields, i, i+1) }, object, field)
		without(func(p *permissionSet) { p.Fields[i].Editable = false }, object, field)
	}
	for i, o := range set.Objects {
		without(func(p *permissionSet) { p.Objects = slices.Delete(p.Objects, i, i+1) }, "no access to "+o.Object)
		without(func(p *permissionSet) { p.Objects[i].Create = false }, o.Object, "create it")
		without(func(p *permissionSet) { // a right goes with those that include it
			o := &p.Objects[i]
			o.Edit, o.Delete, o.ModifyAll = false, false, false
		}, o.Object, "update it")
		if o.ModifyAll {
			without(func(p *permissionSet) { p.Objects[i].ModifyAll = false }, o.Object, "no Modify All")
			continue
		}
		without(func(p *permissionSet) { p.Objects[i].Delete = false }, o.Object, "delete it")
		without(func(p *permissionSet) { p.Objects[i].ViewAll = false }, o.Object, "no View All")
	}
	for i, kind := range set.Types {
		says := map[string]string{orgpackage.VersionType: "package", orgpackage.UnknownNumbersType: "Create Records From Unknown Numbers"}
		without(func(p *permissionSet) { p.Types[i].Enabled = false }, says[kind.Name])
	}
	for i, u := range set.User {
		if u.Name != "ApiEnabled" { // the profile has it, or no check could begin
			without(func(p *permissionSet) { p.User[i].Enabled = false }, "notifications", "Send Custom Notifications")
		}
	}
}
