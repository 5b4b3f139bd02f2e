package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/desk"
	"github.com/switchboardhq/switchboard/internal/intake"
	"github.com/switchboardhq/switchboard/internal/live"
	"github.com/switchboardhq/switchboard/internal/provider"
	"github.com/switchboardhq/switchboard/internal/provider/generic"
	"github.com/switchboardhq/switchboard/internal/provider/truedialog"
	"github.com/switchboardhq/switchboard/internal/provider/twilio"
	"github.com/switchboardhq/switchboard/internal/seal"
	"github.com/switchboardhq/switchboard/internal/store"
)

// drivers are the providers of this program, in the order in which people are
// shown them.
func drivers() []provider.Driver {
	return []provider.Driver{truedialog.Driver{}, twilio.Driver{}, generic.Driver{}}
}

func providerNames() []string {
	var names []string
	for _, d := range drivers() {
		names = append(names, d.Name())
	}
	return names
}

const keyFile = "key.json"

// key returns the key that seals secrets: the one given, else that of the data
// folder, which is made if needed.
func (c *cli) key() (*seal.Key, error) {
	if c.Key != "" {
		k, err := seal.Parse([]byte(c.Key))
		if err != nil {
			return nil, fmt.Errorf("the key in SWITCHBOARD_KEY can't be used: %w", err)
		}
		return k, nil
	}
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	return seal.Load(c.keyPath())
}

// open opens the store that the flags name.
func (c *cli) open(p *process, log *slog.Logger) (*store.DB, error) {
	key, err := c.key()
	if err != nil {
		return nil, err
	}
	return store.Open(p.ctx, store.Config{Dir: c.Data, Database: c.Database, Now: p.now, Random: p.random, Key: key, Log: log})
}

// office is the store as a command that isn't serve works with it.
type office struct {
	db    *store.DB
	desk  *desk.Desk
	actor switchboard.Actor // the command line: it may do everything
}

// withOffice opens the store, lets do work, and closes it.
func (c *cli) withOffice(p *process, do func(office) error) error {
	log := slog.New(slog.NewTextHandler(p.stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	db, err := c.open(p, log)
	if err != nil {
		return err
	}
	actor, err := commandLine(p.ctx, db)
	if err == nil {
		d := desk.New(db, intake.New(db, intake.Config{Log: log}), &live.Hub{}, p.now, providerNames())
		err = do(office{db, d, actor})
	}
	return errors.Join(err, db.Close())
}

func commandLine(ctx context.Context, db *store.DB) (switchboard.Actor, error) {
	org, err := db.Org(ctx)
	return switchboard.Actor{OrgID: org, Name: "Command line", Role: switchboard.Admin}, err
}

// serveLock is held by who serves the data folder; it holds the public URL.
const serveLock = "serve.lock"

// holdServe marks the data folder as being served. SQLite has one server at a
// time; with PostgreSQL any number share the folder's key.
func (c *cli) holdServe() (*os.File, error) {
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(c.Data, serveLock), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	how := syscall.LOCK_EX
	if c.Database != "" {
		how = syscall.LOCK_SH
	}
	if err := syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("switchboard serves %s already. Stop that process first, or name another folder with --data", c.Data), f.Close())
	}
	return f, nil
}

// served returns the public URL of who serves the data folder now, "" if nobody
// does.
func (c *cli) served() string {
	f, err := os.Open(filepath.Join(c.Data, serveLock))
	if err != nil {
		return ""
	}
	defer f.Close()
	if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
		return "" // the lock goes with f
	}
	url, err := io.ReadAll(io.LimitReader(f, 4096))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(url))
}

// publicFlag is the address by which people and providers reach the service.
type publicFlag struct {
	PublicURL string `help:"Address by which people and providers reach the service. Without it, that of the running serve, else http://127.0.0.1:8080." name:"public-url" env:"SWITCHBOARD_PUBLIC_URL" placeholder:"URL"`
}

func (f publicFlag) url(c *cli) (string, error) {
	url := f.PublicURL
	if url == "" {
		url = c.served()
	}
	if url == "" {
		url = "http://127.0.0.1:8080"
	}
	return checkPublicURL(url)
}

func (c *cli) keyPath() string { return filepath.Join(c.Data, keyFile) }
