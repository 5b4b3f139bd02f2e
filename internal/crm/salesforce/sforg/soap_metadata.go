package sforg

import (
	"encoding/base64"
	"fmt"
	"maps"
	"regexp"
	"slices"
)

// The Metadata SOAP API, as far as a deploy takes it: what the sf command line
// uses unless it is told to use REST.

var metadataPath = regexp.MustCompile(`^/services/Soap/m/([0-9]{2,3}\.0)(?:/.*)?$`)

const metadataNamespace = "http://soap.sforce.com/2006/04/metadata"

// deploy takes the zip file in base64.
func (q *soapCall) deploy(op xmlNode) {
	if !q.who.user.may(modifyMetadata) {
		q.fault = &Error{Code: "INSUFFICIENT_ACCESS", Message: "deploying takes the permission Modify Metadata Through Metadata API Functions"}
		return
	}
	archive, err := base64.StdEncoding.DecodeString(op.value("ZipFile"))
	if err != nil {
		q.fault = &Error{Code: "INVALID_REQUEST", Message: "the ZipFile is not in base64"}
		return
	}
	files, err := unzip(archive)
	if err != nil {
		q.fault = &Error{Code: "INVALID_ZIP_FORMAT", Message: err.Error()}
		return
	}
	d := q.o.newDeployment(q.who.user, files, op.child("DeployOptions").value("checkOnly") == "true")
	q.out.value("result", map[string]any{"done": false, "id": d.id, "state": "Queued"})
}

func (q *soapCall) deployStatus(op xmlNode) {
	d := q.o.deploys[longIDOf(op.value("asyncProcessId"))]
	if d == nil {
		q.fault = &Error{Code: "INVALID_CROSS_REFERENCE_KEY", Message: "no such deploy: " + cut(op.value("asyncProcessId"), 40)}
		return
	}
	d.advance(q.o)
	q.out.value("result", d.info(op.value("includeDetails") == "true")["deployResult"])
}

// value writes what REST would answer as JSON: members as elements, a list as
// one element after the other, nothing for null.
func (b *soapReply) value(name string, v any) {
	switch v := v.(type) {
	case nil:
	case map[string]any:
		fmt.Fprintf(b, "<%s>", name)
		for _, k := range slices.Sorted(maps.Keys(v)) {
			b.value(k, v[k])
		}
		fmt.Fprintf(b, "</%s>", name)
	case []map[string]any:
		for _, m := range v {
			b.value(name, m)
		}
	case []any:
		for _, m := range v {
			b.value(name, m)
		}
	default:
		b.element(name, fmt.Sprint(v))
	}
}
