package salesforce

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
)

// Class says what to do about an error.
type Class string

// The classes of errors.
const (
	// ClassRetry: it had no effect, and may go well later: a locked row, a server
	// in maintenance, a connection that never came about.
	ClassRetry Class = "retry"
	// ClassNewToken: the token is not taken. The client has tried a new one
	// already, so somebody has to look at the connection.
	ClassNewToken Class = "new_token"
	// ClassLimit: the org's calls of the day are used up, or something else that
	// is counted. Nothing is to be sent until it frees.
	ClassLimit Class = "limit"
	// ClassPermanent: the same call gets the same answer until a person changes
	// something.
	ClassPermanent Class = "permanent"
	// ClassDuplicate: a duplicate rule of the org refuses the record. Matches are
	// the ones that it takes for the same, as far as the user may see them.
	ClassDuplicate Class = "duplicate"
	// ClassGone: the record, or one that it points at, is deleted, merged away,
	// converted or hidden. [Error.Reference] tells which of the two.
	ClassGone Class = "gone"
	// ClassUnknown: the call was sent and its answer never came, so it may have
	// had its effect. Only calls that change something end like this.
	ClassUnknown Class = "unknown"
)

// Error is a call that failed, or a row of one.
type Error struct {
	What    string   // what was being done, such as "create Contact"
	Code    string   // Salesforce's errorCode or statusCode, OAuth's error, or one of ours
	Status  int      // of the answer, 0 if there was none
	Class   Class    // what to do about it
	Message string   // for people; in Salesforce's words if Quoted
	Quoted  bool     // Message is the org's own, and may repeat numbers and names: not for logs
	Fields  []string // that it is about
	Matches []Match  // with ClassDuplicate and with several matches for one key
	Save    bool     // with ClassDuplicate: the rule lets a person save it all the same
	Row     bool     // it is about this record alone: others may go well
	Err     error    // what went wrong below, if anything did
}

// Match is a record that Salesforce takes for the same as another.
type Match struct {
	Object     string
	ID         string
	Rule       string  // by which it matches
	Confidence float64 // of 100
}

// Codes that are ours, for what Salesforce gives no code.
const (
	CodeHTML        = "HTML_ANSWER"      // a page instead of JSON, as in maintenance
	CodeSeveral     = "MULTIPLE_MATCHES" // several records have the external id
	CodeNotSent     = "NOT_SENT"         // no connection, or it broke before the call was written
	CodeNoAnswer    = "NO_ANSWER"        // it was sent, and no answer came
	CodeUnreadable  = "UNREADABLE"       // an answer that is not what it should be
	CodeTooLarge    = "ANSWER_TOO_LARGE" // an answer beyond its bound
	CodeRedirect    = "REDIRECTED"       // to another place, which is not followed
	CodeAddress     = "BAD_ADDRESS"      // an address that is not called
	CodeBudget      = "OVER_BUDGET"      // our own budget keeps it from being sent
	CodeNoSuch      = "NO_SUCH_OBJECT"   // the org has no such object, or hides it
	CodeBadName     = "BAD_NAME"         // not a name of an object or a field
	CodeBadValue    = "BAD_VALUE"        // a value that cannot be sent
	CodeTooLong     = "QUERY_TOO_LONG"   // beyond what an address may hold
	CodeJobFailed   = "JOB_FAILED"       // a bulk job or a deployment that did not come through
	CodeOldVersion  = "VERSION_TOO_OLD"  // the API version is below the floor, or the org has it not
	CodeMultiStatus = "MULTIPLE_ERRORS"  // more than one, of which this has none of its own
)

// Error says what failed and why. What the org itself said is left out, for it
// may quote numbers and names, and errors end in logs; people are shown Message.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("salesforce: ")
	if e.What != "" {
		b.WriteString(e.What + ": ")
	}
	switch {
	case e.Message != "" && !e.Quoted:
		b.WriteString(e.Message)
	case e.Code != "":
		b.WriteString(e.Code)
	default:
		fmt.Fprintf(&b, "HTTP %d", e.Status)
	}
	if e.Quoted && len(e.Fields) > 0 {
		b.WriteString(" (" + strings.Join(e.Fields, ", ") + ")")
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// LogValue is what a log gets of it.
func (e *Error) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("what", e.What), slog.String("code", e.Code),
		slog.Int("status", e.Status), slog.String("class", string(e.Class)))
}

// Sentence says to a person what is wrong, in the org's own words where it has
// any.
func (e *Error) Sentence() string {
	switch {
	case e.Message != "":
		return e.Message
	case e.Code != "":
		return "Salesforce says " + e.Code + "."
	}
	return fmt.Sprintf("Salesforce answered with HTTP status %d.", e.Status)
}

// Reference reports whether the error is about a record that the row points at,
// and not about the row itself: without the lookup it would have gone through.
func (e *Error) Reference() bool {
	switch e.Code {
	case "INVALID_CROSS_REFERENCE_KEY", "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY":
		return true
	}
	return false
}

// ClassOf returns the class of err: "" for nil, and [ClassRetry] for an error
// of another kind, such as the end of a context before anything was sent.
func ClassOf(err error) Class {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Class
	}
	return ClassRetry
}

// HasCode reports whether err is an [*Error] with one of the codes.
func HasCode(err error, codes ...string) bool {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return false
	}
	for _, c := range codes {
		if e.Code == c {
			return true
		}
	}
	return false
}

// classify decides what to do about a code, or about a status where there is
// none. A code comes first: Salesforce sends 403 for a limit as well as for a
// permission, and 400 for nearly everything. changes tells a call that may have
// had an effect.
func classify(code string, status int, changes bool) Class {
	switch code {
	case "INVALID_SESSION_ID", "INVALID_AUTH_HEADER", badToken:
		return ClassNewToken
	case "REQUEST_LIMIT_EXCEEDED", "EXCEEDED_QUOTA", "STORAGE_LIMIT_EXCEEDED", "LIMIT_EXCEEDED",
		"API_CURRENTLY_DISABLED", "EXCEEDED_MAX_JOBS", "DAILY_LIMIT_EXCEEDED", "CONCURRENT_REQUESTS_LIMIT_EXCEEDED":
		return ClassLimit
	case "UNABLE_TO_LOCK_ROW", "SERVER_UNAVAILABLE", "UNKNOWN_EXCEPTION", "QUERY_TIMEOUT", "REQUEST_RUNNING_TOO_LONG",
		"DUPLICATE_VALUE",                                        // two first upserts of one key ran into each other: the second try finds the first's row
		"ALL_OR_NONE_OPERATION_ROLLED_BACK", "PROCESSING_HALTED", // innocent: a neighbour failed
		"INVALID_QUERY_LOCATOR": // the pages of a query have expired: it begins again
		return ClassRetry
	case "DUPLICATES_DETECTED":
		return ClassDuplicate
	case "ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY", "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
		"CANNOT_UPDATE_CONVERTED_LEAD", "NOT_FOUND":
		return ClassGone
	case "", CodeHTML:
		switch {
		case status == 401:
			return ClassNewToken
		case status == 404 || status == 410:
			return ClassGone
		case status == 408 || status == 429 || status == 503:
			return ClassRetry
		case status >= 500 && changes:
			return ClassUnknown // a gateway gave up; what is behind it may not have
		case status >= 500:
			return ClassRetry
		}
	default:
		if status >= 500 {
			return ClassRetry // it says what went wrong, so it was rolled back
		}
	}
	return ClassPermanent
}

// badName is the error for what is no name of an object or a field.
func badName(what, name string) *Error {
	return &Error{What: what, Code: CodeBadName, Class: ClassPermanent,
		Message: fmt.Sprintf("%q is not a Salesforce name", truncate(name, 40))}
}

func badValue(what, why string) *Error {
	return &Error{What: what, Code: CodeBadValue, Class: ClassPermanent, Message: why}
}
