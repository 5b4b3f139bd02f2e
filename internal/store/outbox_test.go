package store_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
	"github.com/switchboardhq/switchboard/internal/store/storetest"
)

const kind = "bell"

func enqueue(t *testing.T, db *store.DB, keys ...string) {
	t.Helper()
	var jobs []store.NewJob
	for _, k := range keys {
		jobs = append(jobs, store.NewJob{Kind: kind, Key: k, SubjectID: "subject " + k})
	}
	if err := db.Enqueue(context.Background(), storetest.Org(t, db), jobs...); err != nil {
		t.Fatal(err)
	}
}

func claim(t *testing.T, db *store.DB, limit int) []store.Job {
	t.Helper()
	jobs, err := db.ClaimJobs(context.Background(), kind, limit, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	return jobs
}

func finish(t *testing.T, db *store.DB, results ...store.JobResult) {
	t.Helper()
	if err := db.FinishJobs(context.Background(), results); err != nil {
		t.Fatal(err)
	}
}

func keys(jobs []store.Job) []string {
	s := []string{}
	for _, j := range jobs {
		s = append(s, j.Key)
	}
	return s
}

func TestAJobIsHeldByOneWorkerAndDoneOnce(t *testing.T) {
	storetest.EachClock(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		enqueue(t, db, "c", "a", "b", "a")
		enqueue(t, db, "a")
		first := claim(t, db, 2)
		if !slices.Equal(keys(first), []string{"a", "b"}) || first[0].SubjectID != "subject a" || first[0].Attempts != 1 {
			t.Fatalf("the first worker holds %+v", first)
		}
		second := claim(t, db, 10)
		if !slices.Equal(keys(second), []string{"c"}) {
			t.Fatalf("the second worker holds %v", keys(second))
		}
		if other, err := db.ClaimJobs(context.Background(), "mail", 10, time.Minute); err != nil || len(other) != 0 {
			t.Errorf("jobs of another kind: %v, %v", other, err)
		}
		for _, j := range append(first, second...) {
			finish(t, db, store.JobResult{Job: j})
		}
		clock.Advance(time.Hour)
		if left := claim(t, db, 10); len(left) != 0 {
			t.Errorf("done, and still there: %v", keys(left))
		}
		enqueue(t, db, "a") // its effect is wanted once more
		if again := claim(t, db, 10); len(again) != 1 {
			t.Errorf("asked for after it was done: %v", keys(again))
		}
	})
}

func TestAJobAskedForWhileItRunsRunsAgain(t *testing.T) {
	storetest.EachClock(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		for name, end := range map[string]func(j store.Job) store.JobResult{
			"done":     func(j store.Job) store.JobResult { return store.JobResult{Job: j} },
			"given up": func(j store.Job) store.JobResult { return store.JobResult{Job: j, Error: "no"} },
		} {
			enqueue(t, db, "a")
			j := claim(t, db, 10)[0]
			enqueue(t, db, "a")
			if early := claim(t, db, 10); len(early) != 0 {
				t.Errorf("%s: it runs twice at once", name)
			}
			finish(t, db, end(j))
			again := claim(t, db, 10)
			if len(again) != 1 || again[0].Attempts != 1 {
				t.Fatalf("%s: then %+v is due", name, again)
			}
			finish(t, db, store.JobResult{Job: again[0]})
			if left := claim(t, db, 10); len(left) != 0 {
				t.Errorf("%s: it goes on: %+v", name, left)
			}
		}
	})
}

// A worker that took the job, read the state and ended the job before the
// asking transaction commits would lose its effect.
func TestAJobIsNotTakenBeforeWhoAskedForItCommits(t *testing.T) {
	// SQLite has one writer: nobody takes anything meanwhile.
	db := storetest.Open(t, storetest.Postgres, storetest.NewClock())
	enqueue(t, db, "a")
	taken := -1
	err := db.EnqueueThen(context.Background(), storetest.Org(t, db), func() { taken = len(claim(t, db, 10)) }, store.NewJob{Kind: kind, Key: "a"})
	if err != nil {
		t.Fatal(err)
	}
	if taken != 0 {
		t.Error("the job was taken before the transaction that asked for it committed")
	}
	if after := claim(t, db, 10); len(after) != 1 {
		t.Errorf("afterwards there are %d jobs", len(after))
	}
}

func TestALeaseThatIsOverIsSomebodyElses(t *testing.T) {
	storetest.EachClock(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		enqueue(t, db, "a")
		slow := claim(t, db, 10)[0]
		clock.Advance(59 * time.Second)
		if early := claim(t, db, 10); len(early) != 0 {
			t.Fatal("the lease ended early")
		}
		clock.Advance(2 * time.Second)
		quick := claim(t, db, 10)
		if len(quick) != 1 || quick[0].Attempts != 2 {
			t.Fatalf("after the lease %+v is due", quick)
		}
		finish(t, db, store.JobResult{Job: slow})                                                    // comes too late
		finish(t, db, store.JobResult{Job: slow, Error: "no"})                                       // and so does this
		finish(t, db, store.JobResult{Job: slow, Error: "no", Retry: clock.Now().Add(-time.Second)}) // and this
		if stolen := claim(t, db, 10); len(stolen) != 0 {
			t.Error("a worker whose lease is over gave the job away")
		}
		finish(t, db, store.JobResult{Job: quick[0], Error: "busy", Retry: clock.Now().Add(time.Minute)})
		if early := claim(t, db, 10); len(early) != 0 {
			t.Error("it is tried again at once")
		}
		clock.Advance(time.Minute + time.Second)
		if later := claim(t, db, 10); len(later) != 1 || later[0].Attempts != 3 {
			t.Errorf("later %+v is due", later)
		}
	})
}

func TestADeadJobIsListedAndRetried(t *testing.T) {
	storetest.EachClock(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		ctx := context.Background()
		dana := storetest.Admin(t, db)
		enqueue(t, db, "a", "b")
		for _, j := range claim(t, db, 10) {
			finish(t, db, store.JobResult{Job: j, Error: "the address is gone"})
		}
		if s, err := db.OutboxState(ctx); err != nil || s.Dead != 2 || s.Waiting != 0 || !s.Oldest.IsZero() {
			t.Errorf("the outbox: %+v, %v", s, err)
		}
		list, next, err := db.DeadJobs(ctx, dana.OrgID, store.Page{Limit: 1})
		if err != nil || len(list) != 1 || next == "" || list[0].LastError != "the address is gone" || list[0].SubjectID != "subject b" || list[0].Attempts != 1 {
			t.Fatalf("dead: %+v, %q, %v", list, next, err)
		}
		enqueue(t, db, "b") // the next one of its key lives
		for _, j := range list {
			if err := db.RetryJob(ctx, dana, j.ID); err != nil {
				t.Fatal(err)
			}
			wantCode(t, db.RetryJob(ctx, dana, j.ID), switchboard.CodeNotFound)
		}
		list, _, err = db.DeadJobs(ctx, dana.OrgID, store.Page{Limit: 10})
		if err != nil || len(list) != 1 {
			t.Fatalf("still dead: %+v, %v", list, err)
		}
		if err := db.RetryJob(ctx, dana, list[0].ID); err != nil {
			t.Fatal(err)
		}
		if s, err := db.OutboxState(ctx); err != nil || s.Dead != 0 || s.Waiting != 2 {
			t.Errorf("the outbox: %+v, %v", s, err)
		}
		if live := claim(t, db, 10); len(live) != 2 || live[0].Attempts != 1 {
			t.Errorf("live again: %+v", live)
		}
	})
}

func TestWorkersShareTheJobsAndEachIsDone(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		const n, workers = 60, 4
		var all []string
		for i := range n {
			all = append(all, fmt.Sprintf("%02d", i))
		}
		enqueue(t, db, all...)
		var mu sync.Mutex
		var done []string
		var wg sync.WaitGroup
		for range workers {
			wg.Go(func() {
				for {
					jobs, err := db.ClaimJobs(context.Background(), kind, 7, time.Minute)
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					done = append(done, keys(jobs)...)
					finished := len(done) >= n
					mu.Unlock()
					var results []store.JobResult
					for _, j := range jobs {
						results = append(results, store.JobResult{Job: j})
					}
					if err := db.FinishJobs(context.Background(), results); err != nil {
						t.Error(err)
					}
					if len(jobs) == 0 && finished {
						return
					}
				}
			})
		}
		wg.Wait()
		slices.Sort(done)
		if !slices.Equal(done, all) {
			t.Errorf("%d jobs were done %d times: %v", n, len(done), done)
		}
	})
}
