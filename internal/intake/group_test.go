package intake

import (
	"testing"
	"testing/synctest"
)

// While a group is on its way to the disk a small one would not be there any
// sooner: it grows until there is enough, or the disk is free.
func TestAGroupGrowsWhileTheDiskIsBusy(t *testing.T) {
	arrive := func(n int) func(*testing.T, *Writer) {
		return func(t *testing.T, w *Writer) {
			for range n {
				if err := w.enqueue(&pending{org: "acme"}); err != nil {
					t.Error(err)
				}
			}
		}
	}
	flushed := func(_ *testing.T, w *Writer) { w.flushed() }
	end := func(_ *testing.T, w *Writer) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.closed = true
		w.rouse()
	}
	type steps []func(*testing.T, *Writer)
	for _, tc := range []struct {
		name      string
		unflushed int
		steps     steps // after the last of them, and not before, a group is taken
		size      int
	}{
		{"one alone", 0, steps{arrive(1)}, 1},
		{"one, and then the disk is free", 1, steps{arrive(1), flushed}, 1},
		{"the disk is free, and then comes one", 1, steps{flushed, arrive(1)}, 1},
		{"some, and then the disk is free", 1, steps{arrive(enough - 1), flushed}, enough - 1},
		{"enough", 1, steps{arrive(enough - 1), arrive(1)}, enough},
		{"of two on their way one gets there, and then comes enough", 2, steps{arrive(1), flushed, arrive(enough - 1)}, enough},
		{"the service stops", 1, steps{arrive(2), end}, 2},
		{"the service stops, and nothing waits", 1, steps{end}, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := New(nil, Config{})
				w.unflushed = tc.unflushed
				taken := make(chan []*pending, 1)
				go func() { taken <- w.group() }()
				for _, step := range tc.steps {
					synctest.Wait()
					if len(taken) > 0 {
						t.Fatal("a group is taken too soon")
					}
					step(t, w)
				}
				if group := <-taken; len(group) != tc.size {
					t.Errorf("a group of %d is taken, want %d", len(group), tc.size)
				}
			})
		})
	}
}
