package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/provider"
	"github.com/switchboardhq/switchboard/internal/store"
)

type doctorCmd struct {
	Reindex bool `help:"Read the numbers of all records again if the settings or the number parser changed since."`
	publicFlag
}

// grade is how a check came out.
type grade string

const (
	ok   grade = "ok"
	warn grade = "warn"
	fail grade = "fail"
)

// checkup prints one line a check and remembers the worst.
type checkup struct {
	p      *process
	failed bool
	err    error // of printing
}

func (u *checkup) say(g grade, what, format string, args ...any) {
	u.failed = u.failed || g == fail
	u.err = errors.Join(u.err, printf(u.p.stdout, "%-4s  %-10s  %s\n", g, what, oneLine(fmt.Sprintf(format, args...))))
}

// What makes a check warn or fail.
const (
	littleSpace = 1 << 30
	noSpace     = 100 << 20
	slowSync    = 50 * time.Millisecond
)

func (d *doctorCmd) Run(p *process, c *cli) error {
	u := &checkup{p: p}
	u.disk(c)
	u.key(c)
	err := c.withOffice(p, func(o office) error {
		u.store(o)
		u.people(o)
		u.clock(o)
		u.numbers(o, d.Reindex)
		u.providers(o)
		u.salesforce(o)
		return nil
	})
	if err != nil {
		u.say(fail, "store", "%s. Nothing else could be looked at.", sentence(err))
	}
	if base, err := d.url(c); err != nil {
		u.say(fail, "public URL", "%s", sentence(err))
	} else {
		u.publicURL(c, base)
	}
	if u.err != nil {
		return u.err
	}
	if u.failed {
		return errors.New("something needs to be repaired; see the lines that begin with fail")
	}
	return nil
}

func (u *checkup) disk(c *cli) {
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		u.say(fail, "disk", "%v. Name a folder that this user may write with --data.", err)
		return
	}
	var fs syscall.Statfs_t
	if err := syscall.Statfs(c.Data, &fs); err != nil {
		u.say(warn, "disk", "can't tell how much is free: %v", err)
		return
	}
	took, err := syncTime(c.Data)
	free := fs.Bavail * uint64(fs.Bsize) //nolint:gosec // a block's size is never negative
	switch {
	case err != nil:
		u.say(fail, "disk", "can't write to %s: %v. Free some space or mend the permissions.", c.Data, err)
	case free < noSpace:
		u.say(fail, "disk", "%d MiB free. Texts are refused when it is full: free some space now.", free>>20)
	case free < littleSpace:
		u.say(warn, "disk", "%d MiB free. Free some space soon.", free>>20)
	case took > slowSync:
		u.say(warn, "disk", "a flush to disk takes %v, so a text takes as long to be acknowledged. A faster disk helps.", took.Round(time.Millisecond))
	default:
		u.say(ok, "disk", "%d GiB free; a flush takes %v", free>>30, took.Round(100*time.Microsecond))
	}
}

// syncTime measures how long a small write takes to be durable.
func syncTime(dir string) (time.Duration, error) {
	f, err := os.CreateTemp(dir, ".doctor-*")
	if err != nil {
		return 0, err
	}
	defer os.Remove(f.Name())
	if _, err := f.Write(make([]byte, 4096)); err != nil {
		return 0, errors.Join(err, f.Close())
	}
	begun := time.Now()
	err = f.Sync()
	took := time.Since(begun)
	return took, errors.Join(err, f.Close())
}

func (u *checkup) key(c *cli) {
	if c.Key != "" {
		u.say(ok, "key", "from SWITCHBOARD_KEY")
		return
	}
	info, err := os.Stat(c.keyPath())
	switch {
	case errors.Is(err, os.ErrNotExist):
		u.say(ok, "key", "none yet: %s is made on first use", c.keyPath())
	case err != nil:
		u.say(fail, "key", "%v", err)
	case info.Mode().Perm()&0o077 != 0:
		u.say(fail, "key", "%s can be read by others: run chmod 600 on it", c.keyPath())
	default:
		u.say(ok, "key", "%s; keep a copy of it apart from backups", filepath.Clean(c.keyPath()))
	}
}

func (u *checkup) store(o office) {
	if err := o.db.Ready(u.p.ctx); err != nil {
		u.say(fail, "store", "%s", sentence(err))
		return
	}
	u.say(ok, "store", "%s commits; its schema is that of this program", o.db.Dialect())
}

func (u *checkup) people(o office) {
	users, err := o.db.Users(u.p.ctx, o.actor.OrgID)
	if err != nil {
		u.say(fail, "users", "%s", sentence(err))
		return
	}
	for _, user := range users {
		if user.Active && user.Role == switchboard.Admin {
			u.say(ok, "users", "%d, at least one of them an active admin", len(users))
			return
		}
	}
	u.say(warn, "users", "there is no active admin, so nobody hears of texts that wait. Run switchboard user create --role admin.")
}

// clock compares the clock with the newest text, whose time another clock made
// or this one before.
func (u *checkup) clock(o office) {
	messages, _, err := o.db.Messages(u.p.ctx, o.actor.OrgID, store.MessageFilter{Page: store.Page{Limit: 1}})
	now := u.p.now()
	switch {
	case err != nil:
		u.say(warn, "clock", "can't be compared: %s", sentence(err))
	case len(messages) > 0 && messages[0].ReceivedAt.Sub(now) > time.Minute:
		u.say(fail, "clock", "it is %s here, but the newest text came at %s. Set the clock and keep it by NTP.", now.UTC().Format(time.RFC3339), messages[0].ReceivedAt.Format(time.RFC3339))
	case now.Year() < 2025:
		u.say(fail, "clock", "it says %s. Set it and keep it by NTP: signatures are good for minutes only.", now.UTC().Format(time.RFC3339))
	default:
		u.say(ok, "clock", "%s", now.UTC().Format(time.RFC3339))
	}
}

func (u *checkup) numbers(o office, reindex bool) {
	due, err := o.db.ReindexDue(u.p.ctx, o.actor.OrgID)
	if err == nil && due && reindex {
		err = o.db.Reindex(u.p.ctx, o.actor.OrgID, nil)
		due = false
	}
	switch {
	case err != nil:
		u.say(fail, "numbers", "%s", sentence(err))
		return
	case due:
		u.say(warn, "numbers", "the records' numbers were read by other settings or by another version of the number parser. serve reads them again within a minute; or run switchboard doctor --reindex.")
	default:
		u.say(ok, "numbers", "read by parser version %s", switchboard.PhoneMetadataVersion)
	}
	rejected, next, err := o.db.RejectedNumbers(u.p.ctx, o.actor.OrgID, store.Page{Limit: 100})
	if err != nil {
		u.say(warn, "numbers", "those that can't be read can't be listed: %s", sentence(err))
		return
	}
	if len(rejected) == 0 {
		return
	}
	count := fmt.Sprint(len(rejected))
	if next != "" {
		count = "more than " + count
	}
	u.say(warn, "numbers", "%s phone fields can't be read, so they never match. For example %s of %s %s: %s", count,
		switchboard.FieldLabel(rejected[0].Field), rejected[0].Record.Object, rejected[0].Record.Name, rejected[0].Reason)
}

func (u *checkup) providers(o office) {
	channels, err := o.db.Channels(u.p.ctx, o.actor.OrgID)
	if err != nil {
		u.say(fail, "providers", "%s", sentence(err))
		return
	}
	if len(channels) == 0 {
		u.say(warn, "providers", "there is no channel, so no text can come. Run switchboard channel create.")
	}
	for _, channel := range channels {
		what := channel.Provider
		if _, err := o.db.WebhookToken(u.p.ctx, o.actor.OrgID, channel.ID); err != nil {
			u.say(fail, what, "%s: its secrets were sealed with another key. Start with the right key.", channel.Label())
			continue
		}
		call, err := o.db.LastCall(u.p.ctx, o.actor.OrgID, channel.ID)
		switch {
		case err != nil:
			u.say(fail, what, "%s: %s", channel.Label(), sentence(err))
		case !channel.HasSecret && needsSecret(channel.Provider):
			u.say(warn, what, "%s has no secret: its webhook takes nothing until one is entered", channel.Label())
		case call.At.IsZero():
			u.say(warn, what, "%s: the provider has never called. Enter the webhook address there; see switchboard channel list.", channel.Label())
		case call.Verdict != "ok":
			u.say(warn, what, "%s: at the last call, %s, %s", channel.Label(), call.At.Format(time.RFC3339), call.Verdict)
		default:
			u.say(ok, what, "%s: last called at %s", channel.Label(), call.At.Format(time.RFC3339))
		}
	}
}

func needsSecret(name string) bool {
	for _, d := range drivers() {
		if g, ok := d.(provider.Guided); ok && d.Name() == name {
			return g.Guide().NeedsSecret
		}
	}
	return false
}

// publicURL calls the service as a provider would.
func (u *checkup) publicURL(c *cli, base string) {
	if c.served() == "" {
		u.say(ok, "public URL", "%s; not called, for nobody serves this folder now", base)
		return
	}
	ctx, cancel := context.WithTimeout(u.p.ctx, 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/healthz", nil)
	if err != nil {
		u.say(fail, "public URL", "%v", err)
		return
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		u.say(fail, "public URL", "%s does not answer: %v. Check the proxy and --public-url.", base, err)
		return
	}
	defer answer.Body.Close()
	address, err := url.Parse(base)
	switch {
	case answer.StatusCode != http.StatusOK:
		u.say(fail, "public URL", "%s/healthz answers %s. Check the proxy and --public-url.", base, answer.Status)
	case err == nil && address.Scheme == "http" && !isLocal(address.Hostname()):
		u.say(warn, "public URL", "%s is not encrypted. Put a proxy with a certificate before it.", base)
	case err == nil && isLocal(address.Hostname()):
		u.say(warn, "public URL", "%s answers, but only this machine can call it. Providers need an address of their own: see --public-url.", base)
	default:
		u.say(ok, "public URL", "%s answers", base)
	}
}

func isLocal(host string) bool {
	return host == "localhost" || host == "::1" || strings.HasPrefix(host, "127.")
}
