package pubsub

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// A RefusedError is Salesforce's no to a subscription, of the kind that asking
// again soon doesn't change: the topic is not selected for Change Data Capture,
// or the user may not see the object.
type RefusedError struct {
	Topic string
	Code  string // Salesforce's own, or gRPC's if it gave none
	RPCID string // what Salesforce's support asks for
	Says  string
}

func (e *RefusedError) Error() string {
	text := fmt.Sprintf("Salesforce refuses to tell the changes of %s: %s (%s)", e.Topic, e.Says, e.Code)
	if e.RPCID != "" {
		text += ", call " + e.RPCID
	}
	return text
}

// An end is why a stream ended.
type end int

const (
	passing end = iota // try again
	expired            // get another token
	forgot             // the replay id is of no use any more
	refused            // give up
)

// verdict judges what ended a stream or a call. Salesforce gives its own code in
// the trailer; gRPC's status alone is too coarse, and differs between releases.
func verdict(err error, trailer metadata.MD) (end, string) {
	code := first(trailer, "error-code")
	grpcCode := status.Code(err)
	switch {
	case strings.Contains(code, ".replayid."):
		return forgot, code
	case strings.Contains(code, ".service.auth."), grpcCode == codes.Unauthenticated:
		return expired, code
	}
	if code == "" {
		code = grpcCode.String()
	}
	switch grpcCode {
	case codes.NotFound, codes.PermissionDenied, codes.InvalidArgument, codes.Unimplemented, codes.FailedPrecondition:
		return refused, code
	}
	return passing, code
}

func first(md metadata.MD, key string) string {
	if v := md.Get(key); len(v) > 0 {
		return clip(v[0])
	}
	return ""
}

// says returns what the server said, fit for a log and a page.
func says(err error) string {
	if s, ok := status.FromError(err); ok {
		return clip(s.Message())
	}
	return clip(err.Error())
}

func clip(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, strings.ToValidUTF8(text, "�"))
	if r := []rune(text); len(r) > 300 {
		text = string(r[:300]) + "…"
	}
	return text
}

// errSilent ends a stream that has told nothing, not even that it lives.
var errSilent = errors.New("the stream was silent for too long")
