package arch

import (
	"strings"
	"testing"
	"testing/fstest"
)

// A check that cannot fail checks nothing. Each case is a small module with one
// thing wrong with it, or with something that looks wrong and is not.
func TestEachCheckFindsWhatItIsFor(t *testing.T) {
	imports := func(src *tree) []finding { return checkArrows(src, arrows) }
	for _, tc := range []struct {
		name  string
		check func(*tree) []finding
		file  string
		text  string
		want  string // part of the only finding; "" if there is none
	}{
		{"root imports a package of ours", imports, "route.go",
			`package switchboard; import _ "example.com/m/internal/store"`, "the root package is the nouns"},
		{"root imports a foreign package", imports, "route.go",
			`package switchboard; import _ "github.com/google/uuid"`, "the root package is the nouns"},
		{"root imports the phone library", imports, "phone.go",
			`package switchboard; import ("strings"; "github.com/nyaruka/phonenumbers")`, ""},

		{"store imports the root", imports, "internal/store/a.go",
			`package store; import ("database/sql"; "example.com/m"; "example.com/m/internal/seal")`, ""},
		{"store imports its user", imports, "internal/store/a.go",
			`package store; import "example.com/m/internal/desk"`, "none of its users"},
		{"a leaf imports the store", imports, "internal/seal/a.go",
			`package seal; import "example.com/m/internal/store"`, "uses nobody"},

		{"desk imports the store", imports, "internal/desk/a.go",
			`package desk; import ("example.com/m"; "example.com/m/internal/store")`, ""},
		{"desk imports the outbox", imports, "internal/desk/a.go",
			`package desk; import "example.com/m/internal/outbox"`, "takes the intake's way"},
		{"intake imports the desk", imports, "internal/intake/a.go",
			`package intake; import "example.com/m/internal/desk"`, "whoever asks"},
		{"outbox imports a provider", imports, "internal/outbox/a.go",
			`package outbox; import "example.com/m/internal/provider"`, "whoever asks"},

		{"an adapter imports another", imports, "internal/provider/twilio/a.go",
			`package twilio; import "example.com/m/internal/provider/telnyx"`, "not another adapter"},
		{"an adapter imports one of another kind", imports, "internal/provider/twilio/a.go",
			`package twilio; import "example.com/m/internal/crm/salesforce"`, "not another adapter"},
		{"an adapter imports its own sub-package", imports, "internal/crm/salesforce/a.go",
			`package salesforce; import "example.com/m/internal/crm/salesforce/sforg"`, ""},
		{"an adapter imports its parent", imports, "internal/provider/twilio/a.go",
			`package twilio; import ("example.com/m"; "example.com/m/internal/provider")`, ""},
		{"an adapter imports the store", imports, "internal/notify/email/a.go",
			`package email; import "example.com/m/internal/store"`, "an adapter turns"},
		{"a parent imports its child", imports, "internal/provider/a.go",
			`package provider; import "example.com/m/internal/provider/twilio"`, "names vendors"},
		{"a page names a vendor", imports, "internal/web/a.go",
			`package web; import "example.com/m/internal/crm/salesforce"`, "names vendors"},
		{"a page deep down names a vendor's part", imports, "internal/web/x/y/a.go",
			`package y; import "example.com/m/internal/crm/salesforce/sforg"`, "names vendors"},
		{"another command names a vendor", imports, "cmd/other/a.go",
			`package main; import "example.com/m/internal/provider/twilio"`, ""},
		{"the command names a vendor", imports, "cmd/switchboard/a.go",
			`package main; import ("example.com/m/internal/provider/twilio"; "example.com/m/internal/web")`, ""},

		{"web imports desk and the store's types", imports, "internal/web/a.go",
			`package web; import ("example.com/m"; "example.com/m/internal/desk"; "example.com/m/internal/store")`, ""},
		{"web imports the API", imports, "internal/web/a.go",
			`package web; import "example.com/m/internal/api"`, "outermost"},
		{"the API imports a page", imports, "internal/api/a.go",
			`package api; import "example.com/m/internal/web"`, "outermost"},
		{"web imports its own part", imports, "internal/web/a.go",
			`package web; import "example.com/m/internal/web/form"`, ""},

		{"a page opens the database", imports, "internal/web/a.go",
			`package web; import "database/sql"`, "all SQL"},
		{"the API speaks to PostgreSQL", imports, "internal/api/a.go",
			`package api; import "github.com/jackc/pgx/v5/pgconn"`, "all SQL"},
		{"a package imports a command", imports, "internal/web/a.go",
			`package web; import "example.com/m/cmd/switchboard"`, "where packages meet"},
		{"the program imports what is for tests", imports, "internal/web/a.go",
			`package web; import "example.com/m/internal/pgtest"`, "stays out of the program"},
		{"the program imports testing", imports, "internal/web/a.go",
			`package web; import "testing"`, "stays out of the program"},
		{"a test imports what it likes", imports, "internal/web/a_test.go",
			`package web; import ("testing"; "example.com/m/internal/pgtest"; "example.com/m/internal/provider/twilio")`, ""},
		{"testdata is not ours", imports, "internal/web/testdata/a.go",
			`package web; import "testing"`, ""},

		{"no package comment", checkDocs, "internal/desk/a.go", `package desk`, "no package comment in internal/desk"},
		{"a comment about something else", checkDocs, "internal/desk/a.go",
			"// Desk is where people sit.\npackage desk", "does not begin with"},
		{"a package comment", checkDocs, "internal/desk/a.go",
			"// Package desk is what people do.\npackage desk", ""},
		{"a command's comment", checkDocs, "cmd/switchboard/a.go",
			"// Switchboard puts texts on records.\npackage main", ""},

		{"an init function", checkSideEffects, "internal/desk/a.go",
			`package desk; func init() {}`, "an init function"},
		{"an init function that was generated", checkSideEffects, "internal/desk/a.pb.go",
			"// Code generated by protoc-gen-go. DO NOT EDIT.\n\npackage desk; func init() {}", ""},
		{"a method called init", checkSideEffects, "internal/desk/a.go",
			`package desk; type t int; func (t) init() {}`, ""},
		{"a registry by blank import", checkSideEffects, "cmd/switchboard/a.go",
			`package main; import _ "example.com/m/internal/provider/twilio"`, "a blank import"},
		{"a driver outside the store", checkSideEffects, "internal/web/a.go",
			`package web; import _ "modernc.org/sqlite"`, "a blank import"},
		{"a driver in the store", checkSideEffects, "internal/store/a.go",
			`package store; import _ "modernc.org/sqlite"`, ""},
		{"embedding", checkSideEffects, "internal/web/a.go",
			`package web; import _ "embed"`, ""},

		{"a folder of odds and ends", checkNames, "internal/utils/a.go", `package strutil`, "a package called utils"},
		{"a package of odds and ends", checkNames, "internal/desk/a.go", `package manager`, "a package called manager"},
		{"a package with a name", checkNames, "internal/desk/a.go", `package desk`, ""},

		{"a query in a page", checkSQL, "internal/web/a.go",
			"package web; const q = `\n\tSELECT id\n\tFROM message`", "SQL outside"},
		{"an insert", checkSQL, "internal/desk/a.go",
			`package desk; var q = "INSERT INTO " + "message"`, "SQL outside"},
		{"an update", checkSQL, "internal/outbox/a.go",
			`package outbox; var q = "UPDATE job SET due = $1"`, "SQL outside"},
		{"a delete", checkSQL, "cmd/switchboard/a.go",
			`package main; var q = "DELETE FROM session"`, "SQL outside"},
		{"a query in the store", checkSQL, "internal/store/a.go",
			`package store; var q = "SELECT id FROM message"`, ""},
		{"a query of Salesforce's", checkSQL, "internal/crm/salesforce/a.go",
			`package salesforce; var q = "SELECT Id FROM Contact"`, ""},
		{"a query in a test", checkSQL, "internal/web/a_test.go",
			`package web; var q = "SELECT id FROM message"`, ""},
		{"the words of a route and of a person", checkSQL, "internal/web/a.go",
			`package web; var q = []string{"DELETE /api/v1/links/{id}", "UPDATE", "SELECT a record from the list", "Select one from these"}`, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			src, err := parse(fstest.MapFS{
				"go.mod": {Data: []byte("module example.com/m\n\ngo 1.26\n")},
				tc.file:  {Data: []byte(tc.text)},
			})
			if err != nil {
				t.Fatal(err)
			}
			found := tc.check(src)
			switch {
			case tc.want == "" && len(found) > 0:
				t.Errorf("found %v, want nothing", found)
			case tc.want != "" && (len(found) != 1 || !strings.Contains(found[0].what, tc.want)):
				t.Errorf("found %v, want one finding with %q", found, tc.want)
			}
		})
	}
}

func TestADependencyWithoutReasonIsFound(t *testing.T) {
	found, err := checkReasons(fstest.MapFS{"go.mod": {Data: []byte(`module example.com/m

require example.com/alone v1.0.0

require (
	example.com/good v1.0.0 // sealing of secrets
	example.com/bare v1.0.0
	example.com/deep v1.0.0 // indirect
)
`)}})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(found, "\n"); len(found) != 2 ||
		!strings.Contains(got, "example.com/alone") || !strings.Contains(got, "example.com/bare") {
		t.Errorf("found:\n%s\nwant the two requirements without a comment", got)
	}
}
