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

// ReceiveThen is Receive that runs then before it commits.
func (db *DB) ReceiveThen(ctx context.Context, org string, batch []Delivery, then func()) error {
	numbers, err := db.takeNumbers(ctx, org, countTexts(batch))
	if err != nil {
		return err
	}
	return db.inTx(ctx, func(t *tx) error {
		r := receiver{tx: t, org: org, results: make([]Received, len(batch)), numbers: numbers}
		if err := r.receive(batch); err != nil {
			return err
		}
		then()
		return nil
	})
}
