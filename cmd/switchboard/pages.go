package main

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/switchboardhq/switchboard/internal/web"
)

// pages returns the web app. Its event streams end with ctx.
func (n *node) pages(ctx context.Context, p *process, receiver http.Handler) (http.Handler, error) {
	salesforce := newSalesforcePages(p, n.db, n.desk)
	app, err := web.New(ctx, web.Config{
		DB: n.db, Desk: n.desk, Hub: n.hub, Log: n.log, Now: p.now, Random: p.random,
		PublicURL: func() string { return n.publicURL }, Secure: strings.HasPrefix(n.publicURL, "https://"),
		Drivers: drivers(), Trusted: n.trusted, Receiver: receiver, Replay: n.hooks.Replay, TestWebhook: n.effects.notifier.Test,
		SignIn: salesforce, Salesforce: salesforce, Demo: n.demo, DemoSalesforce: n.demoSalesforce,
	})
	if err != nil {
		return nil, err
	}
	return app.Handler(), nil
}

func signInURL(base, token string) string {
	return base + "/sign-in/link?token=" + url.QueryEscape(token)
}
func setupURL(base, token string) string { return base + "/setup?token=" + url.QueryEscape(token) }
