package store

import (
	"reflect"
	"slices"
	"testing"
)

// Whatever the rows have in common, the database gets the same rows.
func TestWhatRowsHaveAlikeIsSharedOnlyIfAllDo(t *testing.T) {
	for _, tc := range []struct {
		name string
		args []any
		left int // how many columns each row still has
	}{
		{"none", nil, 3},
		{"one row", []any{"a", nil, 1}, 1},
		{"rows that agree", []any{"a", nil, 1, "a", nil, 2, "a", nil, 3}, 1},
		{"rows that differ in the first", []any{"a", nil, 1, "b", nil, 2}, 3},
		{"rows that differ in the second", []any{"a", nil, 1, "a", nil, 2, "a", "x", 3}, 3},
		{"bytes", []any{"a", []byte("x"), 1, "a", []byte("x"), 2}, 3},
		{"bytes and none", []any{"a", nil, 1, "a", []byte("x"), 2}, 3},
	} {
		t.Run(tc.name, func(t *testing.T) {
			i := insertion{shared: []any{"acme"}, width: 3, alike: 2, args: tc.args}
			got := i.gathered()
			if got.width != tc.left {
				t.Errorf("%d columns are left, want %d", got.width, tc.left)
			}
			if want := i.rows(); !reflect.DeepEqual(got.rows(), want) {
				t.Errorf("the rows became %v, want %v", got.rows(), want)
			}
		})
	}
}

func (i insertion) rows() (rows [][]any) {
	for row := range slices.Chunk(i.args, i.width) {
		rows = append(rows, slices.Concat(i.shared, row))
	}
	return rows
}
