// Package orgpackage is what Switchboard installs in a Salesforce org: the SMS
// object with its lists and its page, the notification, the setting Create
// Records From Unknown Numbers, the permission sets, and the keys by which a
// retry finds the record that it made before.
//
// It is kept under source, as a project that the sf command line deploys as it
// is ([Write]). The Metadata API wants the same in another layout, which [Zip]
// makes of it. Every name in it is a contract with an org that has it already:
// a component that is renamed here is a second one there.
package orgpackage

import (
	"embed"
	"io/fs"
	"strings"
)

// Version is the version of the package. It grows with each change of what is
// under source. An org that has the package says so in Version__c of the record
// Installed of [VersionType]; to a user with neither Switchboard Admin nor
// Switchboard Integration it says INVALID_TYPE, as an org without it does.
const Version = "1.0.0"

// The names that the rest of Switchboard asks an org for.
const (
	NotificationType   = "New_SMS"            // the custom notification type of the bell
	KeyField           = "Switchboard_Key__c" // on Account, Contact and Lead: our id of the record, unique
	UnknownNumbersType = "Create_Records_From_Unknown_Numbers__mdt"
	VersionType        = "Switchboard_Package__mdt"
)

// IntegrationSet is the permission set of the user that Switchboard acts as.
const IntegrationSet = "Switchboard_Integration"

// IntegrationFields returns the fields of an object that the permission set
// lets that user read and write: those, but for the ones that nobody can be kept
// from, of which the rest of Switchboard may count on being synced.
func IntegrationFields(object string) []string {
	doc, err := fs.ReadFile(FS(), mainDirectory+"/main/default/permissionsets/"+IntegrationSet+".permissionset-meta.xml")
	if err != nil {
		panic(err) // the package lacks it
	}
	set, err := parseElement(doc)
	if err != nil {
		panic(err) // a test deploys it
	}
	var fields []string
	for _, p := range set.children {
		if name, ok := strings.CutPrefix(p.childText("field"), object+"."); ok && p.childText("editable") == "true" {
			fields = append(fields, name)
		}
	}
	return fields
}

// The package directories of the project.
const (
	mainDirectory = "force-app"
	// An edition allows changes of five objects to be captured. An org that
	// spends them on something else must be able to do without these.
	captureDirectory = "change-data-capture"
)

//go:embed source
var source embed.FS

// FS returns the project in source format: sfdx-project.json and the package
// directories that it names.
func FS() fs.FS {
	sub, err := fs.Sub(source, "source")
	if err != nil {
		panic(err) // only for a name that is no path
	}
	return sub
}
