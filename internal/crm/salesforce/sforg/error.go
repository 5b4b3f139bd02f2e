package sforg

import (
	"cmp"
	"encoding/json"
	"net/http"
)

// An Error is a refusal by the org, as the API words it.
type Error struct {
	Code    string   // errorCode of a plain answer, statusCode of a row
	Message string   // for people; localised in a real org
	Fields  []string // that it is about
	Status  int      // of HTTP; 0 is 400

	duplicates json.RawMessage // the member that is spelt duplicateResut
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

func (e *Error) status() int { return cmp.Or(e.Status, http.StatusBadRequest) }

func errorf(code, message string, fields ...string) *Error {
	return &Error{Code: code, Message: message, Fields: fields}
}

func notFound() *Error {
	return &Error{Code: "NOT_FOUND", Message: "The requested resource does not exist", Status: http.StatusNotFound}
}

// withoutFields are errors that plain answers give no member "fields" for.
func (e *Error) withFields() bool { return e.Fields != nil }

// MarshalJSON writes the error as an element of a plain answer's array.
func (e *Error) MarshalJSON() ([]byte, error) {
	m := map[string]any{"message": e.Message, "errorCode": e.Code}
	if e.withFields() {
		m["fields"] = e.Fields
	}
	if e.duplicates != nil {
		m["duplicateResut"] = e.duplicates // Salesforce's spelling
	}
	return json.Marshal(m)
}

// A rowError is the same error in a row of a collection: another member name.
type rowError struct {
	StatusCode string   `json:"statusCode"`
	Message    string   `json:"message"`
	Fields     []string `json:"fields"`
}

func (e *Error) row() rowError {
	fields := e.Fields
	if fields == nil {
		fields = []string{}
	}
	return rowError{e.Code, e.Message, fields}
}
