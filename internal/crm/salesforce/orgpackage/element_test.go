package orgpackage

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// FuzzElement states that what is read is written so that it reads the same.
func FuzzElement(f *testing.F) {
	for _, doc := range []string{
		`<A xmlns="` + namespace + `"/>`,
		`<A xmlns="` + namespace + `"><b>x &amp; y</b><b/><c><d> e
f </d></c></A>`,
		`<?xml version="1.0"?><A xmlns="` + namespace + `"><!-- c --><b>&#xA;]]&gt;</b></A>`,
		`<A xmlns="` + namespace + `"><b>text<c/></b></A>`,
		`<A><b/></A>`, `<A xmlns="` + namespace + `"/><B/>`, `<A`, ``,
	} {
		f.Add([]byte(doc))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		e, err := parseElement(doc)
		if err != nil || len(e.children) == 0 {
			return // text of a root is not written: no type has any
		}
		again, err := parseElement(e.document())
		if err != nil {
			t.Fatalf("%q was written as %q, which cannot be read: %v", doc, e.document(), err)
		}
		if diff := cmp.Diff(e, again, cmp.AllowUnexported(element{})); diff != "" {
			t.Errorf("%q was written as %q (-read +read again):\n%s", doc, e.document(), diff)
		}
	})
}
