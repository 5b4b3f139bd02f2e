package sforg

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// The Partner SOAP API, as far as it does what REST cannot: merge, convertLead,
// undelete, emptyRecycleBin, and who one is.

var soapPath = regexp.MustCompile(`^/services/Soap/u/([0-9]{2,3}\.0)(?:/.*)?$`)

// An xmlNode is an element of a SOAP request.
type xmlNode struct {
	XMLName  xml.Name
	Text     string    `xml:",chardata"`
	Children []xmlNode `xml:",any"`
}

// child returns the first child of a name, an empty one if there is none.
func (n xmlNode) child(name string) xmlNode {
	for _, c := range n.Children {
		if c.XMLName.Local == name {
			return c
		}
	}
	return xmlNode{}
}

func (n xmlNode) value(name string) string { return strings.TrimSpace(n.child(name).Text) }

// values returns the texts of all children of a name.
func (n xmlNode) values(name string) []string {
	var list []string
	for _, c := range n.Children {
		if c.XMLName.Local == name {
			list = append(list, strings.TrimSpace(c.Text))
		}
	}
	return list
}

// soapReply is the XML of a result, written element by element.
type soapReply struct{ bytes.Buffer }

func (b *soapReply) element(name, text string) {
	fmt.Fprintf(b, "<%s>", name)
	_ = xml.EscapeText(b, []byte(text)) // a Buffer takes everything
	fmt.Fprintf(b, "</%s>", name)
}

// outcome writes whether it worked, and if not why.
func (b *soapReply) outcome(err *Error) {
	if err != nil {
		b.WriteString("<errors>")
		for _, f := range err.Fields {
			b.element("fields", f)
		}
		b.element("message", err.Message)
		b.element("statusCode", err.Code)
		b.WriteString("</errors>")
	}
	b.element("success", fmt.Sprint(err == nil))
}

const soapHead = `<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:sf="urn:fault.partner.soap.sforce.com" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>`

func writeSOAP(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "text/xml;charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(soapHead))
	_, _ = w.Write(body)
	_, _ = w.Write([]byte("</soapenv:Body></soapenv:Envelope>"))
}

// writeFault answers as SOAP does to what it cannot do at all: with 500,
// whatever it is.
func writeFault(w http.ResponseWriter, err *Error) {
	var b soapReply
	b.WriteString("<soapenv:Fault>")
	b.element("faultcode", "sf:"+err.Code)
	b.element("faultstring", err.Code+": "+err.Message)
	b.WriteString("</soapenv:Fault>")
	writeSOAP(w, http.StatusInternalServerError, b.Bytes())
}

// soap answers a call of the Partner API, or of the Metadata API.
func (o *Org) soap(w http.ResponseWriter, version string, metadata bool, body []byte, f *Fault) {
	var envelope xmlNode
	if err := xml.Unmarshal(body, &envelope); err != nil {
		writeFault(w, &Error{Code: "INVALID_REQUEST", Message: "the request is not well-formed"})
		return
	}
	if f != nil && f.answer(w) {
		return
	}
	header, call := envelope.child("Header"), envelope.child("Body")
	if len(call.Children) != 1 {
		writeFault(w, &Error{Code: "INVALID_REQUEST", Message: "a request has one operation"})
		return
	}
	op := call.Children[0]
	o.mu.Lock()
	defer o.mu.Unlock()
	user := o.sessionUser(header.child("SessionHeader").value("sessionId"))
	if user == nil {
		writeFault(w, &Error{Code: "INVALID_SESSION_ID", Message: "Invalid Session ID found in SessionHeader: Illegal Session"})
		return
	}
	if !o.count("soap", true) {
		writeFault(w, limitExceeded())
		return
	}
	q := &soapCall{o: o, who: actor{user: user, version: version, client: header.child("CallOptions").value("client"), soap: true}}
	operations := map[string]func(xmlNode){"merge": q.merge, "convertLead": q.convertLead, "undelete": q.undelete, "emptyRecycleBin": q.purge,
		"getUserInfo": q.userInfo, "getServerTimestamp": q.timestamp}
	namespace := "urn:partner.soap.sforce.com"
	if metadata {
		namespace = metadataNamespace
		operations = map[string]func(xmlNode){"deploy": q.deploy, "checkDeployStatus": q.deployStatus}
	}
	do := operations[op.XMLName.Local]
	if do == nil {
		writeFault(w, &Error{Code: "INVALID_OPERATION", Message: "this org has no " + cut(op.XMLName.Local, 40) + " by SOAP"})
		return
	}
	if do(op); q.fault != nil {
		writeFault(w, q.fault)
		return
	}
	name := op.XMLName.Local + "Response"
	text := fmt.Sprintf(`<%s xmlns="%s">%s</%s>`, name, namespace, q.out.String(), name)
	writeSOAP(w, http.StatusOK, []byte(text))
}

// soapCall is an operation that is being done.
type soapCall struct {
	o   *Org
	who actor
	out soapReply

	fault *Error // of an operation that answers with nothing else
}

// try does f in a transaction of its own.
func (q *soapCall) try(f func(*transaction) *Error) *Error {
	t := q.o.begin(q.who)
	if err := f(t); err != nil {
		t.rollback(0)
		return err
	}
	t.commit()
	return nil
}

func (q *soapCall) merge(op xmlNode) {
	for _, r := range op.Children {
		if r.XMLName.Local != "mergeRequests" {
			continue
		}
		master := r.child("masterRecord")
		winner, losers := master.value("Id"), r.values("recordToMergeIds")
		err := q.try(func(t *transaction) *Error {
			ob := q.o.object(master.value("type"))
			if ob == nil {
				return errorf("INVALID_TYPE", "sObject type '"+cut(master.value("type"), 80)+"' is not supported.")
			}
			if err := t.merge(ob, winner, losers); err != nil {
				return err
			}
			fields := map[string]any{}
			for _, c := range master.Children {
				switch name := c.XMLName.Local; name {
				case "type", "Id":
				case "fieldsToNull":
					fields[strings.TrimSpace(c.Text)] = nil
				default:
					fields[name] = c.Text
				}
			}
			if len(fields) == 0 {
				return nil
			}
			return t.update(ob, winner, fields)
		})
		q.out.WriteString("<result>")
		if err == nil {
			q.out.element("id", longIDOf(winner))
			for _, id := range losers {
				q.out.element("mergedRecordIds", longIDOf(id))
			}
		}
		q.out.outcome(err)
		q.out.WriteString("</result>")
	}
}

// longIDOf returns the 18 characters of an id that was taken.
func longIDOf(id string) string { return longID(id[:min(len(id), 15)]) }

func (q *soapCall) convertLead(op xmlNode) {
	for _, l := range op.Children {
		if l.XMLName.Local != "leadConverts" {
			continue
		}
		var got Converted
		err := q.try(func(t *transaction) (err *Error) {
			statuses := q.o.object("Lead").field("Status").Values
			if s := l.value("convertedStatus"); !slices.Contains(statuses, s) {
				return errorf("INVALID_STATUS", "invalid convertedStatus: "+cut(s, 40))
			}
			got, err = t.convert(l.value("leadId"), ConvertOptions{AccountID: l.value("accountId"), ContactID: l.value("contactId"), OwnerID: l.value("ownerId"),
				Opportunity: l.value("doNotCreateOpportunity") != "true"})
			return err
		})
		q.out.WriteString("<result>")
		if err == nil {
			q.out.element("accountId", got.AccountID)
			q.out.element("contactId", got.ContactID)
		}
		q.out.element("leadId", l.value("leadId"))
		if got.OpportunityID != "" && err == nil {
			q.out.element("opportunityId", got.OpportunityID)
		}
		q.out.outcome(err)
		q.out.WriteString("</result>")
	}
}

// each does f with each id of a list, and writes a result for it.
func (q *soapCall) each(op xmlNode, f func(*transaction, *object, string) *Error) {
	for _, id := range op.values("ids") {
		err := q.try(func(t *transaction) *Error {
			ob := q.o.objectOf(id)
			if ob == nil {
				return errorf("MALFORMED_ID", "malformed id "+cut(id, 40), "Id")
			}
			return f(t, ob, id)
		})
		q.out.WriteString("<result>")
		q.out.element("id", longIDOf(id))
		q.out.outcome(err)
		q.out.WriteString("</result>")
	}
}

func (q *soapCall) undelete(op xmlNode) {
	q.each(op, func(t *transaction, ob *object, id string) *Error { return t.restore(ob, id) })
}

func (q *soapCall) purge(op xmlNode) {
	q.each(op, func(t *transaction, ob *object, id string) *Error { return t.purge(ob, id) })
}

func (q *soapCall) userInfo(xmlNode) {
	ob := q.o.object("User")
	r := ob.find(q.who.user.ID)
	q.out.WriteString("<result>")
	q.out.element("organizationId", q.o.orgID)
	q.out.element("organizationName", "Acme")
	q.out.element("userEmail", r.text(ob, "Email"))
	q.out.element("userFullName", r.text(ob, "Name"))
	q.out.element("userId", q.who.user.ID)
	q.out.element("userName", q.who.user.Username)
	q.out.WriteString("</result>")
}

func (q *soapCall) timestamp(xmlNode) {
	q.out.WriteString("<result>")
	q.out.element("timestamp", q.o.now().Format(bulkTime))
	q.out.WriteString("</result>")
}
