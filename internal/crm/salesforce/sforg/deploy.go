package sforg

import (
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
)

// A deployment is a deploy of metadata that was asked for.
type deployment struct {
	id         string
	check      bool
	user       *User
	at         instant
	state      string // Pending, InProgress, Succeeded, Failed
	files      map[string][]byte
	components []component
	failures   []failure
	known      map[component]bool // what an earlier deploy brought already
}

// metadata answers /metadata/deployRequest.
func (q *request) metadata(method string) {
	p := q.parts[1:]
	switch {
	case len(p) == 1 && p[0] == "deployRequest" && method == http.MethodPost:
		q.deploy()
	case len(p) == 2 && p[0] == "deployRequest" && method == http.MethodGet:
		q.lock()
		defer q.unlock()
		d := q.o.deploys[p[1]]
		if len(p[1]) == 15 {
			d = q.o.deploys[longID(p[1])]
		}
		if d == nil {
			q.fail(notFound())
			return
		}
		d.advance(q.o)
		q.reply(http.StatusOK, d.info(q.r.URL.Query().Get("includeDetails") == "true"))
	default:
		q.fail(notFound())
	}
}

// deploy takes a multipart body: a part of JSON with the options, and the zip.
func (q *request) deploy() {
	q.lock()
	may := q.who.user.may(modifyMetadata)
	q.unlock()
	if !may {
		q.fail(&Error{Code: "INSUFFICIENT_ACCESS", Message: "deploying takes the permission Modify Metadata Through Metadata API Functions", Status: http.StatusForbidden})
		return
	}
	kind, params, err := mime.ParseMediaType(q.r.Header.Get("Content-Type"))
	if err != nil || !strings.HasPrefix(kind, "multipart/") {
		q.fail(errorPlain("INVALID_INPUT", "a deploy is multipart/form-data with the options and the zip file"))
		return
	}
	var options struct {
		DeployOptions struct {
			CheckOnly bool `json:"checkOnly"`
		} `json:"deployOptions"`
	}
	var archive []byte
	reader := multipart.NewReader(strings.NewReader(string(q.body)), params["boundary"])
	for {
		part, err := reader.NextPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			q.fail(errorPlain("INVALID_INPUT", "the multipart body is malformed"))
			return
		}
		content, err := io.ReadAll(part)
		if err != nil {
			q.fail(errorPlain("INVALID_INPUT", "the multipart body is malformed"))
			return
		}
		if part.FormName() == "file" || strings.HasPrefix(part.Header.Get("Content-Type"), "application/zip") {
			archive = content
		} else if bad := decodeJSON(content, &options); bad != nil {
			q.fail(bad)
			return
		}
	}
	files, err := unzip(archive)
	if err != nil {
		q.fail(errorPlain("INVALID_INPUT", err.Error()))
		return
	}
	q.lock()
	defer q.unlock()
	d := q.o.newDeployment(q.who.user, files, options.DeployOptions.CheckOnly)
	m := d.info(false)
	m["deployOptions"] = map[string]any{"checkOnly": d.check, "rollbackOnError": true, "singlePackage": true}
	q.reply(http.StatusCreated, m)
}

// newDeployment keeps what is to be deployed, until somebody asks how it goes.
func (o *Org) newDeployment(u *User, files map[string][]byte, check bool) *deployment {
	o.counter++
	d := &deployment{id: makeID("0Af", o.counter), check: check, user: u, at: instantOf(o.now()), state: "Pending", files: files}
	o.deploys[d.id] = d
	return d
}

// advance moves a deployment one state on, at each look.
func (d *deployment) advance(o *Org) {
	switch d.state {
	case "Pending":
		d.state = "InProgress"
	case "InProgress":
		d.components, d.failures = o.install(d.files, d.check)
		d.files, d.known = nil, map[component]bool{}
		for _, c := range d.components {
			d.known[c] = o.deployed[c.kind+"/"+c.name]
			if len(d.failures) == 0 && !d.check {
				o.deployed[c.kind+"/"+c.name] = true
			}
		}
		d.state = "Succeeded"
		if len(d.failures) > 0 {
			d.state = "Failed"
		}
	}
}

func (d *deployment) info(details bool) map[string]any {
	done := d.state == "Succeeded" || d.state == "Failed"
	total := len(d.components)
	r := map[string]any{
		"id": d.id, "status": d.state, "done": done, "success": d.state == "Succeeded", "checkOnly": d.check, "ignoreWarnings": false, "rollbackOnError": true, "runTestsEnabled": false,
		"createdBy": d.user.ID[:15], "createdByName": d.user.Username, "createdDate": d.at.time().Format(restTime), "lastModifiedDate": d.at.time().Format(restTime),
		"startDate": d.at.time().Format(restTime), "numberComponentsTotal": total, "numberComponentsDeployed": total - len(d.failures), "numberComponentErrors": len(d.failures),
		"numberTestsTotal": 0, "numberTestsCompleted": 0, "numberTestErrors": 0, "stateDetail": nil, "errorMessage": nil, "errorStatusCode": nil,
	}
	if done {
		r["completedDate"] = d.at.time().Format(restTime)
	}
	if details {
		bad := map[component]string{}
		var failures, successes []map[string]any
		for _, f := range d.failures {
			bad[f.component] = f.problem
			m := d.message(f.component, false)
			m["problem"], m["problemType"] = f.problem, "Error"
			failures = append(failures, m)
		}
		for _, c := range d.components {
			if _, failed := bad[c]; !failed {
				successes = append(successes, d.message(c, true))
			}
		}
		r["details"] = map[string]any{"componentFailures": orEmpty(failures), "componentSuccesses": orEmpty(successes), "allComponentMessages": []any{}, "retrieveResult": nil,
			"runTestResult": map[string]any{"numFailures": 0, "numTestsRun": 0, "totalTime": 0.0, "successes": []any{}, "failures": []any{}, "codeCoverage": []any{}, "codeCoverageWarnings": []any{}}}
	}
	return map[string]any{"id": d.id, "deployResult": r, "deployOptions": nil, "validatedDeployRequestId": nil}
}

func orEmpty(list []map[string]any) []map[string]any {
	if list == nil {
		return []map[string]any{}
	}
	return list
}

func (d *deployment) message(c component, ok bool) map[string]any {
	return map[string]any{"componentType": c.kind, "fullName": c.name, "fileName": c.file, "success": ok, "created": ok && !d.known[c], "changed": ok, "deleted": false,
		"createdDate": d.at.time().Format(restTime), "problem": nil, "problemType": nil, "id": nil, "warning": false, "requiresProductionTestRun": false,
		"lineNumber": nil, "columnNumber": nil}
}

// tooling answers what clients look up by the Tooling API: queries, which see
// the same records here.
func (q *request) tooling(method string) {
	p := q.parts[1:]
	switch {
	case len(p) > 0 && p[0] == "query":
		sub := *q
		sub.parts = p
		sub.query(false)
	case len(p) == 0 && method == http.MethodGet:
		q.reply(http.StatusOK, map[string]string{"query": q.path("/tooling/query"), "sobjects": q.path("/tooling/sobjects")})
	default:
		q.fail(&Error{Code: "NOT_FOUND", Message: fmt.Sprintf("this org has no %s by the Tooling API", cut(strings.Join(p, "/"), 80)), Status: http.StatusNotFound})
	}
}
