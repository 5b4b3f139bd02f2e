package sforg

import "strings"

func text(name string, length int) Field {
	return Field{Name: name, Label: spaced(name), Type: TypeString, Length: length}
}

func phone(names ...string) []Field {
	var fields []Field
	for _, n := range names {
		fields = append(fields, Field{Name: n, Label: spaced(n), Type: TypePhone})
	}
	return fields
}

func flag(name string) Field {
	return Field{Name: name, Label: spaced(name), Type: TypeBoolean, Required: true, Defaulted: true, Default: false}
}

func lookup(name string, to ...string) Field {
	return Field{Name: name, Label: spaced(strings.TrimSuffix(name, "Id")) + " ID", Type: TypeReference, ReferenceTo: to}
}

func picklist(name string, values ...string) Field {
	return Field{Name: name, Label: spaced(name), Type: TypePicklist, Values: values}
}

// spaced turns MailingCity into Mailing City.
func spaced(name string) string {
	var b strings.Builder
	for i, r := range name {
		if i > 0 && r >= 'A' && r <= 'Z' && name[i-1] >= 'a' && name[i-1] <= 'z' {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// address returns a compound address field and its components.
func address(prefix string) []Field {
	whole := prefix + "Address"
	part := func(suffix string, length int) Field {
		f := text(prefix+suffix, length)
		f.Compound = whole
		return f
	}
	street := part("Street", 255)
	street.Type = TypeTextArea
	return []Field{street, part("City", 40), part("State", 80), part("PostalCode", 20), part("Country", 80),
		{Name: prefix + "Latitude", Label: spaced(prefix + "Latitude"), Type: TypeDouble, Compound: whole},
		{Name: prefix + "Longitude", Label: spaced(prefix + "Longitude"), Type: TypeDouble, Compound: whole},
		{Name: whole, Label: spaced(whole), Type: TypeAddress, ReadOnly: true, Calculated: true}}
}

func personName() []Field {
	fields := []Field{
		{Name: "LastName", Label: "Last Name", Type: TypeString, Length: 80, Required: true, Compound: "Name"},
		{Name: "FirstName", Label: "First Name", Type: TypeString, Length: 40, Compound: "Name"},
		{Name: "Salutation", Type: TypePicklist, Length: 40, Values: []string{"Mr.", "Ms.", "Mrs.", "Dr.", "Prof.", "Mx."}, Compound: "Name"},
		{Name: "Name", Label: "Full Name", Type: TypeString, Length: 121, ReadOnly: true, Calculated: true, Required: true, Defaulted: true},
	}
	return fields
}

func owner(to ...string) Field {
	f := lookup("OwnerId", to...)
	f.Required, f.Defaulted = true, true
	return f
}

func join(lists ...[]Field) []Field {
	var all []Field
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}

// standardObjects are what every org has of what Switchboard and its witnesses
// look at.
func standardObjects() []Object {
	name := Field{Name: "Name", Type: TypeString, Length: 255, Required: true}
	return []Object{{
		Name: "User", Plural: "Users", Prefix: "005",
		Fields: join([]Field{
			{Name: "Username", Type: TypeString, Length: 80, Required: true, Unique: true}},
			personName(), []Field{
				text("CompanyName", 80), text("Title", 80), {Name: "Email", Type: TypeEmail, Length: 128, Required: true},
				text("Alias", 8), flag("IsActive"), text("TimeZoneSidKey", 40), text("LocaleSidKey", 40),
				text("LanguageLocaleKey", 40), text("EmailEncodingKey", 40), picklist("UserType", "Standard"),
				lookup("ProfileId", "Profile"), lookup("UserRoleId", "UserRole"), lookup("ManagerId", "User"),
				text("FederationIdentifier", 512), text("CountryCode", 10), text("Country", 80)},
			phone("Phone", "MobilePhone", "Fax")),
	}, {
		Name: "Organization", Plural: "Organization", Prefix: "00D",
		Fields: []Field{name, text("InstanceName", 5), flag("IsSandbox"), text("TrialExpirationDate", 40),
			text("NamespacePrefix", 15), text("OrganizationType", 40), text("LanguageLocaleKey", 40),
			text("DefaultLocaleSidKey", 40), text("TimeZoneSidKey", 40), text("PrimaryContact", 80), text("Country", 80)},
	}, {
		Name: "Profile", Plural: "Profiles", Prefix: "00e", Fields: join([]Field{name, text("UserType", 40)}, permissionFlags()),
	}, {
		Name: "UserRole", Plural: "Roles", Prefix: "00E", Fields: []Field{name},
	}, {
		Name: "Group", Plural: "Groups", Prefix: "00G", Fields: []Field{name, text("DeveloperName", 80), text("Type", 40)},
	}, {
		Name: "PermissionSet", Plural: "Permission Sets", Prefix: "0PS",
		Fields: join([]Field{name, text("Label", 80), text("Description", 255), lookup("ProfileId", "Profile"), flag("IsOwnedByProfile")}, permissionFlags()),
	}, {
		Name: "PermissionSetAssignment", Plural: "Permission Set Assignments", Prefix: "0Pa",
		Fields: []Field{lookup("PermissionSetId", "PermissionSet"), lookup("AssigneeId", "User")},
	}, {
		Name: "ObjectPermissions", Plural: "Object Permissions", Prefix: "110",
		Fields: []Field{withRelationship(lookup("ParentId", "PermissionSet"), "Parent"), text("SobjectType", 40), flag("PermissionsRead"), flag("PermissionsCreate"),
			flag("PermissionsEdit"), flag("PermissionsDelete"), flag("PermissionsViewAllRecords"), flag("PermissionsModifyAllRecords")},
	}, {
		Name: "FieldPermissions", Plural: "Field Permissions", Prefix: "01k",
		Fields: []Field{withRelationship(lookup("ParentId", "PermissionSet"), "Parent"), text("SobjectType", 40), text("Field", 255), flag("PermissionsRead"), flag("PermissionsEdit")},
	}, {
		Name: "SetupEntityAccess", Plural: "Setup Entity Access", Prefix: "0J0",
		Fields: []Field{withRelationship(lookup("ParentId", "PermissionSet"), "Parent"), lookup("SetupEntityId", "EntityDefinition"), text("SetupEntityType", 40)},
	}, {
		Name: "Account", Plural: "Accounts", Prefix: "001", Mergeable: true,
		Fields: join([]Field{name, picklist("Type", "Prospect", "Customer", "Partner", "Other"), lookup("ParentId", "Account")},
			address("Billing"), address("Shipping"), phone("Phone", "Fax"),
			[]Field{text("AccountNumber", 40), {Name: "Website", Type: TypeURL}, text("Sic", 20), picklist("Industry", "Energy", "Finance", "Technology", "Other"),
				{Name: "AnnualRevenue", Label: "Annual Revenue", Type: TypeDouble}, {Name: "NumberOfEmployees", Label: "Employees", Type: TypeInt},
				{Name: "Description", Type: TypeTextArea, Length: 32000}, owner("User"), text("AccountSource", 40)}),
	}, {
		Name: "Contact", Plural: "Contacts", Prefix: "003", Mergeable: true,
		Fields: join([]Field{lookup("AccountId", "Account")}, personName(), address("Other"), address("Mailing"),
			phone("Phone", "Fax", "MobilePhone", "HomePhone", "OtherPhone", "AssistantPhone"),
			[]Field{lookup("ReportsToId", "Contact"), {Name: "Email", Type: TypeEmail}, text("Title", 128), text("Department", 80),
				text("AssistantName", 40), picklist("LeadSource", "Web", "Phone Inquiry", "Other"), {Name: "Birthdate", Type: TypeDate},
				{Name: "Description", Type: TypeTextArea, Length: 32000}, owner("User"), flag("HasOptedOutOfEmail"), flag("DoNotCall"), flag("IsEmailBounced")}),
	}, {
		Name: "Lead", Plural: "Leads", Prefix: "00Q", Mergeable: true,
		Fields: join(personName(), []Field{text("Title", 128), {Name: "Company", Type: TypeString, Length: 255, Required: true}},
			address(""), phone("Phone", "MobilePhone", "Fax"),
			[]Field{{Name: "Email", Type: TypeEmail}, {Name: "Website", Type: TypeURL}, {Name: "Description", Type: TypeTextArea, Length: 32000},
				picklist("LeadSource", "Web", "Phone Inquiry", "Other"),
				{Name: "Status", Type: TypePicklist, Required: true, Defaulted: true, Default: "Open - Not Contacted", Values: []string{"Open - Not Contacted", "Working - Contacted", "Closed - Converted", "Closed - Not Converted"}},
				picklist("Industry", "Energy", "Finance", "Technology", "Other"), owner("User", "Group"), flag("HasOptedOutOfEmail"), flag("DoNotCall"),
				readOnly(flag("IsConverted")), readOnly(Field{Name: "ConvertedDate", Label: "Converted Date", Type: TypeDate}),
				readOnly(lookup("ConvertedAccountId", "Account")), readOnly(lookup("ConvertedContactId", "Contact")),
				readOnly(lookup("ConvertedOpportunityId", "Opportunity"))}),
	}, {
		Name: "Opportunity", Plural: "Opportunities", Prefix: "006",
		Fields: []Field{name, lookup("AccountId", "Account"), {Name: "StageName", Type: TypePicklist, Required: true, Values: []string{"Prospecting", "Closed Won", "Closed Lost"}},
			{Name: "CloseDate", Type: TypeDate, Required: true}, {Name: "Amount", Type: TypeDouble}, owner("User")},
	}, {
		Name: "CustomNotificationType", Plural: "Custom Notification Types", Prefix: "0ML",
		Fields: []Field{text("DeveloperName", 80), text("MasterLabel", 80), text("CustomNotifTypeName", 80), text("Description", 255), flag("Desktop"), flag("Mobile"), text("NamespacePrefix", 15)},
	}, {
		Name: "PlatformEventChannelMember", Plural: "Platform Event Channel Members", Prefix: "0v8",
		Fields: []Field{text("DeveloperName", 80), text("EventChannel", 80), text("SelectedEntity", 80)},
	}, {
		Name: "EntityDefinition", Plural: "Entity Definitions", Prefix: "4ie",
		Fields: []Field{text("QualifiedApiName", 80), text("Label", 80), text("KeyPrefix", 3)},
	}}
}

func withRelationship(f Field, name string) Field {
	f.Relationship = name
	return f
}

func readOnly(f Field) Field {
	f.ReadOnly = true
	return f
}
