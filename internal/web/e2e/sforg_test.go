package e2e

import (
	"crypto/rand"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/switchboardhq/switchboard/internal/crm/salesforce/orgpackage"
	"github.com/switchboardhq/switchboard/internal/crm/salesforce/sforg"
)

// The simulated org's pages show what comes by themselves, and leave alone what
// somebody has open.
func TestTheSimulatedOrgsPagesAreLive(t *testing.T) {
	org := sforg.New(sforg.Config{Now: time.Now, Random: rand.Reader})
	if err := org.InstallPackage(orgpackage.FS()); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(org)
	defer server.Close()
	org.SetURL(server.URL)
	s := &site{url: server.URL}
	dana := s.sits(t, "")
	dana.opens(org.Admin().PageURL("")) // this site's own
	dana.reads("No messages yet.")
	id, err := org.Create(nil, "SMS__c", map[string]any{"Name": "SMS-000001", "Phone__c": "+15125550177", "Message__c": "<b>Hello</b>", "Status__c": "Unassigned"})
	dana.must(err)
	dana.reads("SMS-000001 +15125550177 <b>Hello</b> Unassigned")
	dana.passes("simulated org list")

	dana.opens("/_sforg/SMS__c/" + id)
	dana.reads("Unassigned")
	js[bool](dana, "(document.querySelector('main details').open = document.querySelector('.bell').open = true)")
	js[bool](dana, "(document.querySelector('[name=FirstName]').value = 'Ada', true)")
	dana.must(org.Update(nil, "SMS__c", id, map[string]any{"Status__c": "Dismissed"}))
	dana.reads("Dismissed")
	if !js[bool](dana, "document.querySelector('main details').open && document.querySelector('.bell').open && document.querySelector('[name=FirstName]').value === 'Ada'") {
		t.Error("what was open or typed is gone")
	}
	dana.passes("simulated org record")
}
