package live_test

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchboardhq/switchboard/internal/live"
)

func hinted(w *live.Watcher) bool {
	select {
	case <-w.C:
		return true
	default:
		return false
	}
}

func TestAHintReachesWhoWatchesTheOrgAndNobodyElse(t *testing.T) {
	var hub live.Hub
	a, b, other := hub.Watch("a"), hub.Watch("a"), hub.Watch("b")
	defer other.Close()
	for range 3 { // nobody reads meanwhile: it must not block
		hub.Changed("a")
	}
	if !hinted(a) || !hinted(b) || hinted(other) {
		t.Error("a change in org a should be hinted to both of its watchers, and not to that of org b")
	}
	if hinted(a) {
		t.Error("several changes that nobody has looked at are one hint")
	}
	a.Close()
	hub.Changed("a")
	if hinted(a) || !hinted(b) {
		t.Error("a watcher that is closed hears nothing more, the others do")
	}
}

func TestCommitsAndPagesMeetFromEverywhere(t *testing.T) {
	var hub live.Hub
	var running sync.WaitGroup
	for i := range 8 {
		org := strconv.Itoa(i % 2)
		running.Go(func() {
			for range 200 {
				hub.Changed(org)
			}
		})
		running.Go(func() {
			for range 200 {
				w := hub.Watch(org)
				hub.Changed(org)
				if !hinted(w) {
					t.Error("a change after the watching began was not hinted")
				}
				w.Close()
			}
		})
	}
	running.Wait()
}

func TestWhatOtherProcessesChangeIsHinted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var hub live.Hub
		w := hub.Watch("a")
		defer w.Close()
		var mu sync.Mutex
		stamp, failing, failures := "1", false, 0
		set := func(s string, f bool) {
			mu.Lock()
			defer mu.Unlock()
			stamp, failing = s, f
		}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			hub.Follow(ctx, time.Second, func(_ context.Context, org string) (string, error) {
				if org != "a" {
					t.Errorf("asked for org %s, which nobody watches", org)
				}
				mu.Lock()
				defer mu.Unlock()
				if failing {
					failures++
					return "", errors.New("the store is away")
				}
				return stamp, nil
			}, func(err error) { t.Log(err) })
		}()
		look := func() {
			time.Sleep(time.Second) // the bubble's clock
			synctest.Wait()
		}
		look()
		look()
		if hinted(w) {
			t.Error("hinted although nothing changed")
		}
		set("2", false)
		look()
		if !hinted(w) {
			t.Error("a change was not hinted")
		}
		set("2", true)
		look()
		set("3", false)
		look()
		stop()
		<-done
		if failures != 1 || !hinted(w) {
			t.Errorf("after %d failures the next look should find the change", failures)
		}
	})
}
