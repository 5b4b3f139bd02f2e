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
	"github.com/switchboardhq/switchboard/internal/seal"
)

// A data folder of an earlier version opens: what it holds keeps its order, and
// texts go on coming in.
func TestADataFolderOfAnEarlierVersionOpens(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil {
		t.Fatal(err)
	}
	old, err := sql.Open("sqlite", filepath.Join(dir, DatabaseFile))
	if err != nil {
		t.Fatal(err)
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, old, marked{sub, &sqliteDialect})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.UpTo(ctx, 2); err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{
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
	} {
		if _, err := old.ExecContext(ctx, statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}
	key, err := seal.Generate()
	if err != nil {
		t.Fatal(err)
	}
	db, err := Open(ctx, Config{Dir: dir, Now: time.Now, Random: rand.Reader, Key: key, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var places string
	err = db.inRead(ctx, func(t *tx) error {
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
