package web

import (
	"net/http"
	"strings"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
)

const partWebhook = "/settings/webhook"

// WebhookPage is who outside is told that a text waits.
type WebhookPage struct {
	Settings
	Once   *ShownOnce
	Error  string
	Fields []Input
	Set    bool
	Button string
	Call   Notice
	Lost   []LostCall // that were given up, the newest first
}

// A LostCall is a text that the webhook was not told of.
type LostCall struct {
	ID     string
	URL    string
	Number string
	Why    string
	When   Age
}

// listedLost is how many lost calls are listed.
const listedLost = 20

func (s *Server) showWebhook(w http.ResponseWriter, r *http.Request) error {
	return s.webhookPage(w, r, http.StatusOK, nil, nil)
}

func (s *Server) webhookPage(w http.ResponseWriter, r *http.Request, code int, once *ShownOnce, failed error) error {
	v, rd, _, err := s.settingsOf(r)
	if err != nil {
		return err
	}
	to, err := s.db.Endpoint(r.Context(), v.Actor.OrgID)
	if err != nil && switchboard.ErrorCode(err) != switchboard.CodeNotFound {
		return err
	}
	p := WebhookPage{Settings: s.settingsFrame(r, "Outgoing webhook", partWebhook), Once: once, Set: err == nil, Button: "Add webhook"}
	p.Heading = "Webhook" // a phone's header is narrow
	if p.Set {
		p.Button, p.Call = "Save", lastPost(to, rd)
	}
	if p.Lost, err = s.lostCalls(r, v, rd); err != nil {
		return err
	}
	p.Fields = []Input{{ID: "webhook-url", Name: "url", Label: "Address", Type: "url", Value: to.URL, Required: true, Wide: true, Placeholder: "https://example.com/hook", Hint: "Another address gets a secret of its own."}}
	if failed != nil {
		p.Fields[0].Value = r.PostFormValue("url")
		p.Error = wrongInput(p.Fields, failed)
	}
	return s.pages.Page(w, r, code, "settings_webhook", p)
}

func lastPost(to store.Endpoint, rd reader) Notice {
	switch {
	case to.CalledAt.IsZero():
		return Notice{Kind: "none", Icon: "clock", Text: "Not called yet. Send a test."}
	case to.Verdict == store.VerdictOK:
		return Notice{Kind: "done", Icon: "success", Text: "Called " + rd.ago(to.CalledAt) + ". It answered that it took it."}
	}
	return Notice{Kind: "several", Icon: "warning", Text: "Called " + rd.ago(to.CalledAt) + ", but " + strings.TrimSuffix(to.Verdict, ".") + "."}
}

func (s *Server) lostCalls(r *http.Request, v visitor, rd reader) ([]LostCall, error) {
	dead, _, err := s.db.DeadJobs(r.Context(), v.Actor.OrgID, store.Page{Limit: listedLost})
	if err != nil {
		return nil, err
	}
	var lost []LostCall
	for _, j := range dead {
		if j.Kind != store.KindWebhook {
			continue
		}
		n, err := s.db.Notification(r.Context(), v.Actor.OrgID, j.SubjectID)
		if err != nil {
			return nil, err
		}
		lost = append(lost, LostCall{ID: j.ID, URL: "/messages/" + n.MessageID, Number: rd.Number(n.Sender.Address), Why: upperFirst(j.LastError), When: rd.age(j.GivenUpAt)})
	}
	return lost, nil
}

func (s *Server) saveWebhook(w http.ResponseWriter, r *http.Request) error {
	v, _ := visitorOf(r.Context())
	secret, err := s.desk.SetEndpoint(r.Context(), v.Actor, r.PostFormValue("url"))
	switch {
	case err == nil && secret == "":
		return s.saved(w, r, "Saved", "", partWebhook)
	case err == nil:
		return s.webhookPage(w, r, http.StatusOK, &ShownOnce{
			Title: "The secret of this webhook", Note: "Copy it now: it is stored encrypted and not shown again. By it the receiver knows that a call is ours.",
			Secret: Secret{ID: "secret", Label: "signing secret", Value: secret},
		}, nil)
	case switchboard.ErrorCode(err) == switchboard.CodeInvalid:
		return s.webhookPage(w, r, http.StatusUnprocessableEntity, nil, err)
	}
	return err
}

func (s *Server) removeWebhook(w http.ResponseWriter, r *http.Request) error {
	v, _ := visitorOf(r.Context())
	if err := s.desk.DeleteEndpoint(r.Context(), v.Actor); err != nil {
		return s.notSaved(w, r, err, partWebhook)
	}
	return s.saved(w, r, "Webhook removed", "Nobody outside is told any more.", partWebhook)
}

func (s *Server) testWebhook(w http.ResponseWriter, r *http.Request) error {
	v, _ := visitorOf(r.Context())
	if err := s.postTest(r.Context(), v.Actor); err != nil {
		return s.notSaved(w, r, err, partWebhook)
	}
	return s.saved(w, r, "Test sent", "The webhook took it.", partWebhook)
}

func (s *Server) retryCall(w http.ResponseWriter, r *http.Request) error {
	v, _ := visitorOf(r.Context())
	if err := s.desk.RetryJob(r.Context(), v.Actor, r.PathValue("id")); err != nil {
		return s.notSaved(w, r, err, partWebhook)
	}
	return s.saved(w, r, "Trying again", "If the text still waits, the webhook is told.", partWebhook)
}
