package sforg

import (
	"encoding/xml"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
)

// installer reads a package and gathers what it will do to the org.
type installer struct {
	o          *Org
	files      map[string][]byte
	components []component
	failures   []failure
	objects    []Object // in order
	actions    []func()
	done       map[string]bool // files
}

func (in *installer) fail(c component, format string, args ...any) {
	in.failures = append(in.failures, failure{c, fmt.Sprintf(format, args...)})
}

// base takes the suffixes of both formats off a file's name.
func base(name string, suffix string) (string, bool) {
	b := path.Base(name)
	b = strings.TrimSuffix(b, "-meta.xml")
	return strings.CutSuffix(b, "."+suffix)
}

// read parses a file, whose root element has to be the kind of its component.
func (in *installer) read(c component, text []byte, v any) bool {
	d := xml.NewDecoder(strings.NewReader(string(text)))
	root := ""
	for {
		t, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			in.fail(c, "Error parsing file: %v", err)
			return false
		}
		if s, ok := t.(xml.StartElement); ok && root == "" {
			root = s.Name.Local
			if s.Name.Space != "http://soap.sforce.com/2006/04/metadata" {
				in.fail(c, "Error parsing file: the root element is not in the namespace http://soap.sforce.com/2006/04/metadata")
				return false
			}
		}
	}
	if root != c.kind {
		in.fail(c, "Entity type: '%s' is unknown for a file of %s", root, c.kind)
		return false
	}
	if err := xml.Unmarshal(text, v); err != nil {
		in.fail(c, "Error parsing file: %v", err)
		return false
	}
	return true
}

func (in *installer) add(c component) component {
	in.components = append(in.components, c)
	in.mark(c.file)
	return c
}

// mark notes that a file has been read.
func (in *installer) mark(file string) {
	if in.done == nil {
		in.done = map[string]bool{}
	}
	in.done[file] = true
}

// pending returns what the package defines of an object so far.
func (in *installer) pending(name string) *Object {
	for i := range in.objects {
		if strings.EqualFold(in.objects[i].Name, name) {
			return &in.objects[i]
		}
	}
	in.objects = append(in.objects, Object{Name: name, Metadata: strings.HasSuffix(name, "__mdt")})
	return &in.objects[len(in.objects)-1]
}

func (in *installer) object(file string, text []byte) {
	name, ok := base(file, "object")
	if !ok {
		if name, ok = base(file, "object-meta"); !ok {
			return
		}
	}
	c := component{"CustomObject", name, file}
	in.mark(file)
	if custom := strings.Contains(name, "__"); custom { // of a standard object only the fields are components
		in.add(c)
	}
	var m metaObject
	if !in.read(c, text, &m) {
		return
	}
	custom := strings.HasSuffix(name, "__c")
	metadata := strings.HasSuffix(name, "__mdt")
	if !custom && !metadata && in.o.object(name) == nil {
		in.fail(c, "sObject type '%s' is not supported.", name)
		return
	}
	ob := in.pending(name)
	ob.Label, ob.Plural, ob.Private = m.Label, m.Plural, m.Sharing == "Private"
	isNew := in.o.object(name) == nil
	switch {
	case custom && m.Label == "":
		in.fail(c, "Must specify a label for the CustomObject")
	case custom && isNew && m.NameField == nil:
		in.fail(c, "Must specify a nameField for the CustomObject")
	case custom && isNew && m.Sharing == "":
		in.fail(c, "Must specify a sharingModel for the CustomObject")
	}
	if custom && isNew && m.NameField != nil {
		f := Field{Name: "Name", Label: m.NameField.Label, Type: TypeString, Length: 80}
		switch m.NameField.Type {
		case "AutoNumber":
			ob.AutoName = m.NameField.Format
			f.Required, f.Defaulted = true, true
		case "Text":
			// It is not required: a record without one is named by its id.
		default:
			in.fail(c, "'%s' is not a valid type of a nameField", m.NameField.Type)
		}
		ob.Fields = append(ob.Fields, f, owner("User", "Group"))
	}
	if metadata && isNew {
		ob.Fields = append(ob.Fields, text255("DeveloperName"), text255("MasterLabel"), text255("Label"), text255("QualifiedApiName"), text255("NamespacePrefix"), text255("Language"))
	}
	for _, mf := range m.Fields {
		in.addField(component{"CustomField", name + "." + mf.FullName, file}, name, mf)
	}
}

func text255(name string) Field { return text(name, 255) }

// field reads a field's file of the source format.
func (in *installer) field(file string, text []byte) {
	name, ok := base(file, "field")
	if !ok || path.Base(path.Dir(file)) != "fields" {
		return
	}
	object := path.Base(path.Dir(path.Dir(file)))
	c := component{"CustomField", object + "." + name, file}
	var m metaField
	in.mark(file)
	if !in.read(c, text, &m) {
		in.components = append(in.components, c)
		return
	}
	if m.FullName != name {
		in.fail(c, "the file is called %s, its fullName is %s", name, m.FullName)
	}
	in.addField(c, object, m)
}

func (in *installer) addField(c component, object string, m metaField) {
	in.components = append(in.components, c)
	if !strings.HasSuffix(m.FullName, "__c") && in.o.object(object) != nil && in.o.object(object).field(m.FullName) != nil {
		return // a standard field's settings
	}
	f, err := m.field(strings.HasSuffix(object, "__mdt"))
	if err != nil {
		in.fail(c, "%v", err)
		return
	}
	known := in.o.object(object) != nil || slices.ContainsFunc(in.objects, func(o Object) bool { return strings.EqualFold(o.Name, object) })
	if !known {
		in.fail(c, "Entity of type 'CustomObject' named '%s' cannot be found", object)
		return
	}
	ob := in.pending(object)
	ob.Fields = append(ob.Fields, f)
	for _, to := range f.ReferenceTo {
		if in.o.object(to) == nil && !slices.ContainsFunc(in.objects, func(o Object) bool { return o.Name == to }) {
			in.fail(c, "referenceTo value of '%s' does not resolve to a valid sObject type", to)
		}
	}
}

// has reports whether a field is in the org or will be.
func (in *installer) has(object, field string) bool {
	for _, ob := range in.objects {
		if strings.EqualFold(ob.Name, object) && slices.ContainsFunc(ob.Fields, func(f Field) bool { return strings.EqualFold(f.Name, field) }) {
			return true
		}
	}
	ob := in.o.object(object)
	return ob != nil && ob.field(field) != nil
}

// apply does what was gathered.
func (in *installer) apply() {
	for _, ob := range in.objects {
		isNew := in.o.object(ob.Name) == nil
		if err := in.o.define(ob); err != nil {
			in.o.log.Warn("define an object", "object", ob.Name, "error", err)
			continue
		}
		if isNew {
			got := in.o.object(ob.Name)
			in.write("EntityDefinition", []string{"QualifiedApiName"}, map[string]any{"QualifiedApiName": ob.Name, "Label": got.Label, "KeyPrefix": got.Prefix})
		}
	}
	for _, f := range in.actions {
		f()
	}
}

// write makes the record of a setup object, or changes the one that has the same
// values in the fields of a key.
func (in *installer) write(name string, key []string, fields map[string]any) string {
	t := in.o.begin(actor{user: in.o.admin, system: true})
	ob := in.o.object(name)
	id := ""
	for _, r := range ob.rows {
		if r != nil && !r.deleted && !slices.ContainsFunc(key, func(k string) bool { return !strings.EqualFold(r.text(ob, k), fmt.Sprint(fields[k])) }) {
			id = r.id
		}
	}
	var err *Error
	if id != "" {
		err = t.update(ob, id, fields)
	} else {
		id, err = t.create(ob, fields)
	}
	if err != nil {
		t.rollback(0)
		in.o.log.Warn("write a setup record", "object", name, "error", err)
		return ""
	}
	t.commit()
	return id
}
