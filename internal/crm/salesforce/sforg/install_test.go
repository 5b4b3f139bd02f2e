package sforg_test

import (
	"testing"

	"github.com/switchboardhq/switchboard/internal/crm/salesforce/orgpackage"
)

func TestThePackageCanBeInstalledTwice(t *testing.T) {
	w := newWorld(t)
	for range 2 {
		if err := w.InstallPackage(orgpackage.FS()); err != nil {
			t.Fatal(err)
		}
	}
	for query, want := range map[string]int{
		"SELECT Id FROM CustomNotificationType WHERE DeveloperName='New_SMS'": 1,
		"SELECT Id FROM Create_Records_From_Unknown_Numbers__mdt":             1,
		"SELECT Id FROM SMS__c": 0,
		"SELECT Id FROM PlatformEventChannelMember WHERE EventChannel != null":    4,
		"SELECT Id FROM PermissionSet WHERE Name LIKE '%Integration%'":            1,
		"SELECT Id FROM FieldPermissions WHERE Field='SMS__c.Contact__c'":         3,
		"SELECT Id FROM EntityDefinition WHERE QualifiedApiName IN ('SMS__c')":    1,
		"SELECT Id FROM ObjectPermissions WHERE PermissionsViewAllRecords = true": 4,
	} {
		got, err := w.Query(query)
		if err != nil || len(got) < want || want < 2 && len(got) != want {
			t.Errorf("%s: %d rows, want %d; %v", query, len(got), want, err)
		}
	}
}
