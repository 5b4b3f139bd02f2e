package orgpackage

import (
	"archive/zip"
	"bytes"
	"io"
	"path"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// zipped returns the package as a deployment would get it, by file name.
func zipped(t *testing.T, o Options) ([]byte, map[string][]byte) {
	t.Helper()
	var b bytes.Buffer
	if err := Zip(&b, o); err != nil {
		t.Fatal(err)
	}
	r, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, f := range r.File {
		if _, twice := files[f.Name]; twice || path.Clean("/" + f.Name)[1:] != f.Name {
			t.Errorf("the zip holds %q, twice or outside of itself", f.Name)
		}
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if files[f.Name], err = io.ReadAll(in); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes(), files
}

func TestTheSameOptionsGiveTheSameBytes(t *testing.T) {
	for _, o := range []Options{{}, {ChangeDataCapture: true}, {APIVersion: "v60.0", KeepSettings: true}} {
		a, _ := zipped(t, o)
		b, _ := zipped(t, o)
		if !bytes.Equal(a, b) {
			t.Errorf("%+v: two zips differ", o)
		}
	}
}

func TestWhatAnOrgMayWantToDoWithoutCanBeLeftOut(t *testing.T) {
	names := func(o Options) map[Component]bool {
		t.Helper()
		components, err := Components(o)
		if err != nil {
			t.Fatal(err)
		}
		found := map[Component]bool{}
		for _, c := range components {
			if found[c] {
				t.Errorf("%v is there twice", c)
			}
			found[c] = true
		}
		return found
	}
	plain, captured, kept := names(Options{}), names(Options{ChangeDataCapture: true}), names(Options{KeepSettings: true})
	for _, name := range []string{"ChangeEvents_AccountChangeEvent", "ChangeEvents_ContactChangeEvent", "ChangeEvents_LeadChangeEvent", "ChangeEvents_SMS_ChangeEvent"} {
		member := Component{"PlatformEventChannelMember", name}
		if plain[member] || !captured[member] {
			t.Errorf("%v: in a plain package %t, with Change Data Capture %t", member, plain[member], captured[member])
		}
		delete(captured, member)
	}
	if diff := cmp.Diff(plain, captured); diff != "" {
		t.Errorf("Change Data Capture changes more than its members (-without +with):\n%s", diff)
	}
	setting := Component{"CustomMetadata", "Create_Records_From_Unknown_Numbers.Default"}
	if !plain[setting] || kept[setting] {
		t.Errorf("%v: in a plain package %t, with KeepSettings %t", setting, plain[setting], kept[setting])
	}
	delete(plain, setting)
	if diff := cmp.Diff(plain, kept); diff != "" {
		t.Errorf("KeepSettings leaves out more than the setting (-without +with):\n%s", diff)
	}
	if _, files := zipped(t, Options{KeepSettings: true}); files["customMetadata/"+setting.Name+".md"] != nil {
		t.Error("the zip holds the setting all the same")
	}
}

func TestTheManifestNamesEachComponent(t *testing.T) {
	for _, o := range []Options{{}, {ChangeDataCapture: true, APIVersion: "60.0"}, {APIVersion: "v62.0"}} {
		components, err := Components(o)
		if err != nil {
			t.Fatal(err)
		}
		_, files := zipped(t, o)
		manifest, err := parseElement(files["package.xml"])
		if err != nil {
			t.Fatal(err)
		}
		var named []Component
		for _, types := range manifest.children {
			for _, c := range types.children {
				if c.name == "members" {
					named = append(named, Component{types.childText("name"), c.text})
				}
			}
		}
		if diff := cmp.Diff(components, named); diff != "" {
			t.Errorf("%+v: package.xml (-components +named):\n%s", o, diff)
		}
		want := strings.TrimPrefix(o.APIVersion, "v")
		if want == "" {
			want = DefaultAPIVersion
		}
		if got := manifest.childText("version"); got != want {
			t.Errorf("%+v: version %s", o, got)
		}
	}
}

func TestAVersionThatIsNoneIsRefused(t *testing.T) {
	for _, version := range []string{"62", "51.0", "v9.0", "62.1", "../62.0", "62.0\n", "latest", "vv62.0"} {
		var b bytes.Buffer
		if err := Zip(&b, Options{APIVersion: version}); err == nil || b.Len() > 0 {
			t.Errorf("Zip with version %q: %v and %d bytes", version, err, b.Len())
		}
	}
}
