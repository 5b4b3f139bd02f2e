package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/switchboardhq/switchboard"
)

// querier is what a statement runs on: a transaction, or the reading pool.
type querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// tx is a transaction, or, for reading, a pool: the unexported functions of
// this package take it. Its clock stands still.
type tx struct {
	querier
	db  *DB
	ctx context.Context
	now time.Time
	log *changeLog // of a person's action that can be undone; else nil

	asked bool // for jobs
}

func (t *tx) exec(query string, args ...any) error {
	_, err := t.ExecContext(t.ctx, query, args...)
	return err
}

// execN runs the statement and returns how many rows it affected.
func (t *tx) execN(query string, args ...any) (int64, error) {
	r, err := t.ExecContext(t.ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// each runs the query and calls scan for every row.
func (t *tx) each(scan func(*sql.Rows) error, query string, args ...any) error {
	rows, err := t.QueryContext(t.ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// one reads one row into dest; sql.ErrNoRows if there is none.
func (t *tx) one(query string, args []any, dest ...any) error {
	found := false
	err := t.each(func(rows *sql.Rows) error {
		if found {
			return errors.New("more than one row where one was expected")
		}
		found = true
		return rows.Scan(dest...)
	}, query, args...)
	if err == nil && !found {
		return sql.ErrNoRows
	}
	return err
}

// in and list build a condition on a set: t.in("match_key", "$2") with t.list(keys) as the argument.
func (t *tx) in(column, n string) string { return t.db.dialect.in(column, n) }
func (t *tx) list(values []string) any   { return t.db.dialect.list(values) }

func (t *tx) newID() string { return t.db.ids.next(t.now) }

// insertion is rows to be added to a table, many with one statement.
type insertion struct {
	into   string // the table, with its columns in brackets
	tail   string // what follows the values
	shared []any  // what all rows have in the first columns: the org, at least
	width  int    // the other columns
	alike  int    // of these, the first, in which the rows mostly have the same
	args   []any  // and their values, row after row
}

// gathered returns the insertion with what its rows have alike as shared, where
// all of them do: each value costs what it takes to hand it to the database.
func (i insertion) gathered() insertion {
	first := i.args[:min(i.alike, len(i.args))]
	for row := i.args; len(row) > 0; row = row[i.width:] {
		if !slices.EqualFunc(first, row[:len(first)], same) {
			return i
		}
	}
	rest := make([]any, 0, len(i.args))
	for row := range slices.Chunk(i.args, i.width) {
		rest = append(rest, row[len(first):]...)
	}
	i.shared, i.width, i.alike, i.args = slices.Concat(i.shared, first), i.width-len(first), 0, rest
	return i
}

// same reports whether two values are; of bytes it does not say so.
func same(a, b any) bool {
	_, bytes := a.([]byte)
	return !bytes && a == b
}

// insert adds the rows.
func (t *tx) insert(i insertion) error {
	_, err := t.insertN(i)
	return err
}

// insertN is insert, and returns how many rows were added.
func (t *tx) insertN(i insertion) (added int64, err error) {
	err = t.inChunks(i, func(statement string, args ...any) error {
		n, err := t.execN(statement, args...)
		added += n
		return err
	})
	return added, err
}

// inChunks calls run with statements that add the rows.
func (t *tx) inChunks(i insertion, run func(statement string, args ...any) error) error {
	if i.alike > 0 {
		i = i.gathered()
	}
	var statement string
	var args []any
	last := 0
	for rows := i.args; len(rows) > 0; {
		n := chunk(len(rows) / i.width)
		if n != last {
			statement, last = t.db.dialect.insert(i, n), n
		}
		args = append(append(args[:0], i.shared...), rows[:n*i.width]...)
		if err := run(statement, args...); err != nil {
			return err
		}
		rows = rows[n*i.width:]
	}
	return nil
}

// chunk returns how many of rows to add with the next statement. A group of
// messages mostly takes one: each size up to 32 is a statement of its own, which
// stays prepared.
func chunk(rows int) int {
	for _, size := range [...]int{128, 64, 32} {
		if rows >= size {
			return size
		}
	}
	return rows
}

// insert returns the statement that adds n rows. SQLite gets the parameters that
// rows do not share without numbers: it looks each number up in a list, which
// takes long when there are thousands.
func (d *dialect) insert(i insertion, n int) string {
	var shared strings.Builder
	for p := range i.shared {
		shared.WriteString("$" + strconv.Itoa(p+1) + ",")
	}
	var b strings.Builder
	b.Grow(64 + n*(shared.Len()+i.width*6))
	b.WriteString(d.insertInto + i.into + " VALUES ")
	p := len(i.shared)
	for row := range n {
		if row > 0 {
			b.WriteString(", ")
		}
		b.WriteString("(" + shared.String())
		for j := range i.width {
			if j > 0 {
				b.WriteByte(',')
			}
			if d == &sqliteDialect {
				b.WriteByte('?')
				continue
			}
			p++
			b.WriteByte('$')
			b.WriteString(strconv.Itoa(p))
		}
		b.WriteByte(')')
	}
	b.WriteByte(' ')
	b.WriteString(i.tail)
	return b.String()
}

const maxTries = 8

// inTx runs do in a writing transaction and commits, durably. A transaction that
// fails for the sake of others is run again from the start, so do must not keep
// anything of an earlier try. Errors with a code pass through; any other is the
// database's and comes back as unavailable.
func (db *DB) inTx(ctx context.Context, do func(*tx) error) error {
	durable, err := db.commit(ctx, do)
	if err != nil {
		return err
	}
	return durable()
}

// commit is inTx up to the COMMIT: only when durable has returned nil may
// anybody outside be told of it. An error of durable says that nobody knows.
func (db *DB) commit(ctx context.Context, do func(*tx) error) (durable func() error, err error) {
	asked := false
	run := func(t *tx) error {
		err := do(t)
		asked = t.asked
		return err
	}
	var commit int64
	for try := range maxTries {
		if try > 0 {
			select {
			case <-ctx.Done():
				return nil, unavailable(ctx.Err())
			case <-time.After(time.Duration(try*try) * time.Millisecond):
			}
		}
		if db.writer != nil {
			commit, err = db.writer.inTx(ctx, db, run)
		} else {
			err = db.inPostgresTx(ctx, run)
		}
		if err == nil || !db.dialect.retry(err) {
			break
		}
	}
	if err == nil && asked {
		select {
		case db.asked <- struct{}{}:
		default:
		}
	}
	var coded *switchboard.Error
	switch {
	case errors.As(err, &coded):
		return nil, err
	case err != nil:
		return nil, unavailable(err)
	case db.writer == nil:
		return func() error { return nil }, nil
	}
	return func() error {
		if err := db.writer.log.flush(commit); err != nil {
			return unavailable(err)
		}
		return nil
	}, nil
}

// inRead runs do on the reading pool, where each statement sees what is committed.
// On SQLite it does not begin when ctx has ended, and then runs to its end: a
// statement that can be cancelled has two goroutines watch over it, for both of
// which it waits, and when texts come in that takes longer than most statements.
func (db *DB) inRead(ctx context.Context, do func(*tx) error) error {
	if db.writer == nil {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, patience)
		defer cancel()
	} else if ctx.Err() == nil {
		ctx = context.WithoutCancel(ctx)
	}
	err := do(&tx{querier: db.read, db: db, ctx: ctx, now: db.clock()})
	var coded *switchboard.Error
	if err == nil || errors.As(err, &coded) {
		return err
	}
	return fmt.Errorf("read the store: %w", err)
}

// clock returns the time, as exact as the store keeps it.
func (db *DB) clock() time.Time { return db.now().UTC().Truncate(time.Microsecond) }

func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func fromMicros(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}
