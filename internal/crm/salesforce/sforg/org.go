package sforg

import (
	"cmp"
	"crypto/rsa"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

// Config is what an Org needs from outside.
type Config struct {
	Now    func() time.Time // required
	Random io.Reader        // required; makes tokens, keys and locators
	Log    *slog.Logger     // nil: silent

	URL            string        // as SetURL; "" takes each request's Host
	Username       string        // of the admin user; "" is admin@example.com
	DailyLimit     int           // API calls in 24 hours; 0 is 15,000, as a small real org has
	PersonAccounts bool          // Account records may be people
	SessionTime    time.Duration // how long a token lives without use; 0: until it is revoked
}

// An Org is a simulated Salesforce org. It is safe for concurrent use.
type Org struct {
	config Config
	log    *slog.Logger
	mux    http.Handler

	mu        sync.Mutex
	url       string
	oldest    int // API version
	newestAPI int
	objects   map[string]*object // by name in lower case
	byPrefix  map[string]*object
	order     []*object
	users     map[string]*User // by id
	admin     *User
	orgID     string
	cleared   map[string][]clearedLookup // by the id of what was deleted
	granted   map[string]*grants         // by user id, once asked for
	regranted instant                    // when who may do what changed last

	feed       feed
	commits    int64
	delay      time.Duration // see SetCommitDelay
	validation []validation
	duplicates []duplicateRule

	sessions map[string]*session
	codes    map[string]grant
	refresh  map[string]grant
	apps     map[string]*app
	app      *app
	token    string // of the admin user, made at first
	consent  bool   // the consent page lets everybody pass by itself

	calls   callCount
	limit   int
	faults  []*Fault
	between func()

	cursors  map[string]*cursor
	jobs     map[string]*job
	jobList  []*job
	deploys  map[string]*deployment
	deployed map[string]bool // components, as kind/name
	bell     []Notification
	counter  int // of jobs and cursors
	bulkPage int // see SetBulkPage
}

// An app is a connected app, or an External Client App as they are called now.
type app struct {
	id, secret string
	key        *rsa.PublicKey // for the JWT bearer flow
	runAs      *User          // for the client credentials flow
	scope      string         // of its tokens
}

// New makes an org that is empty but for its admin user and a connected app.
func New(c Config) *Org {
	o := &Org{
		config:    c,
		log:       c.Log,
		url:       c.URL,
		oldest:    oldestVersion,
		newestAPI: newestVersion,
		objects:   map[string]*object{},
		byPrefix:  map[string]*object{},
		users:     map[string]*User{},
		cleared:   map[string][]clearedLookup{},
		granted:   map[string]*grants{},
		sessions:  map[string]*session{},
		codes:     map[string]grant{},
		refresh:   map[string]grant{},
		apps:      map[string]*app{},
		limit:     cmp.Or(c.DailyLimit, 15_000),
		cursors:   map[string]*cursor{},
		jobs:      map[string]*job{},
		deployed:  map[string]bool{},
		deploys:   map[string]*deployment{},
		consent:   true,
	}
	if o.log == nil {
		o.log = slog.New(slog.DiscardHandler)
	}
	for _, def := range standardObjects() {
		if err := o.define(def); err != nil {
			panic(err) // the list above is wrong
		}
	}
	if c.PersonAccounts {
		o.enablePersonAccounts()
	}
	o.seed()
	o.mux = o.routes()
	return o
}

func (o *Org) seed() {
	o.orgID = makeID("00D", 1)
	o.admin = &User{ID: makeID("005", 1), org: o, Username: cmp.Or(o.config.Username, "admin@example.com")}
	o.users[o.admin.ID] = o.admin
	t := o.begin(actor{user: o.admin, system: true})
	must := func(_ string, err *Error) {
		if err != nil {
			panic(err)
		}
	}
	must(t.create(o.object("Profile"), map[string]any{"Name": string(SystemAdministrator), "UserType": "Standard",
		"PermissionsViewAllData": true, "PermissionsModifyAllData": true, "PermissionsApiEnabled": true}))
	must(t.create(o.object("Profile"), map[string]any{"Name": string(StandardUser), "UserType": "Standard", "PermissionsApiEnabled": true, "PermissionsViewSetup": true}))
	must(t.create(o.object("Profile"), map[string]any{"Name": string(MinimumAccess), "UserType": "Standard", "PermissionsApiEnabled": true}))
	must(t.create(o.object("Organization"), map[string]any{"Name": "Acme", "InstanceName": "SIM1", "OrganizationType": "Developer Edition",
		"LanguageLocaleKey": "en_US", "DefaultLocaleSidKey": "en_US", "TimeZoneSidKey": "America/Los_Angeles", "Country": "US"}))
	must(t.create(o.object("User"), userFields(o.admin.Username, o.admin.Username, "Ada Admin", makeID("00e", 1))))
	for _, ob := range o.order {
		must(t.create(o.object("EntityDefinition"), map[string]any{"QualifiedApiName": ob.Name, "Label": ob.Label, "KeyPrefix": ob.Prefix}))
	}
	t.commit()
	o.feed.changes = nil
	o.app = &app{id: "3MVG9" + o.randomText(60), secret: o.randomHex(64), runAs: o.admin, scope: "api"}
	o.apps[o.app.id] = o.app
	o.token = o.newSession(o.admin, o.app, "api refresh_token full")
}

// now returns the time of what happens at present.
func (o *Org) now() time.Time { return o.config.Now().UTC() }

func (o *Org) nextCommit() int64 {
	o.commits++
	return 10_000_000 + o.commits
}

// randomHex returns n hexadecimal digits.
func (o *Org) randomHex(n int) string {
	b := make([]byte, (n+1)/2)
	if _, err := io.ReadFull(o.config.Random, b); err != nil {
		panic(fmt.Sprintf("sforg: read randomness: %v", err))
	}
	return hex.EncodeToString(b)[:n]
}

// randomText returns n characters that need no escaping in a URL.
func (o *Org) randomText(n int) string {
	b := make([]byte, n)
	if _, err := io.ReadFull(o.config.Random, b); err != nil {
		panic(fmt.Sprintf("sforg: read randomness: %v", err))
	}
	return base64.RawURLEncoding.EncodeToString(b)[:n]
}

// SetURL says where the org is reached: its instance_url, without a slash at the
// end. Until then each answer takes the Host of its request.
func (o *Org) SetURL(url string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.url = url
}

// OrgID returns the org's id, of 18 characters.
func (o *Org) OrgID() string { return o.orgID }

// Admin returns the user who was there first.
func (o *Org) Admin() *User { return o.admin }

// AccessToken returns the admin user's first token. It stays valid until it is
// revoked or expired by a test.
func (o *Org) AccessToken() string { return o.token }

// ClientID returns the connected app's consumer key.
func (o *Org) ClientID() string { return o.app.id }

// ClientSecret returns the connected app's consumer secret.
func (o *Org) ClientSecret() string { return o.app.secret }

// SetCommitDelay makes every write take d from its stamp to its visibility, as
// a long transaction does in Salesforce: what is written appears with a
// SystemModstamp that is d in the past, so that a reader who has passed that
// time misses it.
func (o *Org) SetCommitDelay(d time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.delay = d
}

// BetweenPages calls f before each page but the first of a query or a bulk
// result is served. f may write to the org. nil stops it.
func (o *Org) BetweenPages(f func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.between = f
}

// betweenPages runs the hook, without the lock.
func (o *Org) betweenPages() {
	o.mu.Lock()
	f := o.between
	o.mu.Unlock()
	if f != nil {
		f()
	}
}
