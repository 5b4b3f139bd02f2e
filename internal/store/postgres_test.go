package store_test

import (
	"context"
	"net/url"
	"testing"

	"github.com/switchboardhq/switchboard/internal/store/storetest"
)

// A server, or a URL, may be set to acknowledge commits that are not on disk.
// What Switchboard acknowledges is.
func TestPostgreSQLCommitsToDiskWhateverItIsToldElsewhere(t *testing.T) {
	for told, want := range map[string]string{"off": "on", "on": "on", "remote_apply": "remote_apply", "local": "local"} {
		t.Run(told, func(t *testing.T) {
			c := storetest.Config(t, storetest.Postgres, storetest.NewClock())
			u, err := url.Parse(c.Database)
			if err != nil {
				t.Fatal(err)
			}
			q := u.Query()
			q.Set("synchronous_commit", told)
			u.RawQuery = q.Encode()
			c.Database = u.String()
			rows, err := storetest.OpenConfig(t, c).Rows(context.Background(), "SHOW synchronous_commit")
			if err != nil {
				t.Fatal(err)
			}
			defer rows.Close()
			for rows.Next() {
				var got string
				if err := rows.Scan(&got); err != nil {
					t.Fatal(err)
				}
				if got != want {
					t.Errorf("told %s, it commits with synchronous_commit %s, want %s", told, got, want)
				}
			}
			if err := rows.Err(); err != nil {
				t.Fatal(err)
			}
		})
	}
}
