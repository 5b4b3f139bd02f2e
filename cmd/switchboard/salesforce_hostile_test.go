package main

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/crm/salesforce"
	"github.com/switchboardhq/switchboard/internal/store/storetest"
)

// hostile is text that is code somewhere on its way: in SOQL, a URL, a header,
// CSV, JSON, a composite reference or a formula.
var hostile = [...]string{
	"Doe", "O'Neil", `' OR Name != '`, `\`, `\' OR Id != null --`, "%' OR Name LIKE '%", "a,b\"c\"\nd", "\r\nX-Evil: 1\r\n\r\n", "=cmd|' /C calc'!A0", "+1 555 ' 0177", "@{ref0.id}",
	"<script>alert(1)</script>", "&amp;%00%0a", "\x00\x01\x7f", "\xff\xfe", "日本🙂", "null", "a%27b+c#d?e=f/../..", `{"a":1}`, "\u2028\u202e", "003000000000001AAA", "1; DELETE FROM Contact", "${jndi:x}",
}

// hostileText draws text that means harm, mixes of it, and any other.
func hostileText() *rapid.Generator[string] {
	known := rapid.SampledFrom(hostile[:])
	return rapid.OneOf(known, rapid.Custom(func(t *rapid.T) string { return known.Draw(t, "a") + known.Draw(t, "b") }), rapid.String(),
		rapid.Custom(func(t *rapid.T) string { return string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")) }))
}

// Whatever a record's name and number, a sender and a body hold, they are the
// same on both sides after a cycle, whichever side they come from, and nothing
// else has changed on either.
func TestHostileTextIsTheSameOnBothSides(t *testing.T) {
	j := newJoint(t, storetest.SQLite)
	bystander := j.create("Contact", map[string]any{"LastName": "Bystander", "Description": "Leave me alone", "MobilePhone": "(512) 555-0100"})
	j.text("+15125550100", "I am one too")
	j.sync()
	j.clock.Advance(time.Hour)
	j.sync()
	want := j.sf.Get("Contact", bystander)
	version := j.here(bystander).Version
	contacts, texts := j.count("Contact"), j.count("SMS__c")

	fewerChecks(t, 60)
	rapid.Check(t, func(rt *rapid.T) {
		name, phone := short(hostileText().Draw(rt, "name"), 40), short(hostileText().Draw(rt, "phone"), 20)
		sender, body := short(hostileText().Draw(rt, "sender"), 20), short(hostileText().Draw(rt, "body"), 300)
		if strings.TrimSpace(sender) == "" {
			sender = "88201"
		}

		// From here.
		ours, _, err := j.db.CreateRecord(t.Context(), j.dana, switchboard.Contact, switchboard.Fields{"LastName": name + " here", "MobilePhone": phone, "Description": body}, switchboard.OriginPerson)
		j.must(err)
		m := storetest.Text(t, j.db, j.org, j.channel, sender, body)
		// From there.
		theirs := j.create("Contact", map[string]any{"LastName": scalar(name) + " there", "MobilePhone": scalar(phone), "Description": scalar(body)})
		contacts, texts = contacts+2, texts+1
		j.sync()
		j.clock.Advance(20 * time.Minute) // out of what a poll looks at again
		j.sync()

		ours = storetest.RecordOf(t, j.db, j.org, ours.ID)
		for id, r := range map[string]*switchboard.Record{ours.SalesforceID: ours, theirs: j.here(theirs)} {
			row := j.sf.Get("Contact", id)
			for _, field := range []string{"LastName", "MobilePhone", "Description"} {
				if !sameText(r.Fields.Text(field), row[field]) {
					rt.Errorf("%s is %q here and %q there", field, r.Fields.Text(field), row[field])
				}
			}
		}
		m = j.message(m.ID)
		row := j.sms(m.ID)
		for field, have := range map[string]string{"Message__c": m.Body, "Phone__c": m.Sender.Address, "Name": m.Name(), "External_Id__c": m.ID} {
			if !sameText(have, row[field]) {
				rt.Errorf("%s is %q here and %q there", field, have, row[field])
			}
		}
		// The text may be on one of them, if that is whose number it came from.
		if here, there := j.on(m.ID); here != "" && there["Contact__c"] != here || here == "" && len(there) > 0 {
			rt.Errorf("the message is on %q here and %v there", here, there)
		}
		if got := j.sf.Get("Contact", bystander); !maps.EqualFunc(got, want, func(a, b any) bool { return fmt.Sprint(a) == fmt.Sprint(b) }) || j.here(bystander).Version != version {
			rt.Errorf("somebody else changed: %v", got)
		}
		if a, b := j.count("Contact"), j.count("SMS__c"); a != contacts || b != texts {
			rt.Errorf("there are %d contacts and %d messages there, want %d and %d", a, b, contacts, texts)
		}
		held, _ := j.sf.Get("Contact", ours.SalesforceID)["LastName"].(string)
		if found := j.named(held); len(found) == 0 || len(found) == contacts {
			rt.Errorf("asked for by the name %q, %d of %d contacts are found", held, len(found), contacts)
		}
	})
}

// named asks the org for the contacts with a name.
func (j *joint) named(name string) (rows []salesforce.Row) {
	j.t.Helper()
	j.withRemote(func(remote *salesforceOrg) {
		var err error
		rows, err = salesforce.Collect(remote.Query(j.t.Context(), salesforce.Select("Contact", "Id").Where(salesforce.Eq("LastName", name))))
		j.must(err)
	})
	return rows
}

// short cuts a text to n characters, so that Salesforce has room for it.
func short(s string, n int) string {
	for i := range s {
		if n--; n < 0 {
			return s[:i]
		}
	}
	return s
}

// scalar is a text as Salesforce may hold it: characters that JSON and XML can
// say.
func scalar(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == 0x7f || r == 0xfffe || r == 0xffff {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

// sameText reports whether Salesforce holds the text: characters that it refuses
// are written as U+FFFD.
func sameText(here string, there any) bool {
	text, _ := there.(string)
	written := strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' && r != '\r' || r == 0x7f || r == 0xfffe || r == 0xffff {
			return '\uFFFD'
		}
		return r
	}, here)
	return switchboard.SameValue(written, text) || switchboard.SameValue(here, text)
}
