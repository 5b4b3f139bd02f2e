package main

import (
	"encoding/json"
	"errors"

	"github.com/switchboardhq/switchboard/internal/crm/salesforce/sforg"
)

type sforgCmd struct {
	Listen string `default:"127.0.0.1:0" placeholder:"HOST:PORT" help:"Address to listen on; port 0 picks one."`
	JSON   bool   `help:"Print one line of JSON instead of text."`
	logFlags
}

// simulated is what one needs to know to use the simulated org.
type simulated struct {
	URL          string `json:"url"`
	AccessToken  string `json:"access_token"`
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
	Username     string `json:"username"`
	UserID       string `json:"user_id"`
	OrgID        string `json:"org_id"`
	PubSub       string `json:"pubsub_addr"`
	PubSubCA     string `json:"pubsub_ca"` // PEM: it signed itself
	Page         string `json:"page"`      // the bell and the SMS records, for a browser
}

// Run serves a simulated Salesforce org until the process is asked to stop.
func (s *sforgCmd) Run(p *process) (err error) {
	running, err := simulateOrg(p, s.Listen, sforg.Config{}, s.logger(p.stderr))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, running.stop()) }()
	org := running.org
	told := simulated{URL: running.url, AccessToken: org.AccessToken(), ClientID: org.ClientID(), ClientSecret: org.ClientSecret(),
		Username: org.Admin().Username, UserID: org.Admin().ID, OrgID: org.OrgID(),
		PubSub: running.pubsub, PubSubCA: running.pubsubCA, Page: running.page()}
	if err := s.tell(p, told); err != nil {
		return err
	}
	select {
	case <-p.ctx.Done():
		return nil
	case err := <-running.failed:
		return err
	}
}

func (s *sforgCmd) tell(p *process, told simulated) error {
	if s.JSON {
		line, err := json.Marshal(told)
		if err != nil {
			return err
		}
		return printf(p.stdout, "%s\n", line)
	}
	return printf(p.stdout, "listening on %s\nclient id: %s\nclient secret: %s\naccess token: %s\nuser: %s (%s)\norg: %s\nPub/Sub API: %s\npage: %s\n",
		told.URL, told.ClientID, told.ClientSecret, told.AccessToken, told.Username, told.UserID, told.OrgID, told.PubSub, told.Page)
}
