package switchboard

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRecordName(t *testing.T) {
	for _, tc := range []struct {
		object Object
		fields Fields
		want   string
	}{
		{Contact, Fields{"FirstName": "Ada", "LastName": "Okafor"}, "Ada Okafor"},
		{Contact, Fields{"LastName": "Okafor"}, "Okafor"},
		{Lead, Fields{"FirstName": " Jo ", "LastName": "Martin ", "Company": "Acme"}, "Jo  Martin"},
		{Account, Fields{"Name": " Ben's Bakery "}, "Ben's Bakery"},
		{Account, Fields{"LastName": "Okafor"}, ""},
		{"Patient__c", Fields{"Name": " P-0042 ", "LastName": "Okafor"}, "P-0042"},
	} {
		if got := RecordName(tc.object, tc.fields); got != tc.want {
			t.Errorf("a %s with %v is called %q, want %q", tc.object, tc.fields, got, tc.want)
		}
	}
}

func TestCheckFields(t *testing.T) {
	many := Fields{"LastName": "Doe"}
	for i := range 200 {
		many["F"+strings.Repeat("x", i%70)+strings.Repeat("y", i/70)] = "1"
	}
	for _, tc := range []struct {
		name      string
		object    Object
		fields    Fields
		field     string // that the error names; "" if there is none
		complaint string
	}{
		{"a contact", Contact, Fields{"LastName": "Doe"}, "", ""},
		{"a lead", Lead, Fields{"LastName": "Doe", "Company": "Acme"}, "", ""},
		{"an account", Account, Fields{"Name": "Acme"}, "", ""},
		{"every kind of value", Contact, Fields{"LastName": "Doe", "DoNotCall": true, "Score__c": json.Number("12.5"), "Age": 3.5}, "", ""},
		{"no last name", Contact, Fields{"FirstName": "Jo"}, "LastName", "Enter a last name."},
		{"a blank last name", Contact, Fields{"LastName": " \t"}, "LastName", "Enter a last name."},
		{"a number for a last name", Contact, Fields{"LastName": 5.0}, "LastName", "Enter a last name."},
		{"a lead without a company", Lead, Fields{"LastName": "Doe"}, "Company", "Enter a company."},
		{"an account without a name", Account, Fields{}, "Name", "Enter an account name."},
		{"a name that is no field's", Contact, Fields{"LastName": "Doe", "Shoe size": "43"}, "fields", `"Shoe size" is not a Salesforce field name.`},
		{"a name that begins with a digit", Contact, Fields{"LastName": "Doe", "2nd": "x"}, "fields", `"2nd" is not a Salesforce field name.`},
		{"a list", Contact, Fields{"LastName": "Doe", "Email": []any{"a"}}, "Email", "Email must be text, a number, true or false."},
		{"an object", Contact, Fields{"LastName": "Doe", "Email": map[string]any{}}, "Email", "Email must be text, a number, true or false."},
		{"nothing", Contact, Fields{"LastName": "Doe", "Email": nil}, "Email", "Email has no value."},
		{"a novel", Contact, Fields{"LastName": "Doe", "Description": strings.Repeat("é", 32_769)}, "Description", "Description is longer than 32768 characters."},
		{"as long as it may be", Contact, Fields{"LastName": "Doe", "Description": strings.Repeat("é", 32_768)}, "", ""},
		{"too many", Contact, many, "fields", "A record holds at most 200 fields."},
	} {
		t.Run(tc.name, func(t *testing.T) {
			err := CheckFields(tc.object, tc.fields)
			if tc.field == "" {
				if err != nil {
					t.Errorf("refused: %v", err)
				}
				return
			}
			e, ok := err.(*Error)
			if !ok || e.Code != CodeInvalid || e.Field != tc.field || e.Message != tc.complaint {
				t.Errorf("got %v, want %s: %s", err, tc.field, tc.complaint)
			}
		})
	}
}

func TestFieldLabels(t *testing.T) {
	for name, want := range map[string]string{
		"MobilePhone": "Mobile", "LastName": "Last Name", "AccountId": "Account Name", "Name": "Account Name", "Phone": "Phone", "HomePhone": "Home Phone",
		"OwnerId": "Owner", "MailingCountryCode": "Mailing Country Code", "link": "Remembered number", "Shoe_Size__c": "Shoe Size", "External_Id__c": "External Id", "Id": "Id",
	} {
		if got := FieldLabel(name); got != want {
			t.Errorf("%s is labelled %q, want %q", name, got, want)
		}
	}
}

func TestTheRegionOfARecord(t *testing.T) {
	for _, tc := range []struct {
		fields Fields
		want   string
	}{
		{Fields{}, "US"},
		{Fields{"MailingCountry": "United Kingdom"}, "GB"},
		{Fields{"MailingCountry": "Nowhere at all"}, "US"},
		{Fields{"MailingCountryCode": "de", "MailingCountry": "France"}, "DE"},
		{Fields{"MailingCountry": "Nowhere at all", "BillingCountryCode": "FR"}, "FR"},
		{Fields{"Country": "FR", "MailingCountry": "GB"}, "GB"},
		{Fields{"BillingCountry": "Mexico"}, "MX"},
		{Fields{"OtherCountry": "Mexico"}, "US"},
	} {
		if got := RecordRegion(tc.fields, "US"); got != tc.want {
			t.Errorf("%v is in %q, want %q", tc.fields, got, tc.want)
		}
	}
}

func TestTheNumbersOfARecord(t *testing.T) {
	num := func(field, value, phone string) RecordNumber {
		return RecordNumber{Field: field, Value: value, Phone: Phone(phone), Key: MatchKey(phone)}
	}
	for _, tc := range []struct {
		name     string
		object   Object
		fields   Fields
		want     []RecordNumber
		rejected []string // fields
	}{
		{"in the order of the fields, as they stand", Contact,
			Fields{"Phone": "512-555-0100 / 512-555-0101", "MobilePhone": " (512) 555-0177 ", "OtherPhone": ""},
			[]RecordNumber{num("MobilePhone", " (512) 555-0177 ", "+15125550177"), num("Phone", "512-555-0100 / 512-555-0101", "+15125550100"), num("Phone", "512-555-0100 / 512-555-0101", "+15125550101")}, nil},
		{"the record's own country", Lead, Fields{"Phone": "020 7946 0958", "Country": "England"}, []RecordNumber{num("Phone", "020 7946 0958", "+442079460958")}, nil},
		{"somebody else's and a machine's", Contact, Fields{"AssistantPhone": "512-555-0100", "Fax": "512-555-0101"}, nil, nil},
		{"a field that this object does not match", Account, Fields{"MobilePhone": "512-555-0100"}, nil, nil},
		{"what can't be read", Contact, Fields{"Phone": "ask Jane", "HomePhone": "555-0177"}, nil, []string{"Phone", "HomePhone"}},
		{"what can't be read wholly", Contact, Fields{"Phone": "512-555-0100 / ask Jane"}, []RecordNumber{num("Phone", "512-555-0100 / ask Jane", "+15125550100")}, []string{"Phone"}},
		{"not text", Contact, Fields{"Phone": json.Number("5125550100")}, nil, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, rejected := RecordNumbers(tc.object, tc.fields, DefaultPhoneFields(), "US")
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("numbers (-want +got):\n%s", diff)
			}
			var fields []string
			for _, r := range rejected {
				fields = append(fields, r.Field)
				if r.Reason == "" || r.Value != tc.fields.Text(r.Field) {
					t.Errorf("%+v does not say what is wrong with what", r)
				}
			}
			if diff := cmp.Diff(tc.rejected, fields); diff != "" {
				t.Errorf("rejected (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTheMatchedFieldsAreTheDocumentedOnes(t *testing.T) {
	want := PhoneFields{"Contact": {"MobilePhone", "Phone", "HomePhone", "OtherPhone"}, "Lead": {"MobilePhone", "Phone"}, "Account": {"Phone"}}
	if diff := cmp.Diff(want, DefaultPhoneFields()); diff != "" {
		t.Errorf("matched fields (-want +got):\n%s", diff)
	}
}

func TestParseObject(t *testing.T) {
	for _, name := range []string{"Contact", "Lead", "Account", "Patient__c", "ns__Patient__c"} {
		if o, err := ParseObject(name); err != nil || string(o) != name {
			t.Errorf("%s: %v, %v", name, o, err)
		}
	}
	for _, name := range []string{"", "contact", "Case", "__c", "Patient__C", "Pa tient__c", "2nd__c", "Patient__x", "SMS__c", strings.Repeat("x", 60) + "__c"} {
		if _, err := ParseObject(name); ErrorCode(err) != CodeInvalid {
			t.Errorf("%q: %v, want it to be invalid", name, err)
		}
	}
}
