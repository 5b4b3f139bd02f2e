package orgpackage

import (
	"cmp"
	"strings"
)

// A Component is one part of the package as the Metadata API names it.
type Component struct {
	Type string // such as CustomField
	Name string // such as SMS__c.Phone__c
}

func (c Component) String() string { return c.Type + " " + c.Name }

func (c Component) compare(d Component) int {
	return cmp.Or(strings.Compare(c.Type, d.Type), strings.Compare(c.Name, d.Name))
}

// Components returns what a deployment with these options installs, by type and
// name.
func Components(o Options) ([]Component, error) {
	l, err := o.layout(FS())
	if err != nil {
		return nil, err
	}
	return l.components, nil
}
