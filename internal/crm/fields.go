package crm

import (
	"maps"
	"slices"

	"github.com/switchboardhq/switchboard"
)

// usualFields are synced of every record, where the org has them and shows them.
func usualFields(object switchboard.Object) []string {
	switch object {
	case switchboard.Contact:
		return []string{"FirstName", "LastName", "AccountId", "OwnerId", "Title", "Department", "Email", "MobilePhone", "Phone", "HomePhone", "OtherPhone",
			"MailingStreet", "MailingCity", "MailingState", "MailingPostalCode", "MailingCountry", "MailingCountryCode", "Description"}
	case switchboard.Lead:
		return []string{"FirstName", "LastName", "Company", "OwnerId", "Title", "Status", "LeadSource", "Email", "MobilePhone", "Phone",
			"Street", "City", "State", "PostalCode", "Country", "CountryCode", "Description"}
	case switchboard.Account:
		return []string{"Name", "OwnerId", "Phone", "Website", "Industry", "BillingStreet", "BillingCity", "BillingState", "BillingPostalCode",
			"BillingCountry", "BillingCountryCode", "Description"}
	}
	return []string{"Name", "OwnerId"}
}

// fieldsOf returns the fields of an object that are synced: the usual ones, the
// phone fields that are matched, and those that the admin added.
func fieldsOf(object switchboard.Object, phones switchboard.PhoneFields, added map[switchboard.Object][]string) []string {
	all := usualFields(object)
	for _, more := range [][]string{phones[object], added[object]} {
		for _, name := range more {
			if !slices.Contains(all, name) {
				all = append(all, name)
			}
		}
	}
	return all
}

// objectsOf returns the objects that are synced. What others name comes first:
// Accounts before Contacts, and what a Lead may become before Leads.
func objectsOf(phones switchboard.PhoneFields) []switchboard.Object {
	all := []switchboard.Object{switchboard.Account, switchboard.Contact, switchboard.Lead}
	for _, o := range slices.Sorted(maps.Keys(phones)) {
		if !slices.Contains(all, o) {
			all = append(all, o)
		}
	}
	return all
}

// objectOf returns the object of a standard record by its id, "" for others.
func objectOf(id string) switchboard.Object {
	if len(id) < 3 {
		return ""
	}
	switch id[:3] {
	case "003":
		return switchboard.Contact
	case "00Q":
		return switchboard.Lead
	case "001":
		return switchboard.Account
	}
	return ""
}
