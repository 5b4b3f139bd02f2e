package salesforce

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/crm/salesforce/orgpackage"
)

// Level is how a finding is.
type Level string

// The levels of findings.
const (
	OK   Level = "ok"
	Warn Level = "warn"
	Fail Level = "fail"
)

// Finding is one line of a check: what was looked at, and what to do about it.
type Finding struct {
	Level  Level
	What   string
	Remedy string // "" with OK
}

// checker gathers findings.
type checker struct {
	org   *Org
	found []Finding
}

func (c *checker) add(l Level, what, remedy string) {
	if l == OK {
		remedy = ""
	}
	c.found = append(c.found, Finding{l, what, remedy})
}

// failed notes an error of a step.
func (c *checker) failed(l Level, what string, err error) {
	c.add(l, what, sentence(err))
}

func sentence(err error) string {
	return strings.TrimPrefix(asError(err).Sentence(), "salesforce: ")
}

// Check looks at all that the connection needs, and says of each thing how it
// is at this moment. phones are the fields that are matched, by object. It makes
// about a dozen calls, and changes nothing.
func (o *Org) Check(ctx context.Context, phones switchboard.PhoneFields) []Finding {
	ctx = WithUse(ctx, UseSetup)
	c := &checker{org: o}
	token, err := o.Token(ctx)
	if err != nil {
		c.failed(Fail, "sign-in", err)
		return c.found
	}
	if err := o.CheckVersion(ctx); err != nil {
		c.failed(Fail, "API version "+o.Version(), err)
	} else {
		c.add(OK, "API version "+o.Version(), "")
	}
	user, err := o.UserInfo(ctx)
	if err != nil {
		c.failed(Fail, "sign-in", err)
		return c.found
	}
	c.add(OK, "signed in as "+user.Username, "")
	c.domain(token)
	c.scopes(token)
	c.packaged(ctx)
	objects := slices.Sorted(maps.Keys(phones))
	for _, object := range objects {
		c.object(ctx, object, phones[object])
	}
	c.messages(ctx)
	c.permissions(ctx, user.UserID, objects)
	c.bell(ctx, user.UserID)
	c.allowance(ctx)
	return c.found
}

func (c *checker) domain(t Token) {
	u, err := url.Parse(t.Instance)
	host := ""
	if err == nil {
		host = u.Hostname()
	}
	if strings.HasSuffix(host, ".my.salesforce.com") || strings.HasSuffix(host, ".my.salesforce.mil") || loopback(host) {
		c.add(OK, "My Domain "+host, "")
		return
	}
	c.add(Warn, "the org answers at "+host+", which is not a My Domain", "In Setup, My Domain, deploy one, and use it as the login URL")
}

func (c *checker) scopes(t Token) {
	switch {
	case len(t.Scopes) == 0:
	case slices.Contains(t.Scopes, "api") || slices.Contains(t.Scopes, "full"):
		c.add(OK, "scope api", "")
	default:
		c.add(Fail, "the app lacks the scope api", "Add \"Manage user data via APIs (api)\" to the app's OAuth scopes")
	}
}

// What there is to do about most things.
const (
	install = "Run: switchboard salesforce install"
	assign  = "Assign the permission set Switchboard Integration to the user that we act as"
)

func (c *checker) packaged(ctx context.Context) {
	version, err := c.org.PackageVersion(ctx)
	switch {
	case err != nil:
		c.failed(Fail, "package", err)
	case version == "":
		c.add(Fail, "the package is not installed, or its permission set is not assigned", install+". "+assign)
	case olderVersion(version, orgpackage.Version):
		c.add(Warn, "package "+version+" is older than "+orgpackage.Version, install)
	default:
		c.add(OK, "package "+version, "")
	}
	setting, err := c.org.UnknownNumbers(ctx)
	switch {
	case err != nil:
		c.failed(Warn, unknownNumbers, err)
	case setting == nil && version != "":
		c.add(Fail, "no access to "+unknownNumbers, assign)
	case setting != nil:
		c.add(OK, unknownNumbers, "")
	}
}

const unknownNumbers = "the setting Create Records From Unknown Numbers"

// olderVersion compares versions such as 1.10.0 number by number.
func olderVersion(a, b string) bool {
	x, y := strings.Split(a, "."), strings.Split(b, ".")
	for i := range max(len(x), len(y)) {
		m, n := 0, 0
		if i < len(x) {
			m, _ = strconv.Atoi(x[i]) // what is no number is 0
		}
		if i < len(y) {
			n, _ = strconv.Atoi(y[i])
		}
		if m != n {
			return m < n
		}
	}
	return false
}

// describe returns how an object is just now, nil if that is not to be had.
func (c *checker) describe(ctx context.Context, object string) *Object {
	c.org.Forget(object)
	d, err := c.org.Describe(ctx, object)
	switch {
	case HasCode(err, CodeNoSuch):
		c.add(Fail, "no access to "+object, grant(object))
	case err != nil:
		c.failed(Fail, object, err)
	}
	return d
}

// grant is how the user that we act as gets at an object.
func grant(object string) string {
	if object == SMSObject || slices.Contains(switchboard.Objects(), switchboard.Object(object)) {
		return assign
	}
	return "Give the user that we act as access to the object, or take it out of Settings, Matching"
}

func (c *checker) object(ctx context.Context, object switchboard.Object, phones []string) {
	d := c.describe(ctx, string(object))
	if d == nil {
		return
	}
	if may := lacking(d); len(may) > 0 {
		c.add(Fail, fmt.Sprintf("%s: we may not %s", object, strings.Join(may, ", ")), grant(string(object)))
		return
	}
	if !d.Deletable {
		c.add(Warn, fmt.Sprintf("%s: we may not delete it", object), grant(string(object))+", or what is deleted or undone here stays there")
	}
	var hidden, formulas, fixed []string
	for _, name := range phones {
		f, ok := d.Field(name)
		switch {
		case !ok:
			hidden = append(hidden, name)
		case f.Calculated:
			formulas = append(formulas, name)
		case !f.Updateable:
			fixed = append(fixed, name)
		}
	}
	for _, name := range switchboard.RequiredFields(object) {
		if !d.Has(name) {
			hidden = append(hidden, name)
		}
	}
	if f, ok := d.Field(orgpackage.KeyField); !(ok && f.Createable) && slices.Contains(switchboard.Objects(), object) {
		c.add(Fail, fmt.Sprintf("%s has no field %s for us, by which a retry finds what it made", object, orgpackage.KeyField), install+". "+assign)
	}
	var unsynced []string
	for _, name := range orgpackage.IntegrationFields(string(object)) {
		if f, ok := d.Field(writtenAs(name)); !(ok && f.Updateable) && !slices.Contains(phones, name) && name != orgpackage.KeyField {
			unsynced = append(unsynced, name)
		}
	}
	if len(unsynced) > 0 {
		c.add(Warn, fmt.Sprintf("%s: we may not read and write %s", object, strings.Join(unsynced, ", ")), assign+", or these fields are not kept alike on both sides")
	}
	if len(hidden) > 0 {
		c.add(Fail, fmt.Sprintf("%s: no access to %s", object, strings.Join(hidden, ", ")), assign+", or give it field-level access to a field of your own, or take that out of Settings, Matching")
	}
	if len(fixed) > 0 {
		c.add(Warn, fmt.Sprintf("%s: we may read but not write %s", object, strings.Join(fixed, ", ")), assign+", or give it edit access to a field of your own: new records lack it otherwise")
	}
	if len(formulas) > 0 {
		c.add(Warn, fmt.Sprintf("%s: %s is a formula, whose changes Salesforce does not report", object, strings.Join(formulas, ", ")), "Match the field that it is made of, or run: switchboard salesforce sync --full now and then")
	}
	if len(hidden)+len(fixed)+len(formulas)+len(unsynced) == 0 {
		c.add(OK, fmt.Sprintf("%s and its phone fields", object), "")
	}
}

// writtenAs returns the field by which one sees whether a field may be written:
// an address is written by its parts.
func writtenAs(name string) string {
	if prefix, ok := strings.CutSuffix(name, "Address"); ok {
		return prefix + "Street"
	}
	return name
}

func lacking(d *Object) []string {
	var may []string
	for _, p := range []struct {
		name string
		ok   bool
	}{{"read it", d.Queryable}, {"create it", d.Createable}, {"update it", d.Updateable}} {
		if !p.ok {
			may = append(may, p.name)
		}
	}
	return may
}

func (c *checker) messages(ctx context.Context) {
	d := c.describe(ctx, SMSObject)
	if d == nil {
		return
	}
	missing := lacking(d)
	for _, name := range []string{"Phone__c", "Message__c", "Direction__c", "Status__c", "Channel__c", "Received_At__c", "Assignment_Reason__c", "Explanation__c", smsKey, "Contact__c", "Lead__c", "Account__c"} {
		if f, ok := d.Field(name); !ok || !f.Createable || !f.Updateable {
			missing = append(missing, "write "+name)
		}
	}
	if f, ok := d.Field(smsKey); ok && !(f.ExternalID && f.Unique) {
		c.add(Fail, smsKey+" is not unique and an external id", "Set both on the field in Setup, or run: switchboard salesforce install")
	}
	if len(missing) > 0 {
		c.add(Fail, SMSObject+": we may not "+strings.Join(missing, ", "), assign)
		return
	}
	c.add(OK, SMSObject+" and its fields", "")
}

// permissions looks whether we see every record: one that sharing hides looks
// unknown, and would be created a second time. Messages we also give to others.
func (c *checker) permissions(ctx context.Context, user string, objects []switchboard.Object) {
	const what = "View All on the matched objects"
	const remedy = assign + ", or give it View All on the object: a record that sharing hides from us looks unknown, and is made twice"
	access, err := c.allRecords(ctx, user)
	if err != nil {
		c.add(Warn, what+" can't be checked", "Let the user that we act as view setup and configuration, or see to it yourself: "+remedy)
		return
	}
	var not []string
	for _, o := range objects {
		if !access.all && !access.view[o] {
			not = append(not, string(o))
		}
	}
	if len(not) > 0 {
		c.add(Fail, "no View All on "+strings.Join(not, ", "), remedy)
	} else {
		c.add(OK, what, "")
	}
	if !access.all && !access.modify[SMSObject] {
		c.add(Fail, "no Modify All on "+SMSObject, assign+", or a message stays with the owner that it had")
	}
}

// allRecords says of which objects a user sees and changes every record.
type allRecords struct {
	all          bool // sees all that there are
	view, modify map[switchboard.Object]bool
}

// allRecords returns what a user may do whatever the sharing.
func (c *checker) allRecords(ctx context.Context, user string) (allRecords, error) {
	a := allRecords{view: map[switchboard.Object]bool{}, modify: map[switchboard.Object]bool{}}
	rows, err := Collect(c.org.Query(ctx, Select("User", "Id", "Profile.PermissionsViewAllData").Where(Eq("Id", user))))
	if err != nil {
		return a, err
	}
	if len(rows) == 1 {
		a.all, _ = rows[0].value("Profile.PermissionsViewAllData").(bool)
	}
	if a.all {
		return a, nil
	}
	rows, err = Collect(c.org.Query(ctx, Select("PermissionSetAssignment", "PermissionSetId").Where(Eq("AssigneeId", user))))
	if err != nil {
		return a, err
	}
	var sets []string
	for _, r := range rows {
		if id := r.ID("PermissionSetId"); id != "" {
			sets = append(sets, id)
		}
	}
	for chunk := range slices.Chunk(sets, idsAtOnce) {
		rows, err := Collect(c.org.Query(ctx, Select("ObjectPermissions", "SobjectType", "PermissionsModifyAllRecords").Where(In("ParentId", chunk...), Eq("PermissionsViewAllRecords", true))))
		if err != nil {
			return a, err
		}
		for _, r := range rows {
			object := switchboard.Object(r.Text("SobjectType"))
			a.view[object] = true
			a.modify[object] = a.modify[object] || r.Bool("PermissionsModifyAllRecords")
		}
		rows, err = Collect(c.org.Query(ctx, Select("PermissionSet", "Id").Where(In("Id", chunk...), Eq("PermissionsViewAllData", true))))
		if err != nil {
			return a, err
		}
		a.all = a.all || len(rows) > 0
	}
	return a, nil
}

// bell asks for a notification to nobody: whoever may send one is told that
// the recipient is missing, and whoever may not, that it may not.
func (c *checker) bell(ctx context.Context, user string) {
	c.org.bells.forget(BellType)
	kind, err := c.org.BellTypeID(ctx, BellType)
	if HasCode(err, "INVALID_TYPE") {
		c.add(Fail, "no access to notification types", "Let the user that we act as view setup and configuration")
		return
	}
	if err != nil {
		c.failed(Fail, "notification type "+BellType, err)
		return
	}
	path, err := c.org.path("actions", "standard", "customNotificationAction")
	if err == nil {
		_, err = c.org.do(ctx, call{what: "look at the bell", use: UseSetup, method: "POST", path: path, body: map[string]any{"inputs": []map[string]any{{
			"customNotifTypeId": kind, "recipientIds": []string{}, "title": "Switchboard", "body": "Switchboard", "targetId": user}}}})
	}
	switch {
	case noAccess(err):
		c.add(Fail, "we may not send notifications", assign+": it holds Send Custom Notifications")
	case err == nil || ClassOf(err) == ClassPermanent:
		c.add(OK, "Send Custom Notifications", "")
	default:
		c.failed(Warn, "Send Custom Notifications can't be checked", err)
	}
}

// fewCalls is the share of the day's calls below which there are few left.
const fewCalls = 0.1

func (c *checker) allowance(ctx context.Context) {
	limits, err := c.org.Limits(ctx)
	a, ok := limits["DailyApiRequests"]
	if err != nil || !ok || a.Max <= 0 {
		c.add(Warn, "the API calls that are left can't be read", "Look at Setup, Company Information, API Requests")
		return
	}
	what := fmt.Sprintf("%d of %d API calls left today", a.Remaining, a.Max)
	if float64(a.Remaining) < fewCalls*float64(a.Max) {
		c.add(Warn, what, "See in Setup, Company Information, what uses them; Switchboard keeps the last for messages")
		return
	}
	c.add(OK, what, "")
}
