package store

import (
	"testing"

	"modernc.org/libc"
	sqlitelib "modernc.org/sqlite/lib"
)

// Had anything used SQLite before the store did, it would still have its own.
func TestSQLiteUsesNoMutexOnItsConnections(t *testing.T) {
	db := openForLog(t, t.TempDir())
	defer db.Close()
	tls := libc.NewTLS()
	defer tls.Close()
	if got := sqlitelib.Xsqlite3_mutex_alloc(tls, sqlitelib.SQLITE_MUTEX_RECURSIVE); got != noMutex {
		t.Error("SQLite makes recursive mutexes of its own")
	}
	fast := sqlitelib.Xsqlite3_mutex_alloc(tls, sqlitelib.SQLITE_MUTEX_FAST)
	defer sqlitelib.Xsqlite3_mutex_free(tls, fast)
	sqlitelib.Xsqlite3_mutex_enter(tls, fast)
	if sqlitelib.Xsqlite3_mutex_try(tls, fast) != sqlitelib.SQLITE_BUSY {
		t.Error("a mutex that is held can be taken")
	}
	sqlitelib.Xsqlite3_mutex_leave(tls, fast)
}
