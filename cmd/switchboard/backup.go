package main

import (
	"errors"
	"fmt"

	"github.com/switchboardhq/switchboard/internal/store"
)

type backupCmd struct {
	File string `arg:"" type:"path" help:"File to write; it must not be there yet."`
}

func (b *backupCmd) Run(p *process, c *cli) error {
	if c.Database != "" {
		return errors.New("backup copies the SQLite database. For PostgreSQL, use pg_dump: it takes a consistent copy while serving. Keep the key too")
	}
	if err := store.Backup(p.ctx, c.Data, b.File); err != nil {
		return err
	}
	if err := printf(p.stdout, "%s\n", b.File); err != nil {
		return err
	}
	return printf(p.stderr, "Keep the key, too, in another place: without it nobody reads the secrets in the copy. It is %s unless SWITCHBOARD_KEY is set.\n", c.keyPath())
}

type restoreCmd struct {
	File string `arg:"" type:"existingfile" help:"A file that backup wrote."`
}

func (r *restoreCmd) Run(p *process, c *cli) (err error) {
	if c.Database != "" {
		return errors.New("restore puts back a SQLite database. For PostgreSQL, use pg_restore or psql with what pg_dump wrote")
	}
	lock, err := c.holdServe()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	kept, err := store.Restore(p.ctx, c.Data, r.File)
	if err != nil {
		return err
	}
	if kept != "" {
		if err := printf(p.stderr, "The database that was there is kept as %s.\n", kept); err != nil {
			return err
		}
	}
	// Opening it migrates it, and finds out whether this program knows it.
	return c.withOffice(p, func(o office) error {
		channels, err := o.db.Channels(p.ctx, o.actor.OrgID)
		if err != nil {
			return err
		}
		for _, channel := range channels {
			if _, err := o.db.WebhookToken(p.ctx, o.actor.OrgID, channel.ID); err != nil {
				return fmt.Errorf("the copy is restored, but its secrets were sealed with another key. Put that key at %s, or into SWITCHBOARD_KEY", c.keyPath())
			}
		}
		return printf(p.stdout, "restored %s\n", r.File)
	})
}
