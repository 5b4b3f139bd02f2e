package sforg_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/switchboardhq/switchboard/internal/crm/salesforce/orgpackage"
)

// clients is where the clients are that nobody here wrote.
const clients = "../../../../tools/salesforce-clients"

// installed fails unless npm has installed the packages there.
func installed(t *testing.T, packages ...string) string {
	t.Helper()
	for _, p := range packages {
		if _, err := os.Stat(filepath.Join(clients, "node_modules", p)); err != nil {
			t.Fatalf("%s is not in %s/node_modules. Run make test: it installs it. Or run npm ci --ignore-scripts in tools/salesforce-clients.", p, clients)
		}
	}
	dir, err := filepath.Abs(clients)
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// node is a Node.js of the version that the clients need, which is newer than
// that of some Linux distributions. It is that of the npm packages which is for
// this machine.
func node(dir string) string {
	return filepath.Join(dir, "node_modules", ".bin", "node")
}

// TestJsforceIsServed compares what jsforce makes of the org's answers with what
// was found right once; UPDATE=1 writes that file.
func TestJsforceIsServed(t *testing.T) {
	dir := installed(t, "jsforce", ".bin/node")
	w := newWorld(t)
	if err := w.InstallPackage(orgpackage.FS()); err != nil {
		t.Fatal(err)
	}
	w.clock.follow()
	cmd := exec.CommandContext(t.Context(), node(dir), filepath.Join(dir, "jsforce.mjs"), w.url, w.ClientID(), w.ClientSecret())
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("jsforce failed: %v\n%s", err, stderr.String())
	}
	var got, want any
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if os.Getenv("UPDATE") != "" {
		text := strings.NewReplacer(w.url, "{url}", w.Admin().ID, "{user}", w.OrgID(), "{org}").Replace(string(out))
		var pretty bytes.Buffer
		if err := json.Indent(&pretty, []byte(text), "", "  "); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile("testdata/jsforce.json", pretty.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	wanted, err := os.ReadFile("testdata/jsforce.json")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer("{url}", w.url, "{user}", w.Admin().ID, "{org}", w.OrgID()).Replace(string(wanted))
	if err := json.Unmarshal([]byte(text), &want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what jsforce saw (-want +got):\n%s", diff)
	}
	for _, c := range w.ChangesAfter("SMS__c", 0) {
		if c.Origin != "com/salesforce/api/rest/62.0;client=jsforce-oracle" {
			t.Errorf("a change of jsforce has the origin %q", c.Origin)
			break
		}
	}
}

// sf runs the sf command line, logged in as the org's admin, and returns its
// JSON's result. A deploy of the whole project is by REST.
func (w *world) sf(ctx context.Context, dir, home string, args ...string) (json.RawMessage, string) {
	w.t.Helper()
	cmd := exec.CommandContext(ctx, node(dir), append([]string{filepath.Join(dir, "node_modules", "@salesforce", "cli", "bin", "run.js")}, args...)...)
	cmd.Dir = home
	cmd.Env = []string{"HOME=" + home, "PATH=" + os.Getenv("PATH"), "SF_ACCESS_TOKEN=" + w.AccessToken(), "SF_ORG_API_VERSION=62.0", "SF_USE_GENERIC_UNIX_KEYCHAIN=true",
		"SF_DISABLE_TELEMETRY=true", "SF_DISABLE_LOG_FILE=true", "SF_AUTOUPDATE_DISABLE=true", "SF_SKIP_NEW_VERSION_CHECK=true", "NO_COLOR=1"}
	if !slices.Contains(args, "--source-dir") {
		cmd.Env = append(cmd.Env, "SF_ORG_METADATA_REST_DEPLOY=true")
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		w.t.Fatalf("sf %s: %v\n%s\n%s", strings.Join(args, " "), err, cut(stdout.String()), cut(stderr.String()))
	}
	var answer struct {
		Status int
		Result json.RawMessage
	}
	if err := json.Unmarshal(stdout.Bytes(), &answer); err != nil {
		return nil, stdout.String()
	}
	if answer.Status != 0 {
		w.t.Fatalf("sf %s: status %d: %s", strings.Join(args, " "), answer.Status, cut(stdout.String()))
	}
	return answer.Result, stdout.String()
}

func cut(s string) string { return s[:min(len(s), 4000)] }

// TestTheSFCommandLineIsServed deploys the package with it, as an admin would,
// and works with the records.
func TestTheSFCommandLineIsServed(t *testing.T) {
	dir := installed(t, "@salesforce/cli", ".bin/node")
	w := newWorld(t)
	w.clock.follow()
	home := t.TempDir()
	if err := orgpackage.Write(home); err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	w.sf(ctx, dir, home, "org", "login", "access-token", "--instance-url", w.url, "--no-prompt", "--alias", "sim", "--set-default", "--json")

	var deployed struct {
		Status  string
		Success bool
	}
	result, _ := w.sf(ctx, dir, home, "project", "deploy", "start", "--json", "--wait", "2")
	if err := json.Unmarshal(result, &deployed); err != nil || !deployed.Success || deployed.Status != "Succeeded" {
		t.Fatalf("deployed %+v, %v: %s", deployed, err, cut(string(result)))
	}
	// The other way to deploy, which is sf's own choice.
	result, _ = w.sf(ctx, dir, home, "project", "deploy", "start", "--source-dir", "change-data-capture", "--json", "--wait", "2")
	if err := json.Unmarshal(result, &deployed); err != nil || !deployed.Success || w.Calls()["soap"] == 0 {
		t.Errorf("deployed by SOAP: %+v, %v, calls %v", deployed, err, w.Calls())
	}
	for _, object := range []string{"SMS__c", orgpackage.UnknownNumbersType} {
		if w.Fields(object) == nil {
			t.Errorf("the deploy made no %s", object)
		}
	}
	if got, err := w.Query("SELECT Version__c FROM " + orgpackage.VersionType); err != nil || len(got) != 1 || got[0]["Version__c"] != orgpackage.Version {
		t.Errorf("the org says it has version %v, %v", got, err)
	}

	if _, err := w.AddUser("sam@example.com", "Sam Smith"); err != nil {
		t.Fatal(err)
	}
	w.sf(ctx, dir, home, "org", "assign", "permset", "--name", "Switchboard_User", "--on-behalf-of", "sam@example.com", "--json")
	if got, err := w.Query("SELECT Id FROM PermissionSetAssignment WHERE Assignee.Username = 'sam@example.com' AND PermissionSet.Name = 'Switchboard_User'"); err != nil || len(got) != 1 {
		t.Errorf("assigned %v, %v", got, err)
	}

	var made struct{ ID string }
	result, _ = w.sf(ctx, dir, home, "data", "create", "record", "--sobject", "Contact", "--values", "LastName='O Hara' MobilePhone='(512) 555-0177'", "--json")
	if err := json.Unmarshal(result, &made); err != nil || w.Get("Contact", made.ID)["LastName"] != "O Hara" {
		t.Errorf("created %s: %v", result, w.Get("Contact", made.ID))
	}
	if err := w.Load("Contact", 2500, func(int) map[string]any { return map[string]any{"LastName": "Many"} }); err != nil {
		t.Fatal(err)
	}
	var found struct {
		TotalSize int
		Done      bool
		Records   []map[string]any
	}
	result, _ = w.sf(ctx, dir, home, "data", "query", "--query", "SELECT Id, LastName, Owner.Name FROM Contact ORDER BY Id", "--json")
	if err := json.Unmarshal(result, &found); err != nil || found.TotalSize != 2501 || len(found.Records) != 2501 {
		t.Errorf("queried %d of %d records, %v", len(found.Records), found.TotalSize, err)
	}
	_, table := w.sf(ctx, dir, home, "data", "query", "--query", "SELECT LastName, Owner.Name FROM Contact LIMIT 1", "--result-format", "csv")
	if !strings.Contains(table, "O Hara,Ada Admin") {
		t.Errorf("the table is %q", table)
	}

	w.SetBulkPage(1500) // two pages
	w.sf(ctx, dir, home, "data", "export", "bulk", "--query", "SELECT Id, LastName FROM Contact", "--output-file", "out.csv", "--result-format", "csv", "--wait", "2", "--json")
	file, err := os.ReadFile(filepath.Join(home, "out.csv"))
	if lines := bytes.Count(file, []byte("\n")); err != nil || lines != 2502 {
		t.Errorf("the file has %d lines, want a header and 2501 rows, %v", lines, err)
	}
}
