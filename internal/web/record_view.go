package web

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/switchboardhq/switchboard"
)

// fieldGroup is a section of a record's fields.
type fieldGroup struct {
	title string
	names []string
}

// fieldGroups are the usual fields of an object, in the sections that
// Salesforce's pages have.
func fieldGroups(o switchboard.Object) []fieldGroup {
	address := func(prefix string) []string {
		return []string{prefix + "Street", prefix + "City", prefix + "State", prefix + "PostalCode", prefix + "Country"}
	}
	if o.Custom() {
		return []fieldGroup{{objectLabel(string(o)), []string{"Name"}}}
	}
	switch o {
	case switchboard.Account:
		return []fieldGroup{
			{"Account", []string{"Name", "Industry", "Type", "Website"}},
			{"Numbers", []string{"Phone", "Fax"}},
			{"Address", address("Billing")},
			{"Description", []string{"Description"}},
		}
	case switchboard.Lead:
		return []fieldGroup{
			{"Lead", []string{"FirstName", "LastName", "Company", "Title", "Email", "Website", "LeadSource", "Status"}},
			{"Numbers", []string{"MobilePhone", "Phone", "Fax"}},
			{"Address", address("")},
			{"Description", []string{"Description"}},
		}
	}
	return []fieldGroup{
		{"Contact", []string{"FirstName", "LastName", "AccountId", "Title", "Department", "Email"}},
		{"Numbers", []string{"MobilePhone", "Phone", "HomePhone", "OtherPhone", "AssistantPhone", "Fax"}},
		{"Address", address("Mailing")},
		{"Description", []string{"Description"}},
	}
}

// groupsOf are the usual sections and one for what else the record holds.
// matched tells which fields of a custom object are numbers.
func groupsOf(rec *switchboard.Record, matched switchboard.PhoneFields) []fieldGroup {
	groups := fieldGroups(rec.Object)
	if phones := matched[rec.Object]; rec.Object.Custom() && len(phones) > 0 {
		groups = append(groups, fieldGroup{"Numbers", phones})
	}
	usual := map[string]bool{"OwnerId": true}
	for _, g := range groups {
		for _, name := range g.names {
			usual[name] = true
		}
	}
	var rest []string
	for name := range rec.Fields {
		if !usual[name] {
			rest = append(rest, name)
		}
	}
	if slices.Sort(rest); len(rest) > 0 {
		groups = append(groups, fieldGroup{"More fields", rest})
	}
	return groups
}

// valueText is what a field holds, for people.
func valueText(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case bool:
		if v {
			return "Yes"
		}
		return "No"
	}
	return fmt.Sprint(v)
}

// recordSections shows the fields.
func recordSections(rec *switchboard.Record, accounts recordSet, set switchboard.Settings) []FieldSection {
	_, rejected := switchboard.RecordNumbers(rec.Object, rec.Fields, set.PhoneFields, set.Region)
	var all []FieldSection
	for _, g := range groupsOf(rec, set.PhoneFields) {
		s := FieldSection{Title: g.title}
		for _, name := range g.names {
			f := DetailField{Name: name, Label: fieldLabelOf(rec.Object, name), Value: valueText(rec.Fields[name]), Long: name == "Description" || strings.HasSuffix(name, "Street")}
			f.Copy = g.title == "Numbers"
			switch {
			case name == "AccountId" && accounts[f.Value] != nil:
				f.Value, f.URL, f.Object = accounts[f.Value].Name, "/records/"+f.Value, string(switchboard.Account)
			case name == "Email" && strings.Contains(f.Value, "@"):
				f.URL = "mailto:" + f.Value
			case name == "Website" && (strings.HasPrefix(f.Value, "https://") || strings.HasPrefix(f.Value, "http://")):
				f.URL = f.Value
			}
			for _, x := range rejected {
				if x.Field == name {
					f.Warn = x.Reason
				}
			}
			s.Fields = append(s.Fields, f)
		}
		all = append(all, s)
	}
	return all
}

// recordInputs are the fields as a form: what was typed, else what the record
// holds. What is no text is not edited here.
func recordInputs(rec *switchboard.Record, accounts recordSet, matched switchboard.PhoneFields, typed, wrong map[string]string, focus string) []FieldSection {
	var all []FieldSection
	focused := false
	for _, g := range groupsOf(rec, matched) {
		s := FieldSection{Title: g.title}
		for _, name := range g.names {
			if v, held := rec.Fields[name]; held {
				if _, text := v.(string); !text {
					continue
				}
			}
			f := FormField{ID: "f-" + name, Name: name, Label: fieldLabelOf(rec.Object, name), Type: fieldType(name), Value: rec.Fields.Text(name), Error: wrong[name]}
			f.Wide = f.Type == "area" || strings.HasSuffix(name, "Street")
			f.Required = slices.Contains(switchboard.RequiredFields(rec.Object), name)
			if t, ok := typed[name]; ok {
				f.Value = t
			}
			if name == "AccountId" {
				f.Object, f.RecordID, f.RecordName = string(switchboard.Account), f.Value, typed["AccountId_name"]
				if a := accounts[f.Value]; a != nil {
					f.RecordName = a.Name
				}
			}
			f.Focus = len(wrong) == 0 && name == focus || f.Error != "" && !focused
			focused = focused || f.Focus
			s.Inputs = append(s.Inputs, f)
		}
		if len(s.Inputs) > 0 {
			all = append(all, s)
		}
	}
	if !focused && len(all) > 0 {
		all[0].Inputs[0].Focus = true
	}
	return all
}

func fieldType(name string) string {
	switch {
	case name == "AccountId":
		return "lookup"
	case name == "Description":
		return "area"
	case name == "Email":
		return "email"
	case strings.HasSuffix(name, "Phone"), name == "Fax":
		return "tel"
	}
	return "text"
}

// wasText keeps what the fields hold as the form is made, to know later what a
// person changed.
func wasText(rec *switchboard.Record) string {
	was := map[string]string{}
	for name, v := range rec.Fields {
		if s, ok := v.(string); ok {
			was[name] = s
		}
	}
	b, err := json.Marshal(was)
	if err != nil {
		return "{}" // text to text cannot fail
	}
	return string(b)
}

// highlights are the facts in the head of a record's page.
func highlights(rec *switchboard.Record, accounts recordSet, matched switchboard.PhoneFields) []Highlight {
	var names []string
	switch rec.Object {
	case switchboard.Contact:
		names = []string{"Title", "AccountId", "MobilePhone", "Phone", "Email"}
	case switchboard.Lead:
		names = []string{"Company", "Title", "MobilePhone", "Phone", "Email"}
	case switchboard.Account:
		names = []string{"Phone", "Website", "Industry", "BillingCity"}
	default:
		names = matched[rec.Object]
	}
	var all []Highlight
	for _, name := range names {
		value := rec.Fields.Text(name)
		if value == "" || len(all) == 4 {
			continue
		}
		h := Highlight{Label: switchboard.FieldLabel(name), Value: value}
		if a := accounts[value]; name == "AccountId" {
			if a == nil {
				continue
			}
			h.Value, h.URL = a.Name, "/records/"+a.ID
		}
		all = append(all, h)
	}
	return all
}

// recordLine says where a record comes from.
func recordLine(rec *switchboard.Record, rd reader) string {
	how := "Created by a person"
	switch rec.Origin {
	case switchboard.OriginImport:
		how = "Imported"
	case switchboard.OriginSalesforce:
		how = "From Salesforce"
	case switchboard.OriginUnknownNumber:
		how = "Created from an unknown number"
	}
	return how + ", " + rd.Time(rec.CreatedAt)
}
