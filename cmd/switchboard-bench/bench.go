package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/seal"
	"github.com/switchboardhq/switchboard/internal/store"
)

// bench is a prepared run: a filled store, the program serving it, and the bare
// server beside it.
type bench struct {
	plan      plan
	dir       string
	dialect   string
	log       io.Writer
	generator *generator
	product   *server
	baseline  *server
	browser   *http.Client
	pages     []page
}

// server is a process of ours that listens.
type server struct {
	name    string
	process *exec.Cmd
	base    string
	hook    *url.URL
}

type page struct{ name, path string }

func prepare(ctx context.Context, p plan, log io.Writer) (*bench, error) {
	dir, err := os.MkdirTemp("", "switchboard-bench-*")
	if err != nil {
		return nil, err
	}
	b := &bench{plan: p, dir: dir, dialect: "SQLite", log: log, generator: newGenerator(p.records)}
	if p.database != "" {
		b.dialect = "PostgreSQL"
	}
	if err := b.start(ctx); err != nil {
		b.close()
		return nil, err
	}
	return b, nil
}

func (b *bench) start(ctx context.Context) error {
	binary := filepath.Join(b.dir, "switchboard")
	build := exec.CommandContext(ctx, "go", "build", "-o", binary, "./cmd/switchboard")
	build.Stderr = b.log
	if err := build.Run(); err != nil {
		return fmt.Errorf("build the program: %w", err)
	}
	if err := b.fill(ctx); err != nil {
		return fmt.Errorf("fill the store: %w", err)
	}
	command := func(args ...string) *exec.Cmd {
		c := exec.CommandContext(ctx, binary, append(args, "--data", filepath.Join(b.dir, "data"))...)
		if b.plan.database != "" {
			c.Args = append(c.Args, "--database", b.plan.database)
		}
		return c
	}
	var err error
	if b.product, err = b.serve("switchboard", command("serve", "--listen", "127.0.0.1:0")); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	if b.baseline, err = b.serve("baseline", exec.CommandContext(ctx, self, "-baseline")); err != nil {
		return err
	}
	if b.baseline.hook, err = url.Parse(b.baseline.base + "/hooks/generic/benchmark"); err != nil {
		return err
	}
	link, err := command("user", "create", "--email", "bench@example.com", "--name", "Bench", "--role", "admin", "--public-url", b.product.base).Output()
	if err != nil {
		return fmt.Errorf("create a user: %w", err)
	}
	out, err := command("channel", "create", "--provider", "generic", "--number", "+15125550100", "--region", "US", "--secret", secret, "--json").Output()
	if err != nil {
		return fmt.Errorf("create a channel: %w", err)
	}
	var channel struct {
		Path string `json:"webhook_path"`
	}
	if err := json.Unmarshal(out, &channel); err != nil {
		return err
	}
	if b.product.hook, err = url.Parse(b.product.base + channel.Path); err != nil {
		return err
	}
	return b.signIn(ctx, strings.TrimSpace(string(link)))
}

// fill puts the records into the store: one for each number, and for every
// twentieth another two that share one.
func (b *bench) fill(ctx context.Context) error {
	data := filepath.Join(b.dir, "data")
	if err := os.MkdirAll(data, 0o700); err != nil {
		return err
	}
	key, err := seal.Load(filepath.Join(data, "key.json"))
	if err != nil {
		return err
	}
	db, err := store.Open(ctx, store.Config{Dir: data, Database: b.plan.database, Now: time.Now, Random: rand.Reader, Key: key, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	err = b.fillStore(ctx, db)
	return errors.Join(err, db.Close())
}

func (b *bench) fillStore(ctx context.Context, db *store.DB) error {
	org, err := db.Org(ctx)
	if err != nil {
		return err
	}
	actor := switchboard.Actor{OrgID: org, ID: "bench", Name: "Bench", Role: switchboard.Admin}
	// Set now, or the first channel's region would have all numbers read again.
	if _, err := db.UpdateOrg(ctx, actor, store.OrgSettings{Name: "Bench", Region: "US", TimeZone: "America/Chicago"}); err != nil {
		return err
	}
	if err := db.Reindex(ctx, org, nil); err != nil {
		return err
	}
	shared := sharedNumbers(b.plan.records)
	total := b.plan.records + 2*shared
	start := time.Now()
	for i := 0; i < total; {
		batch := make([]store.NewRecord, 0, store.MaxBulk)
		for ; i < total && len(batch) < store.MaxBulk; i++ {
			number := ""
			if i < b.plan.records {
				number = numberOf(i)
			} else {
				number = sharedNumber((i - b.plan.records) / 2)
			}
			batch = append(batch, store.NewRecord{Object: switchboard.Contact, Fields: switchboard.Fields{
				"FirstName": "Ada", "LastName": "Okafor " + strconv.Itoa(i), "MobilePhone": number}})
		}
		if _, err := db.CreateRecords(ctx, actor, switchboard.OriginImport, batch); err != nil {
			return err
		}
	}
	fmt.Fprintf(b.log, "filled the store with %d records in %v\n", total, time.Since(start).Round(time.Second))
	return nil
}

// serve starts a process that prints where it listens.
func (b *bench) serve(name string, c *exec.Cmd) (*server, error) {
	c.Stderr = b.log
	out, err := c.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.Cancel = func() error { return c.Process.Signal(syscall.SIGTERM) }
	if err := c.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if base, ok := strings.CutPrefix(lines.Text(), "listening on "); ok {
			go io.Copy(io.Discard, out) // ends with the process, which close waits for
			return &server{name: name, process: c, base: base}, nil
		}
	}
	return nil, fmt.Errorf("%s ended before it listened: %w", name, errors.Join(lines.Err(), c.Wait()))
}

// signIn follows a one-time link as a browser does.
func (b *bench) signIn(ctx context.Context, link string) error {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return err
	}
	b.browser = &http.Client{Jar: jar, Timeout: 10 * time.Second}
	u, err := url.Parse(link)
	if err != nil {
		return fmt.Errorf("the sign-in link: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, link, strings.NewReader(u.RawQuery))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := b.browser.Do(request)
	if err != nil {
		return err
	}
	body, err := io.ReadAll(response.Body)
	if err := errors.Join(err, response.Body.Close()); err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("sign in: %s: %s", response.Status, bytes.TrimSpace(body))
	}
	b.pages = []page{{"Home", "/"}, {"Unassigned", "/unassigned"}}
	return nil
}

// read fetches a page whole; SMS pages are found on the queue.
func (b *bench) read(ctx context.Context, p page) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, b.product.base+p.path, nil)
	if err != nil {
		return err
	}
	response, err := b.browser.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", p.path, response.Status)
	}
	if p.path == "/unassigned" && len(b.pages) == 2 {
		if _, rest, ok := strings.Cut(string(body), `href="/messages/`); ok && len(rest) > 32 {
			b.pages = append(b.pages, page{"SMS", "/messages/" + rest[:32]})
		}
	}
	return nil
}

// findMessage adds the page of a waiting message to those that are read.
func (b *bench) findMessage(ctx context.Context) error { return b.read(ctx, b.pages[1]) }

func (b *bench) pids() []int {
	return []int{os.Getpid(), b.product.process.Process.Pid, b.baseline.process.Process.Pid}
}

func (s *server) memory() (float64, error) { return residentMB(s.process.Process.Pid) }

func (b *bench) close() {
	for _, s := range []*server{b.product, b.baseline} {
		if s != nil {
			if err := s.process.Process.Signal(syscall.SIGTERM); err == nil {
				s.process.Wait() // how it ends is not measured
			}
		}
	}
	os.RemoveAll(b.dir)
}
