package store

import (
	"encoding/json"
	"errors"

	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver pgx
	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlitelib "modernc.org/sqlite/lib"
)

// dialect is all in which the two databases differ.
type dialect struct {
	name  string
	goose goose.Dialect
	// These replace the marks of the migrations.
	clustered, bytes, isSQLite, onlyPostgres string
	// insertInto begins a statement that adds rows. One that fails fails its
	// transaction: SQLite need not keep what each page was before the statement.
	insertInto string
	// in returns the condition that column is one of the values of parameter $n,
	// and list makes that parameter.
	in   func(column, n string) string
	list func(values []string) any
	// forUpdate and skipLocked end a SELECT that claims rows, forShare one that
	// keeps them from being changed.
	forUpdate, skipLocked, forShare string
	// holdSettings keeps the settings of the org $1 as they are until the
	// transaction ends, together with others; lockSettings waits for these, and
	// keeps more from coming.
	holdSettings, lockSettings string
	// retry reports whether a transaction failed for the others' sake and may be run again.
	retry func(error) bool
	// unique reports whether a unique key was violated.
	unique func(error) bool
}

var sqliteDialect = dialect{
	name: "sqlite", goose: goose.DialectSQLite3, clustered: "WITHOUT ROWID", isSQLite: "TRUE", onlyPostgres: "-- ", insertInto: "INSERT OR FAIL INTO ",
	in: func(column, n string) string { return column + " IN (SELECT value FROM json_each(" + n + "))" },
	list: func(values []string) any {
		b, _ := json.Marshal(values) // strings always marshal
		return string(b)
	},
	retry: func(err error) bool {
		var e *sqlite.Error
		return errors.As(err, &e) && e.Code()&0xff == sqlitelib.SQLITE_BUSY
	},
	unique: func(err error) bool {
		var e *sqlite.Error
		return errors.As(err, &e) && (e.Code() == sqlitelib.SQLITE_CONSTRAINT_UNIQUE || e.Code() == sqlitelib.SQLITE_CONSTRAINT_PRIMARYKEY)
	},
}

var postgresDialect = dialect{
	name: "postgres", goose: goose.DialectPostgres, bytes: `COLLATE "C"`, isSQLite: "FALSE", insertInto: "INSERT INTO ",
	in:   func(column, n string) string { return column + " = ANY(" + n + "::text[])" },
	list: func(values []string) any { return values },

	forUpdate: " FOR UPDATE", skipLocked: " FOR UPDATE SKIP LOCKED", forShare: " FOR SHARE",
	holdSettings: "SELECT pg_advisory_xact_lock_shared(hashtextextended($1, 0))",
	lockSettings: "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))",
	retry: func(err error) bool {
		var e *pgconn.PgError
		return errors.As(err, &e) && (e.Code == "40001" || e.Code == "40P01" || e.Code == "55P03")
	},
	unique: func(err error) bool {
		var e *pgconn.PgError
		return errors.As(err, &e) && e.Code == "23505"
	},
}
