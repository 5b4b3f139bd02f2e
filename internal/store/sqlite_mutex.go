package store

import (
	"sync"
	"unsafe"

	"modernc.org/libc"
	"modernc.org/libc/sys/types"
	sqlitelib "modernc.org/sqlite/lib"
)

// SQLite's recursive mutexes keep two threads from using one connection at a
// time, and it takes them for each parameter and each step. The driver must not
// be used so whatever SQLite does, and database/sql never does: here they are
// not there. All others are Go's.
type (
	mutexAlloc = func(tls *libc.TLS, kind int32) uintptr
	mutexDo    = func(tls *libc.TLS, mutex uintptr)
	mutexTry   = func(tls *libc.TLS, mutex uintptr) int32
	mutexOver  = func(tls *libc.TLS) int32 // for all of them: xMutexInit and xMutexEnd
)

// mutexes are those that SQLite has once, by their kind.
var mutexes [sqlitelib.SQLITE_MUTEX_STATIC_VFS3 + 1]sync.Mutex

// noMutex stands for any recursive one; it is never locked.
var noMutex = uintptr(unsafe.Pointer(&mutexes[sqlitelib.SQLITE_MUTEX_RECURSIVE]))

// lightMutexes has SQLite use the mutexes above, if nothing in the process used
// it before: else it keeps its own, which are slower and no worse.
var lightMutexes = sync.OnceFunc(func() {
	// SQLite keeps them as numbers, which Go's collector does not see: they
	// capture nothing, and so are never collected.
	var (
		over  mutexOver  = func(*libc.TLS) int32 { return sqlitelib.SQLITE_OK }
		alloc mutexAlloc = func(tls *libc.TLS, kind int32) uintptr {
			switch {
			case kind == sqlitelib.SQLITE_MUTEX_FAST:
				return libc.Xcalloc(tls, 1, types.Size_t(unsafe.Sizeof(sync.Mutex{})))
			case int(kind) < len(mutexes):
				return uintptr(unsafe.Pointer(&mutexes[kind]))
			}
			return 0
		}
		free mutexDo = func(tls *libc.TLS, mutex uintptr) {
			if mutex != noMutex {
				libc.Xfree(tls, mutex)
			}
		}
		enter mutexDo = func(_ *libc.TLS, mutex uintptr) {
			if mutex != noMutex {
				(*sync.Mutex)(pointer(mutex)).Lock()
			}
		}
		try mutexTry = func(_ *libc.TLS, mutex uintptr) int32 {
			if mutex == noMutex || (*sync.Mutex)(pointer(mutex)).TryLock() {
				return sqlitelib.SQLITE_OK
			}
			return sqlitelib.SQLITE_BUSY
		}
		leave mutexDo = func(_ *libc.TLS, mutex uintptr) {
			if mutex != noMutex {
				(*sync.Mutex)(pointer(mutex)).Unlock()
			}
		}
	)
	tls := libc.NewTLS()
	defer tls.Close()
	methods, err := allocate(tls, unsafe.Sizeof(sqlitelib.Tsqlite3_mutex_methods{}))
	if err != nil {
		return
	}
	defer libc.Xfree(tls, methods) // SQLite copies them
	*(*sqlitelib.Tsqlite3_mutex_methods)(pointer(methods)) = sqlitelib.Tsqlite3_mutex_methods{
		FxMutexInit: address(over), FxMutexEnd: address(over), FxMutexAlloc: address(alloc), FxMutexFree: address(free),
		FxMutexEnter: address(enter), FxMutexTry: address(try), FxMutexLeave: address(leave),
	}
	argument, err := allocate(tls, unsafe.Sizeof(uintptr(0)))
	if err != nil {
		return
	}
	defer libc.Xfree(tls, argument)
	sqlitelib.Xsqlite3_config(tls, sqlitelib.SQLITE_CONFIG_MUTEX, libc.VaList(argument, methods))
	// Starting up needs a recursive mutex where several do so at once.
	sqlitelib.Xsqlite3_initialize(tls)
})
