package sforg

import (
	"net/http"
	"strings"
)

// described is an object in the answer of a global describe.
func (q *request) described(ob *object) map[string]any {
	base := q.path("/sobjects/" + ob.Name)
	may := q.who.user.rights(ob)
	writable := !ob.Metadata
	return map[string]any{
		"name": ob.Name, "label": ob.Label, "labelPlural": ob.Plural, "keyPrefix": ob.Prefix, "custom": strings.HasSuffix(ob.Name, "__c") || ob.Metadata,
		"createable": writable && may.create, "updateable": writable && may.edit, "deletable": writable && may.remove, "undeletable": writable && may.remove, "mergeable": ob.Mergeable, "queryable": true,
		"retrieveable": true, "replicateable": writable, "searchable": writable, "triggerable": writable, "layoutable": writable, "activateable": false,
		"customSetting": false, "deprecatedAndHidden": false, "feedEnabled": false, "hasSubtypes": false, "isInterface": false, "isSubtype": false, "mruEnabled": writable,
		"associateEntityType": nil, "associateParentEntity": nil,
		"urls": map[string]string{"sobject": base, "describe": base + "/describe", "rowTemplate": base + "/{ID}"},
	}
}

func (q *request) globalDescribe() {
	q.lock()
	defer q.unlock()
	list := []map[string]any{}
	for _, ob := range q.o.order {
		if q.who.user.seesObject(ob) {
			list = append(list, q.described(ob))
		}
	}
	q.reply(http.StatusOK, map[string]any{"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": list})
}

func (q *request) describe(ob *object) {
	changed := max(ob.defined, q.o.regranted).time()
	q.w.Header().Set("Last-Modified", changed.Format(http.TimeFormat))
	if since, err := http.ParseTime(q.r.Header.Get("If-Modified-Since")); err == nil && !changed.After(since) {
		q.w.WriteHeader(http.StatusNotModified)
		return
	}
	m := q.described(ob)
	fields := []map[string]any{}
	for _, f := range ob.fields {
		if q.who.user.sees(ob, f) {
			fields = append(fields, q.describedField(ob, f))
		}
	}
	m["fields"] = fields
	m["childRelationships"] = q.o.children(ob)
	m["recordTypeInfos"] = []map[string]any{{"active": true, "available": true, "defaultRecordTypeMapping": true, "developerName": "Master",
		"master": true, "name": "Master", "recordTypeId": "012000000000000AAA", "urls": map[string]any{}}}
	m["actionOverrides"], m["namedLayoutInfos"], m["supportedScopes"] = []any{}, []any{}, []any{}
	m["compactLayoutable"], m["searchLayoutable"] = true, true
	q.reply(http.StatusOK, m)
}

func (o *Org) children(ob *object) []map[string]any {
	list := []map[string]any{}
	for _, child := range o.order {
		for _, f := range child.fields {
			for _, to := range f.ReferenceTo {
				if to == ob.Name {
					list = append(list, map[string]any{"childSObject": child.Name, "field": f.Name, "relationshipName": nullIfEmpty(f.childName(child)), "cascadeDelete": child.Name == "Contact" && f.Name == "AccountId",
						"deprecatedAndHidden": false, "restrictedDelete": false, "junctionIdListNames": []any{}, "junctionReferenceTo": []any{}})
				}
			}
		}
	}
	return list
}

func nullIfEmpty(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// soapType returns the name of a type in the SOAP API, which describe tells too.
func soapType(t FieldType) string {
	switch t {
	case TypeID, TypeReference:
		return "tns:ID"
	case TypeBoolean:
		return "xsd:boolean"
	case TypeDouble:
		return "xsd:double"
	case TypeInt:
		return "xsd:int"
	case TypeDate:
		return "xsd:date"
	case TypeDateTime:
		return "xsd:dateTime"
	case TypeAddress:
		return "urn:address"
	}
	return "xsd:string"
}

func (q *request) describedField(ob *object, f *Field) map[string]any {
	system := f.ordinal < systemFields
	auto := f.Name == "Name" && ob.AutoName != ""
	writable := !ob.Metadata && !f.ReadOnly && !f.Calculated && !system && !auto && q.who.user.edits(ob, f)
	may := q.who.user.rights(ob)
	_, securable := ob.securable(f)
	long := f.Type == TypeTextArea && f.Length > 255 || f.Type == TypeAddress
	nillable := !f.Required && f.Type != TypeBoolean
	if f.Calculated {
		nillable = f.Type == TypeAddress || f.Formula != nil
	}
	values := []map[string]any{}
	for _, v := range f.Values {
		values = append(values, map[string]any{"active": true, "defaultValue": f.Default == v, "label": v, "value": v, "validFor": nil})
	}
	m := map[string]any{
		"name": f.Name, "label": f.Label, "type": f.Type, "length": 0, "byteLength": 0, "soapType": soapType(f.Type),
		"createable": writable && may.create, "updateable": writable && may.edit && !f.FixedOnCreate, "nillable": nillable,
		"defaultedOnCreate": system || f.Defaulted || f.Type == TypeBoolean || auto, "calculated": f.Formula != nil, "custom": f.Custom(),
		"externalId": f.ExternalID, "idLookup": f.ExternalID || f.ordinal == fieldID || f.Type == TypeEmail, "unique": f.Unique, "caseSensitive": f.CaseSensitive,
		"filterable": !long, "sortable": !long, "groupable": !long && f.Type != TypeDateTime && f.Type != TypeDouble, "aggregatable": !long && f.Type != TypeBoolean,
		"autoNumber": auto, "nameField": f.Name == "Name", "namePointing": len(f.ReferenceTo) > 1, "permissionable": securable,
		"referenceTo": append([]string{}, f.ReferenceTo...), "relationshipName": nil, "picklistValues": values, "restrictedPicklist": f.Restricted,
		"compoundFieldName": nil, "digits": 0, "precision": 0, "scale": 0, "defaultValue": nil, "extraTypeInfo": nil, "htmlFormatted": false, "encrypted": false,
		"cascadeDelete": false, "deprecatedAndHidden": false, "dependentPicklist": false, "displayLocationInDecimal": false, "formulaTreatNullNumberAsZero": false,
		"highScaleNumber": false, "aiPredictionField": false, "polymorphicForeignKey": len(f.ReferenceTo) > 1, "queryByDistance": false, "searchPrefilterable": false,
		"writeRequiresMasterRead": false, "restrictedDelete": false, "calculatedFormula": nil, "controllerName": nil, "defaultValueFormula": nil,
		"filteredLookupInfo": nil, "inlineHelpText": nil, "mask": nil, "maskType": nil, "referenceTargetField": nil, "relationshipOrder": nil,
	}
	if f.Length > 0 {
		m["length"], m["byteLength"] = f.Length, 3*f.Length
	}
	if f.Relationship != "" {
		m["relationshipName"] = f.Relationship
	}
	if f.Compound != "" {
		m["compoundFieldName"] = f.Compound
	}
	if f.Type == TypeInt {
		m["digits"] = 8
	}
	if f.Type == TypeDouble {
		m["precision"], m["scale"] = 18, 2
	}
	if f.Type == TypeTextArea {
		m["extraTypeInfo"] = "plaintextarea"
	}
	if f.Type == TypeBoolean {
		m["defaultValue"] = f.Default == true
	}
	return m
}
