package web

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
	"github.com/switchboardhq/switchboard/internal/store/storetest"
)

func TestOutgoingWebhook(t *testing.T) {
	var answer error
	s := newTestSite(t, func(c *Config) {
		c.TestWebhook = func(context.Context, switchboard.Actor) error { return answer }
	})
	dana := storetest.Admin(t, s.db)
	c := storetest.Channel(t, s.db, dana)
	v := s.as(dana)
	v.opens("/settings").says(http.StatusOK, "Outgoing webhook")
	v.opens(partWebhook).says(http.StatusOK, "Add webhook")
	v.saysNot("Send a test")
	v.posts(partWebhook, "url", "pager.example/hook").says(http.StatusUnprocessableEntity, "Enter an address such as https://example.com/hook.")
	v.posts(partWebhook, "url", "https://dana:secret@pager.example/hook").says(http.StatusUnprocessableEntity, "Leave out the user and password")
	v.posts(partWebhook, "url", "https://pager.example/hook").says(http.StatusOK, "not shown again", "Send a test", "Not called yet.")
	secret, err := s.db.EndpointSecret(t.Context(), dana.OrgID)
	if err != nil || !strings.Contains(v.text(), secret) {
		t.Errorf("the secret is not shown: %v", err)
	}
	v.opens(partWebhook)
	v.saysNot(secret)
	v.posts(partWebhook, "url", "https://pager.example/hook").says(http.StatusOK, "Saved")
	v.saysNot(secret)
	v.posts(partWebhook+"/test").says(http.StatusOK, "Test sent")
	answer = switchboard.Invalid("url", "The webhook did not take the test: it answered 401 Unauthorized.")
	v.posts(partWebhook+"/test").says(http.StatusOK, "it answered 401 Unauthorized")

	storetest.Text(t, s.db, dana.OrgID, c, "+12065550142", "Hello")
	jobs, err := s.db.ClaimJobs(t.Context(), store.KindWebhook, 10, time.Minute)
	if err != nil || len(jobs) != 1 {
		t.Fatalf("%d jobs, %v", len(jobs), err)
	}
	if err := s.db.FinishJobs(t.Context(), []store.JobResult{{Job: jobs[0], Error: "it answered 404 Not Found"}}); err != nil {
		t.Fatal(err)
	}
	v.opens(partWebhook).says(http.StatusOK, "Not delivered", "(206) 555-0142", "It answered 404 Not Found")
	v.posts(partWebhook+"/"+jobs[0].ID+"/retry").says(http.StatusOK, "Trying again")
	v.saysNot("Not delivered")
	v.posts(partWebhook+"/"+jobs[0].ID+"/retry").says(http.StatusOK, "There is no failed job")
	v.posts(partWebhook+"/remove").says(http.StatusOK, "Webhook removed", "Add webhook")

	sam := s.as(storetest.User(t, s.db, "Sam Ortiz", switchboard.Agent))
	if sam.opens(partWebhook); sam.status != http.StatusForbidden {
		t.Errorf("an agent gets %d", sam.status)
	}
}
