package web

import (
	"net/http"
	"slices"
	"strings"

	"github.com/switchboardhq/switchboard"
)

// objectLabel is what people call an object. Of a custom one the API name says
// no more than the words that it is made of.
func objectLabel(object string) string {
	name, custom := strings.CutSuffix(object, "__c")
	if !custom || name == "" {
		return object
	}
	if _, after, namespaced := strings.Cut(name, "__"); namespaced {
		name = after
	}
	return strings.ReplaceAll(name, "_", " ")
}

// plural is what people call an object's records. How the org's own language
// makes a plural of a custom object's name is not known: they are its records.
func plural(object string) string {
	switch {
	case object == "":
		return "Records"
	case object == string(switchboard.SMSObject):
		return "Texts"
	case switchboard.Object(object).Custom():
		return objectLabel(object) + " records"
	}
	return object + "s"
}

// nouns are an object's records in a sentence: one, and several.
func nouns(o switchboard.Object) (one, many string) {
	one = strings.ToLower(objectLabel(string(o)))
	if o.Custom() {
		return one + " record", one + " records"
	}
	return one, one + "s"
}

// listPath is the address of the list of an object's records.
func listPath(o switchboard.Object) string {
	if o.Custom() {
		return "/objects/" + string(o)
	}
	return "/" + strings.ToLower(plural(string(o)))
}

// section is the tab of the list of an object's records.
func section(o switchboard.Object) string { return strings.TrimPrefix(listPath(o), "/") }

// objectKey names an object in addresses and forms: "contact", "Patient__c".
func objectKey(o switchboard.Object) string {
	if o.Custom() {
		return string(o)
	}
	return objectClass(string(o))
}

// newPath is the address of the form of a new record.
func newPath(o switchboard.Object) string { return "/records/new/" + objectKey(o) }

// ownTabs are the tabs of the custom objects that are matched.
func ownTabs(fields switchboard.PhoneFields) []Tab {
	var tabs []Tab
	for _, o := range matchedObjects(fields) {
		if o.Custom() {
			tabs = append(tabs, Tab{Section: section(o), Label: plural(string(o))})
		}
	}
	return tabs
}

// matchedObjects are the usual objects, and the custom ones that are matched.
func matchedObjects(fields switchboard.PhoneFields) []switchboard.Object {
	all := switchboard.Objects()
	var custom []switchboard.Object
	for o := range fields {
		if !slices.Contains(all, o) {
			custom = append(custom, o)
		}
	}
	slices.Sort(custom)
	return append(all, custom...)
}

// messageObjects are the objects of the fields that a text's page has: those that
// are matched, and that of the record that it is on.
func messageObjects(m *switchboard.Message, fields switchboard.PhoneFields) []switchboard.Object {
	all := matchedObjects(fields)
	if m.Record != nil && !slices.Contains(all, m.Record.Object) {
		all = append(all, m.Record.Object)
	}
	return all
}

// fieldLabelOf is the label of a record's field.
func fieldLabelOf(o switchboard.Object, name string) string {
	if name == "Name" && o.Custom() {
		return "Name"
	}
	return switchboard.FieldLabel(name)
}

// showCustomRecords lists the records of a custom object.
func (s *Server) showCustomRecords(w http.ResponseWriter, r *http.Request) error {
	o, err := switchboard.ParseObject(r.PathValue("object"))
	if err != nil || !o.Custom() {
		return switchboard.Errorf(switchboard.CodeNotFound, "There is no list at %s.", r.URL.Path)
	}
	return s.showRecords(o)(w, r)
}
