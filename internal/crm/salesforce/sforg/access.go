package sforg

import (
	"strings"
)

// A Profile is what a user may do before any permission set adds to it.
type Profile string

// The profiles of the org.
const (
	// SystemAdministrator sees and does everything.
	SystemAdministrator Profile = "System Administrator"
	// StandardUser works with Accounts, Contacts, Leads and Opportunities and
	// their standard fields, by the API too. What was made for this org takes a
	// permission set.
	StandardUser Profile = "Standard User"
	// MinimumAccess uses the API, and sees what everybody does: users, and what
	// the org is called.
	MinimumAccess Profile = "Minimum Access - API Only Integrations"
)

// Names of user permissions. Who lacks ViewAllData sees of a private object the
// records of which they are the owner, unless they have View All of it.
const (
	APIEnabled              = "ApiEnabled"
	SendCustomNotifications = "SendCustomNotifications"
	ViewAllData             = "ViewAllData"
	modifyAllData           = "ModifyAllData"
	viewSetup               = "ViewSetup"
	customizeApplication    = "CustomizeApplication"
	modifyMetadata          = "ModifyMetadata"
)

// permissionFlags are the columns of user permissions that Profile and
// PermissionSet have.
func permissionFlags() []Field {
	var fields []Field
	for _, name := range []string{ViewAllData, modifyAllData, APIEnabled, SendCustomNotifications, viewSetup, customizeApplication} {
		fields = append(fields, flag("Permissions"+name))
	}
	return fields
}

// rights are what a user may do with an object, or with a field.
type rights struct{ read, create, edit, remove, viewAll, modifyAll bool }

func (a rights) or(b rights) rights {
	return rights{a.read || b.read, a.create || b.create, a.edit || b.edit, a.remove || b.remove, a.viewAll || b.viewAll, a.modifyAll || b.modifyAll}
}

// grants is what a user's profile and permission sets give together: none takes
// away what another gives.
type grants struct {
	profile Profile
	user    map[string]bool   // user permissions
	objects map[string]rights // by name in lower case
	fields  map[string]rights // by object.field in lower case
	types   map[string]bool   // custom metadata types, in lower case
}

// grants returns what is given to the user. The caller holds the org's lock.
func (u *User) grants() *grants {
	o := u.org
	if g := o.granted[u.ID]; g != nil {
		return g
	}
	g := &grants{user: map[string]bool{}, objects: map[string]rights{}, fields: map[string]rights{}, types: map[string]bool{}}
	o.granted[u.ID] = g
	users, profiles, sets, entities := o.object("User"), o.object("Profile"), o.object("PermissionSet"), o.object("EntityDefinition")
	if r := users.find(u.ID); r != nil {
		if p := profiles.find(r.text(users, "ProfileId")); p != nil {
			g.profile = Profile(p.text(profiles, "Name"))
			g.addFlags(profiles, p)
		}
	}
	if g.profile == StandardUser {
		for _, name := range []string{"account", "contact", "lead", "opportunity"} {
			g.objects[name] = rights{read: true, create: true, edit: true, remove: true}
		}
	}
	yes := func(ob *object, r *row, right string) bool {
		return r.raw(ob.field("Permissions"+right).ordinal) == true
	}
	o.rowsOf("PermissionSetAssignment", "AssigneeId", u.ID, func(ob *object, assigned *row) {
		id := assigned.text(ob, "PermissionSetId")
		if set := sets.find(id); set != nil && !set.deleted {
			g.addFlags(sets, set)
		}
		o.rowsOf("ObjectPermissions", "ParentId", id, func(ob *object, r *row) {
			name := strings.ToLower(r.text(ob, "SobjectType"))
			g.objects[name] = g.objects[name].or(rights{yes(ob, r, "Read"), yes(ob, r, "Create"), yes(ob, r, "Edit"), yes(ob, r, "Delete"),
				yes(ob, r, "ViewAllRecords"), yes(ob, r, "ModifyAllRecords")})
		})
		o.rowsOf("FieldPermissions", "ParentId", id, func(ob *object, r *row) {
			name := strings.ToLower(r.text(ob, "Field"))
			g.fields[name] = g.fields[name].or(rights{read: yes(ob, r, "Read"), edit: yes(ob, r, "Edit")})
		})
		o.rowsOf("SetupEntityAccess", "ParentId", id, func(ob *object, r *row) {
			if e := entities.find(r.text(ob, "SetupEntityId")); e != nil {
				g.types[strings.ToLower(e.text(entities, "QualifiedApiName"))] = true
			}
		})
	})
	return g
}

func (g *grants) addFlags(ob *object, r *row) {
	for _, f := range ob.fields {
		if name, ok := strings.CutPrefix(f.Name, "Permissions"); ok && r.raw(f.ordinal) == true {
			g.user[name] = true
		}
	}
}

// rowsOf calls f with the live rows of a setup object that name an id in a field.
func (o *Org) rowsOf(name, field, id string, f func(*object, *row)) {
	ob := o.object(name)
	for _, r := range ob.rows {
		if r != nil && !r.deleted && r.text(ob, field) == id {
			f(ob, r)
		}
	}
}

// guardsAccess reports whether an object says who may do what: only who views
// the setup reads it, and a write to it changes what is granted.
func guardsAccess(name string) bool {
	switch name {
	case "PermissionSet", "PermissionSetAssignment", "ObjectPermissions", "FieldPermissions", "SetupEntityAccess":
		return true
	}
	return false
}

// regrant forgets who may do what, because a record of ob was written.
func (o *Org) regrant(ob *object) {
	if guardsAccess(ob.Name) || ob.Name == "User" {
		clear(o.granted)
		o.regranted = instantOf(o.now())
	}
}

// secured reports whether profiles and permission sets say who may use the
// object. The others everybody reads, and the administrator writes.
func (ob *object) secured() bool {
	return !ob.Metadata && (ob.field("OwnerId") != nil || strings.HasSuffix(ob.Name, "__c"))
}

// securable returns the name under which field-level security knows a field, and
// whether it does: neither a system field nor a required one nor a person's name
// can be hidden. A part of an address goes with the whole, and a field of a
// person account with that of its contact.
func (ob *object) securable(f *Field) (string, bool) {
	switch {
	case !ob.secured(), f.ordinal < systemFields, f.Required && f.Type != TypeBoolean, f.ReadOnly, f.Name == "OwnerId",
		f.Name == "Name", f.Compound == "Name", f.Name == "FirstName", f.Name == "LastName":
		return "", false
	case f.Compound != "":
		return strings.ToLower(ob.Name + "." + f.Compound), true
	case ob.Name == "Account" && strings.HasPrefix(f.Name, "Person"):
		return strings.ToLower("Contact." + strings.TrimPrefix(f.Name, "Person")), true
	}
	return strings.ToLower(ob.Name + "." + f.Name), true
}

// Deny takes something away from a user that no permission set gives back: a
// user permission such as SendCustomNotifications; a whole object, as "Lead"; a
// field, as "Contact.Phone", which then does not exist for them; or writing a
// field, as "Contact.Phone:edit".
func (u *User) Deny(what string) {
	u.org.mu.Lock()
	defer u.org.mu.Unlock()
	if u.denied == nil {
		u.denied = map[string]bool{}
	}
	u.denied[strings.ToLower(what)] = true
}

// Allow gives back what Deny took.
func (u *User) Allow(what string) {
	u.org.mu.Lock()
	defer u.org.mu.Unlock()
	delete(u.denied, strings.ToLower(what))
}

func (u *User) isDenied(what string) bool {
	return len(u.denied) > 0 && u.denied[strings.ToLower(what)]
}

func (u *User) administers() bool { return u.grants().profile == SystemAdministrator }

// seesAllThereIs reports whether nothing at all is hidden from the user.
func (u *User) seesAllThereIs() bool { return len(u.denied) == 0 && u.administers() }

func (u *User) may(permission string) bool {
	return !u.isDenied(permission) && (u.administers() || u.grants().user[permission])
}

// rights returns what the user may do with an object.
func (u *User) rights(ob *object) rights {
	g := u.grants()
	switch {
	case u.isDenied(ob.Name):
		return rights{}
	case u.administers():
		return rights{true, true, true, true, u.may(ViewAllData), u.may(modifyAllData)}
	case ob.secured():
		view, modify := u.may(ViewAllData), u.may(modifyAllData)
		return g.objects[strings.ToLower(ob.Name)].or(rights{view || modify, modify, modify, modify, view || modify, modify})
	case ob.Metadata:
		return rights{read: g.types[strings.ToLower(ob.Name)] || u.may(customizeApplication)}
	}
	return rights{read: !guardsAccess(ob.Name) || u.may(viewSetup)}
}

func (u *User) seesObject(ob *object) bool { return u.rights(ob).read }

// seesAll reports whether the user sees every record of an object.
func (u *User) seesAll(ob *object) bool { return !ob.Private || u.rights(ob).viewAll }

func (u *User) owns(ob *object, r *row) bool {
	f := ob.field("OwnerId")
	return f == nil || r.raw(f.ordinal) == u.ID
}

func (u *User) seesRow(ob *object, r *row) bool { return u.seesAll(ob) || u.owns(ob, r) }

func (u *User) editsRow(ob *object, r *row) bool {
	return !ob.Private || u.owns(ob, r) || u.rights(ob).modifyAll
}

// fieldRights returns what the user may do with a field of an object that they
// see.
func (u *User) fieldRights(ob *object, f *Field) rights {
	a := rights{read: true, edit: true}
	if u.seesAllThereIs() {
		return a
	}
	g := u.grants()
	if name, ok := ob.securable(f); ok && g.profile != SystemAdministrator && (g.profile != StandardUser || f.Custom()) {
		a = g.fields[name]
	}
	whole := ob.Name + "." + f.Name
	a.read = a.read && !u.isDenied(whole)
	a.edit = a.edit && a.read && !u.isDenied(whole+":edit")
	return a
}

func (u *User) sees(ob *object, f *Field) bool { return u.fieldRights(ob, f).read }

func (u *User) edits(ob *object, f *Field) bool { return u.fieldRights(ob, f).edit }
