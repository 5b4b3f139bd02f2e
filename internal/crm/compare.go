package crm

import (
	"context"
	"slices"

	"github.com/switchboardhq/switchboard"
)

// atOnce is how many ids are looked at together.
const atOnce = 1000

// compareIfDue compares the ids of all records there with those here, once a
// day: what every other way has missed is found by it.
func (p *Puller) compareIfDue(ctx context.Context, s scope, object switchboard.Object, now bool) error {
	c, err := p.db.SyncCursor(ctx, p.org, object)
	if err != nil || !now && p.now().Sub(c.ComparedAt) < compareEvery {
		return err
	}
	there, err := p.remoteIDs(ctx, object)
	if err != nil {
		return err
	}
	if err := p.compare(ctx, object, there); err != nil {
		return err
	}
	c.ComparedAt = p.now()
	return p.db.SetSyncCursor(ctx, p.org, c)
}

func (p *Puller) remoteIDs(ctx context.Context, object switchboard.Object) ([]string, error) {
	var there []string
	for ids, err := range p.remote.Records.IDs(ctx, object) {
		if err != nil {
			return nil, err
		}
		if err := p.stillReading(ctx); err != nil {
			return nil, err
		}
		there = append(there, ids...)
	}
	slices.Sort(there)
	return there, nil
}

// compare walks through both sides' ids, which are sorted, and reads those anew
// that only one side has.
func (p *Puller) compare(ctx context.Context, object switchboard.Object, there []string) error {
	var differ []string
	look := func(id string) error {
		differ = append(differ, id)
		if len(differ) < atOnce {
			return nil
		}
		err := p.Refresh(ctx, object, differ)
		differ = differ[:0]
		return err
	}
	after := ""
	for {
		here, err := p.db.SyncedIDs(ctx, p.org, object, after, atOnce)
		if err != nil {
			return err
		}
		for _, id := range here {
			for len(there) > 0 && there[0] < id {
				if err := look(there[0]); err != nil {
					return err
				}
				there = there[1:]
			}
			if len(there) > 0 && there[0] == id {
				there = there[1:]
				continue
			}
			if err := look(id); err != nil {
				return err
			}
		}
		if len(here) < atOnce {
			break
		}
		after = here[len(here)-1]
	}
	for _, id := range there {
		if err := look(id); err != nil {
			return err
		}
	}
	if len(differ) == 0 {
		return nil
	}
	p.log.Info("records differed from Salesforce's, and are read anew", "object", object, "records", len(differ))
	return p.Refresh(ctx, object, differ)
}
