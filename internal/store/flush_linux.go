package store

import (
	"os"
	"syscall"
)

// flushFile leaves out what no reader of the file needs, such as its times.
func flushFile(f *os.File) error {
	for {
		if err := syscall.Fdatasync(int(f.Fd())); err != syscall.EINTR {
			return err
		}
	}
}
