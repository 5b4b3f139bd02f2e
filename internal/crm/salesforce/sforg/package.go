package sforg

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// What an uploaded zip may hold: no more than the Metadata API takes, so that a
// small one cannot unfold into a large one.
const (
	maxFiles    = 10_000
	maxFile     = 10 << 20
	maxUnzipped = 400 << 20
)

// A component is a piece of metadata in a package.
type component struct {
	kind string // CustomObject, CustomField …
	name string // full name
	file string
}

// InstallPackage deploys a package from a folder in source format (that of
// sfdx-project.json, or any folder below it) or in metadata format, as a deploy
// by the admin would.
func (o *Org) InstallPackage(fsys fs.FS) error {
	files := map[string][]byte{}
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(fsys, name)
		files[name] = text
		return err
	})
	if err != nil {
		return fmt.Errorf("read the package: %w", err)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	_, failures := o.install(files, false)
	if len(failures) > 0 {
		return fmt.Errorf("install the package: %s: %s", failures[0].file, failures[0].problem)
	}
	return nil
}

// unzip reads an uploaded package within the bounds.
func unzip(data []byte) (map[string][]byte, error) {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, fmt.Errorf("the package is no zip file: %w", err)
	}
	if len(z.File) > maxFiles {
		return nil, fmt.Errorf("the package has more than %d files", maxFiles)
	}
	files := map[string][]byte{}
	total := int64(0)
	for _, f := range z.File {
		if f.FileInfo().IsDir() {
			continue
		}
		r, err := f.Open()
		if err != nil {
			return nil, fmt.Errorf("open %s: %w", f.Name, err)
		}
		text, err := io.ReadAll(io.LimitReader(r, maxFile+1))
		if closeErr := r.Close(); err == nil {
			err = closeErr
		}
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", f.Name, err)
		}
		if total += int64(len(text)); len(text) > maxFile || total > maxUnzipped {
			return nil, fmt.Errorf("the package is too large unzipped, at %s", f.Name)
		}
		files[path.Clean(f.Name)] = text
	}
	return files, nil
}

// A failure is a component that a deploy refuses.
type failure struct {
	component
	problem string
}

// metaField is a field of a custom object in a package.
type metaField struct {
	FullName      string    `xml:"fullName"`
	Label         string    `xml:"label"`
	Type          string    `xml:"type"`
	Length        int       `xml:"length"`
	ExternalID    bool      `xml:"externalId"`
	Unique        bool      `xml:"unique"`
	CaseSensitive bool      `xml:"caseSensitive"`
	Required      bool      `xml:"required"`
	DefaultValue  string    `xml:"defaultValue"`
	ReferenceTo   []string  `xml:"referenceTo"`
	Relationship  string    `xml:"relationshipName"`
	ValueSet      *valueSet `xml:"valueSet"`
	Precision     int       `xml:"precision"`
	Scale         int       `xml:"scale"`
	DeleteRule    string    `xml:"deleteConstraint"`
}

type valueSet struct {
	Restricted bool `xml:"restricted"`
	Definition struct {
		Values []struct {
			FullName string `xml:"fullName"`
			Default  bool   `xml:"default"`
		} `xml:"value"`
	} `xml:"valueSetDefinition"`
}

type metaObject struct {
	Label      string `xml:"label"`
	Plural     string `xml:"pluralLabel"`
	Sharing    string `xml:"sharingModel"`
	Deployment string `xml:"deploymentStatus"`
	NameField  *struct {
		Label  string `xml:"label"`
		Type   string `xml:"type"`
		Format string `xml:"displayFormat"`
	} `xml:"nameField"`
	Fields []metaField `xml:"fields"`
}

// fieldTypes maps the metadata API's field types to those of describe.
func fieldType(t string) (FieldType, bool) {
	m := map[string]FieldType{"Text": TypeString, "Phone": TypePhone, "Email": TypeEmail, "Url": TypeURL, "TextArea": TypeTextArea,
		"LongTextArea": TypeTextArea, "Html": TypeTextArea, "Checkbox": TypeBoolean, "Number": TypeDouble, "Currency": TypeDouble, "Percent": TypeDouble,
		"Date": TypeDate, "DateTime": TypeDateTime, "Lookup": TypeReference, "MasterDetail": TypeReference, "Picklist": TypePicklist,
		"MetadataRelationship": TypeReference}
	got, ok := m[t]
	return got, ok
}

// componentProblem is what Salesforce says of a component, in its own words.
type componentProblem string

func (p componentProblem) Error() string { return string(p) }

// field turns a package's field into one of the org.
func (m metaField) field(metadataType bool) (Field, error) {
	kind, ok := fieldType(m.Type)
	if !ok {
		return Field{}, fmt.Errorf("'%s' is not a valid value for the enum 'FieldType'", m.Type)
	}
	if m.FullName == "" || m.Label == "" {
		return Field{}, componentProblem("Required field is missing: label")
	}
	if !strings.HasSuffix(m.FullName, "__c") {
		return Field{}, fmt.Errorf("the name of a custom field ends in __c: %s", m.FullName)
	}
	f := Field{Name: m.FullName, Label: m.Label, Type: kind, Length: m.Length, Required: m.Required, ExternalID: m.ExternalID, Unique: m.Unique,
		CaseSensitive: m.CaseSensitive, ReferenceTo: m.ReferenceTo}
	if m.Relationship != "" {
		f.Children = m.Relationship + "__r"
	}
	switch {
	case m.Type == "Text" && (m.Length < 1 || m.Length > 255):
		return f, componentProblem("Must specify 'length' for a CustomField of type Text")
	case m.Type == "LongTextArea" && (m.Length < 256 || m.Length > 131072):
		return f, componentProblem("Must specify 'length' between 256 and 131,072 for a CustomField of type LongTextArea")
	case m.Type == "Checkbox":
		if m.DefaultValue == "" {
			return f, componentProblem("Must specify 'defaultValue' for a CustomField of type Checkbox")
		}
		f.Required, f.Defaulted, f.Default = true, true, m.DefaultValue == "true"
	case m.Type == "Number" && m.Precision == 0:
		return f, componentProblem("Must specify 'precision' for a CustomField of type Number")
	case kind == TypeReference && len(m.ReferenceTo) == 0:
		return f, componentProblem("Must specify 'referenceTo' for a CustomField of type Lookup")
	case m.Type == "Lookup" && m.Required && m.DeleteRule == "SetNull":
		return f, fmt.Errorf("a required lookup cannot be cleared when its target is deleted")
	case kind == TypePicklist && m.ValueSet != nil:
		f.Restricted = m.ValueSet.Restricted
		for _, v := range m.ValueSet.Definition.Values {
			f.Values = append(f.Values, v.FullName)
			if v.Default {
				f.Default, f.Defaulted = v.FullName, true
			}
		}
	case m.Type == "Picklist":
		return f, componentProblem("Must specify 'valueSet' for a CustomField of type Picklist")
	}
	return f, nil
}

// install puts a package's files into the org, all or nothing, and returns its
// components. With check nothing is kept in any case.
func (o *Org) install(files map[string][]byte, check bool) ([]component, []failure) {
	in := &installer{o: o, files: files}
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	// Objects first, then what refers to them.
	for _, stage := range []func(name string, text []byte){in.object, in.field, in.rest} {
		for _, name := range names {
			stage(name, files[name])
		}
	}
	for _, name := range names {
		if path.Base(name) == "package.xml" {
			in.listed(name, files[name])
		}
	}
	if len(in.failures) == 0 && !check {
		in.apply()
	}
	return in.components, in.failures
}
