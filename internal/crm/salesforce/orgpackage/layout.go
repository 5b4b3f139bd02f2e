package orgpackage

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// A layout is the package as the Metadata API wants it: one file a component,
// and one file for an object with all of its parts.
type layout struct {
	files      map[string][]byte
	components []Component
}

// A kind is a metadata type whose files are the same in both layouts, but for
// their names.
type kind struct {
	folder string
	suffix string
	name   string
}

func kinds() []kind {
	return []kind{
		{"applications", "app", "CustomApplication"},
		{"customMetadata", "md", "CustomMetadata"},
		{"flexipages", "flexipage", "FlexiPage"},
		{"layouts", "layout", "Layout"},
		{"notificationtypes", "notiftype", "CustomNotificationType"},
		{"permissionsets", "permissionset", "PermissionSet"},
		{"platformEventChannelMembers", "platformEventChannelMember", "PlatformEventChannelMember"},
		{"tabs", "tab", "CustomTab"},
	}
}

// A part is a metadata type that has files of its own in source format, and
// stands in its object's file in the other.
type part struct {
	folder  string // below the object's folder
	suffix  string
	name    string
	element string // in the object's file
}

func parts() []part {
	return []part{
		{"compactLayouts", "compactLayout", "CompactLayout", "compactLayouts"},
		{"fields", "field", "CustomField", "fields"},
		{"listViews", "listView", "ListView", "listViews"},
	}
}

// layout converts the package directories that o asks for.
func (o Options) layout(project fs.FS) (*layout, error) {
	l := &layout{files: map[string][]byte{}}
	directories := []string{mainDirectory}
	if o.ChangeDataCapture {
		directories = append(directories, captureDirectory)
	}
	for _, dir := range directories {
		main, err := fs.Sub(project, path.Join(dir, "main", "default"))
		if err != nil {
			return nil, err
		}
		if err := l.add(main, o.leftOut); err != nil {
			return nil, fmt.Errorf("package directory %s: %w", dir, err)
		}
	}
	slices.SortFunc(l.components, Component.compare)
	return l, nil
}

// add converts one package directory.
func (l *layout) add(main fs.FS, leftOut func(Component) bool) error {
	objects := map[string]*element{}
	err := fs.WalkDir(main, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(main, name)
		if err != nil {
			return err
		}
		if rest, ok := strings.CutPrefix(name, "objects/"); ok {
			if err := l.addPart(objects, rest, text); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			return nil
		}
		file, component, err := placeOf(name)
		if err != nil {
			return err
		}
		if !leftOut(component) {
			l.files[file] = text
			l.components = append(l.components, component)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for name, object := range objects {
		// As the Metadata API itself writes an object.
		slices.SortStableFunc(object.children, func(a, b element) int { return strings.Compare(a.name, b.name) })
		l.files["objects/"+name+".object"] = object.document()
	}
	return nil
}

// placeOf returns where the file called name in source format belongs, and what
// it is.
func placeOf(name string) (string, Component, error) {
	folder, base := path.Split(name)
	for _, k := range kinds() {
		if folder != k.folder+"/" {
			continue
		}
		if member, ok := strings.CutSuffix(base, "."+k.suffix+"-meta.xml"); ok {
			return folder + member + "." + k.suffix, Component{k.name, member}, nil
		}
	}
	return "", Component{}, fmt.Errorf("%s: no metadata type has such a file", name)
}

// addPart puts the file called name below objects into its object.
func (l *layout) addPart(objects map[string]*element, name string, text []byte) error {
	e, err := parseElement(text)
	if err != nil {
		return err
	}
	owner, rest, _ := strings.Cut(name, "/")
	object := objects[owner]
	if object == nil {
		object = &element{name: "CustomObject"}
		objects[owner] = object
	}
	if rest == owner+".object-meta.xml" && e.name == "CustomObject" {
		object.children = append(object.children, e.children...)
		l.components = append(l.components, Component{"CustomObject", owner})
		return nil
	}
	for _, p := range parts() {
		if member := e.childText("fullName"); e.name == p.name && rest == p.folder+"/"+member+"."+p.suffix+"-meta.xml" {
			object.children = append(object.children, element{name: p.element, children: e.children})
			l.components = append(l.components, Component{p.name, owner + "." + member})
			return nil
		}
	}
	return fmt.Errorf("a %s called %q has no such file", e.name, e.childText("fullName"))
}
