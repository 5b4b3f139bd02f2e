package sforg

import (
	"encoding/xml"
	"path"
	"strings"
)

// metaRecord is a record of a custom metadata type.
type metaRecord struct {
	Label  string `xml:"label"`
	Values []struct {
		Field string `xml:"field"`
		Value struct {
			Type string `xml:"http://www.w3.org/2001/XMLSchema-instance type,attr"`
			Nil  bool   `xml:"http://www.w3.org/2001/XMLSchema-instance nil,attr"`
			Text string `xml:",chardata"`
		} `xml:"value"`
	} `xml:"values"`
}

type metaNotification struct {
	Name        string `xml:"customNotifTypeName"`
	Label       string `xml:"masterLabel"`
	Description string `xml:"description"`
	Desktop     string `xml:"desktop"`
	Mobile      string `xml:"mobile"`
}

type metaPermissionSet struct {
	Label       string `xml:"label"`
	Description string `xml:"description"`
	Permissions []struct {
		Name    string `xml:"name"`
		Enabled bool   `xml:"enabled"`
	} `xml:"userPermissions"`
	Objects []struct {
		Object    string `xml:"object"`
		Create    bool   `xml:"allowCreate"`
		Delete    bool   `xml:"allowDelete"`
		Edit      bool   `xml:"allowEdit"`
		Read      bool   `xml:"allowRead"`
		ModifyAll bool   `xml:"modifyAllRecords"`
		ViewAll   bool   `xml:"viewAllRecords"`
	} `xml:"objectPermissions"`
	Fields []struct {
		Field    string `xml:"field"`
		Editable bool   `xml:"editable"`
		Readable bool   `xml:"readable"`
	} `xml:"fieldPermissions"`
	Types []struct {
		Name    string `xml:"name"`
		Enabled bool   `xml:"enabled"`
	} `xml:"customMetadataTypeAccesses"`
}

type metaMember struct {
	Channel string `xml:"eventChannel"`
	Entity  string `xml:"selectedEntity"`
}

// kinds are the other components that a deploy takes, by their file's suffix.
// Those that change nothing that the API shows are only looked at.
func otherKind(suffix string) string {
	return map[string]string{"tab": "CustomTab", "layout": "Layout", "flexipage": "FlexiPage", "app": "CustomApplication", "listView": "ListView",
		"compactLayout": "CompactLayout", "recordType": "RecordType", "validationRule": "ValidationRule", "webLink": "WebLink", "quickAction": "QuickAction",
		"globalValueSet": "GlobalValueSet", "labels": "CustomLabels", "platformEventChannel": "PlatformEventChannel"}[suffix]
}

// rest reads what is neither an object nor a field.
func (in *installer) rest(file string, text []byte) {
	name := strings.TrimSuffix(path.Base(file), "-meta.xml")
	dot := strings.LastIndexByte(name, '.')
	if in.done[file] || dot < 0 {
		return
	}
	name, suffix := name[:dot], name[dot+1:]
	switch suffix {
	case "md":
		in.customMetadata(component{"CustomMetadata", name, file}, text)
	case "notiftype":
		in.notificationType(component{"CustomNotificationType", name, file}, text)
	case "permissionset":
		in.permissionSet(component{"PermissionSet", name, file}, text)
	case "platformEventChannelMember":
		in.channelMember(component{"PlatformEventChannelMember", name, file}, text)
	default:
		kind := otherKind(suffix)
		if kind == "" {
			return // package.xml, sfdx-project.json, a note
		}
		if path.Base(path.Dir(file)) == "listViews" || path.Base(path.Dir(file)) == "compactLayouts" {
			name = path.Base(path.Dir(path.Dir(file))) + "." + name
		}
		c := in.add(component{kind, name, file})
		var any struct{}
		in.read(c, text, &any)
	}
}

func (in *installer) customMetadata(c component, text []byte) {
	in.add(c)
	var m metaRecord
	if !in.read(c, text, &m) {
		return
	}
	kind, developerName, ok := strings.Cut(c.name, ".")
	kind += "__mdt"
	if !ok || !in.has(kind, "DeveloperName") {
		in.fail(c, "the custom metadata type %s does not exist: a record's file is called TYPE.RECORD.md, without __mdt", kind)
		return
	}
	fields := map[string]any{"DeveloperName": developerName, "MasterLabel": m.Label, "Label": m.Label, "QualifiedApiName": developerName, "Language": "en_US"}
	for _, v := range m.Values {
		if !in.has(kind, v.Field) {
			in.fail(c, "Unable to find custom metadata field %s.%s", kind, v.Field)
			continue
		}
		if v.Value.Nil {
			fields[v.Field] = nil
			continue
		}
		if v.Value.Type == "" {
			in.fail(c, "the value of %s has no xsi:type", v.Field)
		}
		fields[v.Field] = strings.TrimSpace(v.Value.Text)
	}
	in.actions = append(in.actions, func() { in.write(kind, []string{"DeveloperName"}, fields) })
}

func (in *installer) notificationType(c component, text []byte) {
	in.add(c)
	var m metaNotification
	if !in.read(c, text, &m) {
		return
	}
	if m.Name == "" || m.Label == "" || m.Desktop == "" || m.Mobile == "" {
		in.fail(c, "Required fields are missing: customNotifTypeName, desktop, masterLabel and mobile")
		return
	}
	in.actions = append(in.actions, func() {
		in.write("CustomNotificationType", []string{"DeveloperName"}, map[string]any{"DeveloperName": c.name, "MasterLabel": m.Label, "CustomNotifTypeName": m.Name,
			"Description": m.Description, "Desktop": m.Desktop == "true", "Mobile": m.Mobile == "true"})
	})
}

func (in *installer) channelMember(c component, text []byte) {
	in.add(c)
	var m metaMember
	if !in.read(c, text, &m) {
		return
	}
	object, ok := strings.CutSuffix(m.Entity, "ChangeEvent")
	if strings.HasSuffix(object, "__") {
		object += "c"
	}
	if !ok || m.Channel == "" || !in.has(object, "Id") && !in.willHave(object) {
		in.fail(c, "The selected entity, %s, isn't valid", m.Entity)
		return
	}
	in.actions = append(in.actions, func() {
		in.write("PlatformEventChannelMember", []string{"DeveloperName"}, map[string]any{"DeveloperName": c.name, "EventChannel": m.Channel, "SelectedEntity": m.Entity})
	})
}

func (in *installer) willHave(object string) bool {
	for _, ob := range in.objects {
		if strings.EqualFold(ob.Name, object) {
			return true
		}
	}
	return false
}

func (in *installer) permissionSet(c component, text []byte) {
	in.add(c)
	var m metaPermissionSet
	if !in.read(c, text, &m) {
		return
	}
	if m.Label == "" {
		in.fail(c, "Required fields are missing: [Label]")
	}
	set := map[string]any{"Name": c.name, "Label": m.Label, "Description": m.Description}
	for _, f := range permissionFlags() {
		set[f.Name] = false
	}
	for _, p := range m.Permissions {
		field := "Permissions" + p.Name
		if in.o.object("PermissionSet").field(field) == nil && p.Name != "ActivitiesAccess" && p.Name != "RunReports" {
			in.fail(c, "Unknown user permission: %s", p.Name)
			continue
		}
		if in.o.object("PermissionSet").field(field) != nil {
			set[field] = p.Enabled
		}
	}
	for _, ob := range m.Objects {
		if in.o.object(ob.Object) == nil && !in.willHave(ob.Object) {
			in.fail(c, "In field: object - no CustomObject named %s found", ob.Object)
		}
		if ob.ViewAll && !ob.Read || ob.ModifyAll && !(ob.ViewAll && ob.Edit && ob.Delete) || (ob.Create || ob.Edit) && !ob.Read || ob.Delete && !ob.Edit {
			in.fail(c, "Permission of %s depends on another that is not granted", ob.Object)
		}
	}
	for _, f := range m.Fields {
		object, field, _ := strings.Cut(f.Field, ".")
		if !in.has(object, field) {
			in.fail(c, "In field: field - no CustomField named %s found", f.Field)
		} else if in.required(object, field) {
			in.fail(c, "You cannot deploy to a required field: %s", f.Field)
		}
	}
	for _, kind := range m.Types {
		if in.o.object(kind.Name) == nil && !in.willHave(kind.Name) {
			in.fail(c, "In field: customMetadataType - no CustomObject named %s found", kind.Name)
		}
	}
	in.actions = append(in.actions, func() {
		id := in.write("PermissionSet", []string{"Name"}, set)
		in.clear(id) // a deploy says all that the set grants
		for _, ob := range m.Objects {
			in.write("ObjectPermissions", []string{"ParentId", "SobjectType"}, map[string]any{"ParentId": id, "SobjectType": ob.Object, "PermissionsRead": ob.Read,
				"PermissionsCreate": ob.Create, "PermissionsEdit": ob.Edit, "PermissionsDelete": ob.Delete, "PermissionsViewAllRecords": ob.ViewAll, "PermissionsModifyAllRecords": ob.ModifyAll})
		}
		for _, f := range m.Fields {
			object, _, _ := strings.Cut(f.Field, ".")
			in.write("FieldPermissions", []string{"ParentId", "Field"}, map[string]any{"ParentId": id, "SobjectType": object, "Field": f.Field, "PermissionsRead": f.Readable, "PermissionsEdit": f.Editable})
		}
		for _, kind := range m.Types {
			if kind.Enabled {
				in.o.rowsOf("EntityDefinition", "QualifiedApiName", kind.Name, func(_ *object, r *row) {
					in.write("SetupEntityAccess", []string{"ParentId", "SetupEntityId"}, map[string]any{"ParentId": id, "SetupEntityId": r.id, "SetupEntityType": "CustomEntityDefinition"})
				})
			}
		}
	})
}

// clear takes everything out of a permission set that an earlier deploy granted
// by it.
func (in *installer) clear(set string) {
	t := in.o.begin(actor{user: in.o.admin, system: true})
	for _, name := range []string{"ObjectPermissions", "FieldPermissions", "SetupEntityAccess"} {
		in.o.rowsOf(name, "ParentId", set, func(ob *object, r *row) {
			if err := t.remove(ob, r.id); err != nil {
				in.o.log.Warn("clear a permission set", "object", name, "error", err)
			}
		})
	}
	t.commit()
}

// required reports whether a field is required, so that no permission set may
// name it.
func (in *installer) required(object, field string) bool {
	for _, ob := range in.objects {
		if !strings.EqualFold(ob.Name, object) {
			continue
		}
		for _, f := range ob.Fields {
			if strings.EqualFold(f.Name, field) {
				return f.Required && f.Type != TypeBoolean
			}
		}
	}
	f := in.o.object(object).field(field)
	return f.Required && f.Type != TypeBoolean || f.ordinal < systemFields
}

// listed checks package.xml against what the zip holds.
func (in *installer) listed(file string, manifest []byte) {
	var m struct {
		Types []struct {
			Name    string   `xml:"name"`
			Members []string `xml:"members"`
		} `xml:"types"`
		Version string `xml:"version"`
	}
	if err := xml.Unmarshal(manifest, &m); err != nil {
		in.fail(component{"", "package.xml", file}, "Error parsing file: %v", err)
		return
	}
	have := map[string]bool{}
	for _, c := range in.components {
		have[c.kind+"/"+c.name] = true
	}
	for _, t := range m.Types {
		for _, member := range t.Members {
			inside := t.Name == "ListView" || t.Name == "CompactLayout" || t.Name == "CustomField" // in an object's file
			if t.Name == "CustomObject" && in.o.object(member) != nil {
				continue // a standard one, or one that is there and stays as it is
			}
			if member != "*" && !inside && !have[t.Name+"/"+member] {
				in.fail(component{t.Name, member, "package.xml"}, "An object '%s' of type %s was named in package.xml, but was not found in zipped directory", member, t.Name)
			}
		}
	}
}
