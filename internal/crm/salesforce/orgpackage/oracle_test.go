package orgpackage

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// clients is the folder with other people's programs that know Salesforce.
const clients = "../../../../tools/salesforce-clients"

// A fault is what tools/salesforce-clients/metadata.mjs has to say about a file.
type fault struct {
	File, Where, Problem string
}

// faults returns what two descriptions of the Metadata API's types, of which
// none is ours, find wrong with files.
func faults(t *testing.T, files map[string][]byte) []fault {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		save(t, filepath.Join(dir, filepath.FromSlash(name)), text)
	}
	checker := installed(t, "metadata.mjs", "@salesforce/types", "fast-xml-parser", "jsforce", ".bin/node")
	// Some Linux distributions have an older Node.js than the packages need.
	node := filepath.Join(filepath.Dir(checker), "node_modules", ".bin", "node")
	cmd := exec.CommandContext(t.Context(), node, checker, dir)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("The checker failed: %v\n%s", err, stderr.String())
	}
	var answer struct {
		Files int
		Types []int
		Found []fault
	}
	if err := json.Unmarshal(out, &answer); err != nil {
		t.Fatal(err)
	}
	if answer.Files != len(files) || len(answer.Types) != 2 || slices.Min(answer.Types) < 800 {
		t.Fatalf("The checker read %d of %d files and knows %v types.", answer.Files, len(files), answer.Types)
	}
	return answer.Found
}

// installed returns the path of a file in clients, where the npm packages are
// installed.
func installed(t *testing.T, file string, packages ...string) string {
	t.Helper()
	for _, p := range packages {
		if _, err := os.Stat(filepath.Join(clients, "node_modules", p)); err != nil {
			t.Fatalf("%s is not in %s/node_modules. Run make test: it installs it. Or run npm ci --ignore-scripts in tools/salesforce-clients.", p, clients)
		}
	}
	path, err := filepath.Abs(filepath.Join(clients, file))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func save(t *testing.T, path string, text []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
}

// sourceFiles returns the XML of the project in source format.
func sourceFiles(t *testing.T) map[string][]byte {
	t.Helper()
	p, err := readProject(FS())
	if err != nil {
		t.Fatal(err)
	}
	delete(p, "sfdx-project.json")
	return p
}

func TestEachFileIsWhatTheMetadataAPITakes(t *testing.T) {
	files := map[string][]byte{}
	for name, text := range sourceFiles(t) {
		files["source/"+name] = text
	}
	_, zipped := zipped(t, Options{ChangeDataCapture: true})
	for name, text := range zipped {
		files["zip/"+name] = text
	}
	for _, f := range faults(t, files) {
		t.Errorf("%s: %s: %s", f.File, f.Where, f.Problem)
	}
}

// The checker is of use only if it sees each kind of mistake that an org would
// refuse the package for, and that nothing else here would see.
func TestTheCheckerSeesMistakes(t *testing.T) {
	const dir = "force-app/main/default/"
	phone := dir + "objects/SMS__c/fields/Phone__c.field-meta.xml"
	mistakes := []struct {
		name, file, old, new string
	}{
		{"a tag that is not closed", phone, "</label>", ""},
		{"an element that nobody knows", phone, "trackHistory", "trackHistories"},
		{"a type of field that there is not", phone, "<type>Phone<", "<type>Phonez<"},
		{"neither true nor false", phone, "<required>false<", "<required>no<"},
		{"an element that is there twice", phone, "<label>Phone</label>", "<label>Phone</label><label>Tel</label>"},
		{"another sharing model", dir + "objects/SMS__c/SMS__c.object-meta.xml", ">ReadWrite<", ">Public<"},
		{"another delete constraint", dir + "objects/SMS__c/fields/Lead__c.field-meta.xml", ">SetNull<", ">Clear<"},
		{"no number", dir + "objects/SMS__c/fields/Message__c.field-meta.xml", ">131072<", ">all<"},
		{"a list without a scope", dir + "objects/SMS__c/listViews/All.listView-meta.xml", "<filterScope>Everything</filterScope>", ""},
		{"a list of another scope", dir + "objects/SMS__c/listViews/Mine.listView-meta.xml", ">Mine</filterScope>", ">Me</filterScope>"},
		{"a filter that is none", dir + "objects/SMS__c/listViews/Unassigned.listView-meta.xml", ">equals<", ">is<"},
		{"a notification without desktop", dir + "notificationtypes/New_SMS.notiftype-meta.xml", "<desktop>true</desktop>", ""},
		{"a permission without editable", dir + "permissionsets/Switchboard_User.permissionset-meta.xml", "<editable>false</editable>", ""},
		{"a tab that is hidden", dir + "permissionsets/Switchboard_User.permissionset-meta.xml", ">Visible<", ">Hidden<"},
		{"an item that may be edited", dir + "layouts/SMS__c-SMS Layout.layout-meta.xml", ">Readonly<", ">ReadOnly<"},
		{"a page with the old items", dir + "flexipages/SMS_Record_Page.flexipage-meta.xml", "itemInstances", "itemInstance"},
		{"a member of no channel", "change-data-capture/main/default/platformEventChannelMembers/ChangeEvents_LeadChangeEvent.platformEventChannelMember-meta.xml", "eventChannel", "channel"},
	}
	source, files := sourceFiles(t), map[string][]byte{}
	for i, m := range mistakes {
		text, ok := source[m.file]
		if !ok || !bytes.Contains(text, []byte(m.old)) {
			t.Fatalf("%s: %q is not in %s", m.name, m.old, m.file)
		}
		files[fmt.Sprintf("%d.xml", i)] = bytes.ReplaceAll(text, []byte(m.old), []byte(m.new))
	}
	seen := map[string]bool{}
	for _, f := range faults(t, files) {
		seen[f.File] = true
	}
	for i, m := range mistakes {
		if !seen[fmt.Sprintf("%d.xml", i)] {
			t.Errorf("the checker does not see %s", m.name)
		}
	}
}

func TestTheZipIsWhatTheSFCommandLineMakes(t *testing.T) {
	project := t.TempDir()
	if err := Write(project); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		options Options
		args    []string
	}{
		{Options{}, nil},
		{Options{ChangeDataCapture: true}, []string{"--source-dir", captureDirectory}},
	} {
		t.Run(fmt.Sprintf("%+v", tc.options), func(t *testing.T) {
			theirs := convert(t, project, tc.args...)
			_, ours := zipped(t, tc.options)
			if diff := cmp.Diff(slices.Sorted(maps.Keys(theirs)), slices.Sorted(maps.Keys(ours))); diff != "" {
				t.Fatalf("files (-sf +ours):\n%s", diff)
			}
			for name, text := range ours {
				if !bytes.Equal(text, theirs[name]) {
					if diff := cmp.Diff(sorted(t, theirs[name]), sorted(t, text), cmp.AllowUnexported(element{})); diff != "" {
						t.Errorf("%s (-sf +ours):\n%s", name, diff)
					}
				}
			}
		})
	}
}

func TestTheSFCommandLineReadsTheZipBack(t *testing.T) {
	_, zipped := zipped(t, Options{ChangeDataCapture: true})
	root := t.TempDir()
	for name, text := range zipped {
		save(t, filepath.Join(root, filepath.FromSlash(name)), text)
	}
	project := t.TempDir()
	if err := Write(project); err != nil {
		t.Fatal(err)
	}
	back := sf(t, project, "convert", "mdapi", "--root-dir", root)
	source := sourceFiles(t)
	for name, text := range source {
		_, short, _ := strings.Cut(name, "/") // it puts all into one package directory
		got := back[short]
		delete(back, short)
		if strings.HasSuffix(name, ".md-meta.xml") {
			if diff := cmp.Diff(readRecord(t, text), readRecord(t, got)); diff != "" {
				t.Errorf("%s (-source +read back):\n%s", name, diff)
			}
		} else if diff := cmp.Diff(sorted(t, text), sorted(t, got), cmp.AllowUnexported(element{})); diff != "" {
			t.Errorf("%s (-source +read back):\n%s", name, diff)
		}
	}
	for name, text := range back { // it adds a file for an object that we only give a field
		if !strings.HasSuffix(name, ".object-meta.xml") || len(sorted(t, text).children) > 0 {
			t.Errorf("%s came back too", name)
		}
	}
}

// convert returns what sf project convert source makes of the project.
func convert(t *testing.T, project string, args ...string) map[string][]byte {
	t.Helper()
	return sf(t, project, append([]string{"convert", "source", "--source-dir", mainDirectory}, args...)...)
}

// sf runs sf project in the folder and returns the files that it writes.
func sf(t *testing.T, project string, args ...string) map[string][]byte {
	t.Helper()
	out := filepath.Join(t.TempDir(), "out")
	args = slices.Concat([]string{installed(t, "node_modules/@salesforce/cli/bin/run.js", "@salesforce/cli"), "project"}, args, []string{"--json", "--output-dir", out})
	// It asks for Node 22, whatever the machine has.
	cmd := exec.CommandContext(t.Context(), installed(t, "node_modules/.bin/node", ".bin/node"), args...)
	cmd.Dir = project
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir(), "SF_DISABLE_TELEMETRY=true", "SF_AUTOUPDATE_DISABLE=true")
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("sf %s: %v\n%s", strings.Join(args[1:], " "), err, said)
	}
	files, err := readProject(os.DirFS(out))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// sorted returns the document with the elements below its root by name: which
// kinds of element come first in an object's file means nothing, the order
// within a kind may.
func sorted(t *testing.T, doc []byte) *element {
	t.Helper()
	e, err := parseElement(doc)
	if err != nil {
		t.Fatal(err)
	}
	slices.SortStableFunc(e.children, func(a, b element) int { return strings.Compare(a.name, b.name) })
	return e
}
