package store

import (
	"fmt"
	"sync"
	"unsafe"

	"modernc.org/libc"
	"modernc.org/libc/sys/types"
	sqlitelib "modernc.org/sqlite/lib"
)

const (
	logBuffer = 1 << 20 // bytes of the log that are held back at most
	// SQLite passes on the low 17 bits of a length alone, and takes a write of
	// nothing for a full disk.
	atOnce = 1 << 16
)

// logVFS is SQLite's own way to its files but for the log of the connections
// that are opened through it. SQLite writes each page of a commit to the log by
// two system calls, and then has the log flushed. Here the pages are gathered,
// written by one call where SQLite asks for the flush, and flushed by
// [sqliteLog] afterwards.
//
// The order of the writes is kept, and nobody reads the log past the last commit
// that SQLite has announced in the shared index, which it does after the flush
// it asked for. A checkpoint's flush is a real one: nothing is held back then.
type logVFS struct {
	name string
	vfs  uintptr // in C's memory, as are the names and methods below
	zero uintptr // the name, as C has it
	open openFunc

	mu    sync.Mutex
	files map[uintptr]*logFile // keeps what C points to from being collected
}

type (
	openFunc = func(tls *libc.TLS, vfs, path, file uintptr, flags int32, out uintptr) int32
	moveFunc = func(tls *libc.TLS, file, buffer uintptr, n int32, offset int64) int32 // xRead and xWrite
	sizeFunc = func(tls *libc.TLS, file uintptr, size int64) int32                    // xTruncate
	askFunc  = func(tls *libc.TLS, file, size uintptr) int32                          // xFileSize
	syncFunc = func(tls *libc.TLS, file uintptr, flags int32) int32
	doneFunc = func(tls *libc.TLS, file uintptr) int32 // xClose
)

// newLogVFS registers one under the name, which no other may have.
func newLogVFS(name string) (*logVFS, error) {
	tls := libc.NewTLS()
	defer tls.Close()
	own := sqlitelib.Xsqlite3_vfs_find(tls, 0)
	if own == 0 {
		return nil, fmt.Errorf("SQLite has no way to its files")
	}
	v := &logVFS{name: name, files: map[uintptr]*logFile{}}
	var err error
	if v.zero, err = libc.CString(name); err != nil {
		return nil, err
	}
	if v.vfs, err = allocate(tls, unsafe.Sizeof(sqlitelib.Tsqlite3_vfs{})); err != nil {
		return nil, err
	}
	vfs := (*sqlitelib.Tsqlite3_vfs)(pointer(v.vfs))
	*vfs = *(*sqlitelib.Tsqlite3_vfs)(pointer(own))
	call := function[openFunc](vfs.FxOpen)
	v.open = func(tls *libc.TLS, vfs, path, file uintptr, flags int32, out uintptr) int32 {
		rc := call(tls, vfs, path, file, flags, out)
		if rc == sqlitelib.SQLITE_OK && flags&sqlitelib.SQLITE_OPEN_WAL != 0 {
			rc = v.gather(tls, file)
		}
		return rc
	}
	vfs.FpNext, vfs.FzName, vfs.FxOpen = 0, v.zero, address(v.open)
	if rc := sqlitelib.Xsqlite3_vfs_register(tls, v.vfs, 0); rc != sqlitelib.SQLITE_OK {
		return nil, fmt.Errorf("register the way to the log: SQLite's code %d", rc)
	}
	return v, nil
}

// close is called when no connection uses it any more.
func (v *logVFS) close() {
	tls := libc.NewTLS()
	defer tls.Close()
	sqlitelib.Xsqlite3_vfs_unregister(tls, v.vfs)
	libc.Xfree(tls, v.vfs)
	libc.Xfree(tls, v.zero)
}

// logFile is an open log. Its connection uses it by one goroutine at a time.
type logFile struct {
	own     sqlitelib.Tsqlite3_io_methods
	methods uintptr
	held    []byte // what is not written yet
	at      int64  // where that belongs

	read     moveFunc
	write    moveFunc
	truncate sizeFunc
	size     askFunc
	sync     syncFunc
	done     doneFunc
}

// gather puts methods of ours before the file's own.
func (v *logVFS) gather(tls *libc.TLS, file uintptr) int32 {
	f := (*sqlitelib.Tsqlite3_file)(pointer(file))
	l := &logFile{own: *(*sqlitelib.Tsqlite3_io_methods)(pointer(f.FpMethods))}
	ownRead, ownTruncate, ownSize := function[moveFunc](l.own.FxRead), function[sizeFunc](l.own.FxTruncate), function[askFunc](l.own.FxFileSize)
	ownSync, ownDone := function[syncFunc](l.own.FxSync), function[doneFunc](l.own.FxClose)
	var err error
	if l.methods, err = allocate(tls, unsafe.Sizeof(l.own)); err != nil {
		ownDone(tls, file)
		f.FpMethods = 0 // tells SQLite that it is closed
		return sqlitelib.SQLITE_NOMEM
	}
	l.write = l.hold
	l.read = func(tls *libc.TLS, file, buffer uintptr, n int32, offset int64) int32 {
		if rc := l.release(tls, file); rc != sqlitelib.SQLITE_OK {
			return rc
		}
		return ownRead(tls, file, buffer, n, offset)
	}
	l.truncate = func(tls *libc.TLS, file uintptr, size int64) int32 {
		if rc := l.release(tls, file); rc != sqlitelib.SQLITE_OK {
			return rc
		}
		return ownTruncate(tls, file, size)
	}
	l.size = func(tls *libc.TLS, file, size uintptr) int32 {
		if rc := l.release(tls, file); rc != sqlitelib.SQLITE_OK {
			return rc
		}
		return ownSize(tls, file, size)
	}
	l.sync = func(tls *libc.TLS, file uintptr, flags int32) int32 {
		if len(l.held) > 0 { // a commit
			return l.release(tls, file)
		}
		return ownSync(tls, file, flags)
	}
	l.done = func(tls *libc.TLS, file uintptr) int32 {
		// What is held now was rolled back.
		v.mu.Lock()
		delete(v.files, file)
		v.mu.Unlock()
		rc := ownDone(tls, file)
		libc.Xfree(tls, l.methods)
		return rc
	}
	methods := (*sqlitelib.Tsqlite3_io_methods)(pointer(l.methods))
	*methods = l.own
	methods.FxRead, methods.FxWrite, methods.FxTruncate = address(l.read), address(l.write), address(l.truncate)
	methods.FxFileSize, methods.FxSync, methods.FxClose = address(l.size), address(l.sync), address(l.done)
	f.FpMethods = l.methods
	v.mu.Lock()
	defer v.mu.Unlock()
	v.files[file] = l
	return sqlitelib.SQLITE_OK
}

// hold is xWrite: it keeps what continues the bytes that are held.
func (l *logFile) hold(tls *libc.TLS, file, buffer uintptr, n int32, offset int64) int32 {
	if len(l.held) > 0 && (offset != l.at+int64(len(l.held)) || len(l.held)+int(n) > logBuffer) {
		if rc := l.release(tls, file); rc != sqlitelib.SQLITE_OK {
			return rc
		}
	}
	if len(l.held) == 0 {
		l.at = offset
	}
	l.held = append(l.held, unsafe.Slice((*byte)(pointer(buffer)), n)...)
	return sqlitelib.SQLITE_OK
}

// release writes what is held. What could not be written is held no more: the
// transaction that wanted it fails.
func (l *logFile) release(tls *libc.TLS, file uintptr) int32 {
	write := function[moveFunc](l.own.FxWrite)
	held := l.held
	l.held = l.held[:0]
	for offset := l.at; len(held) > 0; {
		n := min(len(held), atOnce)
		if rc := write(tls, file, uintptr(unsafe.Pointer(&held[0])), int32(n), offset); rc != sqlitelib.SQLITE_OK {
			return rc
		}
		held, offset = held[n:], offset+int64(n)
	}
	return sqlitelib.SQLITE_OK
}

func allocate(tls *libc.TLS, n uintptr) (uintptr, error) {
	p := libc.Xmalloc(tls, types.Size_t(n))
	if p == 0 {
		return 0, fmt.Errorf("no memory for SQLite")
	}
	return p, nil
}

// The three below are how the translated SQLite has C's pointers: memory that Go
// does not collect as a number, and a function as the address of a Go func value.

func pointer(p uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&p)) }

func function[F any](p uintptr) F { return *(*F)(unsafe.Pointer(&p)) }

func address[F any](f F) uintptr { return *(*uintptr)(unsafe.Pointer(&f)) }
