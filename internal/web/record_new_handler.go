package web

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/switchboardhq/switchboard"
)

// newRecord is the form of a new record: as a dialog for a script, else as a
// page.
func (s *Server) newRecord(w http.ResponseWriter, r *http.Request) error {
	form, err := s.recordForm(r)
	if err != nil {
		return err
	}
	return s.showRecordForm(w, r, http.StatusOK, form)
}

func (s *Server) showRecordForm(w http.ResponseWriter, r *http.Request, status int, form RecordForm) error {
	if r.Header.Get("HX-Request") == "true" {
		name := "record-dialog"
		if status != http.StatusOK {
			name = "record-form" // goes back into the dialog that is open
		}
		return s.pages.Fragment(w, r, status, name, form)
	}
	object := switchboard.Object(form.Object)
	form.Cancel = listPath(object)
	if m := r.FormValue("message"); m != "" {
		form.Cancel = "/messages/" + url.PathEscape(m)
	}
	return s.pages.Page(w, r, status, "record_new", NewRecordPage{Page: s.frame(r, form.Title, section(object)), Form: form})
}

// newObject reads the object of the address: contact, lead, account, or a custom
// one by its name, if it is matched.
func (s *Server) newObject(r *http.Request) (switchboard.Object, switchboard.PhoneFields, error) {
	_, _, set, err := s.settingsOf(r)
	if err != nil {
		return "", nil, err
	}
	for _, o := range matchedObjects(set.PhoneFields) {
		if newPath(o) == "/records/new/"+r.PathValue("object") {
			return o, set.PhoneFields, nil
		}
	}
	return "", nil, switchboard.Errorf(switchboard.CodeNotFound, "There is no object %q.", r.PathValue("object"))
}

// recordForm prepares the form from what the request says: the text that the
// record is for, where the dialog was opened from, and what was typed there.
func (s *Server) recordForm(r *http.Request) (RecordForm, error) {
	v, _ := visitorOf(r.Context())
	object, phones, err := s.newObject(r)
	if err != nil {
		return RecordForm{}, err
	}
	f := RecordForm{DOM: domOf(r, object), Object: string(object), Title: "New " + objectLabel(string(object)), Action: newPath(object)}
	values := map[string]string{}
	from, into := r.FormValue("from"), r.FormValue("into")
	for _, h := range []Hidden{{"message", r.FormValue("message")}, {"from", from}, {"into", into}, {"return", r.FormValue("return")}, {"scope", r.FormValue("scope")}, {"object", string(object)}} {
		if h.Value != "" {
			f.Hidden = append(f.Hidden, h)
		}
	}
	number := ""
	if id := r.FormValue("message"); id != "" && object != switchboard.Account {
		m, err := s.db.Message(r.Context(), v.Actor.OrgID, id)
		if err != nil {
			return f, err
		}
		_, rd, _, err := s.settingsOf(r)
		if err != nil {
			return f, err
		}
		if from == "why" {
			f.Hidden = append(f.Hidden, Hidden{"version", formOr(r, "version", version(m))})
		}
		f.Subtitle = "for the text from " + rd.Number(m.Sender.Address)
		if _, ok := m.Sender.Phone(); ok {
			number = rd.Number(m.Sender.Address)
			values[numberField(object, phones)] = number
		}
	}
	switch from {
	case "why":
		f.Foot = "Saving also assigns this text to the new " + strings.ToLower(objectLabel(string(object))) + "."
	case "lookup":
		f.Foot = "Saving fills in the " + objectLabel(string(object)) + " field."
	}
	fillName(values, object, strings.TrimSpace(r.FormValue("name")))
	f.Fields, f.More = recordFields(object, f.DOM, values, phones)
	for i := range f.Fields {
		if number != "" && f.Fields[i].Name == numberField(object, phones) {
			f.Fields[i].Hint, f.Fields[i].HintIcon = "From the text", "sms"
		}
	}
	f.Likely = Likely{DOM: f.DOM}
	return f, nil
}

// numberField is the field of a new record that gets the number of its text.
func numberField(object switchboard.Object, phones switchboard.PhoneFields) string {
	if !object.Custom() {
		return "MobilePhone"
	}
	for _, first := range phones[object] {
		return first
	}
	return ""
}

// domOf keeps the ids of two dialogs that lie over each other apart.
func domOf(r *http.Request, object switchboard.Object) string {
	return "new-" + objectKey(object)
}

// fillName puts what was typed into a search box where it belongs.
func fillName(values map[string]string, object switchboard.Object, typed string) {
	if typed == "" {
		return
	}
	if object == switchboard.Account || object.Custom() {
		values["Name"] = typed
		return
	}
	first, last, ok := strings.Cut(typed, " ")
	if !ok {
		values["LastName"] = typed
		return
	}
	values["FirstName"], values["LastName"] = first, strings.TrimSpace(last)
}

// recordFields are the fields that people usually fill in, the important ones
// first.
func recordFields(object switchboard.Object, dom string, values map[string]string, phones switchboard.PhoneFields) (fields, more []FormField) {
	field := func(name, typ string, wide bool) FormField {
		f := FormField{ID: dom + "-" + name, Name: name, Label: fieldLabelOf(object, name), Type: typ, Wide: wide, Value: values[name]}
		f.Required = slices.Contains(requiredFields(object), name)
		switch name {
		case "FirstName", "LastName", "MobilePhone", "Phone", "Email", "Name", "Company":
			f.Watch = true
		case "AccountId":
			f.Label, f.Object, f.Hint = "Account Name", "Account", "Type to search, or leave empty for a private person"
			f.RecordID, f.RecordName = values["AccountId"], values["AccountId_name"]
		}
		return f
	}
	address := func(prefix string) []FormField {
		return []FormField{field(prefix+"Street", "text", true), field(prefix+"City", "text", false), field(prefix+"State", "text", false), field(prefix+"PostalCode", "text", false), field(prefix+"Country", "text", false)}
	}
	if object.Custom() {
		// What else the object has, and what Salesforce wants of it, is not known here.
		fields = []FormField{field("Name", "text", true)}
		for _, name := range phones[object] {
			fields = append(fields, field(name, "tel", false))
		}
		fields[0].Focus = true
		return fields, nil
	}
	switch object {
	case switchboard.Account:
		fields = []FormField{field("Name", "text", true), field("Phone", "tel", false), field("Website", "text", false)}
		fields[0].Label = "Account Name"
		more = append([]FormField{field("Industry", "text", false), field("Type", "text", false)}, address("Billing")...)
	case switchboard.Lead:
		fields = []FormField{field("FirstName", "text", false), field("LastName", "text", false), field("MobilePhone", "tel", false), field("Phone", "tel", false), field("Company", "text", true), field("Email", "email", true)}
		more = append([]FormField{field("Title", "text", false), field("LeadSource", "text", false)}, address("")...)
	default:
		fields = []FormField{field("FirstName", "text", false), field("LastName", "text", false), field("MobilePhone", "tel", false), field("Phone", "tel", false), field("AccountId", "lookup", true), field("Email", "email", true)}
		more = append([]FormField{field("Title", "text", false), field("Department", "text", false), field("HomePhone", "tel", false), field("OtherPhone", "tel", false)}, address("Mailing")...)
	}
	more = append(more, field("Description", "area", true))
	fields[0].Focus = true
	return fields, more
}

// requiredFields are those that the form of a new record insists on: nobody finds
// one without a name, whatever Salesforce says.
func requiredFields(object switchboard.Object) []string {
	if object.Custom() {
		return []string{"Name"}
	}
	return switchboard.RequiredFields(object)
}

// likely is the warning that the record being made may exist already.
func (s *Server) likely(w http.ResponseWriter, r *http.Request) error {
	l, err := s.likelyRecords(r)
	if err != nil {
		return err
	}
	return s.pages.Fragment(w, r, http.StatusOK, "likely", l)
}

func (s *Server) likelyRecords(r *http.Request) (Likely, error) {
	v, _ := visitorOf(r.Context())
	l := Likely{DOM: r.FormValue("dom")}
	fields := switchboard.Fields{}
	for _, name := range []string{"FirstName", "LastName", "MobilePhone", "Phone", "Email", "Name", "Company"} {
		if value := strings.TrimSpace(r.FormValue(name)); value != "" {
			fields[name] = value
		}
	}
	found, err := s.db.Likely(r.Context(), v.Actor.OrgID, fields)
	if err != nil {
		return l, err
	}
	var list []*switchboard.Record
	for _, d := range found {
		list = append(list, d.Record)
	}
	accounts, err := s.accountsOf(r, list)
	if err != nil {
		return l, err
	}
	message, from := r.FormValue("message"), r.FormValue("from")
	for _, d := range found {
		dup := Duplicate{ID: d.Record.ID, Object: string(d.Record.Object), Name: d.Record.Name, Line: dotted(string(d.Record.Object), accounts.account(d.Record.ID))}
		var because []string
		if d.SameName {
			because = append(because, "Same name")
		}
		if d.SameNumber {
			because = append(because, "Same number")
		}
		if d.SameEmail {
			because = append(because, "Same e-mail")
		}
		if p := firstPhone(d.Record); p != "" && !d.SameNumber {
			because = append(because, "Phone "+p)
		}
		dup.Because = strings.Join(because, " · ")
		switch {
		case message != "" && from == "why":
			dup.Assign = "/messages/" + url.PathEscape(message) + "/assign"
		case r.FormValue("into") == "" || !strings.EqualFold(r.FormValue("object"), dup.Object):
			continue // nothing can be done with it there
		}
		l.Records = append(l.Records, dup)
	}
	return l, nil
}

// createRecord makes the record, and does with it what the dialog was opened
// for: assigns the text, or fills in the field.
func (s *Server) createRecord(w http.ResponseWriter, r *http.Request) error {
	v, _ := visitorOf(r.Context())
	ctx := r.Context()
	object, phones, err := s.newObject(r)
	if err != nil {
		return err
	}
	fields := switchboard.Fields{}
	empty, more := recordFields(object, "", nil, phones)
	for _, f := range append(empty, more...) {
		if value := strings.TrimSpace(r.FormValue(f.Name)); value != "" {
			fields[f.Name] = value
		}
	}
	wrong := checkForm(r, object, requiredFields(object), fields)
	message, from := r.FormValue("message"), r.FormValue("from")
	if len(wrong) == 0 && message != "" && from == "why" {
		c, err := s.desk.PlaceOnNew(ctx, v.Actor, object, fields, placement(r, message))
		if err == nil {
			s.placed(r, c, string(object)+" "+c.Record.Name+" created")
			return s.goOn(w, r, "/messages/"+message)
		}
		if wrong = fieldError(err); len(wrong) == 0 {
			return s.refused(w, r, message, err)
		}
	}
	if len(wrong) == 0 {
		rec, resolved, err := s.desk.CreateRecord(ctx, v.Actor, object, fields)
		if err == nil {
			return s.recordMade(w, r, rec, resolved)
		}
		if wrong = fieldError(err); len(wrong) == 0 {
			return err
		}
	}
	return s.showWrongForm(w, r, wrong)
}

// recordMade answers with the record where it was asked for: the field of a
// script's page, the edit page of the text, or the record's own page.
func (s *Server) recordMade(w http.ResponseWriter, r *http.Request, rec *switchboard.Record, resolved []*switchboard.Message) error {
	v, _ := visitorOf(r.Context())
	message := r.FormValue("message")
	if r.Header.Get("HX-Request") == "true" && r.FormValue("into") != "" {
		made := recordMadeEvent{Into: r.FormValue("into"), ID: rec.ID, Name: rec.Name}
		if message != "" { // the rule may have placed it meanwhile, which is no conflict
			m, err := s.db.Message(r.Context(), v.Actor.OrgID, message)
			if err != nil {
				return err
			}
			made.Version = version(m)
		}
		w.Header().Set("HX-Trigger", trigger("record-made", made))
		w.Header().Set("HX-Reswap", "none")
		w.WriteHeader(http.StatusOK)
		return nil
	}
	note := ""
	if n := len(resolved); n > 0 {
		note = "and " + count(n, "text assigned to it", "texts assigned to it")
	}
	s.sessions.flash(r.Context(), Toast{Kind: "done", Icon: "success", Title: objectLabel(string(rec.Object)) + " " + rec.Name + " created", Note: note})
	if message != "" {
		key := objectKey(rec.Object)
		return seeOther(w, r, "/messages/"+url.PathEscape(message)+"/edit?"+url.Values{"field": {key}, key: {rec.ID}}.Encode())
	}
	return seeOther(w, r, "/records/"+rec.ID)
}

type recordMadeEvent struct {
	Into    string `json:"into"`
	ID      string `json:"id"`
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
}

// trigger writes an event for htmx into a header, which holds ASCII alone.
func trigger(event string, detail recordMadeEvent) string {
	b, err := json.Marshal(map[string]recordMadeEvent{event: detail})
	if err != nil {
		return event
	}
	var out strings.Builder
	for _, r := range string(b) {
		switch {
		case r < 0x80:
			out.WriteRune(r)
		default:
			for _, u := range utf16.Encode([]rune{r}) {
				out.WriteString(`\u` + strings.Repeat("0", 4-len(strconv.FormatUint(uint64(u), 16))) + strconv.FormatUint(uint64(u), 16))
			}
		}
	}
	return out.String()
}

// checkForm finds what is missing or malformed before the desk does, all of it
// at once.
func checkForm(r *http.Request, object switchboard.Object, required []string, fields switchboard.Fields) map[string]string {
	wrong := map[string]string{}
	for _, name := range required {
		if fields.Text(name) == "" {
			wrong[name] = "Enter " + article(fieldLabelOf(object, name)) + "."
		}
	}
	if e := fields.Text("Email"); e != "" {
		at := strings.LastIndexByte(e, '@')
		if at < 1 || !strings.Contains(e[at:], ".") || strings.ContainsAny(e, " \t") {
			wrong["Email"] = "Enter an address like name@example.com."
		}
	}
	if r.FormValue("AccountId") == "" && strings.TrimSpace(r.FormValue("AccountId_name")) != "" {
		wrong["AccountId"] = "Choose an account from the list, or empty the field."
	}
	return wrong
}

func article(label string) string {
	l := strings.ToLower(label)
	if strings.ContainsRune("aeiou", rune(l[0])) {
		return "an " + l
	}
	return "a " + l
}

// fieldError is what the desk found wrong with one field.
func fieldError(err error) map[string]string {
	e, ok := err.(*switchboard.Error)
	if !ok || e.Code != switchboard.CodeInvalid || e.Field == "" {
		return nil
	}
	return map[string]string{e.Field: e.Message}
}

func (s *Server) showWrongForm(w http.ResponseWriter, r *http.Request, wrong map[string]string) error {
	form, err := s.recordForm(r)
	if err != nil {
		return err
	}
	if form.Likely, err = s.likelyRecords(r); err != nil {
		return err
	}
	form.Likely.DOM = form.DOM
	var missing []string
	mark := func(list []FormField) bool {
		any := false
		for i := range list {
			f := &list[i]
			f.Focus = false
			f.Value = r.FormValue(f.Name)
			if f.Type == "lookup" {
				f.RecordID, f.RecordName = r.FormValue(f.Name), r.FormValue(f.Name+"_name")
			}
			if f.Error = wrong[f.Name]; f.Error != "" {
				any = true
				if f.Required && strings.TrimSpace(f.Value) == "" {
					missing = append(missing, f.Label)
				}
			}
			delete(wrong, f.Name)
		}
		return any
	}
	mark(form.Fields)
	form.MoreOpen = mark(form.More)
	switch {
	case len(missing) > 0:
		form.Error = strings.Join(missing, " and ") + map[bool]string{true: " is missing.", false: " are missing."}[len(missing) == 1]
	default:
		form.Error = "See the marked fields."
	}
	for _, message := range wrong { // of a field that the form does not show
		form.Error = message
	}
	return s.showRecordForm(w, r, http.StatusUnprocessableEntity, form)
}

// formOr is a form value, or what stands for it where the form has none.
func formOr(r *http.Request, name, otherwise string) string {
	if v := r.FormValue(name); v != "" {
		return v
	}
	return otherwise
}
