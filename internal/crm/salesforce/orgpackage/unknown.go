package orgpackage

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/switchboardhq/switchboard"
)

// UnknownNumbers is the setting Create Records From Unknown Numbers as an org
// holds it, in the record Default of [UnknownNumbersType]; an admin may have
// removed it. An empty field arrives as null. No change event tells of a custom
// metadata type, so an org has to be asked for it now and then.
type UnknownNumbers struct {
	Enabled       bool   `json:"Enabled__c"`
	ObjectAPIName string `json:"Object_API_Name__c"`
	PhoneField    string `json:"Phone_Field__c"`
	FieldValues   string `json:"Field_Values__c"` // one Field=Value a line
	Owner         string `json:"Owner__c"`        // a username, e-mail address or id of the org
}

// Setting returns the setting as Switchboard holds it, without an owner: who a
// username of the org is here, only the caller knows. Whether a record can be
// made by it is for the setting's own Check to say.
func (u UnknownNumbers) Setting() (switchboard.UnknownNumbers, error) {
	object, err := switchboard.ParseObject(strings.TrimSpace(u.ObjectAPIName))
	if err != nil {
		return switchboard.UnknownNumbers{}, err
	}
	fields, err := parseFieldValues(u.FieldValues)
	if err != nil {
		return switchboard.UnknownNumbers{}, err
	}
	return switchboard.UnknownNumbers{Enabled: u.Enabled, Object: object, PhoneField: strings.TrimSpace(u.PhoneField), Fields: fields}, nil
}

// UnknownNumbersOf returns the setting as an org would hold it, without an
// owner.
func UnknownNumbersOf(s switchboard.UnknownNumbers) UnknownNumbers {
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(s.Fields)) {
		lines = append(lines, name+"="+strings.Join(strings.FieldsFunc(s.Fields[name], isBreak), " "))
	}
	return UnknownNumbers{Enabled: s.Enabled, ObjectAPIName: string(s.Object), PhoneField: s.PhoneField, FieldValues: strings.Join(lines, "\n")}
}

func isBreak(r rune) bool { return r == '\n' || r == '\r' }

// parseFieldValues reads one Field=Value a line. Blank lines are nothing, and a
// second line for a field is a mistake that nobody else would see.
func parseFieldValues(text string) (map[string]string, error) {
	fields := map[string]string{}
	for _, line := range strings.FieldsFunc(text, isBreak) {
		if strings.TrimSpace(line) == "" {
			continue
		}
		name, value, ok := strings.Cut(line, "=")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		if !ok || name == "" {
			return nil, fmt.Errorf("the field values of Create Records From Unknown Numbers are one Field=Value a line, and this is not: %q", line)
		}
		if _, twice := fields[name]; twice {
			return nil, fmt.Errorf("the field values of Create Records From Unknown Numbers give %s twice", name)
		}
		fields[name] = value
	}
	return fields, nil
}
