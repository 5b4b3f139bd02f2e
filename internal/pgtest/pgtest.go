// Package pgtest gives each test that needs PostgreSQL a database of its own.
//
// The cluster is found in the environment variable SWITCHBOARD_TEST_POSTGRES,
// the URL of a role that may create databases. `make test` starts a scratch
// cluster and sets it; `scripts/with-postgres go test ./internal/store/...`
// does the same for one command. A test run without it fails: a product that
// promises two databases is not tested by one.
package pgtest

import (
	"context"
	"crypto/rand"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Env names the environment variable that holds the cluster's URL.
const Env = "SWITCHBOARD_TEST_POSTGRES"

// patience bounds one CREATE or DROP DATABASE, also on a machine with much else
// to do.
const patience = time.Minute

// URL creates an empty database and returns its URL. The database is dropped
// when tb and its subtests are done, also while connections to it are open;
// anything that closes such connections is best registered with tb.Cleanup
// after the call to URL, and so runs before.
//
// URL fails tb at once if there is no cluster, or if it does not answer.
func URL(tb testing.TB) string {
	tb.Helper()
	admin := os.Getenv(Env)
	if admin == "" {
		tb.Fatalf("%s is not set, so there is no PostgreSQL to test on: run `make test`, "+
			"or `scripts/with-postgres go test ./...`, which start one", Env)
	}
	u, err := url.Parse(admin)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		tb.Fatalf("%s must be a URL such as postgres://postgres@localhost/postgres; it is %q", Env, admin)
	}

	name := "test_" + strings.ToLower(rand.Text())
	// Nobody can be connected to template0, so creating from it never fails
	// with "source database is being accessed by other users".
	if err := exec(admin, "CREATE DATABASE "+name+" TEMPLATE template0"); err != nil {
		tb.Fatalf("create a database on %s: %v", Env, err)
	}
	tb.Cleanup(func() {
		if err := exec(admin, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			tb.Errorf("drop the test's database: %v", err)
		}
	})
	u.Path = "/" + name
	return u.String()
}

// exec runs one statement on a connection of its own. It does not use the
// test's context, which has ended by the time that a cleanup runs.
func exec(url, sql string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, sql)
	return err
}
