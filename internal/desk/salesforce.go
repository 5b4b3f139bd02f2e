package desk

import (
	"context"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
)

// ConnectSalesforce makes c the org's connection to its Salesforce. Whether it
// opens is found out before.
func (d *Desk) ConnectSalesforce(ctx context.Context, actor switchboard.Actor, c store.Salesforce, secret store.SalesforceSecret) error {
	if err := actor.Allow(switchboard.MayConfigure); err != nil {
		return err
	}
	return d.done(actor.OrgID, d.db.ConnectSalesforce(ctx, actor, c, secret))
}

// DisconnectSalesforce forgets how to get into the org's Salesforce. What was
// synced stays on both sides.
func (d *Desk) DisconnectSalesforce(ctx context.Context, actor switchboard.Actor) error {
	if err := actor.Allow(switchboard.MayConfigure); err != nil {
		return err
	}
	return d.done(actor.OrgID, d.db.DisconnectSalesforce(ctx, actor))
}

// SyncSalesforce has whoever syncs with the org's Salesforce begin anew, and so
// at once.
func (d *Desk) SyncSalesforce(ctx context.Context, actor switchboard.Actor) error {
	if err := actor.Allow(switchboard.MayConfigure); err != nil {
		return err
	}
	return d.done(actor.OrgID, d.db.RenewSalesforce(ctx, actor.OrgID))
}

// RetrySalesforce has something written to Salesforce once more that it did not
// take. Who may edit records may do it for one.
func (d *Desk) RetrySalesforce(ctx context.Context, actor switchboard.Actor, kind, subject string) error {
	needs := switchboard.MayConfigure
	if kind == store.KindRecordPush {
		needs = switchboard.MayEdit
	}
	if err := actor.Allow(needs); err != nil {
		return err
	}
	return d.done(actor.OrgID, d.db.RetrySalesforce(ctx, actor, kind, subject))
}

// UseExisting settles that Salesforce took a record for one that it has: that
// one gets everything that the record has here, and the record goes. It returns
// the one that stays.
func (d *Desk) UseExisting(ctx context.Context, actor switchboard.Actor, record, salesforceID string) (*switchboard.Record, error) {
	for _, needs := range []switchboard.Permission{switchboard.MayEdit, switchboard.MayPlace} {
		if err := actor.Allow(needs); err != nil {
			return nil, err
		}
	}
	id, ok := switchboard.ParseSalesforceID(salesforceID)
	if !ok {
		return nil, switchboard.Invalid("salesforce_id", "Choose one of the records that Salesforce has.")
	}
	r, err := d.db.AdoptRecord(ctx, actor, record, id)
	return r, d.done(actor.OrgID, err)
}
