package web

import (
	"context"
	"time"

	"github.com/switchboardhq/switchboard"
)

// SalesforceSignIn gets into an org's Salesforce, and keeps the way in. An error
// of code invalid names a field of [SalesforceLogin]'s form; one of code conflict
// may go away by itself. The words of both are for the admin.
type SalesforceSignIn interface {
	// Connect signs in as the login says, and makes it the org's connection, tied
	// to the actor. Nothing is changed if it fails.
	Connect(ctx context.Context, actor switchboard.Actor, login SalesforceLogin) error
	// Leave returns the address at Salesforce where an admin allows us in, who then
	// comes back to callback, and what has to be kept for that, which is sealed.
	Leave(ctx context.Context, actor switchboard.Actor, login SalesforceLogin, callback string) (address string, pending []byte, err error)
	// Return ends what Leave began, with what the admin brought along.
	Return(ctx context.Context, actor switchboard.Actor, pending []byte, state, code string) error
}

// SalesforceOrg is the connected org. Each method fails with not_found if none
// is, and answers within half a minute.
type SalesforceOrg interface {
	// Check looks at all that the connection needs. Unless again, it may be what
	// was found a few minutes ago.
	Check(ctx context.Context, org string, again bool) (SalesforceCheck, error)
	// Install begins to deploy the package, and returns the id of that.
	Install(ctx context.Context, org string) (id string, err error)
	// Installation says how far that is, and does what is left to do once it is
	// done.
	Installation(ctx context.Context, org, id string) (SalesforceInstallation, error)
}

// The ways to get into Salesforce.
const (
	ByClientCredentials = "client-credentials"
	ByJWT               = "jwt"
	ByWebServer         = "web"
)

// SalesforceVersion is the version of Salesforce's API that is used unless a
// person names another.
const SalesforceVersion = "62.0"

// SalesforceLogin is what the form of a connection holds.
type SalesforceLogin struct {
	Method       string
	LoginURL     string
	ClientID     string
	ClientSecret string
	Username     string
	Audience     string
	PrivateKey   string
	APIVersion   string
	PubSub       string
	DailyCalls   int64
}

// Level is how a finding is.
type Level int

// The levels of findings.
const (
	LevelOK Level = iota
	LevelWarn
	LevelFail
)

// SalesforceFinding is one line of a check.
type SalesforceFinding struct {
	Level  Level
	What   string
	Remedy string // "" with LevelOK
}

// SalesforceCheck is what was found.
type SalesforceCheck struct {
	At       time.Time
	Org      string // its name; "" if it did not say
	User     string // whom we act as; "" if it did not say
	Package  string // the version that is installed there; "": none, or we may not see it
	Ours     string // the version that would be installed
	Findings []SalesforceFinding
}

// SalesforceInstallation is how far an installation is.
type SalesforceInstallation struct {
	Done            bool
	Deployed, Total int
	Failed          string // why it did not come through, or what is left to do by hand; "" if nothing
}
