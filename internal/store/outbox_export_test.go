package store

import "context"

// EnqueueThen enqueues jobs and runs then before it commits.
func (db *DB) EnqueueThen(ctx context.Context, org string, then func(), jobs ...NewJob) error {
	return db.inTx(ctx, func(t *tx) error {
		if err := t.enqueue(org, jobs...); err != nil {
			return err
		}
		then()
		return nil
	})
}
