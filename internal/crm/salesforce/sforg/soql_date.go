package sforg

import (
	"strconv"
	"strings"
	"time"
)

// relative returns the span that a literal such as TODAY or LAST_N_DAYS:3 stands
// for: from start, up to but without end. Days are those of UTC. It reports
// false for a word that is no such literal.
func relative(word string, now time.Time) (start, end time.Time, ok bool) {
	today := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, time.UTC)
	week := today.AddDate(0, 0, -int(today.Weekday()))
	month := today.AddDate(0, 0, 1-today.Day())
	year := time.Date(now.Year(), 1, 1, 0, 0, 0, 0, time.UTC)
	switch word {
	case "TODAY":
		return today, today.AddDate(0, 0, 1), true
	case "YESTERDAY":
		return today.AddDate(0, 0, -1), today, true
	case "TOMORROW":
		return today.AddDate(0, 0, 1), today.AddDate(0, 0, 2), true
	case "THIS_WEEK":
		return week, week.AddDate(0, 0, 7), true
	case "LAST_WEEK":
		return week.AddDate(0, 0, -7), week, true
	case "THIS_MONTH":
		return month, month.AddDate(0, 1, 0), true
	case "LAST_MONTH":
		return month.AddDate(0, -1, 0), month, true
	case "THIS_YEAR":
		return year, year.AddDate(1, 0, 0), true
	case "LAST_YEAR":
		return year.AddDate(-1, 0, 0), year, true
	}
	name, count, _ := strings.Cut(word, ":")
	n, err := strconv.Atoi(count)
	if err != nil || n < 1 || n > 100_000 {
		return start, end, false
	}
	switch name {
	case "LAST_N_DAYS":
		return today.AddDate(0, 0, -n), today.AddDate(0, 0, 1), true
	case "NEXT_N_DAYS":
		return today.AddDate(0, 0, 1), today.AddDate(0, 0, n+1), true
	}
	return start, end, false
}

// withinSpan makes the comparison of a date, or of a date and time, with a span.
func (c *column) withinSpan(op string, start, end time.Time) (func(*row) bool, bool) {
	from, to := any(instantOf(start)), any(instantOf(end))
	if c.field.Type == TypeDate {
		from, to = day(start.Format(time.DateOnly)), day(end.Format(time.DateOnly))
	}
	tests := map[string]func(v any) bool{
		"=":  func(v any) bool { return compareValues(v, from) >= 0 && compareValues(v, to) < 0 },
		"!=": func(v any) bool { return compareValues(v, from) < 0 || compareValues(v, to) >= 0 },
		"<":  func(v any) bool { return compareValues(v, from) < 0 },
		"<=": func(v any) bool { return compareValues(v, to) < 0 },
		">":  func(v any) bool { return compareValues(v, to) >= 0 },
		">=": func(v any) bool { return compareValues(v, from) >= 0 },
	}
	test := tests[op]
	return func(r *row) bool {
		v := c.of(r)
		if v == nil {
			return op == "!="
		}
		return test(v)
	}, test != nil
}
