package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"io/fs"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/pgtest"
	"github.com/switchboardhq/switchboard/internal/seal"
)

// openEarlier opens a store that a program of an earlier version has made, and
// filled by the statements.
func openEarlier(t *testing.T, d *dialect, version int64, statements ...string) *DB {
	t.Helper()
	ctx := context.Background()
	key, err := seal.Generate()
	if err != nil {
		t.Fatal(err)
	}
	c := Config{Now: time.Now, Random: rand.Reader, Key: key, Log: slog.New(slog.DiscardHandler)}
	driver, source := "pgx", ""
	if d == &sqliteDialect {
		c.Dir = t.TempDir()
		driver, source = "sqlite", filepath.Join(c.Dir, DatabaseFile)
	} else {
		c.Database = pgtest.URL(t)
		source = c.Database
	}
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil {
		t.Fatal(err)
	}
	lightMutexes() // as in Open, before anything uses SQLite
	old, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	p, err := goose.NewProvider(d.goose, old, marked{sub, d})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.UpTo(ctx, version); err != nil {
		t.Fatal(err)
	}
	for _, statement := range statements {
		if _, err := old.ExecContext(ctx, statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := Open(ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// A data folder of an earlier version opens: what it holds keeps its order, and
// texts go on coming in.
func TestADataFolderOfAnEarlierVersionOpens(t *testing.T) {
	ctx := context.Background()
	db := openEarlier(t, &sqliteDialect, 2,
		`INSERT INTO org (id, name, region, time_zone, settings_version, phone_fields, unknown_numbers, phone_metadata, next_number, created_at)
			VALUES ('o', 'Acme', 'US', '', 1, '{}', '{}', '', 3, 1)`,
		`INSERT INTO sender (org_id, match_key, kind, address, seq, first_at) VALUES ('o', '+15125550177', 'phone', '+15125550177', 9, 5)`,
		`INSERT INTO message (org_id, id, number, direction, channel_id, account, provider_message_id, sender_key, sender_kind, sender, ours, body,
			sent_at, received_at, message_time, seq, state, reason, rule_reason, rule_record_id, decided_at, placement_id, version, flags, delivery, twin, twin_joined)
			VALUES ('o', 'm1', 1, 'inbound', 'c', 'c', 'p1', '+15125550177', 'phone', '+15125550177', '', 'one', 0, 5, 5, 8, 'dismissed', '', '', '', 5, '', 1, '', '', '', FALSE),
				('o', 'm2', 2, 'inbound', 'c', 'c', 'p2', '+15125550177', 'phone', '+15125550177', '', 'two', 0, 5, 5, 9, 'dismissed', '', '', '', 5, '', 1, '', '', '', FALSE)`,
		`INSERT INTO record (org_id, id, object, name, name_key, fields, origin, deleted, version, created_at, updated_at)
			VALUES ('o', 'r1', 'Contact', 'Ada Okafor', 'ada okafor', '{"FirstName":"Ada","LastName":"Okafor"}', 'person', FALSE, 1, 1, 1),
				('o', 'r2', 'Account', '', '', '{}', 'person', FALSE, 1, 1, 1)`,
		`INSERT INTO record_word (org_id, word, record_id) VALUES ('o', 'okafor', 'r1'), ('o', 'ada', 'r1')`,
	)
	var places string
	err := db.inRead(ctx, func(t *tx) error {
		return t.one("SELECT GROUP_CONCAT(id || ' ' || seq, ', ') FROM (SELECT id, seq FROM message WHERE org_id = 'o' ORDER BY seq)", nil, &places)
	})
	if err != nil || places != "m1 1, m2 2" {
		t.Errorf("the messages stand at %q, %v; want their numbers", places, err)
	}
	actor := switchboard.Actor{OrgID: "o", ID: "u", Name: "Dana", Role: switchboard.Admin}
	_, _, err = db.UpdateRecord(ctx, actor, "r1", 0, switchboard.Fields{"LastName": "Obi"}, func(switchboard.Object, switchboard.Fields) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	for q, want := range map[string]int{"ada obi": 1, "ada okafor": 0, "okafor": 0} {
		list, _, err := db.Records(ctx, "o", RecordFilter{Q: q, Page: Page{Limit: 5}})
		if err != nil || len(list) != want {
			t.Errorf("%q finds %d records, %v; want %d", q, len(list), err, want)
		}
	}
	s, err := db.SenderState(ctx, "o", "+15125550177")
	if err != nil || s.FirstAt.UnixMicro() != 5 {
		t.Errorf("the sender first texted at %v, %v", s.FirstAt, err)
	}
}

// Records that an earlier version has stored are found by what they were found
// by, and by the ends of their numbers; once one is changed, by nothing that it
// was.
func TestRecordsOfAnEarlierVersionAreFound(t *testing.T) {
	for _, d := range []*dialect{&sqliteDialect, &postgresDialect} {
		t.Run(d.name, func(t *testing.T) {
			ctx := context.Background()
			db := openEarlier(t, d, 6,
				`INSERT INTO org (id, name, region, time_zone, settings_version, phone_fields, unknown_numbers, phone_metadata, next_number, created_at)
					VALUES ('o', 'Acme', 'US', '', 1, '{"Contact":["Phone","MobilePhone"]}', '{}', '', 1, 1)`,
				`INSERT INTO record (org_id, id, object, name, name_key, fields, origin, deleted, version, created_at, updated_at, words) VALUES
					('o', 'r1', 'Contact', 'Ada Okafor', 'ada okafor', '{"FirstName":"Ada","LastName":"Okafor","Email":"ada@example.com","Phone":"(512) 555-0177","MobilePhone":"5125550177"}',
						'person', FALSE, 1, 1, 1, ' 0177 5125550177 5550177 ada com example okafor '),
					('o', 'r2', 'Contact', 'Ben Obi', 'ben obi', '{"LastName":"Obi","Phone":"(512) 555-0142"}', 'person', TRUE, 1, 1, 1, ' 0142 5125550142 5550142 obi '),
					('o', 'r3', 'Account', '', '', '{}', 'person', FALSE, 1, 1, 1, '')`,
				`INSERT INTO record_number (org_id, match_key, record_id, field, value, position, object, name) VALUES
					('o', '+15125550177', 'r1', 'Phone', '(512) 555-0177', 0, 'Contact', 'Ada Okafor'), ('o', '+15125550177', 'r1', 'MobilePhone', '5125550177', 1, 'Contact', 'Ada Okafor'),
					('o', '88202', 'r3', 'link', '88202', 9, 'Account', '')`,
				`INSERT INTO record_word (org_id, word, record_id) VALUES ('o', '0177', 'r1'), ('o', '5125550177', 'r1'), ('o', '5550177', 'r1'), ('o', 'ada', 'r1'), ('o', 'com', 'r1'),
					('o', 'example', 'r1'), ('o', 'okafor', 'r1'), ('o', '0142', 'r2'), ('o', '5125550142', 'r2'), ('o', '5550142', 'r2'), ('o', 'obi', 'r2')`,
			)
			finds := func(deleted bool, q string, want int) {
				t.Helper()
				for _, order := range []RecordOrder{NewestFirst, BestFirst} {
					list, next, err := db.Records(ctx, "o", RecordFilter{Q: q, Deleted: deleted, Order: order, Page: Page{Limit: 5}})
					if err != nil || len(list) != want || next != "" {
						t.Errorf("%q finds %d records, next %q, %v; want %d", q, len(list), next, err, want)
					}
				}
			}
			for _, q := range []string{"0177", "50177", "555-0177", "555-01", "512 55", "1 512", "+1 (512) 555-0177", "ada@example.com", "com", "oka 555", "ada 0177"} {
				finds(false, q, 1)
			}
			finds(true, "0142", 1)
			finds(true, "obi 512", 1)
			actor := switchboard.Actor{OrgID: "o", ID: "u", Name: "Dana", Role: switchboard.Admin}
			_, _, err := db.UpdateRecord(ctx, actor, "r1", 0, switchboard.Fields{"Phone": "(512) 555-0199", "MobilePhone": nil}, func(switchboard.Object, switchboard.Fields) error { return nil })
			if err != nil {
				t.Fatal(err)
			}
			for q, want := range map[string]int{"0177": 0, "50177": 0, "5550177": 0, "512555017": 0, "0199": 1, "512": 1, "1512555019": 1, "ada@example.com": 1, "oka 555": 1} {
				finds(false, q, want)
			}
			var row, index string
			err = db.inRead(ctx, func(t *tx) error {
				if err := t.one("SELECT words FROM record WHERE org_id = 'o' AND id = 'r1'", nil, &row); err != nil {
					return err
				}
				return t.one("SELECT STRING_AGG(w.word, ' ') FROM (SELECT word FROM record_word WHERE org_id = 'o' AND record_id = 'r1' ORDER BY word) w", nil, &index)
			})
			if err != nil || index != "-99105552151 ada example okafor" || row != " "+index+" | +15125550199 0199 5125550199 5550199 com " {
				t.Errorf("after a change it is found by %q, and its row has %q, %v", index, row, err)
			}
		})
	}
}
