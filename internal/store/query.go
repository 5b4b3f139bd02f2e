package store

import (
	"strconv"
	"strings"
)

// MaxPage is the most that one part of a list holds.
const MaxPage = 500

// Page asks for a part of a list. Limit is from 1 to MaxPage; Cursor is what the
// part before answered, "" for the first.
type Page struct {
	Limit  int
	Cursor string
}

// query collects conditions with their parameters. It begins with the org.
type query struct {
	conditions []string
	args       []any
}

func newQuery(condition string, args ...any) *query {
	q := &query{}
	q.and(condition, args...)
	return q
}

// and adds a condition whose question marks stand for args, in order.
func (q *query) and(condition string, args ...any) {
	for _, a := range args {
		condition = strings.Replace(condition, "?", q.param(a), 1)
	}
	q.conditions = append(q.conditions, condition)
}

// param adds a parameter and returns its name.
func (q *query) param(a any) string {
	q.args = append(q.args, a)
	return "$" + strconv.Itoa(len(q.args))
}

func (q *query) where() string { return strings.Join(q.conditions, " AND ") }

func (q *query) limit(n int) string { return "LIMIT " + q.param(n) }

// cutPage cuts a list that was read with one row too many, and returns the
// cursor of the next part, "" if there is none.
func cutPage[T any](list []T, limit int, cursor func(T) string) ([]T, string) {
	if len(list) <= limit {
		return list, ""
	}
	list = list[:limit]
	return list, cursor(list[limit-1])
}

// cutCursor takes a cursor of two parts apart, of which the first holds no space.
func cutCursor(cursor string) (first, second string) {
	first, second, _ = strings.Cut(cursor, " ")
	return first, second
}
