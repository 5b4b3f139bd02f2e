package main

import (
	"context"
	"net/http"
	"net/url"
)

// pages returns the web app.
func (n *node) pages(_ context.Context, _ *process) (http.Handler, error) {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		plain(w, http.StatusNotFound, "There is no page here yet. The JSON API is described at /api/v1/docs.")
	}), nil
}

func signInURL(base, token string) string {
	return base + "/sign-in/link?token=" + url.QueryEscape(token)
}
func setupURL(base, token string) string { return base + "/setup?token=" + url.QueryEscape(token) }
