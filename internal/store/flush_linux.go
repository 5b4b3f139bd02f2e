package store

import (
	"os"

	"golang.org/x/sys/unix"
)

// flushFile leaves out what no reader of the file needs, such as its times.
func flushFile(f *os.File) error {
	for {
		if err := unix.Fdatasync(int(f.Fd())); err != unix.EINTR {
			return err
		}
	}
}

// startWriting has the system write to the disk what it holds back of a part of
// the file, so that a later flush has less to do. It promises nothing: that is
// why an error is of no interest.
func startWriting(f *os.File, from, length int64) {
	_ = unix.SyncFileRange(int(f.Fd()), from, length, unix.SYNC_FILE_RANGE_WRITE)
}
