package orgpackage

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/switchboardhq/switchboard"
)

// What other programs, and the orgs that have the package, rely on.
func TestSMSHasTheFieldsThatOthersRelyOn(t *testing.T) {
	types := map[string]string{}
	fields := fieldsOf(t)["SMS__c"]
	for name, f := range fields {
		types[name] = f.childText("type")
	}
	want := map[string]string{
		"Phone__c": "Phone", "Message__c": "LongTextArea", "Direction__c": "Picklist", "Status__c": "Picklist",
		"Channel__c": "Text", "Received_At__c": "DateTime", "Assignment_Reason__c": "Picklist", "Explanation__c": "LongTextArea",
		"External_Id__c": "Text", "Contact__c": "Lookup", "Lead__c": "Lookup", "Account__c": "Lookup",
	}
	if diff := cmp.Diff(want, types); diff != "" {
		t.Errorf("fields of SMS__c (-want +got):\n%s", diff)
	}
	values := func(field string) (found []string) {
		f := fields[field]
		for _, v := range f.all("valueSet")[0].all("valueSetDefinition")[0].all("value") {
			found = append(found, v.childText("fullName"))
		}
		return found
	}
	if diff := cmp.Diff([]string{"Unassigned", "Assigned", "Dismissed"}, values("Status__c")); diff != "" {
		t.Errorf("Status__c (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"Inbound", "Outbound"}, values("Direction__c")); diff != "" {
		t.Errorf("Direction__c (-want +got):\n%s", diff)
	}
	for _, r := range []switchboard.Reason{
		switchboard.ReasonOnlyMatch, switchboard.ReasonOnlyHistory, switchboard.ReasonLatestHistory, switchboard.ReasonNoMatch, switchboard.ReasonAmbiguous,
		switchboard.ReasonCreatedRecord, switchboard.ReasonPerson, switchboard.ReasonBlocked,
	} {
		if !slices.Contains(values("Assignment_Reason__c"), string(r)) {
			t.Errorf("Assignment_Reason__c has no %s", r)
		}
	}
	for _, o := range switchboard.Objects() {
		f := fields[string(o)+"__c"]
		if f.childText("referenceTo") != string(o) {
			t.Errorf("%s__c leads to %s", o, f.childText("referenceTo"))
		}
	}
	if n := documents(t)["objects/SMS__c.object"].all("nameField"); len(n) != 1 || n[0].childText("type") != "Text" {
		t.Error("the name of SMS__c is not a text that Switchboard fills")
	}
}

func TestARetryFindsWhatItMadeBefore(t *testing.T) {
	fields := fieldsOf(t)
	keys := []struct{ object, field string }{{"SMS__c", "External_Id__c"}}
	for _, o := range switchboard.Objects() {
		keys = append(keys, struct{ object, field string }{string(o), KeyField})
	}
	for _, k := range keys {
		f := fields[k.object][k.field]
		if f.childText("type") != "Text" || f.childText("unique") != "true" || f.childText("externalId") != "true" || f.childText("caseSensitive") != "true" {
			t.Errorf("%s.%s is no unique external id", k.object, k.field)
		}
	}
}

func TestTheBellHasItsType(t *testing.T) {
	bell := documents(t)["notificationtypes/"+NotificationType+".notiftype"]
	for name, want := range map[string]string{"customNotifTypeName": "New_SMS", "masterLabel": "New SMS", "desktop": "true", "mobile": "true"} {
		if got := bell.childText(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

func TestListsShowWhatTheirNamesSay(t *testing.T) {
	lists := map[string]element{}
	sms := documents(t)["objects/SMS__c.object"]
	for _, l := range sms.all("listViews") {
		lists[l.childText("fullName")] = l
	}
	for name, scope := range map[string]string{"Unassigned": "Everything", "All": "Everything", "Mine": "Mine"} {
		l := lists[name]
		if l.childText("label") != name || l.childText("filterScope") != scope {
			t.Errorf("list %s is called %q and shows %q", name, l.childText("label"), l.childText("filterScope"))
		}
		var filters []string
		for _, f := range l.all("filters") {
			filters = append(filters, f.childText("field")+" "+f.childText("operation")+" "+f.childText("value"))
		}
		if got, want := strings.Join(filters, ", "), map[string]string{"Unassigned": "Status__c equals Unassigned"}[name]; got != want {
			t.Errorf("list %s shows only %q, want %q", name, got, want)
		}
	}
	if sms.childText("compactLayoutAssignment") != "SMS_Compact_Layout" {
		t.Error("the compact layout is not assigned")
	}
}

// permissions returns what a permission set grants, one string each.
func permissions(t *testing.T, name string) map[string]bool {
	t.Helper()
	set := documents(t)["permissionsets/"+name+".permissionset"]
	if set == nil {
		t.Fatalf("there is no permission set %s", name)
	}
	granted := map[string]bool{}
	for _, p := range set.all("fieldPermissions") {
		granted["read "+p.childText("field")] = p.childText("readable") == "true"
		granted["edit "+p.childText("field")] = p.childText("editable") == "true"
	}
	for _, p := range set.all("objectPermissions") {
		for _, right := range p.children {
			granted[right.name+" "+p.childText("object")] = right.text == "true"
		}
	}
	for _, p := range set.all("userPermissions") {
		granted[p.childText("name")] = p.childText("enabled") == "true"
	}
	for _, p := range set.all("customMetadataTypeAccesses") {
		granted[p.childText("name")] = p.childText("enabled") == "true"
	}
	return granted
}

func TestThePermissionSetsGrantWhatTheirUsersNeed(t *testing.T) {
	need := map[string][]string{
		"Switchboard_Admin":       {UnknownNumbersType, VersionType, "viewAllRecords SMS__c", "modifyAllRecords SMS__c"},
		"Switchboard_User":        {"allowRead SMS__c", "allowEdit SMS__c"},
		"Switchboard_Integration": {UnknownNumbersType, VersionType, "ApiEnabled", "SendCustomNotifications", "allowCreate SMS__c", "allowEdit SMS__c", "viewAllRecords SMS__c"},
	}
	refuse := map[string][]string{
		"Switchboard_User":        {"ApiEnabled", "SendCustomNotifications", UnknownNumbersType, "viewAllRecords SMS__c", "edit SMS__c.Message__c", "edit SMS__c.External_Id__c", "allowDelete SMS__c"},
		"Switchboard_Integration": {"ModifyMetadata", "CustomizeApplication", "ModifyAllData", "ViewAllData", "AuthorApex"},
	}
	for name := range fieldsOf(t)["SMS__c"] {
		for _, set := range []string{"Switchboard_Admin", "Switchboard_User", "Switchboard_Integration"} {
			need[set] = append(need[set], "read SMS__c."+name)
		}
		need["Switchboard_Integration"] = append(need["Switchboard_Integration"], "edit SMS__c."+name)
	}
	for _, o := range switchboard.Objects() {
		for _, set := range []string{"Switchboard_Admin", "Switchboard_User"} {
			need[set] = append(need[set], "edit SMS__c."+string(o)+"__c")
		}
		need["Switchboard_Integration"] = append(need["Switchboard_Integration"],
			"viewAllRecords "+string(o), "allowCreate "+string(o), "allowEdit "+string(o), "edit "+string(o)+"."+KeyField)
		for _, f := range switchboard.DefaultPhoneFields()[o] {
			need["Switchboard_Integration"] = append(need["Switchboard_Integration"], "edit "+string(o)+"."+f)
		}
	}
	for set, rights := range need {
		granted := permissions(t, set)
		for _, right := range rights {
			if !granted[right] {
				t.Errorf("%s does not grant %q", set, right)
			}
		}
		for _, right := range refuse[set] {
			if granted[right] {
				t.Errorf("%s grants %q", set, right)
			}
		}
		for right, ok := range granted {
			if object, may := strings.CutPrefix(right, "modifyAllRecords "); may && ok && object != "SMS__c" {
				t.Errorf("%s grants %q", set, right)
			}
		}
	}
}
