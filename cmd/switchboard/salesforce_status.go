package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/crm/salesforce"
	"github.com/switchboardhq/switchboard/internal/store"
)

type salesforceStatusCmd struct {
	JSON bool `name:"json" help:"Print JSON."`
}

// salesforceStatus is how it stands with Salesforce, as programs read it.
type salesforceStatus struct {
	Connected   bool             `json:"connected"`
	OrgID       string           `json:"org_id"`
	UserID      string           `json:"user_id"`
	Status      string           `json:"status"`
	SyncedAt    *time.Time       `json:"synced_at"`
	ParkedUntil *time.Time       `json:"parked_until"`
	CallsUsed   int64            `json:"calls_used"`
	CallsMax    int64            `json:"calls_max"`
	CallsToday  map[string]int64 `json:"calls_today"`
	Objects     []objectStatus   `json:"objects"`
	Refused     []refusedRecord  `json:"refused"`
	FailedJobs  int              `json:"failed_jobs"`
}

type objectStatus struct {
	Object string `json:"object"`
	Rows   int64  `json:"rows"`
	Total  int64  `json:"total"`
	Loaded bool   `json:"loaded"`
}

type refusedRecord struct {
	RecordID string   `json:"record_id"`
	Object   string   `json:"object"`
	Reason   string   `json:"reason"`
	Field    string   `json:"field,omitempty"`
	Matches  []string `json:"matches,omitempty"`
}

// shownRefusals is how many refused records are listed.
const shownRefusals = 20

func (s *salesforceStatusCmd) Run(p *process, c *cli) error {
	return c.withOffice(p, func(o office) error {
		status, err := readSalesforceStatus(p.ctx, o.db, o.actor.OrgID)
		if err != nil {
			return err
		}
		if s.JSON {
			return json.NewEncoder(p.stdout).Encode(status)
		}
		return status.print(p)
	})
}

func readSalesforceStatus(ctx context.Context, db *store.DB, org string) (salesforceStatus, error) {
	c, err := db.Salesforce(ctx, org)
	if err != nil {
		return salesforceStatus{}, err
	}
	s := salesforceStatus{Connected: c.Connected, OrgID: c.SalesforceOrgID, UserID: c.SalesforceUserID, Status: c.Status, CallsUsed: c.CallsUsed, CallsMax: c.CallsMax,
		Objects: []objectStatus{}, Refused: []refusedRecord{}}
	if !c.SyncedAt.IsZero() {
		s.SyncedAt = &c.SyncedAt
	}
	if !c.ParkedUntil.IsZero() {
		s.ParkedUntil = &c.ParkedUntil
	}
	if s.CallsToday, err = db.CallsToday(ctx, org); err != nil {
		return s, err
	}
	cursors, err := db.SyncCursors(ctx, org)
	if err != nil {
		return s, err
	}
	for _, cur := range cursors {
		if cur.Object != switchboard.SMSObject {
			s.Objects = append(s.Objects, objectStatus{string(cur.Object), cur.LoadRows, cur.LoadTotal, !cur.LoadedAt.IsZero()})
		}
	}
	refused, _, err := db.SyncErrors(ctx, org, store.Page{Limit: shownRefusals})
	if err != nil {
		return s, err
	}
	for _, r := range refused {
		s.Refused = append(s.Refused, refusedRecord{r.Record.ID, string(r.Record.Object), r.Message, r.Field, r.Matches})
	}
	dead, _, err := db.DeadJobs(ctx, org, store.Page{Limit: 500})
	for _, j := range dead {
		if j.Kind == store.KindMessagePush || j.Kind == store.KindRecordPush || j.Kind == store.KindBell {
			s.FailedJobs++
		}
	}
	return s, err
}

func (s salesforceStatus) print(p *process) error {
	state := "connected"
	if !s.Connected {
		state = "disconnected"
	}
	synced := "never"
	if s.SyncedAt != nil {
		synced = s.SyncedAt.Format(time.RFC3339)
	}
	if err := printf(p.stdout, "%s: org %s as user %s\nstatus: %s\nlast synced: %s\n", state, s.OrgID, s.UserID, oneLine(s.Status), synced); err != nil {
		return err
	}
	if s.CallsMax > 0 {
		if err := printf(p.stdout, "API calls: %d of %d in 24 hours\n", s.CallsUsed, s.CallsMax); err != nil {
			return err
		}
	}
	for _, purpose := range slices.Sorted(maps.Keys(s.CallsToday)) {
		if err := printf(p.stdout, "  ours today, %s: %d\n", purpose, s.CallsToday[purpose]); err != nil {
			return err
		}
	}
	for _, o := range s.Objects {
		loaded := "loaded"
		if !o.Loaded {
			loaded = fmt.Sprintf("loading, of %d", o.Total)
		}
		if err := printf(p.stdout, "%s: %d records, %s\n", o.Object, o.Rows, loaded); err != nil {
			return err
		}
	}
	for _, r := range s.Refused {
		if err := printf(p.stdout, "refused: %s %s: %s\n", r.Object, r.RecordID, oneLine(r.Reason)); err != nil {
			return err
		}
	}
	if s.FailedJobs > 0 {
		return printf(p.stdout, "given up: %d jobs\n", s.FailedJobs)
	}
	return nil
}

// salesforce is the doctor's look at the connection.
func (u *checkup) salesforce(o office) {
	c, err := o.db.Salesforce(u.p.ctx, o.actor.OrgID)
	if switchboard.ErrorCode(err) == switchboard.CodeNotFound || err == nil && !c.Connected {
		u.say(ok, "Salesforce", "not connected")
		return
	}
	if err != nil {
		u.say(fail, "Salesforce", "%s", sentence(err))
		return
	}
	settings, err := o.db.Settings(u.p.ctx, o.actor.OrgID)
	if err != nil {
		u.say(fail, "Salesforce", "%s", sentence(err))
		return
	}
	ctx, cancel := context.WithTimeout(u.p.ctx, connectTimeout)
	defer cancel()
	err = o.salesforce(ctx, u.p, func(org *salesforceOrg) error {
		for _, f := range org.Check(ctx, settings.PhoneFields) {
			g := map[salesforce.Level]grade{salesforce.OK: ok, salesforce.Warn: warn, salesforce.Fail: fail}[f.Level]
			if f.Remedy == "" {
				u.say(g, "Salesforce", "%s", f.What)
			} else {
				u.say(g, "Salesforce", "%s. %s.", f.What, f.Remedy)
			}
		}
		return nil
	})
	if err != nil {
		u.say(fail, "Salesforce", "%s", sentence(err))
	}
	u.salesforceState(o, c)
}

// staleSync is how long ago the last whole cycle may be. Where few calls are
// left it is up to ten minutes.
const staleSync = 15 * time.Minute

func (u *checkup) salesforceState(o office, c store.Salesforce) {
	s, err := readSalesforceStatus(u.p.ctx, o.db, o.actor.OrgID)
	switch {
	case err != nil:
		u.say(fail, "Salesforce", "%s", sentence(err))
	case c.SyncedAt.IsZero():
		u.say(warn, "Salesforce", "nothing was synced yet. Run switchboard serve, or switchboard salesforce sync.")
	case u.p.now().Sub(c.SyncedAt) > staleSync:
		u.say(warn, "Salesforce", "last synced %s. See that switchboard serve runs; its log says what is wrong.", c.SyncedAt.Format(time.RFC3339))
	case c.Status != store.VerdictOK && c.Status != "":
		u.say(warn, "Salesforce", "%s", c.Status)
	}
	if err == nil && len(s.Refused) > 0 {
		u.say(warn, "Salesforce", "some records were refused. Run switchboard salesforce status to see why.")
	}
	if err == nil && s.FailedJobs > 0 {
		u.say(warn, "Salesforce", "%d writes were given up. Run switchboard salesforce status to see why.", s.FailedJobs)
	}
}
