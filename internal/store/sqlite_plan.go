package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strconv"
)

// What SQLite's planner is told of every table, whatever is in it now.
const (
	plannedRows   = 1_000_000 // in a table, and nearly all of them of one org
	plannedSecond = 1_000     // rows that share the column after org_id
)

// tellPlanner gives SQLite's planner statistics in place of those that ANALYZE
// would gather. Without any it takes a condition on org_id alone to leave ten
// rows, and walks through all of an org's rather than use an index that it could
// search by two columns; with gathered ones its plans would depend on the day
// they were gathered. Each further column of an index is said to narrow it down
// to a tenth.
func tellPlanner(ctx context.Context, conn *sql.Conn) error {
	indexes, err := readIndexes(ctx, conn)
	if err != nil {
		return err
	}
	told, err := readTold(ctx, conn)
	if err != nil {
		return err
	}
	if len(told) == len(indexes) && !slices.ContainsFunc(indexes, func(x *sqliteIndex) bool { return told[x.name] != x.statistics() }) {
		return nil
	}
	do := func(statement string, args ...any) {
		if err == nil {
			_, err = conn.ExecContext(ctx, statement, args...)
		}
	}
	do("ANALYZE org") // makes the table of statistics
	do("BEGIN IMMEDIATE")
	do("DELETE FROM sqlite_stat1")
	for _, x := range indexes {
		do("INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (?, ?, ?)", x.table, x.name, x.statistics())
	}
	if err != nil {
		_, rollbackErr := conn.ExecContext(ctx, "ROLLBACK")
		return errors.Join(err, rollbackErr)
	}
	do("COMMIT")
	do("ANALYZE sqlite_schema") // reads them into this connection; later ones read them by themselves
	return err
}

// readTold returns the statistics that stand in the database, by index.
func readTold(ctx context.Context, conn *sql.Conn) (map[string]string, error) {
	told := map[string]string{}
	var there bool
	err := conn.QueryRowContext(ctx, "SELECT COUNT(*) > 0 FROM sqlite_schema WHERE name = 'sqlite_stat1'").Scan(&there)
	if err != nil || !there {
		return told, err
	}
	rows, err := conn.QueryContext(ctx, "SELECT idx, stat FROM sqlite_stat1 WHERE idx IS NOT NULL")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var index, stat string
		if err := rows.Scan(&index, &stat); err != nil {
			return nil, err
		}
		told[index] = stat
	}
	return told, rows.Err()
}

// sqliteIndex is an index, or the primary key of a table, as the planner sees it.
type sqliteIndex struct {
	table, name string
	unique      bool
	columns     []string
}

// statistics returns the row of sqlite_stat1: how many rows there are, and how
// many share the first column, the first two, and so on.
func (x *sqliteIndex) statistics() string {
	text := strconv.Itoa(plannedRows)
	sharing := plannedRows
	for i, column := range x.columns {
		switch {
		case i == len(x.columns)-1 && x.unique:
			sharing = 1
		case i == 0 && column == "org_id":
		case i <= 1:
			sharing = plannedSecond
		default:
			sharing = max(2, sharing/10)
		}
		text += " " + strconv.Itoa(sharing)
	}
	return text
}

func readIndexes(ctx context.Context, conn *sql.Conn) ([]*sqliteIndex, error) {
	rows, err := conn.QueryContext(ctx, `SELECT t.name, CASE WHEN i.origin = 'pk' AND t.wr THEN t.name ELSE i.name END, i."unique", c.name
		FROM pragma_table_list t, pragma_index_list(t.name) i, pragma_index_xinfo(i.name) c
		WHERE t.schema = 'main' AND t.type = 'table' AND t.name NOT LIKE 'sqlite_%' AND c."key" = 1 ORDER BY t.name, i.name, c.seqno`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []*sqliteIndex
	for rows.Next() {
		x := &sqliteIndex{}
		var column string
		if err := rows.Scan(&x.table, &x.name, &x.unique, &column); err != nil {
			return nil, err
		}
		if n := len(all); n > 0 && all[n-1].name == x.name && all[n-1].table == x.table {
			all[n-1].columns = append(all[n-1].columns, column)
			continue
		}
		x.columns = []string{column}
		all = append(all, x)
	}
	return all, rows.Err()
}
