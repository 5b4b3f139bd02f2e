package sforg

// enablePersonAccounts gives Account what a person has: with LastName it is one,
// and has a contact of its own.
func (o *Org) enablePersonAccounts() {
	person := []Field{
		{Name: "LastName", Label: "Last Name", Type: TypeString, Length: 80},
		{Name: "FirstName", Label: "First Name", Type: TypeString, Length: 40},
		{Name: "IsPersonAccount", Label: "Is Person Account", Type: TypeBoolean, ReadOnly: true, Calculated: true, Defaulted: true},
		{Name: "PersonEmail", Label: "Email", Type: TypeEmail},
		withRelationship(readOnly(lookup("PersonContactId", "Contact")), "PersonContact"),
	}
	person = append(person, phone("PersonMobilePhone", "PersonHomePhone", "PersonOtherPhone", "PersonAssistantPhone")...)
	if err := o.define(Object{Name: "Account", Fields: person}); err != nil {
		panic(err)
	}
	if err := o.define(Object{Name: "Contact", Fields: []Field{readOnly(flag("IsPersonAccount"))}}); err != nil {
		panic(err)
	}
}

// personContact keeps the contact that a person account comes with, and makes it
// at first.
func (t *transaction) personContact(ob *object, r *row) *Error {
	if r.text(ob, "LastName") == "" {
		return nil
	}
	system := t.system
	t.system = true
	defer func() { t.system = system }()
	fields := map[string]any{"AccountId": r.id, "IsPersonAccount": true}
	for from, to := range map[string]string{"LastName": "LastName", "FirstName": "FirstName", "Phone": "Phone", "PersonEmail": "Email", "PersonMobilePhone": "MobilePhone",
		"PersonHomePhone": "HomePhone", "PersonOtherPhone": "OtherPhone", "PersonAssistantPhone": "AssistantPhone"} {
		fields[to] = r.raw(ob.field(from).ordinal)
	}
	contact := t.o.object("Contact")
	if id := r.text(ob, "PersonContactId"); id != "" {
		return t.update(contact, id, fields)
	}
	id, err := t.create(contact, fields)
	if err != nil {
		return err
	}
	with := ob.find(r.id).copy()
	with.set(ob.field("PersonContactId").ordinal, id)
	t.put(ob, with)
	return nil
}
