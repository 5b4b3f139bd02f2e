package pubsub

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
)

// Session is what a call proves itself with.
type Session struct {
	AccessToken string
	InstanceURL string // as the token's answer has it: https://acme.my.salesforce.com
	OrgID       string // 18 characters
}

// Tokens has the org's current session. It is used from several goroutines.
type Tokens interface {
	// Session returns the session to use now.
	Session(ctx context.Context) (Session, error)
	// Invalidate says that Salesforce has refused an access token: Session returns
	// another one from now on. It does nothing if that has happened already.
	Invalidate(accessToken string)
}

// credential puts a session on a call. gRPC refuses to send it without TLS.
type credential Session

var _ credentials.PerRPCCredentials = credential{}

func (c credential) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"accesstoken": c.AccessToken, "instanceurl": c.InstanceURL, "tenantid": c.OrgID}, nil
}

func (credential) RequireTransportSecurity() bool { return true }

func (s Session) option() grpc.CallOption { return grpc.PerRPCCredentials(credential(s)) }
