package salesforce

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"
)

// describeAge is how long a description is used before it is asked for again.
// An admin who adds a field, or takes one away, is noticed by then; who uses a
// field that is gone is told so by Salesforce at once.
const describeAge = 10 * time.Minute

// Object describes an object as the token's user may see it: what it may not
// see is left out, as if it were not there.
type Object struct {
	Name       string  `json:"name"`
	Label      string  `json:"label"`
	KeyPrefix  string  `json:"keyPrefix"`
	Custom     bool    `json:"custom"`
	Queryable  bool    `json:"queryable"`
	Createable bool    `json:"createable"`
	Updateable bool    `json:"updateable"`
	Deletable  bool    `json:"deletable"`
	Fields     []Field `json:"fields"`

	byName map[string]int // in lower case: Salesforce's names ignore it
}

// Field describes a field of an object.
type Field struct {
	Name              string   `json:"name"`
	Label             string   `json:"label"`
	Type              string   `json:"type"` // phone, string, reference, datetime …
	Length            int      `json:"length"`
	Createable        bool     `json:"createable"`
	Updateable        bool     `json:"updateable"`
	Filterable        bool     `json:"filterable"`
	Nillable          bool     `json:"nillable"`
	DefaultedOnCreate bool     `json:"defaultedOnCreate"`
	Calculated        bool     `json:"calculated"` // a formula: it changes without a stamp
	ExternalID        bool     `json:"externalId"`
	Unique            bool     `json:"unique"`
	ReferenceTo       []string `json:"referenceTo"`
}

// Required reports whether a record cannot be created without the field.
func (f Field) Required() bool { return f.Createable && !f.Nillable && !f.DefaultedOnCreate }

// Field returns the field called name.
func (o *Object) Field(name string) (Field, bool) {
	i, ok := o.byName[strings.ToLower(name)]
	if !ok {
		return Field{}, false
	}
	return o.Fields[i], true
}

// Has reports whether there is a field called name.
func (o *Object) Has(name string) bool {
	_, ok := o.Field(name)
	return ok
}

func (o *Object) index() {
	o.byName = make(map[string]int, len(o.Fields))
	for i, f := range o.Fields {
		o.byName[strings.ToLower(f.Name)] = i
	}
}

// describer remembers descriptions.
type describer struct {
	mu   sync.Mutex
	seen map[string]described
}

type described struct {
	object   *Object
	modified string // the header Last-Modified, for If-Modified-Since
	at       time.Time
}

func (d *describer) get(name string) (described, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	s, ok := d.seen[name]
	return s, ok
}

func (d *describer) put(name string, s described) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.seen == nil {
		d.seen = map[string]described{}
	}
	d.seen[name] = s
}

// Forget makes the next use of an object's description ask whether it still
// holds.
func (c *Client) Forget(object string) {
	c.objects.mu.Lock()
	defer c.objects.mu.Unlock()
	delete(c.objects.seen, object)
}

// Describe returns the description of an object, which is at most ten minutes
// old. It must not be changed. An object that the org has not, or that the user
// may not see, is an error with [CodeNoSuch].
func (c *Client) Describe(ctx context.Context, object string) (*Object, error) {
	if !validName(object) {
		return nil, badName("describe", object)
	}
	known, ok := c.objects.get(object)
	if ok && c.now().Sub(known.at) < describeAge {
		return known.object, nil
	}
	path, err := c.path("sobjects", object, "describe")
	if err != nil {
		return nil, err
	}
	r := call{what: "describe " + object, use: UsePoll, method: http.MethodGet, path: path}
	if ok && known.modified != "" {
		r.header = map[string]string{"If-Modified-Since": known.modified}
	}
	a, err := c.do(ctx, r)
	if err != nil {
		if HasCode(err, "NOT_FOUND", "INVALID_TYPE") {
			return nil, &Error{What: r.what, Code: CodeNoSuch, Status: http.StatusNotFound, Class: ClassPermanent,
				Message: "the org has no object " + object + ", or hides it from the user that we act as", Err: err}
		}
		return nil, err
	}
	if a.status == http.StatusNotModified && ok {
		c.objects.put(object, described{known.object, known.modified, c.now()})
		return known.object, nil
	}
	o := &Object{}
	if err := r.decode(a, o); err != nil {
		return nil, err
	}
	o.index()
	c.objects.put(object, described{o, a.header.Get("Last-Modified"), c.now()})
	return o, nil
}

// ObjectName is an object in the list of all.
type ObjectName struct {
	Name      string `json:"name"`
	Label     string `json:"label"`
	KeyPrefix string `json:"keyPrefix"`
	Custom    bool   `json:"custom"`
	Queryable bool   `json:"queryable"`
}

// Objects lists the objects that the user may see.
func (c *Client) Objects(ctx context.Context) ([]ObjectName, error) {
	path, err := c.path("sobjects")
	if err != nil {
		return nil, err
	}
	var all struct {
		Objects []ObjectName `json:"sobjects"`
	}
	return all.Objects, c.doJSON(ctx, call{what: "list the objects", use: UseSetup, method: http.MethodGet, path: path}, &all)
}

// selectable reports whether a query of any kind can ask for the field. Bulk
// jobs refuse the compound ones, whose parts are fields of their own.
func selectable(f Field) bool {
	switch f.Type {
	case "address", "location", "base64", "complexvalue":
		return false
	}
	return true
}
