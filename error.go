package switchboard

import (
	"errors"
	"fmt"
)

// Code tells programs what kind of error happened. Codes are part of the API:
// they are never renamed.
type Code string

// The codes of all errors that leave Switchboard.
const (
	CodeInvalid       Code = "invalid"        // the request names something that cannot be; Field says which
	CodeUnauthorized  Code = "unauthorized"   // nobody is signed in, or the key is unknown or revoked
	CodeForbidden     Code = "forbidden"      // the role does not allow it
	CodeNotFound      Code = "not_found"      // no such thing in this org
	CodeConflict      Code = "conflict"       // somebody changed it since it was read
	CodeRecordDeleted Code = "record_deleted" // a deleted record takes no messages
	CodeNotAssigned   Code = "not_assigned"   // only an assigned message can be taken off its record
	CodeUndoGone      Code = "undo_gone"      // the undo token is unknown, used, expired or somebody else's
	CodeTooLarge      Code = "too_large"      // the request is over its size limit
	CodeUnavailable   Code = "unavailable"    // our own trouble: try again
	CodeInternal      Code = "internal"       // a defect or an unforeseen failure
	CodeTooMany       Code = "too_many"       // too many attempts: try again later
	CodeAlreadyExists Code = "already_exists" // it is there already
	CodeSetUpDone     Code = "set_up_done"    // the set-up link is dead once an admin exists
	CodeStale         Code = "stale"          // decided on settings that have changed since: read again and retry
	CodeLinkExpired   Code = "link_expired"   // a one-time link is unknown, used or too old
)

// Error is an error with a code for programs and a sentence for people.
// Any other error is internal: people see a general sentence instead of it.
type Error struct {
	Code    Code
	Message string // what happened, to what, and what to do now
	Field   string // the request member it is about, if it is about one
	Err     error  // the cause, for logs only
}

func (e *Error) Error() string {
	s := e.Message
	if e.Field != "" {
		s = e.Field + ": " + s
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

// Errorf returns an [*Error] with the code and a formatted sentence.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Invalid returns a [CodeInvalid] error about the request member field.
func Invalid(field, format string, args ...any) *Error {
	return &Error{Code: CodeInvalid, Field: field, Message: fmt.Sprintf(format, args...)}
}

// ErrorCode returns the code of err: "" for nil, [CodeInternal] for an error
// that carries none.
func ErrorCode(err error) Code {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return CodeInternal
}

// ErrorMessage returns the sentence that a person may see. Errors without a
// code say nothing of their cause.
func ErrorMessage(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Message
	}
	return "Something went wrong on our side. Nothing was changed; try again."
}
