package sforg

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// An Object describes a kind of record. Its system fields (Id, IsDeleted,
// CreatedDate, CreatedById, LastModifiedDate, LastModifiedById, SystemModstamp)
// come by themselves.
type Object struct {
	Name   string
	Label  string
	Plural string // label of many
	Prefix string // first three characters of an id; "" gives a new one
	Fields []Field

	Mergeable bool // has MasterRecordId, and can be merged
	Private   bool // only its owner and who has View All see a record
	Metadata  bool // a custom metadata type: readable only
	AutoName  string
}

// object is an Object with its records. The org's mutex guards it.
type object struct {
	Object
	fields []*Field // Fields[i].ordinal == i
	byName map[string]*Field
	byRel  map[string]*Field

	rows    []*row // by number; nil: gone for good
	unique  map[int]map[string]int
	log     []stampEntry // by stamp: which record got it; some are outdated
	counter int          // of auto-numbered names
	defined instant      // when its description changed last
}

// stampEntry says that a record was written at a time. It is outdated if the
// record has another SystemModstamp by now.
type stampEntry struct {
	at  instant
	num int
}

// Ordinals of the system fields, which all objects begin with.
const (
	fieldID = iota
	fieldIsDeleted
	fieldCreatedDate
	fieldCreatedByID
	fieldLastModifiedDate
	fieldLastModifiedByID
	fieldSystemModstamp
	systemFields
)

func systemFieldList() []Field {
	return []Field{
		{Name: "Id", Label: "Record ID", Type: TypeID, Length: 18, ReadOnly: true, Defaulted: true, Required: true},
		{Name: "IsDeleted", Label: "Deleted", Type: TypeBoolean, ReadOnly: true, Defaulted: true, Required: true},
		{Name: "CreatedDate", Label: "Created Date", Type: TypeDateTime, ReadOnly: true, Defaulted: true, Required: true},
		{Name: "CreatedById", Label: "Created By ID", Type: TypeReference, ReadOnly: true, Defaulted: true, Required: true, ReferenceTo: []string{"User"}, Relationship: "CreatedBy"},
		{Name: "LastModifiedDate", Label: "Last Modified Date", Type: TypeDateTime, ReadOnly: true, Defaulted: true, Required: true},
		{Name: "LastModifiedById", Label: "Last Modified By ID", Type: TypeReference, ReadOnly: true, Defaulted: true, Required: true, ReferenceTo: []string{"User"}, Relationship: "LastModifiedBy"},
		{Name: "SystemModstamp", Label: "System Modstamp", Type: TypeDateTime, ReadOnly: true, Defaulted: true, Required: true},
	}
}

// DefineObject adds an object, or adds fields to one that is there: a field that
// is there already is replaced, none is taken away.
func (o *Org) DefineObject(def Object) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.define(def)
}

func (o *Org) define(def Object) error {
	if def.Name == "" {
		return fmt.Errorf("an object needs a name")
	}
	ob := o.object(def.Name)
	if ob == nil {
		if def.Prefix == "" {
			def.Prefix = o.newPrefix(def.Metadata)
		}
		ob = &object{Object: def, byName: map[string]*Field{}, byRel: map[string]*Field{}, unique: map[int]map[string]int{}}
		ob.Label = cmp.Or(def.Label, def.Name)
		ob.Plural = cmp.Or(def.Plural, ob.Label)
		for _, f := range systemFieldList() {
			ob.addField(f)
		}
		if def.Mergeable {
			ob.addField(Field{Name: "MasterRecordId", Label: "Master Record ID", Type: TypeReference, ReadOnly: true, ReferenceTo: []string{def.Name}, Relationship: "MasterRecord"})
		}
		o.objects[strings.ToLower(def.Name)] = ob
		o.byPrefix[def.Prefix] = ob
		o.order = append(o.order, ob)
	} else {
		ob.Label = cmp.Or(def.Label, ob.Label)
		ob.Plural = cmp.Or(def.Plural, ob.Plural)
		ob.AutoName = cmp.Or(def.AutoName, ob.AutoName)
		ob.Private = ob.Private || def.Private
	}
	for _, f := range def.Fields {
		ob.addField(f)
	}
	ob.defined = instantOf(o.now())
	return nil
}

func (ob *object) addField(f Field) {
	f.Label = cmp.Or(f.Label, strings.TrimSuffix(f.Name, "__c"))
	f.Calculated = f.Calculated || f.Formula != nil
	if f.Length == 0 {
		switch f.Type {
		case TypePhone:
			f.Length = 40
		case TypeEmail:
			f.Length = 80
		case TypeReference, TypeID:
			f.Length = 18
		case TypeTextArea, TypeURL, TypeString, TypePicklist:
			f.Length = 255
		}
	}
	if f.Type == TypeReference && f.Relationship == "" {
		if base, ok := strings.CutSuffix(f.Name, "__c"); ok {
			f.Relationship = base + "__r"
		} else {
			f.Relationship = strings.TrimSuffix(f.Name, "Id")
		}
	}
	old := ob.byName[strings.ToLower(f.Name)]
	if old != nil {
		f.ordinal = old.ordinal
		ob.fields[f.ordinal] = &f
	} else {
		f.ordinal = len(ob.fields)
		ob.fields = append(ob.fields, &f)
	}
	ob.byName[strings.ToLower(f.Name)] = &f
	if f.Relationship != "" {
		ob.byRel[strings.ToLower(f.Relationship)] = &f
	}
	if f.Unique || f.ExternalID {
		if ob.unique[f.ordinal] == nil {
			ob.unique[f.ordinal] = map[string]int{}
		}
	}
}

// field finds a field by name in any case, nil if there is none.
func (ob *object) field(name string) *Field { return ob.byName[strings.ToLower(name)] }

// object finds an object by name in any case, nil if there is none.
func (o *Org) object(name string) *object { return o.objects[strings.ToLower(name)] }

// objectOf finds the object whose records have ids like this.
func (o *Org) objectOf(id string) *object {
	if len(id) < 3 {
		return nil
	}
	return o.byPrefix[id[:3]]
}

// newPrefix returns a key prefix that no object has: a00, a01 … of custom
// objects, m00, m01 … of metadata types.
func (o *Org) newPrefix(metadata bool) string {
	first := "a"
	if metadata {
		first = "m"
	}
	for n := 0; ; n++ {
		p := first + string(base62[n/62%62]) + string(base62[n%62])
		if o.byPrefix[p] == nil {
			return p
		}
	}
}

// Objects returns the names of all objects, in the order of their making.
func (o *Org) Objects() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	names := make([]string, len(o.order))
	for i, ob := range o.order {
		names[i] = ob.Name
	}
	return names
}

// Fields returns an object's fields in an order that stays: a field that is made
// later comes last. It is nil for an object that isn't there.
func (o *Org) Fields(name string) []Field {
	o.mu.Lock()
	defer o.mu.Unlock()
	ob := o.object(name)
	if ob == nil {
		return nil
	}
	fields := make([]Field, len(ob.fields))
	for i, f := range ob.fields {
		fields[i] = *f
		fields[i].ReferenceTo = slices.Clone(f.ReferenceTo)
		fields[i].Values = slices.Clone(f.Values)
	}
	return fields
}
