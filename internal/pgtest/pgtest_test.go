package pgtest_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/switchboardhq/switchboard/internal/pgtest"
)

func TestEachCallGivesAnEmptyDatabaseOfItsOwn(t *testing.T) {
	a, b := connect(t, pgtest.URL(t)), connect(t, pgtest.URL(t))
	if _, err := a.Exec(t.Context(), "CREATE TABLE message (id TEXT)"); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]int{"a": 1, "b": 0} {
		conn := map[string]*pgx.Conn{"a": a, "b": b}[name]
		var got int
		err := conn.QueryRow(t.Context(),
			"SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'").Scan(&got)
		if err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("database %s has %d tables, want %d", name, got, want)
		}
	}
}

func TestTheDatabaseGoesWithItsTestEvenWhileInUse(t *testing.T) {
	var url string
	t.Run("uses one", func(t *testing.T) {
		url = pgtest.URL(t)
		if _, err := pgx.Connect(context.Background(), url); err != nil {
			t.Fatal(err)
		}
	})
	if _, err := pgx.Connect(t.Context(), url); err == nil || !strings.Contains(err.Error(), "does not exist") {
		t.Errorf("connecting to it after its test: %v, want that it does not exist", err)
	}
}

func TestTheClusterKeepsWhatItCommits(t *testing.T) {
	var fsync string
	if err := connect(t, pgtest.URL(t)).QueryRow(t.Context(), "SHOW fsync").Scan(&fsync); err != nil {
		t.Fatal(err)
	}
	if fsync != "on" {
		t.Errorf("fsync is %s: a test of durability would prove nothing", fsync)
	}
}

func TestWithoutAClusterATestFailsAndSaysWhatToRun(t *testing.T) {
	for _, tc := range []struct{ env, want string }{
		{"", "run `make test`"},
		{"localhost:5432", "must be a URL such as"},
		{"postgres://postgres@/postgres?host=/nonexistent", "create a database"},
	} {
		t.Run(tc.env, func(t *testing.T) {
			t.Setenv(pgtest.Env, tc.env)
			if got := fatal(t, func(tb testing.TB) { pgtest.URL(tb) }); !strings.Contains(got, tc.want) {
				t.Errorf("failed with %q, want a sentence with %q", got, tc.want)
			}
		})
	}
}

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

// fatal returns what f says as it fails its test, or "" if it does not.
func fatal(t *testing.T, f func(testing.TB)) string {
	r := &recorder{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		f(r)
	}()
	<-done
	return r.said
}

type recorder struct {
	testing.TB
	said string
}

func (r *recorder) Helper() {}

func (r *recorder) Fatalf(format string, args ...any) {
	r.said = fmt.Sprintf(format, args...)
	runtime.Goexit()
}
