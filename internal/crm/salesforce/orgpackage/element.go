package orgpackage

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// The XML namespace of everything in the package.
const namespace = "http://soap.sforce.com/2006/04/metadata"

// An element holds either text or other elements, which is all that an object
// and its fields are made of.
type element struct {
	name     string
	text     string
	children []element
}

// childText returns the text of the first child called name, "" if there is
// none.
func (e *element) childText(name string) string {
	for _, c := range e.children {
		if c.name == name {
			return c.text
		}
	}
	return ""
}

// parseElement reads a document. What it could not write again is an error:
// an attribute, text beside elements, another namespace.
func parseElement(doc []byte) (*element, error) {
	d := xml.NewDecoder(bytes.NewReader(doc))
	for {
		token, err := d.Token()
		switch t := token.(type) {
		case xml.StartElement:
			root, err := readElement(d, t)
			if err != nil {
				return nil, err
			}
			return root, readEnd(d)
		case nil:
			if errors.Is(err, io.EOF) {
				return nil, errors.New("the document is empty")
			}
			return nil, err
		}
	}
}

func readElement(d *xml.Decoder, start xml.StartElement) (*element, error) {
	e := &element{name: start.Name.Local}
	if start.Name.Space != namespace {
		return nil, fmt.Errorf("<%s> is in the namespace %q", e.name, start.Name.Space)
	}
	for _, a := range start.Attr {
		if a.Name.Local != "xmlns" {
			return nil, fmt.Errorf("<%s> has an attribute %s", e.name, a.Name.Local)
		}
	}
	for {
		token, err := d.Token()
		if err != nil {
			return nil, err
		}
		switch t := token.(type) {
		case xml.StartElement:
			c, err := readElement(d, t)
			if err != nil {
				return nil, err
			}
			e.children = append(e.children, *c)
		case xml.CharData:
			e.text += string(t)
		case xml.EndElement:
			if len(e.children) == 0 {
				return e, nil
			}
			if strings.TrimSpace(e.text) != "" {
				return nil, fmt.Errorf("<%s> has text beside elements", e.name)
			}
			e.text = ""
			return e, nil
		}
	}
}

func readEnd(d *xml.Decoder) error {
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if _, ok := token.(xml.StartElement); ok {
			return errors.New("the document has a second root")
		}
	}
}

// document returns e as a document of its own.
func (e *element) document() []byte {
	var b bytes.Buffer
	b.WriteString(xml.Header)
	fmt.Fprintf(&b, "<%s xmlns=%q>\n", e.name, namespace)
	for _, c := range e.children {
		c.write(&b, 1)
	}
	fmt.Fprintf(&b, "</%s>\n", e.name)
	return b.Bytes()
}

func (e *element) write(b *bytes.Buffer, depth int) {
	indent := strings.Repeat("    ", depth)
	if len(e.children) == 0 {
		fmt.Fprintf(b, "%s<%s>", indent, e.name)
		_ = xml.EscapeText(b, []byte(e.text)) // a bytes.Buffer takes it all
		fmt.Fprintf(b, "</%s>\n", e.name)
		return
	}
	fmt.Fprintf(b, "%s<%s>\n", indent, e.name)
	for _, c := range e.children {
		c.write(b, depth+1)
	}
	fmt.Fprintf(b, "%s</%s>\n", indent, e.name)
}
