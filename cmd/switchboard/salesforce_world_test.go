package main

import (
	"bytes"
	"io"
	"io/fs"
	"net/http/httptest"
	"regexp"
	"testing"
	"testing/fstest"
	"time"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/crm"
	"github.com/switchboardhq/switchboard/internal/crm/salesforce"
	"github.com/switchboardhq/switchboard/internal/crm/salesforce/orgpackage"
	"github.com/switchboardhq/switchboard/internal/crm/salesforce/sforg"
	"github.com/switchboardhq/switchboard/internal/store"
	"github.com/switchboardhq/switchboard/internal/store/storetest"
)

// joint is a store and a simulated Salesforce org with the package installed,
// connected by the real adapter and the real engine.
type joint struct {
	t       testing.TB
	clock   *storetest.Clock
	db      *store.DB
	org     string
	dana    switchboard.Actor
	channel switchboard.Channel
	sf      *sforg.Org
	engine  *crm.Engine
	p       *process
}

// newJoint connects a fresh store to a fresh org.
func newJoint(t testing.TB, dialect string, configure ...func(*sforg.Config)) *joint {
	t.Helper()
	j := &joint{t: t, clock: storetest.NewClock()}
	j.db = storetest.Open(t, dialect, j.clock)
	config := sforg.Config{Now: j.clock.Now, Random: storetest.Random(t.Name())}
	for _, c := range configure {
		c(&config)
	}
	j.sf = sforg.New(config)
	server := httptest.NewServer(j.sf)
	t.Cleanup(server.Close)
	j.sf.SetURL(server.URL)
	j.p = &process{ctx: t.Context(), now: j.clock.Now, random: storetest.Random(t.Name()), stdout: io.Discard, stderr: io.Discard}
	j.org = storetest.Org(t, j.db)
	j.dana = storetest.Admin(t, j.db)
	j.channel = storetest.Channel(t, j.db, j.dana)
	c := store.Salesforce{SalesforceSettings: store.SalesforceSettings{Method: byClientCredentials, LoginURL: server.URL, ClientID: j.sf.ClientID(), APIVersion: "62.0"},
		UserID: j.dana.ID, SalesforceUserID: j.sf.Admin().ID, SalesforceOrgID: j.sf.OrgID()}
	secret := store.SalesforceSecret{ClientSecret: j.sf.ClientSecret()}
	j.must(j.db.ConnectSalesforce(t.Context(), j.dana, c, secret))
	remote, err := openSalesforce(j.p, j.db, j.org, c, secret, nil, quiet())
	j.must(err)
	defer remote.close()
	j.must((&salesforceInstallCmd{}).deploy(j.p, remote))
	j.engine = newEngine(j.p, j.db, j.org, testLog(t), nil)
	return j
}

func (j *joint) must(err error) {
	j.t.Helper()
	if err != nil {
		j.t.Fatal(err)
	}
}

// sync runs one cycle both ways.
func (j *joint) sync() {
	j.t.Helper()
	j.clock.Advance(2 * time.Second)
	j.must(j.engine.SyncOnce(j.t.Context(), false))
}

func (j *joint) text(from, body string) *switchboard.Message {
	j.t.Helper()
	return storetest.Text(j.t, j.db, j.org, j.channel, from, body)
}

func (j *joint) message(id string) *switchboard.Message {
	j.t.Helper()
	return storetest.Message(j.t, j.db, j.org, id)
}

// sms returns the message's row in Salesforce.
func (j *joint) sms(message string) map[string]any {
	j.t.Helper()
	id, err := j.db.SMSOf(j.t.Context(), j.org, message)
	j.must(err)
	if id == "" {
		j.t.Fatalf("the message %s is not in Salesforce", message)
	}
	row := j.sf.Get("SMS__c", id)
	if row == nil {
		j.t.Fatalf("there is no SMS__c %s", id)
	}
	return row
}

func (j *joint) smsID(message string) string {
	j.t.Helper()
	id, _ := j.sms(message)["Id"].(string)
	return id
}

func (j *joint) create(object string, fields map[string]any) string {
	j.t.Helper()
	j.clock.Advance(time.Second)
	id, err := j.sf.Create(nil, object, fields)
	j.must(err)
	return id
}

func (j *joint) update(object, id string, fields map[string]any) {
	j.t.Helper()
	j.clock.Advance(time.Second)
	j.must(j.sf.Update(nil, object, id, fields))
}

func (j *joint) here(salesforceID string) *switchboard.Record {
	j.t.Helper()
	r, err := j.db.RecordBySalesforceID(j.t.Context(), j.org, salesforceID)
	j.must(err)
	return r
}

func (j *joint) openBells() int {
	j.t.Helper()
	n := 0
	for _, state := range []switchboard.NotificationState{switchboard.Unread, switchboard.Read} {
		list, _, err := j.db.Notifications(j.t.Context(), j.org, store.NotificationFilter{State: state, Page: store.Page{Limit: 500}})
		j.must(err)
		n += len(list)
	}
	return n
}

// createUnknown switches Create Records From Unknown Numbers on, in the org, whose word counts.
func (j *joint) createUnknown() {
	j.t.Helper()
	j.setUnknown("")
	j.clock.Advance(10 * time.Minute)
	j.sync()
	s, err := j.db.Settings(j.t.Context(), j.org)
	j.must(err)
	if !s.UnknownNumbers.Enabled {
		j.t.Fatal("the org's setting was not read")
	}
}

// setUnknown switches it on in the org, with an owner or none.
func (j *joint) setUnknown(owner string) {
	j.t.Helper()
	const name = "force-app/main/default/customMetadata/Create_Records_From_Unknown_Numbers.Default.md-meta.xml"
	text, err := fs.ReadFile(orgpackage.FS(), name)
	j.must(err)
	text = bytes.Replace(text, []byte(">false</value>"), []byte(">true</value>"), 1)
	if owner != "" {
		text = regexp.MustCompile(`(<field>Owner__c</field>\s*)<value[^>]*/>`).ReplaceAll(text, []byte(`${1}<value xsi:type="xsd:string">`+owner+`</value>`))
	}
	j.must(j.sf.InstallPackage(fstest.MapFS{name: {Data: text}}))
}

// rows asks the org.
func (j *joint) rows(object string) []salesforce.Row {
	j.t.Helper()
	var rows []salesforce.Row
	j.withRemote(func(remote *salesforceOrg) {
		var err error
		rows, err = salesforce.Collect(remote.Query(j.t.Context(), salesforce.Select(object, "Id")))
		j.must(err)
	})
	return rows
}

// withRemote lets do call the org past the engine.
func (j *joint) withRemote(do func(*salesforceOrg)) {
	j.t.Helper()
	c, err := j.db.Salesforce(j.t.Context(), j.org)
	j.must(err)
	secret, err := j.db.SalesforceSecret(j.t.Context(), j.org)
	j.must(err)
	remote, err := openSalesforce(j.p, j.db, j.org, c, secret, nil, quiet())
	j.must(err)
	defer remote.close()
	do(remote)
}

func (j *joint) count(object string) int { return len(j.rows(object)) }
