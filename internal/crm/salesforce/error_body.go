package salesforce

import (
	"bytes"
	"encoding/json"
	"net/http"
	"path"
	"strings"
)

// errorBody is one error as Salesforce writes it. A plain call has errorCode, a
// row of a collection statusCode, an action errors within its outcome; the duplicates are spelt in two ways, of which
// orgs have been seen to send the wrong one.
type errorBody struct {
	ErrorCode        string           `json:"errorCode"`
	StatusCode       string           `json:"statusCode"`
	Message          string           `json:"message"`
	Fields           []string         `json:"fields"`
	DuplicateResult  *duplicateResult `json:"duplicateResult"`
	DuplicateResut   *duplicateResult `json:"duplicateResut"`
	ErrorDescription string           `json:"error_description"` // of OAuth, in an object
	OAuth            string           `json:"error"`
	Errors           []errorBody      `json:"errors"`
}

type duplicateResult struct {
	AllowSave     bool   `json:"allowSave"`
	DuplicateRule string `json:"duplicateRule"`
	MatchResults  []struct {
		EntityType   string `json:"entityType"`
		Rule         string `json:"rule"`
		MatchRecords []struct {
			Confidence float64 `json:"matchConfidence"`
			Record     struct {
				Attributes attributes `json:"attributes"`
				ID         string     `json:"Id"`
			} `json:"record"`
		} `json:"matchRecords"`
	} `json:"matchResults"`
}

type attributes struct {
	Type string `json:"type"`
	URL  string `json:"url"`
}

// badToken is all that the address which tells who we are says to a dead token,
// with a status of 403.
const badToken = "Bad_OAuth_Token"

// answerError makes an [*Error] of an answer that is not a success. The body is
// an array of errors, one error, an array of addresses with 300, or a page of
// HTML.
func answerError(what string, status int, header http.Header, body []byte, changes bool) *Error {
	e := &Error{What: what, Status: status}
	if status == http.StatusMultipleChoices {
		return severalMatches(e, body)
	}
	if status/100 == 3 {
		e.Code, e.Class = CodeRedirect, ClassPermanent
		e.Message = "Salesforce sends us to another address, which is not followed: check that the login URL is your org's My Domain"
		return e
	}
	parsed := parseErrors(body)
	if len(parsed) == 0 && strings.Trim(string(bytes.TrimSpace(body)), `"`) == badToken {
		parsed = []errorBody{{ErrorCode: badToken}}
	}
	if len(parsed) == 0 {
		if isHTML(header, body) {
			e.Code = CodeHTML
			e.Message = "Salesforce answered with a page instead of data, as it does in maintenance: see status.salesforce.com"
		}
		e.Class = classify(e.Code, status, changes)
		return e
	}
	return e.fill(parsed, changes)
}

// fill takes what is told from parsed, which is not empty. The error that
// counts is the first that is not there for its neighbour's sake.
func (e *Error) fill(parsed []errorBody, changes bool) *Error {
	b := parsed[0]
	for _, p := range parsed {
		if c := p.code(); c != "PROCESSING_HALTED" && c != "ALL_OR_NONE_OPERATION_ROLLED_BACK" {
			b = p
			break
		}
	}
	e.Code, e.Fields = b.code(), b.Fields
	e.Message, e.Quoted = b.Message, b.Message != ""
	if e.Message == "" && b.ErrorDescription != "" {
		e.Message, e.Quoted = b.ErrorDescription, true
	}
	e.Class = classify(e.Code, e.Status, changes)
	for _, d := range []*duplicateResult{b.DuplicateResult, b.DuplicateResut} {
		if d != nil {
			e.Save = e.Save || d.AllowSave
			e.Matches = append(e.Matches, d.matches()...)
		}
	}
	return e
}

func (b errorBody) code() string {
	switch {
	case b.ErrorCode != "":
		return b.ErrorCode
	case b.StatusCode != "":
		return b.StatusCode
	}
	return b.OAuth
}

func (d *duplicateResult) matches() []Match {
	var all []Match
	for _, m := range d.MatchResults {
		for _, r := range m.MatchRecords {
			object := r.Record.Attributes.Type
			if object == "" {
				object = m.EntityType
			}
			if id, ok := LongID(r.Record.ID); ok {
				all = append(all, Match{Object: object, ID: id, Rule: m.Rule, Confidence: r.Confidence})
			}
		}
	}
	return all
}

func parseErrors(body []byte) []errorBody {
	body = bytes.TrimSpace(body)
	if len(body) == 0 {
		return nil
	}
	var all []errorBody
	if body[0] == '{' {
		var one errorBody
		if json.Unmarshal(body, &one) == nil && one.code() != "" {
			all = append(all, one)
		}
		return all
	}
	if json.Unmarshal(body, &all) != nil {
		return nil
	}
	with := all[:0]
	for _, b := range all {
		switch {
		case b.code() != "":
			with = append(with, b)
		case len(b.Errors) > 0 && b.Errors[0].code() != "":
			with = append(with, b.Errors[0])
		}
	}
	return with
}

// severalMatches reads the addresses of the records that share an external id.
// Nothing was written; 300 is the one success of HTTP that is none here.
func severalMatches(e *Error, body []byte) *Error {
	e.Code, e.Class = CodeSeveral, ClassPermanent
	e.Message = "Several records in Salesforce have this external id, so none was changed: make the field unique, and delete or clear the extra ones"
	var urls []string
	if json.Unmarshal(body, &urls) == nil {
		for _, u := range urls {
			id, ok := LongID(path.Base(u))
			if ok {
				e.Matches = append(e.Matches, Match{Object: path.Base(path.Dir(u)), ID: id})
			}
		}
	}
	return e
}

func isHTML(header http.Header, body []byte) bool {
	if strings.Contains(header.Get("Content-Type"), "html") {
		return true
	}
	return bytes.HasPrefix(bytes.TrimSpace(body), []byte("<"))
}
