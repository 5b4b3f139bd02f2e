package orgpackage

import (
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// all returns the children of e called name.
func (e *element) all(name string) []element {
	var found []element
	for _, c := range e.children {
		if c.name == name {
			found = append(found, c)
		}
	}
	return found
}

// documents returns the package's documents by file name, as they are deployed.
// Records of custom metadata types are not among them: they have attributes.
func documents(t *testing.T) map[string]*element {
	t.Helper()
	_, files := zipped(t, Options{ChangeDataCapture: true})
	found := map[string]*element{}
	for name, text := range files {
		if path.Ext(name) == ".md" {
			continue
		}
		doc, err := parseElement(text)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		found[name] = doc
	}
	return found
}

// fieldsOf returns the custom fields by object and name.
func fieldsOf(t *testing.T) map[string]map[string]element {
	t.Helper()
	found := map[string]map[string]element{}
	for name, doc := range documents(t) {
		object, ok := strings.CutSuffix(strings.TrimPrefix(name, "objects/"), ".object")
		if !ok {
			continue
		}
		found[object] = map[string]element{}
		for _, f := range doc.all("fields") {
			found[object][f.childText("fullName")] = f
		}
	}
	return found
}

// Salesforce's limits on what things are called, in characters.
func TestNamesAreOnesThatSalesforceTakes(t *testing.T) {
	apiName := regexp.MustCompile(`^[A-Za-z](_?[A-Za-z0-9])*(__(c|mdt))?$`)
	components, err := Components(Options{ChangeDataCapture: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range components {
		var names []string
		switch c.Type {
		case "Layout":
			object, label, _ := strings.Cut(c.Name, "-")
			if names = []string{object}; len(label) > 80 {
				t.Errorf("%v: the name is longer than 80", c)
			}
		default:
			names = strings.Split(c.Name, ".")
		}
		longest := 40
		if c.Type == "PlatformEventChannelMember" || c.Type == "PermissionSet" || c.Type == "FlexiPage" {
			longest = 80
		}
		for _, name := range names {
			bare := strings.TrimSuffix(strings.TrimSuffix(name, "__c"), "__mdt")
			if !apiName.MatchString(name) || len(bare) > longest {
				t.Errorf("%v: %q is no name of %d characters for a %s", c, name, longest, c.Type)
			}
		}
	}
	for name, doc := range documents(t) {
		walk(doc, func(e *element) {
			limit := map[string]int{"label": 40, "pluralLabel": 40, "relationshipName": 40, "relationshipLabel": 40, "masterLabel": 80, "inlineHelpText": 510, "description": 1000}[e.name]
			if e.name == "description" && path.Dir(name) != "objects" {
				limit = 255
			}
			if n := len([]rune(e.text)); limit > 0 && len(e.children) == 0 && (n == 0 || n > limit) {
				t.Errorf("%s: <%s> is %d characters long, of at most %d", name, e.name, n, limit)
			}
			if e.text != strings.TrimSpace(e.text) && len(e.children) == 0 {
				t.Errorf("%s: <%s> has space around %q", name, e.name, e.text)
			}
		})
	}
}

func walk(e *element, visit func(*element)) {
	visit(e)
	for i := range e.children {
		walk(&e.children[i], visit)
	}
}

// What an org refuses a field for, which no description of the types says.
func TestFieldsAreOnesThatSalesforceTakes(t *testing.T) {
	for object, fields := range fieldsOf(t) {
		relationships, longText := map[string]bool{}, 0
		for _, name := range slices.Sorted(maps.Keys(fields)) {
			f := fields[name]
			wrong := func(format string, args ...any) {
				t.Errorf("%s.%s: %s", object, name, fmt.Sprintf(format, args...))
			}
			length, _ := strconv.Atoi(f.childText("length"))
			switch typ := f.childText("type"); typ {
			case "Text":
				if length < 1 || length > 255 {
					wrong("a text of %d characters", length)
				}
			case "LongTextArea":
				if longText += length; length < 256 || length > 131_072 {
					wrong("a long text of %d characters", length)
				}
				if f.childText("visibleLines") == "" || f.childText("required") != "" {
					wrong("a long text says how many lines are shown, and cannot be required")
				}
			case "Lookup":
				if f.childText("deleteConstraint") != "SetNull" {
					wrong("a record that is deleted must not take its messages along, nor be kept by them")
				}
				key := f.childText("referenceTo") + "." + f.childText("relationshipName")
				if f.childText("relationshipName") == "" || relationships[key] {
					wrong("%s has two lists called %s", f.childText("referenceTo"), key)
				}
				relationships[key] = true
			case "Picklist":
				definition := f.all("valueSet")[0].all("valueSetDefinition")[0]
				seen := map[string]bool{}
				for _, v := range definition.all("value") {
					if n := v.childText("fullName"); n == "" || len(n) > 255 || seen[n] {
						wrong("value %q is empty, too long or there twice", n)
					}
					seen[v.childText("fullName")] = true
				}
			case "Checkbox":
				if f.childText("defaultValue") == "" {
					wrong("a checkbox needs a default")
				}
			case "Phone", "DateTime":
			default:
				wrong("nobody has said yet what an org asks of a %s", typ)
			}
			if f.childText("required") == "true" {
				wrong("a required field keeps people from making records without Switchboard, and cannot be in a permission set")
			}
			if f.childText("unique") == "true" && f.childText("caseSensitive") == "" {
				wrong("a unique text says whether case matters")
			}
			if strings.HasSuffix(object, "__mdt") == (f.childText("fieldManageability") == "") {
				wrong("fieldManageability belongs to fields of custom metadata types, and to all of them")
			}
		}
		if longText > 1_638_400 {
			t.Errorf("%s: long texts of %d characters together", object, longText)
		}
	}
}

func TestObjectsSwitchOnTogetherWhatBelongsTogether(t *testing.T) {
	sms := documents(t)["objects/SMS__c.object"]
	if a, b, c := sms.childText("enableBulkApi"), sms.childText("enableSharing"), sms.childText("enableStreamingApi"); a != b || b != c {
		t.Errorf("Salesforce wants enableBulkApi, enableSharing and enableStreamingApi to be the same: %s, %s, %s", a, b, c)
	}
	for _, f := range fieldsOf(t)["SMS__c"] {
		if f.childText("trackHistory") == "true" && sms.childText("enableHistory") != "true" {
			t.Errorf("%s is tracked, and SMS__c has no history", f.childText("fullName"))
		}
	}
}
