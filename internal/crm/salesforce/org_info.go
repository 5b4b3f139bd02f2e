package salesforce

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Version is one that the org's API has.
type Version struct {
	Label   string `json:"label"`
	URL     string `json:"url"`
	Version string `json:"version"`
}

// Versions returns the versions of the API that the org has. It is the one
// call that needs no token and is not counted.
func (c *Client) Versions(ctx context.Context) ([]Version, error) {
	var all []Version
	r := call{what: "list the versions", use: UseSetup, method: http.MethodGet, path: "/services/data", open: true}
	return all, c.doJSON(ctx, r, &all)
}

// CheckVersion reports whether the org has the version that the client uses.
func (c *Client) CheckVersion(ctx context.Context) error {
	all, err := c.Versions(ctx)
	if err != nil {
		return err
	}
	newest := 0
	for _, v := range all {
		major, _, _ := strings.Cut(v.Version, ".")
		n, _ := strconv.Atoi(major)
		newest = max(newest, n)
	}
	if slices.ContainsFunc(all, func(v Version) bool { return v.Version == c.version }) {
		return nil
	}
	return &Error{What: "check the version", Code: CodeOldVersion, Class: ClassPermanent,
		Message: fmt.Sprintf("The org does not have version %s of the API; its newest is %d.0: set the API version to that", c.version, newest)}
}

// UserInfo is the user that a token acts as.
type UserInfo struct {
	UserID   string `json:"user_id"`
	OrgID    string `json:"organization_id"`
	Username string `json:"preferred_username"`
	Name     string `json:"name"`
	Email    string `json:"email"`
}

// UserInfo asks who the token acts as.
func (c *Client) UserInfo(ctx context.Context) (UserInfo, error) {
	var u UserInfo
	r := call{what: "ask who we are", use: UseSetup, method: http.MethodGet, path: "/services/oauth2/userinfo"}
	err := c.doJSON(ctx, r, &u)
	if e, refused := errors.AsType[*Error](err); refused && (e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden) {
		// The address is OpenID's, and an app with the scope api alone may be kept
		// from it. What the API says is as good; a dead token is dead there too.
		return c.userByID(ctx)
	}
	if err != nil {
		return UserInfo{}, err
	}
	org, okOrg := LongID(u.OrgID)
	user, okUser := LongID(u.UserID)
	if !okOrg || !okUser {
		return UserInfo{}, &Error{What: r.what, Code: CodeUnreadable, Class: ClassRetry, Message: "Salesforce did not say who we are"}
	}
	u.OrgID, u.UserID = org, user
	return u, nil
}

// userByID finds the user that the token names.
func (c *Client) userByID(ctx context.Context) (UserInfo, error) {
	token, err := c.source.Token(ctx)
	if err != nil {
		return UserInfo{}, err
	}
	rows, err := Collect(c.Query(WithUse(ctx, useOf(ctx, UseSetup)), Select("User", "Id", "Username", "Name", "Email").Where(Eq("Id", token.UserID))))
	if err != nil {
		return UserInfo{}, err
	}
	u := UserInfo{UserID: token.UserID, OrgID: token.OrgID}
	if len(rows) == 1 {
		u.Username, u.Name, u.Email = rows[0].Text("Username"), rows[0].Text("Name"), rows[0].Text("Email")
	}
	return u, nil
}

// Allowance is one of the org's counted things.
type Allowance struct {
	Max       int64 `json:"Max"`
	Remaining int64 `json:"Remaining"`
}

// Limits returns the org's allowances by name, such as DailyApiRequests.
func (c *Client) Limits(ctx context.Context) (map[string]Allowance, error) {
	path, err := c.path("limits")
	if err != nil {
		return nil, err
	}
	all := map[string]Allowance{}
	return all, c.doJSON(ctx, call{what: "read the limits", use: UseSetup, method: http.MethodGet, path: path}, &all)
}
