package store_test

import (
	"context"
	"net/url"
	"testing"

	"github.com/switchboardhq/switchboard/internal/store/storetest"
)

// A server, or a URL, may be set to acknowledge commits that are not on disk.
// What Switchboard acknowledges is. And a plan made for tables that were empty
// must not stay, unless somebody asks for it.
func TestPostgreSQLSessionsAreSafeWhateverTheyAreToldElsewhere(t *testing.T) {
	for _, tc := range []struct{ setting, told, want string }{
		{"synchronous_commit", "off", "on"},
		{"synchronous_commit", "on", "on"},
		{"synchronous_commit", "remote_apply", "remote_apply"},
		{"synchronous_commit", "local", "local"},
		{"plan_cache_mode", "auto", "force_custom_plan"},
		{"plan_cache_mode", "force_generic_plan", "force_generic_plan"},
	} {
		t.Run(tc.setting+" "+tc.told, func(t *testing.T) {
			c := storetest.Config(t, storetest.Postgres, storetest.NewClock())
			u, err := url.Parse(c.Database)
			if err != nil {
				t.Fatal(err)
			}
			q := u.Query()
			q.Set(tc.setting, tc.told)
			u.RawQuery = q.Encode()
			c.Database = u.String()
			rows, err := storetest.OpenConfig(t, c).Rows(context.Background(), "SHOW "+tc.setting)
			if err != nil {
				t.Fatal(err)
			}
			defer rows.Close()
			for rows.Next() {
				var got string
				if err := rows.Scan(&got); err != nil {
					t.Fatal(err)
				}
				if got != tc.want {
					t.Errorf("told %s, it is %s, want %s", tc.told, got, tc.want)
				}
			}
			if err := rows.Err(); err != nil {
				t.Fatal(err)
			}
		})
	}
}
