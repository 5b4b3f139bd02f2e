package salesforce

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
	"time"
)

// Deployment is how far a deployment of metadata is.
type Deployment struct {
	ID       string
	Done     bool
	Success  bool
	Status   string // Pending, InProgress, Succeeded, SucceededPartial, Failed, Canceled
	Detail   string // what it is at
	Deployed int
	Total    int
	Failures []DeployFailure
}

// DeployFailure is a component that could not be deployed.
type DeployFailure struct {
	Type    string `json:"componentType"`
	Name    string `json:"fullName"`
	File    string `json:"fileName"`
	Line    int    `json:"lineNumber"`
	Problem string `json:"problem"`
}

const (
	deployLook = time.Second
	maxDeploy  = 39 << 20 // bytes of the zip
)

// Deploy deploys a zip of metadata with its package.xml, all of it or nothing,
// and returns when it is done. progress is told of each look. A failed one is an
// error with [CodeJobFailed] that names the first component at fault; the
// Deployment has all of them.
func (c *Client) Deploy(ctx context.Context, zip []byte, progress func(Deployment)) (Deployment, error) {
	id, err := c.BeginDeploy(ctx, zip)
	if err != nil {
		return Deployment{}, err
	}
	failures := 0
	for {
		d, err := c.Deployment(ctx, id)
		switch {
		case err != nil && ClassOf(err) == ClassRetry && failures < pageAttempts && ctx.Err() == nil:
			failures++
		case err != nil:
			return Deployment{ID: id}, err
		default:
			failures = 0
			if progress != nil {
				progress(d)
			}
			if d.Done {
				return d, d.Failure()
			}
		}
		if err := c.wait(ctx, deployLook); err != nil {
			return Deployment{ID: id}, &Error{What: deploying, Code: CodeNoAnswer, Class: ClassUnknown, Message: "the wait was broken off; the deployment goes on in Salesforce", Err: err}
		}
	}
}

const deploying = "deploy the package"

// BeginDeploy begins what Deploy does and returns the id of the deployment, for
// Deployment to look at. It goes on in Salesforce, whoever looks.
func (c *Client) BeginDeploy(ctx context.Context, zip []byte) (string, error) {
	if len(zip) == 0 || len(zip) > maxDeploy {
		return "", badValue(deploying, "The package is empty or larger than Salesforce takes")
	}
	path, err := c.path("metadata", "deployRequest")
	if err != nil {
		return "", err
	}
	raw, content, err := deployBody(zip)
	if err != nil {
		return "", err
	}
	// Twice is as good as once: what is there already is deployed unchanged.
	r := call{what: deploying, use: UseSetup, method: http.MethodPost, path: path, raw: raw, content: content, changes: true}
	var begun deployBodyResult
	if err := c.doJSON(ctx, r, &begun); err != nil {
		return "", err
	}
	if begun.ID == "" {
		return "", &Error{What: deploying, Code: CodeUnreadable, Class: ClassUnknown, Message: "Salesforce did not say which deployment it began"}
	}
	return begun.ID, nil
}

// deployBody writes the request's two parts: the options as JSON, and the zip.
func deployBody(zip []byte) (raw []byte, content string, err error) {
	options, err := json.Marshal(map[string]any{"deployOptions": map[string]any{
		"allowMissingFiles": false, "autoUpdatePackage": false, "checkOnly": false, "ignoreWarnings": true,
		"performRetrieve": false, "purgeOnDelete": false, "rollbackOnError": true, "singlePackage": true, "testLevel": "NoTestRun",
	}})
	if err != nil {
		return nil, "", err
	}
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, part := range []struct {
		disposition, kind string
		data              []byte
	}{
		{`form-data; name="json"`, "application/json", options},
		{`form-data; name="file"; filename="deploy.zip"`, "application/zip", zip},
	} {
		p, err := w.CreatePart(textproto.MIMEHeader{"Content-Disposition": {part.disposition}, "Content-Type": {part.kind}})
		if err != nil {
			return nil, "", err
		}
		if _, err := p.Write(part.data); err != nil {
			return nil, "", err
		}
	}
	if err := w.Close(); err != nil {
		return nil, "", err
	}
	return b.Bytes(), w.FormDataContentType(), nil
}

type deployBodyResult struct {
	ID     string `json:"id"`
	Result struct {
		ID       string  `json:"id"`
		Done     bool    `json:"done"`
		Success  bool    `json:"success"`
		Status   string  `json:"status"`
		Detail   string  `json:"stateDetail"`
		Message  string  `json:"errorMessage"`
		Deployed flexInt `json:"numberComponentsDeployed"`
		Total    flexInt `json:"numberComponentsTotal"`
		Details  struct {
			Failures failureList `json:"componentFailures"`
		} `json:"details"`
	} `json:"deployResult"`
}

// failureList is a list that is written as its one element when it has one.
type failureList []DeployFailure

// UnmarshalJSON implements [json.Unmarshaler].
func (l *failureList) UnmarshalJSON(b []byte) error {
	if b = bytes.TrimSpace(b); len(b) > 0 && b[0] == '{' {
		var one DeployFailure
		if err := json.Unmarshal(b, &one); err != nil {
			return err
		}
		*l = failureList{one}
		return nil
	}
	var all []DeployFailure
	if err := json.Unmarshal(b, &all); err != nil {
		return err
	}
	*l = all
	return nil
}

// Deployment looks at a deployment.
func (c *Client) Deployment(ctx context.Context, id string) (Deployment, error) {
	path, err := c.path("metadata", "deployRequest", id)
	if err != nil {
		return Deployment{}, err
	}
	r := call{what: "look at the deployment", use: UseSetup, method: http.MethodGet, path: path, query: url.Values{"includeDetails": {"true"}}}
	var body deployBodyResult
	if err := c.doJSON(ctx, r, &body); err != nil {
		return Deployment{}, err
	}
	b := body.Result
	d := Deployment{ID: id, Done: b.Done, Success: b.Success, Status: b.Status, Detail: b.Detail,
		Deployed: int(b.Deployed), Total: int(b.Total), Failures: b.Details.Failures}
	if d.Done && !d.Success && len(d.Failures) == 0 && b.Message != "" {
		d.Failures = []DeployFailure{{Problem: b.Message}}
	}
	return d, nil
}

// Failure returns why a deployment that is done did not come through, nil if it
// did.
func (d Deployment) Failure() error {
	if d.Success {
		return nil
	}
	e := &Error{What: deploying, Code: CodeJobFailed, Class: ClassPermanent, Message: "the deployment ended as " + d.Status}
	if len(d.Failures) > 0 {
		f := d.Failures[0]
		e.Message = strings.TrimSpace(fmt.Sprintf("%s %s: %s", f.Type, f.Name, f.Problem))
		if n := len(d.Failures); n > 1 {
			e.Message += fmt.Sprintf(" (and %d more)", n-1)
		}
	}
	return e
}
