package orgpackage

import (
	"encoding/json"
	"encoding/xml"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/switchboardhq/switchboard"
)

// A metadataRecord is a record of a custom metadata type.
type metadataRecord struct {
	Label     string `xml:"label"`
	Protected bool   `xml:"protected"`
	Values    []struct {
		Field string `xml:"field"`
		Value struct {
			Type string `xml:"http://www.w3.org/2001/XMLSchema-instance type,attr"`
			Nil  bool   `xml:"http://www.w3.org/2001/XMLSchema-instance nil,attr"`
			Text string `xml:",chardata"`
		} `xml:"value"`
	} `xml:"values"`
}

func readMetadataRecord(t *testing.T, name string) metadataRecord {
	t.Helper()
	_, files := zipped(t, Options{})
	return readRecord(t, files["customMetadata/"+name+".md"])
}

func readRecord(t *testing.T, doc []byte) metadataRecord {
	t.Helper()
	var r metadataRecord
	if err := xml.Unmarshal(doc, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// row returns the record as an org would answer a query for it.
func (r metadataRecord) row() map[string]any {
	row := map[string]any{}
	for _, v := range r.Values {
		switch {
		case v.Value.Nil:
			row[v.Field] = nil
		case v.Value.Type == "xsd:boolean":
			row[v.Field] = v.Value.Text == "true"
		default:
			row[v.Field] = v.Value.Text
		}
	}
	return row
}

func TestANewOrgHasTheSettingOfANewSwitchboard(t *testing.T) {
	answer, err := json.Marshal(readMetadataRecord(t, "Create_Records_From_Unknown_Numbers.Default").row())
	if err != nil {
		t.Fatal(err)
	}
	var there UnknownNumbers
	if err := json.Unmarshal(answer, &there); err != nil {
		t.Fatal(err)
	}
	got, err := there.Setting()
	if err != nil {
		t.Fatal(err)
	}
	want := switchboard.DefaultUnknownNumbers()
	if diff := cmp.Diff(want, got); diff != "" || got.Enabled || there.Owner != "" {
		t.Errorf("setting (-Switchboard +org), owner %q:\n%s", there.Owner, diff)
	}
	if err := got.Check(switchboard.DefaultPhoneFields()); err != nil {
		t.Errorf("the setting can't be switched on as it is: %v", err)
	}
}

func TestTheOrgSaysWhichVersionItHas(t *testing.T) {
	row := readMetadataRecord(t, "Switchboard_Package.Installed").row()
	if row["Version__c"] != Version {
		t.Errorf("the package records version %v, and is %s", row["Version__c"], Version)
	}
}

func TestTheSettingHasAPlaceForEachField(t *testing.T) {
	answer, err := json.Marshal(UnknownNumbers{})
	if err != nil {
		t.Fatal(err)
	}
	var row map[string]any
	if err := json.Unmarshal(answer, &row); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(fieldsOf(t)[UnknownNumbersType])), slices.Sorted(maps.Keys(row))); diff != "" {
		t.Errorf("fields (-org +here):\n%s", diff)
	}
}

func TestASettingOfAnOrg(t *testing.T) {
	for _, tc := range []struct {
		name   string
		org    UnknownNumbers
		fields map[string]string
		fails  string
	}{
		{"as it is installed", UnknownNumbers{ObjectAPIName: "Contact", FieldValues: "LastName=Unknown {phone}"}, map[string]string{"LastName": "Unknown {phone}"}, ""},
		{"several, typed by a person", UnknownNumbers{ObjectAPIName: " Lead ", FieldValues: " LastName = Unknown \r\n\r\n  Company={phone}\nDescription=a=b\n"},
			map[string]string{"LastName": "Unknown", "Company": "{phone}", "Description": "a=b"}, ""},
		{"none", UnknownNumbers{ObjectAPIName: "Account"}, map[string]string{}, ""},
		{"an empty value", UnknownNumbers{ObjectAPIName: "Account", FieldValues: "Name="}, map[string]string{"Name": ""}, ""},
		{"no object", UnknownNumbers{}, nil, "There is no object"},
		{"another object", UnknownNumbers{ObjectAPIName: "Case"}, nil, "There is no object"},
		{"a line without a value", UnknownNumbers{ObjectAPIName: "Contact", FieldValues: "LastName"}, nil, "one Field=Value a line"},
		{"a value without a field", UnknownNumbers{ObjectAPIName: "Contact", FieldValues: "=x"}, nil, "one Field=Value a line"},
		{"a field twice", UnknownNumbers{ObjectAPIName: "Contact", FieldValues: "A=1\nA =2"}, nil, "A twice"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := tc.org.Setting()
			if tc.fails != "" {
				if err == nil || !strings.Contains(err.Error(), tc.fails) {
					t.Errorf("Setting() = %+v, %v; want an error with %q", got, err, tc.fails)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.fields, got.Fields); diff != "" {
				t.Errorf("fields (-want +got):\n%s", diff)
			}
		})
	}
}

func TestASettingComesBackFromAnOrg(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := switchboard.UnknownNumbers{
			Enabled:    rapid.Bool().Draw(t, "enabled"),
			Object:     rapid.SampledFrom(switchboard.Objects()).Draw(t, "object"),
			PhoneField: rapid.StringMatching(`[A-Z][A-Za-z]{0,9}(__c)?`).Draw(t, "phone field"),
			Fields: rapid.MapOf(rapid.StringMatching(`[A-Z][A-Za-z]{0,9}(__c)?`),
				rapid.StringMatching(`([!-~é日][ -~é日]{0,20}[!-~é日])?`)).Draw(t, "fields"),
		}
		got, err := UnknownNumbersOf(want).Setting()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("setting (-sent +came back):\n%s", diff)
		}
	})
}
