package salesforce

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"time"
)

// maxRow is the most that one row of a bulk result may take. A long text area
// holds 131,072 characters.
const maxRow = 8 << 20

// csvRows reads a page of a bulk result. Each page begins with the header row,
// the later ones too. A value may hold newlines; null and empty text look the
// same.
type csvRows struct {
	header []string
	reader *csv.Reader
	bound  *rowReader
}

// badCSV is what is no CSV, as opposed to one that breaks off.
type badCSV string

func (b badCSV) Error() string { return string(b) }

func newCSV(r io.Reader) (*csvRows, error) {
	bound := &rowReader{r: r, left: maxRow}
	c := &csvRows{reader: csv.NewReader(bound), bound: bound}
	c.reader.ReuseRecord = true
	header, err := c.read()
	if errors.Is(err, io.EOF) {
		return nil, io.ErrUnexpectedEOF // a page without its header has been cut
	}
	if err != nil {
		return nil, err
	}
	c.header = append([]string(nil), header...)
	return c, nil
}

// next returns the next row, nil after the last. It is good until the next one.
func (c *csvRows) next() ([]string, error) {
	row, err := c.read()
	if errors.Is(err, io.EOF) {
		return nil, nil
	}
	return row, err
}

func (c *csvRows) read() ([]string, error) {
	row, err := c.reader.Read()
	c.bound.left = maxRow
	if err == nil || errors.Is(err, io.EOF) {
		return row, err
	}
	switch failed := c.bound.err; {
	case errors.Is(failed, io.EOF) && !errors.Is(err, csv.ErrFieldCount):
		return nil, io.ErrUnexpectedEOF // the page ends within a row
	case failed != nil && !errors.Is(failed, io.EOF):
		return nil, failed
	}
	if p, ok := errors.AsType[*csv.ParseError](err); ok {
		return nil, badCSV(fmt.Sprintf("line %d: %v", p.Line, p.Err)) // the parser's error would do, but for what it may quote one day
	}
	return nil, err
}

// rowReader fails when a row takes more than it may.
type rowReader struct {
	r    io.Reader
	left int
	err  error
}

func (b *rowReader) Read(p []byte) (int, error) {
	if b.left <= 0 {
		b.err = errTooLarge
		return 0, b.err
	}
	n, err := b.r.Read(p)
	b.left -= n
	b.err = err
	return n, err
}

var errIdle = errors.New("nothing came for too long")

// idleReader puts a watch off with each read that brings something.
type idleReader struct {
	r     io.Reader
	watch *time.Timer
	after time.Duration
}

func (i *idleReader) Read(p []byte) (int, error) {
	n, err := i.r.Read(p)
	if n > 0 {
		i.watch.Reset(i.after)
	}
	return n, err
}
