package crm

import (
	"context"
	"errors"
)

// Kind says what to do about a problem.
type Kind int

// The kinds of problems.
const (
	Retry     Kind = iota // it had no effect, and may go well later
	SignIn                // we are not let in: somebody has to look at the connection
	Limit                 // the org's calls are used up: nothing is to be sent until they free
	Permanent             // the same gets the same answer until a person changes something
	Duplicate             // a duplicate rule refused the record
	Gone                  // the record, or one that it names, is deleted, merged away or hidden
	Unknown               // it was sent and no answer came: it may have had its effect
)

// Problem is a call, or a row of one, that failed.
type Problem struct {
	Kind    Kind
	Message string   // a sentence for a person; it may quote numbers and names
	Field   string   // that it is about, "" if about none
	Matches []string // with Duplicate: the ids of the records that exist
	// Reference says, with Gone, that it is a record that the row names, not the
	// row itself.
	Reference bool
	// Row says that it is about this row alone: others may go well.
	Row bool
	Err error // for logs, without numbers and names
}

func (p *Problem) Error() string {
	if p.Err != nil {
		return p.Err.Error()
	}
	return p.Message
}

// Unwrap returns the cause.
func (p *Problem) Unwrap() error { return p.Err }

// problemOf returns err as a problem, nil for nil. The end of a context says
// nothing of what was sent before.
func problemOf(err error) *Problem {
	if err == nil {
		return nil
	}
	var p *Problem
	if errors.As(err, &p) {
		return p
	}
	kind := Retry
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		kind = Unknown
	}
	return &Problem{Kind: kind, Message: "Salesforce can't be reached right now.", Err: err}
}
