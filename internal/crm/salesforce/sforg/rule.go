package sforg

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// validation is a validation rule: what must not be.
type validation struct {
	object, field, message string
	fails                  func(fields map[string]any) bool
}

// AddValidation makes the org refuse to save a record of the object when fails
// says so of what it would be, with the message that an admin wrote, at the
// field, or at the whole record for "".
func (o *Org) AddValidation(object, field, message string, fails func(fields map[string]any) bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.validation = append(o.validation, validation{object, field, message, fails})
}

// ClearRules takes all validation and duplicate rules away.
func (o *Org) ClearRules() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.validation, o.duplicates = nil, nil
}

// DuplicateRule describes when a record counts as a duplicate of another.
type DuplicateRule struct {
	Object  string     // whose new records are looked at
	Name    string     // "" is Standard_OBJECT_Duplicate_Rule
	Against []string   // objects that are searched; nil: Object itself
	Match   [][]string // a record matches if all fields of one of these groups are equal
	Block   bool       // refuses whatever the caller says; otherwise it only alerts
	Message string     // "" is Salesforce's own
}

type duplicateRule struct{ DuplicateRule }

// AddDuplicateRule activates a duplicate rule. Text is compared without case,
// phones by their last ten digits. As in Salesforce, a rule that only alerts in
// the pages still refuses a call that does not say allowSave.
func (o *Org) AddDuplicateRule(r DuplicateRule) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if r.Name == "" {
		r.Name = "Standard_" + r.Object + "_Duplicate_Rule"
	}
	if r.Against == nil {
		r.Against = []string{r.Object}
	}
	if r.Message == "" {
		r.Message = "You're creating a duplicate record. We recommend you use an existing record instead."
	}
	o.duplicates = append(o.duplicates, duplicateRule{r})
}

// check holds a record that is about to be saved against the rules. old is nil
// for a new one.
func (t *transaction) check(ob *object, old, r *row) *Error {
	if !t.system {
		for _, v := range t.o.validation {
			if strings.EqualFold(v.object, ob.Name) && v.fails(r.exported(ob)) {
				fields := []string{}
				if v.field != "" {
					fields = append(fields, v.field)
				}
				return errorf("FIELD_CUSTOM_VALIDATION_EXCEPTION", v.message, fields...)
			}
		}
		for _, d := range t.o.duplicates {
			if strings.EqualFold(d.Object, ob.Name) {
				if err := t.duplicate(d, ob, old, r); err != nil {
					return err
				}
			}
		}
	}
	if ob.Name == "PermissionSetAssignment" && old == nil {
		user, set := r.text(ob, "AssigneeId"), r.text(ob, "PermissionSetId")
		twice := false
		t.o.rowsOf(ob.Name, "AssigneeId", user, func(_ *object, other *row) { twice = twice || other.text(ob, "PermissionSetId") == set })
		if twice {
			return errorf("DUPLICATE_VALUE", fmt.Sprintf("Duplicate PermissionSetAssignment. Assignee: %s; Permission Set: %s", user, set))
		}
	}
	for ordinal, keys := range ob.unique {
		f := ob.fields[ordinal]
		if !f.Unique {
			continue
		}
		if n := keys[uniqueKey(f, r.raw(ordinal))]; n > 0 && n-1 != r.num {
			return errorf("DUPLICATE_VALUE", fmt.Sprintf("duplicate value found: %s duplicates value on record with id: %s", f.Name, ob.rows[n-1].id[:15]), f.Name)
		}
	}
	return nil
}

// duplicate returns the refusal if the rule finds a record like r.
func (t *transaction) duplicate(d duplicateRule, ob *object, old, r *row) *Error {
	if t.allowSave && !d.Block {
		return nil
	}
	if old != nil && !slices.ContainsFunc(slices.Concat(d.Match...), func(name string) bool {
		return comparable(ob, old, name) != comparable(ob, r, name)
	}) {
		return nil // an edit that concerns none of its fields
	}
	var results []map[string]any
	found := 0
	for _, name := range d.Against {
		target := t.o.object(name)
		if target == nil {
			continue
		}
		records := []map[string]any{}
		for _, other := range target.rows {
			if other == nil || other.deleted || other.id == r.id || !d.matches(ob, r, target, other) {
				continue
			}
			record := map[string]any{"attributes": map[string]any{"type": target.Name, "url": t.path("/sobjects/" + target.Name + "/" + other.id)}, "Id": other.id}
			if t.details {
				for _, f := range target.fields {
					if v := other.get(target, f); v != nil && f.Type != TypeAddress {
						record[f.Name] = json.RawMessage(appendJSON(nil, f, v))
					}
				}
			}
			records = append(records, map[string]any{"additionalInformation": []any{}, "fieldDiffs": []any{}, "matchConfidence": 100.0, "record": record})
			if len(records) == 50 {
				break
			}
		}
		found += len(records)
		if len(records) > 0 {
			results = append(results, map[string]any{"entityType": target.Name, "errors": []any{}, "matchEngine": "FuzzyMatchEngine",
				"matchRecords": records, "rule": "Standard_" + target.Name + "_Match_Rule_v1_1", "size": len(records), "success": true})
		}
	}
	if found == 0 {
		return nil
	}
	body, err := json.Marshal(map[string]any{"allowSave": !d.Block, "duplicateRule": d.Name, "duplicateRuleEntityType": d.Object,
		"errorMessage": d.Message, "matchResults": results})
	if err != nil {
		return &Error{Code: "UNKNOWN_EXCEPTION", Message: err.Error(), Status: 500}
	}
	return &Error{Code: "DUPLICATES_DETECTED", Message: d.Message, duplicates: body}
}

func (d duplicateRule) matches(ob *object, r *row, target *object, other *row) bool {
	return slices.ContainsFunc(d.Match, func(group []string) bool {
		for _, name := range group {
			if v := comparable(ob, r, name); v == "" || v != comparable(target, other, name) {
				return false
			}
		}
		return len(group) > 0
	})
}

// comparable returns what a duplicate rule compares of a field.
func comparable(ob *object, r *row, name string) string {
	f := ob.field(name)
	if f == nil {
		return ""
	}
	s, _ := r.get(ob, f).(string)
	if f.Type != TypePhone {
		return strings.ToLower(s)
	}
	digits := strings.Map(func(c rune) rune {
		if c < '0' || c > '9' {
			return -1
		}
		return c
	}, s)
	return digits[max(0, len(digits)-10):]
}

// path returns the path of a resource in the API version of the transaction.
func (t *transaction) path(rest string) string {
	v := t.version
	if v == "" {
		v = "62.0"
	}
	return "/services/data/v" + v + rest
}
