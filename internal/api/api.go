// Package api is the JSON API: every call of it, its OpenAPI document and the
// page that shows that document.
//
// A call reads its request, asks [desk.Desk] to do it or the store to show it,
// and writes down what came of it. Who may do what is decided below; what a call
// declares here keeps a request that its role forbids from being looked at at
// all. Errors are problems (RFC 9457) with a code for programs.
package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"reflect"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/desk"
	"github.com/switchboardhq/switchboard/internal/store"
)

const (
	root     = "/api/v1"
	docsPath = root + "/docs"

	maxBody = 1 << 20 // bytes of a request

	defaultLimit = 50 // of a list
)

// Config is what the API works with. Every member is needed.
type Config struct {
	DB   *store.DB
	Desk *desk.Desk
	// Replay reads a quarantined delivery again, and commits what it tells. It
	// returns an error with a code: not_found, or conflict for one that still
	// can't be read.
	Replay func(ctx context.Context, actor switchboard.Actor, id string) error
	Log    *slog.Logger
}

// API serves the calls below /api/v1. It is safe for concurrent use.
type API struct {
	db     *store.DB
	desk   *desk.Desk
	replay func(ctx context.Context, actor switchboard.Actor, id string) error
	log    *slog.Logger

	calls *http.ServeMux // what needs a key
	mux   *http.ServeMux
	huma  huma.API
	docs  *docs
}

// New returns the API.
func New(c Config) *API {
	a := &API{db: c.DB, desk: c.Desk, replay: c.Replay, log: c.Log, calls: http.NewServeMux(), mux: http.NewServeMux()}
	jsonFormat := huma.Format{Marshal: huma.DefaultJSONFormat.Marshal, Unmarshal: json.Unmarshal}
	a.huma = humago.New(a.calls, huma.Config{
		OpenAPI:                      a.description(),
		Formats:                      map[string]huma.Format{"application/json": jsonFormat, "json": jsonFormat},
		DefaultFormat:                "application/json",
		RejectUnknownQueryParameters: true,
		Transformers:                 []huma.Transformer{a.transform},
	})
	a.messageCalls()
	a.placingCalls()
	a.senderCalls()
	a.recordCalls()
	a.notificationCalls()
	a.settingCalls()
	a.adminCalls()
	a.docs = newDocs(a.huma.OpenAPI())
	a.docs.register(a.mux)
	a.mux.HandleFunc(root+"/", a.call)
	return a
}

// ServeHTTP serves everything below /api/v1/.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	defer func() {
		p := recover()
		if p == nil || p == http.ErrAbortHandler { //nolint:errorlint // net/http panics with this very value
			return
		}
		a.log.Error("a call panicked", "method", r.Method, "path", r.URL.Path, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		a.refuse(w, newProblem(switchboard.CodeInternal, switchboard.ErrorMessage(errors.New("panic"))))
	}()
	a.mux.ServeHTTP(w, r)
}

// call finds out who calls, and what.
func (a *API) call(w http.ResponseWriter, r *http.Request) {
	actor, err := a.actor(r)
	if err != nil {
		a.refuse(w, a.problem(r.Context(), "authorization", err))
		return
	}
	if _, pattern := a.calls.Handler(r); pattern == "" {
		a.refuse(w, a.unknownCall(w, r))
		return
	}
	a.calls.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), actorKey{}, actor)))
}

// unknownCall tells a path that is not there from a method that is not.
func (a *API) unknownCall(w http.ResponseWriter, r *http.Request) *Problem {
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		probe := r.Clone(r.Context())
		probe.Method = method
		if _, pattern := a.calls.Handler(probe); pattern != "" {
			allowed = append(allowed, method)
		}
	}
	if len(allowed) == 0 {
		return newProblem(switchboard.CodeNotFound, fmt.Sprintf("There is no call %s %s. See %s.", r.Method, r.URL.Path, docsPath))
	}
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	p := newProblem(switchboard.CodeInvalid, fmt.Sprintf("%s takes %s, not %s.", r.URL.Path, strings.Join(allowed, ", "), r.Method))
	p.Status = http.StatusMethodNotAllowed
	return p
}

type actorKey struct{}

// actor returns who calls, by the key in the request.
func (a *API) actor(r *http.Request) (switchboard.Actor, error) {
	scheme, key, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") || strings.TrimSpace(key) == "" {
		return switchboard.Actor{}, switchboard.Errorf(switchboard.CodeUnauthorized, "Send an API key as “Authorization: Bearer KEY”. An admin makes keys in Settings, or by switchboard apikey create.")
	}
	return a.db.ActorByKey(r.Context(), strings.TrimSpace(key))
}

func (a *API) refuse(w http.ResponseWriter, p *Problem) {
	body, err := json.Marshal(p)
	if err != nil {
		panic(err) // it is made of strings
	}
	for name, values := range p.GetHeaders() {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", p.ContentType(""))
	w.WriteHeader(p.Status)
	_, _ = w.Write(append(body, '\n')) // who asked may be gone
}

// operation is what a call declares.
type operation struct {
	id      string
	method  string
	path    string // below /api/v1
	group   string
	summary string
	more    string // what the summary leaves out
	may     switchboard.Permission
	status  int                // 0 is 200
	also    map[int]string     // other good answers
	errors  []switchboard.Code // beside those that every call has
}

// add registers a call. handle gets a request that is well-formed, from an
// actor who has the permission; it returns an error with a code.
func add[I, O any](a *API, o operation, handle func(context.Context, switchboard.Actor, *I) (*O, error)) {
	op := huma.Operation{
		OperationID: o.id, Method: o.method, Path: root + o.path, Summary: o.summary, Description: o.more, Tags: []string{o.group},
		DefaultStatus: o.status, MaxBodyBytes: -1, BodyReadTimeout: -1, // the body has been read by then
		Security:   []map[string][]string{{"key": {}}},
		Responses:  map[string]*huma.Response{},
		Extensions: map[string]any{"x-permission": string(o.may)},
	}
	for status, description := range o.also {
		op.Responses[fmt.Sprint(status)] = &huma.Response{Description: description}
	}
	failures := append([]switchboard.Code{switchboard.CodeUnauthorized, switchboard.CodeForbidden, switchboard.CodeInvalid, switchboard.CodeUnavailable, switchboard.CodeInternal}, o.errors...)
	if _, ok := reflect.TypeFor[I]().FieldByName("Body"); ok {
		failures = append(failures, switchboard.CodeTooLarge)
	}
	a.describeErrors(&op, failures)
	op.Middlewares = huma.Middlewares{func(ctx huma.Context, next func(huma.Context)) {
		actor, _ := ctx.Context().Value(actorKey{}).(switchboard.Actor)
		r, w := humago.Unwrap(ctx)
		if err := actor.Allow(o.may); err != nil {
			a.refuse(w, a.problem(ctx.Context(), o.id, err))
			return
		}
		if err := a.readBody(w, r, ctx.Operation().RequestBody); err != nil {
			a.refuse(w, a.problem(ctx.Context(), o.id, err))
			return
		}
		next(ctx)
	}}
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*O, error) {
		actor, _ := ctx.Value(actorKey{}).(switchboard.Actor)
		out, err := handle(ctx, actor, in)
		if err != nil {
			return nil, a.problem(ctx, o.id, err)
		}
		return out, nil
	})
}

// rawBody is the request's body as it came, for a call that has to look at its
// bytes.
type rawBody struct {
	io.Reader
	raw []byte
}

func (rawBody) Close() error { return nil }

// readBody reads the body and checks that it is JSON. Whatever the
// Content-Type says, the API speaks JSON alone.
func (a *API) readBody(w http.ResponseWriter, r *http.Request, wanted *huma.RequestBody) error {
	if wanted == nil {
		return nil
	}
	known := docsWriter{a.huma.OpenAPI().Components.Schemas.Map()}.deref(wanted.Content["application/json"].Schema)
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return switchboard.Errorf(switchboard.CodeTooLarge, "The body is larger than 1 MiB.")
	case err != nil:
		return switchboard.Errorf(switchboard.CodeInvalid, "The body did not arrive, or not all of it. Send it again.")
	}
	raw = bytes.TrimPrefix(raw, []byte("\xEF\xBB\xBF"))
	if len(bytes.TrimSpace(raw)) == 0 {
		if wanted.Required {
			return switchboard.Errorf(switchboard.CodeInvalid, "The request has no body: send a JSON object.")
		}
		raw = nil
	} else if err := checkJSON(raw, known); err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Body = rawBody{bytes.NewReader(raw), raw}
	return nil
}

// checkJSON checks that raw is one JSON object. Members whose name differs from
// a known one in case alone are refused here: the decoder would take them.
func checkJSON(raw []byte, known *huma.Schema) error {
	var members map[string]json.RawMessage
	err := json.Unmarshal(raw, &members)
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		return switchboard.Errorf(switchboard.CodeInvalid, "The body is not JSON: at byte %d, %s.", syntax.Offset, syntax.Error())
	case err != nil || members == nil:
		return switchboard.Errorf(switchboard.CodeInvalid, "The body is JSON, but not an object.")
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if known.Properties[name] != nil {
			continue
		}
		for right := range known.Properties {
			if strings.EqualFold(right, name) {
				return switchboard.Invalid(name, "There is no %q here; there is %q.", name, right)
			}
		}
	}
	return nil
}

// reader returns for whom sentences are written in the actor's org.
func (a *API) reader(ctx context.Context, actor switchboard.Actor) (switchboard.Reader, error) {
	s, err := a.db.Settings(ctx, actor.OrgID)
	return Reader(s), err
}

// Paging is what a call that lists takes.
type Paging struct {
	Limit  int    `query:"limit" default:"50" minimum:"1" maximum:"500" doc:"How many at most."`
	Cursor string `query:"cursor" maxLength:"200" doc:"The next_cursor of the page before."`
}

func (p Paging) store() store.Page { return store.Page{Limit: p.Limit, Cursor: p.Cursor} }

// sender reads the sender in a query.
func (a *API) sender(ctx context.Context, actor switchboard.Actor, s string) (switchboard.Sender, error) {
	return a.desk.ParseSender(ctx, actor.OrgID, unescapedPlus(s))
}

// unescapedPlus gives a number in a query its plus sign back, which has become
// a blank where it was not escaped.
func unescapedPlus(s string) string {
	if len(s) > 1 && s[0] == ' ' && s[1] >= '0' && s[1] <= '9' {
		return "+" + s[1:]
	}
	return s
}

// Calls returns the ids of the calls with the permission that each needs.
func (a *API) Calls() map[string]switchboard.Permission {
	calls := map[string]switchboard.Permission{}
	for _, item := range a.huma.OpenAPI().Paths {
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Put, item.Patch, item.Delete} {
			if op != nil {
				may, _ := op.Extensions["x-permission"].(string)
				calls[op.OperationID] = switchboard.Permission(may)
			}
		}
	}
	return calls
}
