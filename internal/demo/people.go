package demo

import (
	"fmt"
	"strings"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
)

// person is somebody in the sample directory.
type person struct {
	first, last string
	account     string
	field       string // which phone field holds the number; MobilePhone if empty
	number      string // as somebody typed it
	lead        bool
}

func (p person) name() string { return strings.TrimSpace(p.first + " " + p.last) }

func (p person) record(account string) store.NewRecord {
	f := switchboard.Fields{"LastName": p.last, "MailingCity": "Austin", "MailingState": "TX", "MailingCountry": "United States"}
	if p.first != "" {
		f["FirstName"] = p.first
	}
	field := p.field
	if field == "" {
		field = "MobilePhone"
	}
	if p.number != "" {
		f[field] = p.number
	}
	if p.lead {
		delete(f, "MailingCity")
		delete(f, "MailingState")
		delete(f, "MailingCountry")
		f["Company"] = p.account
		if p.account == "" {
			f["Company"] = "Private"
		}
		return store.NewRecord{Object: switchboard.Lead, Fields: f}
	}
	if account != "" {
		f["AccountId"] = account
	}
	f["Email"] = strings.ToLower(strings.ReplaceAll(p.first, ".", "")+"."+p.last) + "@mail.example"
	return store.NewRecord{Object: switchboard.Contact, Fields: f}
}

// people are those whom a visitor of the demo meets by name.
func people() []person {
	return []person{
		{first: "Miles", last: "Okamoto", account: "Lakeside Dental", number: "(512) 555-0121"},
		{first: "Jonas", last: "Weber", account: "Weber Bakery", number: "(512) 555-0188"},
		{first: "Mia", last: "Weber", account: "Weber Bakery", field: "HomePhone", number: "512-555-0188"},
		{first: "Priya", last: "Raman", number: "(737) 555-0119"},
		{first: "P.", last: "Raman", field: "Phone", number: "737.555.0119", lead: true},
		{first: "Ada", last: "Okafor", account: "Okafor Interiors", number: "(512) 555-0177"},
		{first: "Ben", last: "Okafor", account: "Okafor Interiors", field: "HomePhone", number: "512.555.0177"},
		{first: "Grace", last: "Hollis", account: "Hollis Dental", number: "(512) 555-0150"},
		{first: "Tom", last: "Hollis", field: "HomePhone", number: "512 555 0150"},
		{first: "Lena", last: "Fox", number: "(425) 555-0163"},
		{first: "Noor", last: "Haddad", account: "Haddad Catering", number: "(512) 555-0144"},
		{first: "Sami", last: "Haddad", account: "Haddad Catering", field: "OtherPhone", number: "1-512-555-0144"},
		{first: "Jo", last: "Martin", number: "call the front desk"},
		{first: "Elena", last: "Castillo", account: "Castillo Realty", number: "(512) 555-0131"},
		{first: "Walt", last: "Brennan", number: "(512) 555-0132"},
		{first: "Ingrid", last: "Solberg", account: "Solberg Optics", number: "(512) 555-0133"},
		{first: "Theo", last: "Marsh", number: "(737) 555-0134"},
		{first: "Yasmin", last: "Farouk", account: "Farouk Pharmacy", number: "(737) 555-0135"},
		{first: "Carl", last: "Nyberg", number: "(512) 555-0136"},
		{first: "Rosa", last: "Delgado", account: "Delgado Flowers", number: "(512) 555-0137"},
		{first: "Hugo", last: "Lambert", number: "(512) 555-0138", lead: true, account: "Lambert Studios"},
		{first: "Nadia", last: "Petrova", number: "(737) 555-0139"},
		{first: "Owen", last: "Gallagher", account: "Gallagher Pubs", number: "(512) 555-0140"},
		{first: "Mei", last: "Tan", number: "(512) 555-0141"},
		{first: "Felix", last: "Braun", number: "(737) 555-0145", lead: true, account: "Braun Cycles"},
		{first: "Amara", last: "Diallo", account: "Diallo Textiles", number: "(512) 555-0146"},
		{first: "Paul", last: "Sorensen", number: "(512) 555-0147"},
		{first: "Keiko", last: "Mori", account: "Mori Tea House", number: "(737) 555-0148"},
		{first: "Luis", last: "Ferreira", number: "(512) 555-0149"},
		{first: "Beth", last: "Calloway", account: "Calloway Books", number: "(512) 555-0151"},
	}
}

// families share a number, each two of them, and have no previous message when
// the week begins.
func families() []person {
	var all []person
	for i, name := range []string{"Lindqvist", "Abara", "Novak", "Duarte", "Whitfield", "Kessler", "Rinaldi"} {
		number := fmt.Sprintf("(210) 555-01%02d", 10+i)
		pair := [][2]string{{"Anna", "Erik"}, {"Chidi", "Ngozi"}, {"Jana", "Petr"}, {"Ines", "Rui"}, {"June", "Arthur"}, {"Marta", "Jan"}, {"Carla", "Pietro"}}[i]
		all = append(all, person{first: pair[0], last: name, number: number}, person{first: pair[1], last: name, field: "HomePhone", number: number})
	}
	return all
}
