package pubsub

import (
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestABitmapNamesPositions(t *testing.T) {
	children := func(i int) int {
		if i == 2 {
			return 6
		}
		return 0
	}
	for _, tc := range []struct {
		bitmaps []string
		want    []place // nil: it is an error
	}{
		{[]string{"0x400800"}, []place{{11, -1}, {22, -1}}}, // Salesforce's own example
		{[]string{"0x38"}, []place{{3, -1}, {4, -1}, {5, -1}}},
		{[]string{"0x38", "2-0x02"}, []place{{3, -1}, {4, -1}, {5, -1}, {2, 1}}},
		{[]string{"0x00000001"}, []place{{0, -1}}},
		{[]string{"0x800000"}, []place{{23, -1}}},
		{[]string{"0xaF"}, []place{{0, -1}, {1, -1}, {2, -1}, {3, -1}, {5, -1}, {7, -1}}},
		{[]string{"0x0", "0x00"}, []place{}},
		{nil, []place{}},

		{[]string{"0x1000000"}, nil}, // field 24 of 24
		{[]string{"0x" + strings.Repeat("ff", 1<<16)}, nil},
		{[]string{"2-0x40"}, nil},  // child 6 of 6
		{[]string{"3-0x01"}, nil},  // a field without children
		{[]string{"24-0x01"}, nil}, // no such field
		{[]string{"-1-0x01"}, nil},
		{[]string{"2-1-0x01"}, nil},
		{[]string{"99999999999999999999-0x01"}, nil},
		{[]string{"0x"}, nil},
		{[]string{""}, nil},
		{[]string{"38"}, nil},
		{[]string{"0xzz"}, nil},
		{[]string{"0x3 8"}, nil},
		{slices.Repeat([]string{"0x01"}, 26), nil}, // more than there are fields
	} {
		got, err := places(tc.bitmaps, 24, children)
		if tc.want == nil && tc.bitmaps != nil {
			if !errors.Is(err, errBitmap) {
				t.Errorf("places(%.40q) = %v, %v; want an error", tc.bitmaps, got, err)
			}
			continue
		}
		if err != nil || !slices.Equal(got, tc.want) {
			t.Errorf("places(%q) = %v, %v; want %v", tc.bitmaps, got, err, tc.want)
		}
	}
}

// bitmap writes positions as Salesforce does, by other means than the decoder.
func bitmap(positions []int) string {
	n := new(big.Int)
	for _, i := range positions {
		n.SetBit(n, i, 1)
	}
	text := n.Text(16)
	if len(text)%2 == 1 {
		text = "0" + text
	}
	return "0x" + text
}

func TestWhatIsWrittenAsABitmapIsRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		fields := rapid.IntRange(1, 900).Draw(t, "fields")
		children := rapid.IntRange(1, 20).Draw(t, "children")
		parent := rapid.IntRange(0, fields-1).Draw(t, "parent")
		set := func(n int) []int {
			return slices.Sorted(slices.Values(rapid.SliceOfNDistinct(rapid.IntRange(0, n-1), 0, min(n, 40), rapid.ID).Draw(t, "set")))
		}
		top, nested := set(fields), set(children)

		got, err := places([]string{bitmap(top), fmt.Sprintf("%d-%s", parent, bitmap(nested))}, fields,
			func(i int) int {
				if i == parent {
					return children
				}
				return 0
			})
		if err != nil {
			t.Fatal(err)
		}
		var want []place
		for _, i := range top {
			want = append(want, place{i, -1})
		}
		for _, i := range nested {
			want = append(want, place{parent, i})
		}
		if !slices.Equal(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
	})
}
