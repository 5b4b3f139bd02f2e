package orgpackage

import (
	"maps"
	"path"
	"slices"
	"strings"
	"testing"
)

// standardFields are the fields of Salesforce's own that the package names.
func standardFields() map[string][]string {
	return map[string][]string{
		"SMS__c":  {"Name", "OwnerId", "CreatedById", "LastModifiedById"},
		"Account": {"BillingAddress", "Description", "Industry", "Phone", "Website"},
		"Contact": {"AccountId", "Department", "Description", "Email", "HomePhone", "MailingAddress", "MobilePhone", "OtherPhone", "Phone", "Title"},
		"Lead":    {"Address", "Description", "Email", "LeadSource", "MobilePhone", "Phone", "Title"},
	}
}

// A checker finds names that lead nowhere.
type checker struct {
	docs       map[string]*element
	components map[Component]bool
	fields     map[string]map[string]element
	found      []string
}

func newChecker(t *testing.T) *checker {
	t.Helper()
	c := &checker{docs: documents(t), components: map[Component]bool{}, fields: fieldsOf(t)}
	components, err := Components(Options{ChangeDataCapture: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, component := range components {
		c.components[component] = true
	}
	for object, names := range standardFields() {
		for _, name := range names {
			c.fields[object][name] = element{name: "fields"}
		}
	}
	return c
}

func (c *checker) wrong(where, what string) { c.found = append(c.found, where+": "+what) }

func (c *checker) want(where string, component Component) {
	if !c.components[component] {
		c.wrong(where, "there is no "+component.String())
	}
}

// field returns the field that is named somewhere, and whether there is one.
func (c *checker) field(where, object, name string) (element, bool) {
	f, ok := c.fields[object][name]
	if !ok {
		c.wrong(where, object+" has no field "+name)
	}
	return f, ok
}

func (c *checker) run() []string {
	for _, name := range slices.Sorted(maps.Keys(c.docs)) {
		doc := c.docs[name]
		base := strings.TrimSuffix(path.Base(name), path.Ext(name))
		switch path.Dir(name) {
		case "objects":
			c.object(name, base, doc)
		case "layouts":
			object, _, _ := strings.Cut(base, "-")
			c.layout(name, object, doc)
		case "flexipages":
			c.want(name, Component{"CustomObject", doc.childText("sobjectType")})
		case "tabs":
			c.want(name, Component{"CustomObject", base})
		case "applications":
			for _, tab := range doc.all("tabs") {
				c.tab(name, tab.text)
			}
		case "permissionsets":
			c.permissionSet(name, doc)
		case "platformEventChannelMembers":
			c.member(name, base, doc)
		}
	}
	return c.found
}

func (c *checker) object(where, object string, doc *element) {
	for _, o := range doc.all("actionOverrides") {
		c.want(where, Component{"FlexiPage", o.childText("content")})
	}
	if assigned := doc.childText("compactLayoutAssignment"); assigned != "" {
		c.want(where, Component{"CompactLayout", object + "." + assigned})
	}
	short := func(name string) { // what has no room for a long text
		if f, ok := c.field(where, object, name); ok && f.childText("type") == "LongTextArea" {
			c.wrong(where, "a long text cannot be shown there: "+name)
		}
	}
	for _, l := range doc.all("compactLayouts") {
		if n := len(l.all("fields")); n < 1 || n > 10 {
			c.wrong(where, "a compact layout has one to ten fields")
		}
		for _, f := range l.all("fields") {
			short(f.text)
		}
	}
	for _, layouts := range doc.all("searchLayouts") {
		for _, f := range layouts.children {
			if strings.HasSuffix(f.name, "Fields") {
				short(f.text)
			}
		}
	}
	for _, l := range doc.all("listViews") {
		for _, column := range l.all("columns") {
			if column.text != "NAME" {
				c.field(where, object, column.text)
			}
		}
		for _, filter := range l.all("filters") {
			c.filter(where, object, filter)
		}
	}
	for _, f := range doc.all("fields") {
		if to := f.childText("referenceTo"); to != "" && c.fields[to] == nil {
			c.wrong(where, "there is no object "+to)
		}
	}
}

func (c *checker) filter(where, object string, filter element) {
	f, ok := c.field(where, object, filter.childText("field"))
	if !ok {
		return
	}
	switch f.childText("type") {
	case "LongTextArea":
		c.wrong(where, "a long text cannot be filtered by: "+filter.childText("field"))
	case "Picklist":
		for _, v := range f.all("valueSet")[0].all("valueSetDefinition")[0].all("value") {
			if v.childText("fullName") == filter.childText("value") {
				return
			}
		}
		c.wrong(where, filter.childText("field")+" is never "+filter.childText("value"))
	}
}

func (c *checker) layout(where, object string, doc *element) {
	c.want(where, Component{"CustomObject", object})
	shown := map[string]bool{}
	walk(doc, func(e *element) {
		if e.name != "layoutItems" {
			return
		}
		name := e.childText("field")
		c.field(where, object, name)
		if shown[name] {
			c.wrong(where, name+" is there twice")
		}
		shown[name] = true
		if (name == "Name") != (e.childText("behavior") == "Required") {
			c.wrong(where, "only the name is required: "+name)
		}
	})
	for name := range c.fields[object] {
		if !shown[name] {
			c.wrong(where, "nobody sees "+name)
		}
	}
	lists := []string{"RelatedActivityList", "RelatedHistoryList", "RelatedEntityHistoryList"}
	for _, l := range doc.all("relatedLists") {
		if !slices.Contains(lists, l.childText("relatedList")) {
			c.wrong(where, "there is no list "+l.childText("relatedList"))
		}
	}
}

func (c *checker) tab(where, name string) {
	if object, standard := strings.CutPrefix(name, "standard-"); standard {
		if c.fields[object] == nil {
			c.wrong(where, "there is no tab "+name)
		}
		return
	}
	c.want(where, Component{"CustomTab", name})
}

func (c *checker) permissionSet(where string, doc *element) {
	for _, p := range doc.all("fieldPermissions") {
		object, name, _ := strings.Cut(p.childText("field"), ".")
		f, _ := c.field(where, object, name)
		if typ := f.childText("type"); f.childText("required") == "true" || typ == "MasterDetail" {
			c.wrong(where, "everybody has a required field, so nobody can be given it: "+name)
		}
		if p.childText("editable") == "true" && p.childText("readable") != "true" {
			c.wrong(where, "who may edit may read: "+name)
		}
	}
	for _, p := range doc.all("objectPermissions") {
		if c.fields[p.childText("object")] == nil {
			c.wrong(where, "there is no object "+p.childText("object"))
		}
		has := func(right string) bool { return p.childText(right) == "true" }
		if (has("allowCreate") || has("allowEdit") || has("viewAllRecords")) && !has("allowRead") ||
			has("allowDelete") && !has("allowEdit") || has("modifyAllRecords") && !(has("allowDelete") && has("viewAllRecords")) {
			c.wrong(where, "a right on "+p.childText("object")+" goes without the right that it needs")
		}
	}
	for _, p := range doc.all("applicationVisibilities") {
		c.want(where, Component{"CustomApplication", p.childText("application")})
	}
	for _, p := range doc.all("tabSettings") {
		c.tab(where, p.childText("tab"))
	}
	for _, p := range doc.all("customMetadataTypeAccesses") {
		c.want(where, Component{"CustomObject", p.childText("name")})
	}
	for _, p := range doc.all("userPermissions") {
		if !slices.Contains([]string{"ApiEnabled", "SendCustomNotifications"}, p.childText("name")) {
			c.wrong(where, "nobody has said yet what "+p.childText("name")+" is for")
		}
	}
}

// member checks a member of the channel of change events. The event of X__c is
// X__ChangeEvent, and the member's own name has no double underscore: a name is
// no place for one, except before a suffix or after a namespace.
func (c *checker) member(where, name string, doc *element) {
	entity := doc.childText("selectedEntity")
	object := strings.TrimSuffix(entity, "ChangeEvent")
	if bare, custom := strings.CutSuffix(object, "__"); custom {
		object = bare + "__c"
	}
	if !strings.HasSuffix(entity, "ChangeEvent") || c.fields[object] == nil {
		c.wrong(where, entity+" is no change of an object")
	}
	if channel := doc.childText("eventChannel"); channel != "ChangeEvents" || name != channel+"_"+strings.ReplaceAll(entity, "__", "_") {
		c.wrong(where, "it is called "+name+", for "+entity+" in "+channel)
	}
}

func TestEveryNameLeadsSomewhere(t *testing.T) {
	for _, f := range newChecker(t).run() {
		t.Error(f)
	}
}

func TestEveryRecordFillsFieldsThatThereAre(t *testing.T) {
	c := newChecker(t)
	types := map[string]string{"Checkbox": "xsd:boolean", "Text": "xsd:string", "LongTextArea": "xsd:string"}
	for component := range c.components {
		if component.Type != "CustomMetadata" {
			continue
		}
		name, _, _ := strings.Cut(component.Name, ".")
		record, filled := readMetadataRecord(t, component.Name), map[string]bool{}
		c.want(component.Name, Component{"CustomObject", name + "__mdt"})
		for _, v := range record.Values {
			f, _ := c.field(component.Name, name+"__mdt", v.Field)
			if want := types[f.childText("type")]; !v.Value.Nil && v.Value.Type != want {
				c.wrong(component.Name, v.Field+" is a "+v.Value.Type+", not a "+want)
			}
			filled[v.Field] = true
		}
		if len(filled) != len(record.Values) || len(filled) != len(c.fields[name+"__mdt"]) {
			c.wrong(component.Name, "it does not say each field once")
		}
		if record.Label == "" || record.Protected {
			c.wrong(component.Name, "it has no label, or is protected from the org's admin")
		}
	}
	for _, f := range c.found {
		t.Error(f)
	}
}

// A name that leads nowhere is found wherever it stands.
func TestTheCheckFindsNamesThatLeadNowhere(t *testing.T) {
	for _, tc := range []struct{ file, old, new string }{
		{"objects/SMS__c.object", "SMS_Record_Page", "SMS_Page"},
		{"objects/SMS__c.object", "SMS_Compact_Layout", "SMS_Compact"},
		{"objects/SMS__c.object", "Phone__c", "Fone__c"},
		{"objects/SMS__c.object", "Unassigned", "Open"},
		{"objects/SMS__c.object", "Contact", "Kontakt"},
		{"layouts/SMS__c-SMS Layout.layout", "Message__c", "Body__c"},
		{"layouts/SMS__c-SMS Layout.layout", "RelatedHistoryList", "RelatedHistory"},
		{"flexipages/SMS_Record_Page.flexipage", "SMS__c", "Text__c"},
		{"applications/Switchboard.app", "SMS__c", "Text__c"},
		{"permissionsets/Switchboard_User.permissionset", "SMS__c.Lead__c", "SMS__c.Led__c"},
		{"permissionsets/Switchboard_User.permissionset", "Switchboard", "Telephone"},
		{"permissionsets/Switchboard_Integration.permissionset", UnknownNumbersType, "Unknown__mdt"},
		{"permissionsets/Switchboard_Integration.permissionset", "ApiEnabled", "ModifyAllData"},
		{"platformEventChannelMembers/ChangeEvents_SMS_ChangeEvent.platformEventChannelMember", "SMS__ChangeEvent", "SMS__c"},
	} {
		c := newChecker(t)
		doc, changed := c.docs[tc.file], false
		walk(doc, func(e *element) {
			if e.text == tc.old && e.name != "fullName" {
				e.text, changed = tc.new, true
			}
		})
		if !changed {
			t.Fatalf("%s does not say %q", tc.file, tc.old)
		}
		if len(c.run()) == 0 {
			t.Errorf("%s: %s in place of %s is not found", tc.file, tc.new, tc.old)
		}
	}
}
