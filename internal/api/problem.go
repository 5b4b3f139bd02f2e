package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/switchboardhq/switchboard"
)

// Problem is an error as RFC 9457 writes it, with a code for programs.
type Problem struct {
	Type   string         `json:"type" format:"uri-reference" doc:"Where the code is explained."`
	Title  string         `json:"title"`
	Status int            `json:"status"`
	Detail string         `json:"detail" doc:"What happened, to what, and what to do now. For people; it may change."`
	Code   string         `json:"code" doc:"For programs; it never changes."`
	Errors []ProblemField `json:"errors,omitempty" nullable:"false" doc:"Which members of the request are meant."`
}

// ProblemField is what is wrong with one member of a request.
type ProblemField struct {
	Field   string `json:"field" example:"media[0].url"`
	Message string `json:"message"`
}

// Error returns the detail.
func (p *Problem) Error() string { return p.Detail }

// GetStatus returns the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// GetHeaders says when to try again, where that helps, and how to sign in.
func (p *Problem) GetHeaders() http.Header {
	switch p.Status {
	case http.StatusServiceUnavailable:
		return http.Header{"Retry-After": {"2"}}
	case http.StatusTooManyRequests:
		return http.Header{"Retry-After": {"60"}}
	case http.StatusUnauthorized:
		return http.Header{"Www-Authenticate": {`Bearer realm="switchboard"`}}
	}
	return nil
}

// ContentType says that it is a problem.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// codeMeaning is what a code is over HTTP.
type codeMeaning struct {
	Code   switchboard.Code
	Status int
	Title  string
}

// codes returns the one table of codes, in the order in which the documents
// list them.
func codes() []codeMeaning {
	return []codeMeaning{
		{switchboard.CodeInvalid, http.StatusUnprocessableEntity, "The request names something that cannot be"},
		{switchboard.CodeUnauthorized, http.StatusUnauthorized, "The API key is missing, unknown or revoked"},
		{switchboard.CodeForbidden, http.StatusForbidden, "The key's role does not allow it"},
		{switchboard.CodeNotFound, http.StatusNotFound, "There is no such thing"},
		{switchboard.CodeConflict, http.StatusConflict, "Somebody changed it since"},
		{switchboard.CodeRecordDeleted, http.StatusConflict, "The record is deleted"},
		{switchboard.CodeNotAssigned, http.StatusConflict, "The message is not assigned"},
		{switchboard.CodeUndoGone, http.StatusConflict, "It can't be undone any more"},
		{switchboard.CodeAlreadyExists, http.StatusConflict, "It is there already"},
		{switchboard.CodeTooLarge, http.StatusRequestEntityTooLarge, "The request is too large"},
		{switchboard.CodeTooMany, http.StatusTooManyRequests, "Too many attempts"},
		{switchboard.CodeStale, http.StatusServiceUnavailable, "The settings are changing"},
		{switchboard.CodeUnavailable, http.StatusServiceUnavailable, "Our own trouble: try again"},
		{switchboard.CodeInternal, http.StatusInternalServerError, "An unforeseen failure"},
	}
}

func meaning(code switchboard.Code) codeMeaning {
	all := codes()
	for _, m := range all {
		if m.Code == code {
			return m
		}
	}
	return all[len(all)-1]
}

func newProblem(code switchboard.Code, detail string) *Problem {
	m := meaning(code)
	return &Problem{Type: docsPath + "#error-" + string(m.Code), Title: m.Title, Status: m.Status, Detail: detail, Code: string(m.Code)}
}

// problem returns what the caller is told of err. What it is not told is logged.
func (a *API) problem(ctx context.Context, what string, err error) *Problem {
	code := switchboard.ErrorCode(err)
	p := newProblem(code, switchboard.ErrorMessage(err))
	var coded *switchboard.Error
	if errors.As(err, &coded) && coded.Field != "" {
		p.Errors = []ProblemField{{coded.Field, coded.Message}}
	}
	switch {
	case p.Status < http.StatusInternalServerError:
	case ctx.Err() != nil:
		a.log.LogAttrs(ctx, slog.LevelInfo, "a call was given up", slog.String("call", what), slog.Any("err", err))
	default:
		a.log.LogAttrs(ctx, slog.LevelError, "a call failed", slog.String("call", what), slog.Any("err", err))
	}
	return p
}

// transform turns what huma finds wrong with a request into a Problem.
func (a *API) transform(ctx huma.Context, status string, v any) (any, error) {
	m, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	if m.Status >= http.StatusInternalServerError {
		return a.problem(ctx.Context(), ctx.Operation().OperationID, errors.New(m.Detail)), nil
	}
	p := newProblem(switchboard.CodeInvalid, "")
	p.Status = m.Status
	var sentences []string
	for _, d := range m.Errors {
		f := ProblemField{Field: fieldName(d.Location), Message: d.Message}
		if d.Message == "unexpected property" || d.Message == "unknown query parameter" {
			f.Message = fmt.Sprintf("There is no %q here.", f.Field)
			sentences = append(sentences, f.Message)
		} else {
			sentences = append(sentences, f.Field+": "+f.Message+".")
		}
		p.Errors = append(p.Errors, f)
	}
	p.Detail = strings.Join(sentences, " ")
	if p.Detail == "" {
		p.Detail = "The request can't be read: " + m.Detail + "."
	}
	return p, nil
}

// fieldName cuts off where a member stands: body.media[0].url is media[0].url.
func fieldName(location string) string {
	for _, prefix := range []string{"body.", "query.", "path."} {
		if name, ok := strings.CutPrefix(location, prefix); ok {
			return name
		}
	}
	return location
}
