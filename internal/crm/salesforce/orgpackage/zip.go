package orgpackage

import (
	"archive/zip"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// DefaultAPIVersion is the version of Salesforce's API that the package is
// written for.
const DefaultAPIVersion = "62.0"

// oldestAPIVersion knows everything in the package.
const oldestAPIVersion = 52

// Options say what is deployed.
type Options struct {
	// APIVersion is the version that the org reads the package by, "62.0" or
	// "v62.0"; "" is [DefaultAPIVersion].
	APIVersion string

	// ChangeDataCapture adds the change events of Account, Contact, Lead and
	// SMS__c. An org captures the changes of five objects unless it bought
	// more; where too few are free the whole deployment is undone. So deploy
	// without first, and then with: a second time changes nothing else.
	ChangeDataCapture bool

	// KeepSettings leaves out the record of [UnknownNumbersType], which would
	// switch off what an admin of the org has switched on. Set it where the org
	// has the package already.
	KeepSettings bool
}

func (o Options) leftOut(c Component) bool {
	return o.KeepSettings && c == Component{"CustomMetadata", strings.TrimSuffix(UnknownNumbersType, "__mdt") + ".Default"}
}

func (o Options) apiVersion() (string, error) {
	version := strings.TrimPrefix(o.APIVersion, "v")
	if version == "" {
		return DefaultAPIVersion, nil
	}
	if ok, _ := regexp.MatchString(`^[0-9]{2,3}\.0$`, version); !ok {
		return "", fmt.Errorf("%q is not a version of Salesforce's API: write it like %s", o.APIVersion, DefaultAPIVersion)
	}
	if n, _ := strconv.Atoi(strings.TrimSuffix(version, ".0")); n < oldestAPIVersion {
		return "", fmt.Errorf("the package needs version %d.0 of Salesforce's API or a later one, not %s", oldestAPIVersion, version)
	}
	return version, nil
}

// Zip writes the package as the Metadata API's deploy call takes it, with
// package.xml at the top (its option singlePackage is true). The same options
// give the same bytes.
func Zip(w io.Writer, o Options) error {
	version, err := o.apiVersion()
	if err != nil {
		return err
	}
	l, err := o.layout(FS())
	if err != nil {
		return err
	}
	l.files["package.xml"] = manifest(l.components, version)
	z := zip.NewWriter(w)
	for _, name := range slices.Sorted(maps.Keys(l.files)) {
		f, err := z.CreateHeader(&zip.FileHeader{
			Name:     name,
			Method:   zip.Deflate,
			Modified: time.Date(1980, time.January, 1, 0, 0, 0, 0, time.UTC), // the earliest that a zip file knows
		})
		if err != nil {
			return err
		}
		if _, err := f.Write(l.files[name]); err != nil {
			return err
		}
	}
	return z.Close()
}

// manifest returns package.xml. It names each component: not every type takes
// an asterisk, and what an org has besides is none of ours.
func manifest(components []Component, version string) []byte {
	root := &element{name: "Package"}
	for _, c := range components {
		member := element{name: "members", text: c.Name}
		if n := len(root.children); n > 0 && root.children[n-1].childText("name") == c.Type {
			types := &root.children[n-1]
			types.children = slices.Insert(types.children, len(types.children)-1, member)
			continue
		}
		root.children = append(root.children, element{name: "types", children: []element{member, {name: "name", text: c.Type}}})
	}
	root.children = append(root.children, element{name: "version", text: version})
	return root.document()
}
