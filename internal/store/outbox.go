package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"github.com/switchboardhq/switchboard"
)

// NewJob asks for an effect outside the database.
type NewJob struct {
	Kind      string
	Key       string // two jobs of one kind and key are one
	SubjectID string // whose current state the worker reads
}

// Job is a job that a worker holds.
type Job struct {
	OrgID     string
	ID        string
	Kind      string
	Key       string
	SubjectID string
	Attempts  int // this one counted
	CreatedAt time.Time

	lease string
}

// enqueue adds jobs in the transaction that calls for them. A job that waits
// already is left as it is, for its worker will see what this transaction
// writes; one that is being worked on runs once more afterwards. Its row stays
// locked until the transaction ends, so that no worker takes it, reads what was
// before, and ends it.
func (t *tx) enqueue(org string, jobs ...NewJob) error {
	jobs = slices.Clone(jobs)
	slices.SortFunc(jobs, func(a, b NewJob) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Key, b.Key)) })
	jobs = slices.CompactFunc(jobs, func(a, b NewJob) bool { return a.Kind == b.Kind && a.Key == b.Key })
	t.asked = t.asked || len(jobs) > 0
	i := insertion{
		into:   "outbox (org_id, attempts, due_at, lease, again, dead, last_error, created_at, id, kind, job_key, subject_id)",
		tail:   "ON CONFLICT (org_id, kind, job_key) WHERE NOT dead DO UPDATE SET again = outbox.lease <> ''",
		shared: []any{org, 0, micros(t.now), "", false, false, "", micros(t.now)},
		width:  4,
	}
	for _, j := range jobs {
		i.args = append(i.args, t.newID(), j.Kind, j.Key, j.SubjectID)
	}
	return t.insert(i)
}

// Enqueue adds jobs of the org by themselves.
func (db *DB) Enqueue(ctx context.Context, org string, jobs ...NewJob) error {
	return db.inTx(ctx, func(t *tx) error { return t.enqueue(org, jobs...) })
}

// Asked returns where a hint comes after this process has committed a
// transaction that asks for jobs. Hints that nobody has taken yet are one.
func (db *DB) Asked() <-chan struct{} { return db.asked }

// ClaimJobs takes jobs of one kind that are due, at most limit and all of one
// org, the one whose job has been due longest. Nobody else gets them until the
// lease is over. It returns none if none is due.
func (db *DB) ClaimJobs(ctx context.Context, kind string, limit int, lease time.Duration) ([]Job, error) {
	var jobs []Job
	token := db.secretToken()
	err := db.inTx(ctx, func(t *tx) error {
		jobs = nil
		var org string
		err := t.one("SELECT org_id FROM outbox WHERE kind = $1 AND due_at <= $2 AND NOT dead ORDER BY due_at LIMIT 1", []any{kind, micros(t.now)}, &org)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		return t.each(func(rows *sql.Rows) error {
			j := Job{OrgID: org, Kind: kind, lease: token}
			var created int64
			err := rows.Scan(&j.ID, &j.Key, &j.SubjectID, &j.Attempts, &created)
			j.CreatedAt = fromMicros(created)
			jobs = append(jobs, j)
			return err
		}, // PostgreSQL would run a plain subquery once for each row, and so take more than the limit.
			`WITH taken AS MATERIALIZED (
				SELECT id FROM outbox WHERE org_id = $1 AND kind = $2 AND due_at <= $3 AND NOT dead ORDER BY due_at, id LIMIT $4`+t.db.dialect.skipLocked+`)
			UPDATE outbox SET lease = $5, due_at = $6, attempts = attempts + 1, again = FALSE WHERE org_id = $1 AND id IN (SELECT id FROM taken)
			RETURNING id, job_key, subject_id, attempts, created_at`,
			org, kind, micros(t.now), limit, token, micros(t.now.Add(lease)))
	})
	slices.SortFunc(jobs, func(a, b Job) int { return cmp.Compare(a.ID, b.ID) })
	return jobs, err
}

// JobResult is what became of a job.
type JobResult struct {
	Job   Job
	Error string    // "" for one that is done
	Retry time.Time // when to try again; zero gives it up as dead
	// NotTried says that this was no attempt at it.
	NotTried bool
}

// FinishJobs writes down what became of jobs. It changes nothing about those
// that the worker holds no more, because their lease was over and another one
// took them. A job that was asked for once more meanwhile is due at once.
func (db *DB) FinishJobs(ctx context.Context, results []JobResult) error {
	results = slices.Clone(results)
	// In the order in which enqueue locks them.
	slices.SortFunc(results, func(a, b JobResult) int { return cmp.Compare(a.Job.Key, b.Job.Key) })
	return db.inTx(ctx, func(t *tx) error {
		for _, r := range results {
			if err := t.finishJob(r); err != nil {
				return err
			}
		}
		return nil
	})
}

func (t *tx) finishJob(r JobResult) error {
	mine := []any{r.Job.OrgID, r.Job.ID, r.Job.lease}
	if r.Error == "" {
		n, err := t.execN("DELETE FROM outbox WHERE org_id = $1 AND id = $2 AND lease = $3 AND NOT again", mine...)
		if err != nil || n > 0 {
			return err
		}
		return t.exec("UPDATE outbox SET lease = '', again = FALSE, attempts = 0, due_at = $4, last_error = '' WHERE org_id = $1 AND id = $2 AND lease = $3", append(mine, micros(t.now))...)
	}
	if r.Retry.IsZero() {
		return t.exec("UPDATE outbox SET lease = '', dead = NOT again, again = FALSE, attempts = CASE WHEN again THEN 0 ELSE attempts END, due_at = $4, last_error = $5 WHERE org_id = $1 AND id = $2 AND lease = $3",
			append(mine, micros(t.now), r.Error)...)
	}
	untried := 0
	if r.NotTried {
		untried = 1
	}
	return t.exec("UPDATE outbox SET lease = '', again = FALSE, due_at = $4, last_error = $5, attempts = attempts - $6 WHERE org_id = $1 AND id = $2 AND lease = $3",
		append(mine, micros(r.Retry), r.Error, untried)...)
}

// DeadJob is a job that was given up.
type DeadJob struct {
	ID        string
	Kind      string
	SubjectID string
	Attempts  int
	LastError string
	CreatedAt time.Time
	GivenUpAt time.Time
}

// DeadJobs lists the jobs that were given up, newest first.
func (db *DB) DeadJobs(ctx context.Context, org string, p Page) ([]DeadJob, string, error) {
	var list []DeadJob
	next := ""
	err := db.inRead(ctx, func(t *tx) error {
		q := newQuery("org_id = ? AND dead", org)
		if p.Cursor != "" {
			q.and("id < ?", p.Cursor)
		}
		err := t.each(func(rows *sql.Rows) error {
			var j DeadJob
			var created, dead int64
			err := rows.Scan(&j.ID, &j.Kind, &j.SubjectID, &j.Attempts, &j.LastError, &created, &dead)
			j.CreatedAt, j.GivenUpAt = fromMicros(created), fromMicros(dead)
			list = append(list, j)
			return err
		}, "SELECT id, kind, subject_id, attempts, last_error, created_at, due_at FROM outbox WHERE "+q.where()+" ORDER BY id DESC "+q.limit(p.Limit+1), q.args...)
		list, next = cutPage(list, p.Limit, func(j DeadJob) string { return j.ID })
		return err
	})
	return list, next, err
}

// RetryJob brings a job that was given up back to work, as if it had never been
// tried. It fails with not_found for one that is not dead.
func (db *DB) RetryJob(ctx context.Context, actor switchboard.Actor, id string) error {
	return db.inTx(ctx, func(t *tx) error {
		var j NewJob
		err := t.one("SELECT kind, job_key, subject_id FROM outbox WHERE org_id = $1 AND id = $2 AND dead"+t.db.dialect.forUpdate, []any{actor.OrgID, id}, &j.Kind, &j.Key, &j.SubjectID)
		if errors.Is(err, sql.ErrNoRows) {
			return switchboard.Errorf(switchboard.CodeNotFound, "There is no failed job %q. Somebody may have retried it already.", id)
		}
		if err != nil {
			return err
		}
		if err := t.exec("DELETE FROM outbox WHERE org_id = $1 AND id = $2", actor.OrgID, id); err != nil {
			return err
		}
		// There may be a live one of the same key by now.
		if err := t.enqueue(actor.OrgID, j); err != nil {
			return err
		}
		return t.audit(actor, "job.retry", "job", id, j.Kind)
	})
}

// OutboxState sums up the jobs of all orgs.
type OutboxState struct {
	Waiting int       // counted up to 1,000
	Oldest  time.Time // when the oldest of them was asked for; zero if none waits
	Dead    int       // counted up to 1,000
}

// OutboxState returns how many jobs wait and how many were given up.
func (db *DB) OutboxState(ctx context.Context) (OutboxState, error) {
	var s OutboxState
	err := db.inRead(ctx, func(t *tx) error {
		var oldest sql.NullInt64
		err := t.one("SELECT COUNT(*), MIN(w.created_at) FROM (SELECT created_at FROM outbox WHERE NOT dead ORDER BY kind, due_at LIMIT $1) w", []any{countLimit}, &s.Waiting, &oldest)
		if err != nil {
			return err
		}
		s.Oldest = fromMicros(oldest.Int64)
		return t.one("SELECT COUNT(*) FROM (SELECT id FROM outbox WHERE dead LIMIT $1) d", []any{countLimit}, &s.Dead)
	})
	return s, err
}
