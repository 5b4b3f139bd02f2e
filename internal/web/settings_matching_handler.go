package web

import (
	"net/http"
	"slices"
	"strings"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
)

// listedRejected is how many numbers that cannot be read are listed.
const listedRejected = 50

func (s *Server) showPhoneFields(w http.ResponseWriter, r *http.Request) error {
	_, _, set, err := s.settingsOf(r)
	if err != nil {
		return err
	}
	return s.phoneFieldsPage(w, r, http.StatusOK, set.PhoneFields, nil)
}

func (s *Server) phoneFieldsPage(w http.ResponseWriter, r *http.Request, status int, fields switchboard.PhoneFields, failed error) error {
	v, _ := visitorOf(r.Context())
	p := PhoneFieldsPage{Settings: s.settingsFrame(r, "Phone fields", partPhoneFields)}
	if failed != nil {
		p.Error = switchboard.ErrorMessage(failed)
	}
	for _, o := range matchedObjects(fields) {
		p.Objects = append(p.Objects, phoneFieldsOf(o, fields[o]))
	}
	p.Custom = []Input{
		{ID: "custom-object", Name: "custom_object", Label: "Custom object", Type: "text", Value: r.PostFormValue("custom_object"), Placeholder: "such as Patient__c"},
		{ID: "custom-fields", Name: "custom_fields", Label: "Its phone fields", Type: "text", Value: r.PostFormValue("custom_fields"), Placeholder: "such as Mobile__c"},
	}
	rejected, next, err := s.db.RejectedNumbers(r.Context(), v.Actor.OrgID, store.Page{Limit: listedRejected})
	if err != nil {
		return err
	}
	for _, x := range rejected {
		p.Rejected = append(p.Rejected, RejectedField{URL: "/records/" + x.Record.ID, Object: string(x.Record.Object), Name: x.Record.Name, Field: switchboard.FieldLabel(x.Field), Value: x.Value, Cause: x.Reason})
	}
	if next != "" {
		p.More = "These are the first " + itoa(listedRejected) + ". Correct some of them, and more appear."
	}
	return s.pages.Page(w, r, status, "settings_phone_fields", p)
}

// usualPhones are the phone fields that an object has in Salesforce.
func usualPhones(o switchboard.Object) []string {
	switch o {
	case switchboard.Contact:
		return []string{"MobilePhone", "Phone", "HomePhone", "OtherPhone", "AssistantPhone", "Fax"}
	case switchboard.Lead:
		return []string{"MobilePhone", "Phone", "Fax"}
	}
	if o.Custom() {
		return nil
	}
	return []string{"Phone", "Fax"}
}

func phoneFieldsOf(o switchboard.Object, matched []string) PhoneFieldsOf {
	f := PhoneFieldsOf{Object: string(o), Plural: plural(string(o))}
	usual := usualPhones(o)
	for _, name := range usual {
		f.Fields = append(f.Fields, Option{Value: name, Label: switchboard.FieldLabel(name), Current: slices.Contains(matched, name)})
	}
	var other []string
	for _, name := range matched {
		if !slices.Contains(usual, name) {
			other = append(other, name)
		}
	}
	f.Other = Input{ID: "other-" + string(o), Name: "other-" + string(o), Label: "Other fields", Type: "text", Value: strings.Join(other, ", "), Placeholder: "such as Assistant_Mobile__c"}
	return f
}

func (s *Server) savePhoneFields(w http.ResponseWriter, r *http.Request) error {
	v, _ := visitorOf(r.Context())
	if err := readForm(r); err != nil {
		return err
	}
	now, err := s.db.Settings(r.Context(), v.Actor.OrgID)
	if err != nil {
		return err
	}
	fields := switchboard.PhoneFields{}
	for _, o := range matchedObjects(now.PhoneFields) {
		names := slices.Clone(r.PostForm[string(o)])
		for name := range strings.FieldsFuncSeq(r.PostFormValue("other-"+string(o)), func(c rune) bool { return c == ',' || c == ' ' }) {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
		fields[o] = names
		if o.Custom() && len(names) == 0 {
			delete(fields, o) // it is matched no more
		}
	}
	if o := switchboard.Object(strings.TrimSpace(r.PostFormValue("custom_object"))); o != "" {
		fields[o] = slices.Collect(strings.FieldsFuncSeq(r.PostFormValue("custom_fields"), func(c rune) bool { return c == ',' || c == ' ' }))
	}
	if o := switchboard.Object(strings.TrimSpace(r.PostFormValue("custom_object"))); o != "" && len(fields[o]) == 0 {
		return s.phoneFieldsPage(w, r, http.StatusUnprocessableEntity, now.PhoneFields, switchboard.Invalid("custom_fields", "Name the phone fields of %s.", string(o)))
	}
	_, err = s.desk.SetPhoneFields(r.Context(), v.Actor, fields)
	switch switchboard.ErrorCode(err) {
	case "":
		return s.saved(w, r, "Saved", "Waiting texts were decided again where it made a difference.", partPhoneFields)
	case switchboard.CodeInvalid:
		return s.phoneFieldsPage(w, r, http.StatusUnprocessableEntity, fields, err)
	}
	return err
}

func (s *Server) showUnknown(w http.ResponseWriter, r *http.Request) error {
	_, _, set, err := s.settingsOf(r)
	if err != nil {
		return err
	}
	return s.unknownPage(w, r, http.StatusOK, set.UnknownNumbers, nil)
}

// spareValues is how many empty lines the form offers for more fields.
const spareValues = 2

func (s *Server) unknownPage(w http.ResponseWriter, r *http.Request, status int, u switchboard.UnknownNumbers, failed error) error {
	v, _, set, err := s.settingsOf(r)
	if err != nil {
		return err
	}
	users, err := s.db.Users(r.Context(), v.Actor.OrgID)
	if err != nil {
		return err
	}
	p := UnknownNumbersPage{Settings: s.settingsFrame(r, "Create Records From Unknown Numbers", partUnknown), Enabled: u.Enabled}
	p.Fields = unknownInputs(u, set.PhoneFields, users)
	names := make([]string, 0, len(u.Fields))
	for name := range u.Fields {
		names = append(names, name)
	}
	slices.Sort(names)
	wrong, message := fieldOf(failed), switchboard.ErrorMessage(failed)
	marked := false
	for _, name := range append(names, make([]string, spareValues)...) {
		f := FieldValue{Index: itoa(len(p.Values) + 1), Field: name, Value: u.Fields[name], Placeholder: "Value, such as {date}"}
		if name != "" && name == wrong && failed != nil {
			f.Error, marked = message, true
		}
		p.Values = append(p.Values, f)
	}
	switch {
	case failed == nil:
		p.Example = s.unknownExample(u, set)
	case marked:
		p.Error = "Correct what is marked."
	default:
		p.Error = wrongInput(p.Fields, failed)
	}
	return s.pages.Page(w, r, status, "settings_unknown", p)
}

func unknownInputs(u switchboard.UnknownNumbers, matched switchboard.PhoneFields, users []switchboard.User) []Input {
	object := Input{ID: "object", Name: "object", Label: "Object", Type: "select"}
	field := Input{ID: "phone_field", Name: "phone_field", Label: "Phone field that gets the number", Type: "select"}
	owner := Input{ID: "owner", Name: "owner_id", Label: "Owner", Type: "select", Wide: true, Options: []Option{{Label: "The channel’s authenticated admin user", Current: u.OwnerID == ""}}}
	for _, o := range switchboard.Objects() {
		object.Options = append(object.Options, Option{Value: string(o), Label: string(o), Current: o == u.Object})
		for _, name := range matched[o] {
			if !slices.ContainsFunc(field.Options, func(have Option) bool { return have.Value == name }) {
				field.Options = append(field.Options, Option{Value: name, Label: switchboard.FieldLabel(name), Current: name == u.PhoneField})
			}
		}
	}
	for _, x := range users {
		if x.Active {
			owner.Options = append(owner.Options, Option{Value: x.ID, Label: x.Name, Current: x.ID == u.OwnerID})
		}
	}
	return []Input{object, field, owner}
}

func (s *Server) unknownExample(u switchboard.UnknownNumbers, set switchboard.Settings) string {
	const number = switchboard.Phone("+12065550142")
	rd, err := s.reader(set)
	if err != nil {
		return ""
	}
	fields := u.RecordFields(number, "Main line", "Hello, I got your flyer.", rd.local(rd.Now))
	will := "would create"
	if u.Enabled {
		will = "creates"
	}
	return "A text from " + rd.Number(string(number)) + " that no record has " + will + " " + string(u.Object) + " " + switchboard.RecordName(u.Object, fields) + "."
}

func (s *Server) saveUnknown(w http.ResponseWriter, r *http.Request) error {
	v, _ := visitorOf(r.Context())
	if err := readForm(r); err != nil {
		return err
	}
	u := switchboard.UnknownNumbers{
		Enabled: r.PostFormValue("enabled") != "", Object: switchboard.Object(r.PostFormValue("object")), PhoneField: r.PostFormValue("phone_field"),
		OwnerID: r.PostFormValue("owner_id"), Fields: map[string]string{},
	}
	values := r.PostForm["value"]
	for i, name := range r.PostForm["field"] {
		if name = strings.TrimSpace(name); name != "" && i < len(values) {
			u.Fields[name] = strings.TrimSpace(values[i])
		}
	}
	_, err := s.desk.SetUnknownNumbers(r.Context(), v.Actor, u)
	switch switchboard.ErrorCode(err) {
	case "":
		note := "It is off."
		if u.Enabled {
			note = "It is on."
		}
		return s.saved(w, r, "Saved", note, partUnknown)
	case switchboard.CodeInvalid:
		return s.unknownPage(w, r, http.StatusUnprocessableEntity, u, err)
	}
	return err
}
