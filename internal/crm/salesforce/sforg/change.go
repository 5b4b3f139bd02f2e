package sforg

import (
	"slices"
	"time"
)

// A ChangeType is what happened to a record, as change events call it.
type ChangeType string

// The kinds of change that an org reports of its own accord. The GAP kinds stand
// in for changes that an org could not describe; see Org.Gap.
const (
	ChangeCreate      ChangeType = "CREATE"
	ChangeUpdate      ChangeType = "UPDATE"
	ChangeDelete      ChangeType = "DELETE"
	ChangeUndelete    ChangeType = "UNDELETE"
	ChangeGapCreate   ChangeType = "GAP_CREATE"
	ChangeGapUpdate   ChangeType = "GAP_UPDATE"
	ChangeGapDelete   ChangeType = "GAP_DELETE"
	ChangeGapUndelete ChangeType = "GAP_UNDELETE"
	ChangeGapOverflow ChangeType = "GAP_OVERFLOW" // IDs is 000000000000000AAA
)

// A Change is one event of the change feed: what Change Data Capture publishes
// of a commit. Records of one object that got the same change in the same commit
// share one event.
type Change struct {
	// Position orders the feed and is what a replay id encodes. It has gaps.
	Position int64

	Object string
	Type   ChangeType
	IDs    []string // 18 characters each

	// Fields has all values that are not null after a create or an undelete,
	// the changed ones after an update (nil: cleared), nothing otherwise.
	// Values are string, bool, float64 or time.Time. SystemModstamp, IsDeleted
	// and calculated fields are never among them, as in Salesforce.
	Fields map[string]any

	// Changed names the fields of an update in the order of Org.Fields.
	// It is empty for a create and an undelete, as in Salesforce.
	Changed []string

	User           string // id of who committed
	Origin         string // com/salesforce/api/rest/62.0;client=NAME
	CommitAt       time.Time
	CommitNumber   int64
	TransactionKey string
	Sequence       int // within the transaction, from 1
}

// retention is how long an org keeps its change events.
const retention = 72 * time.Hour

// feedCapacity bounds the feed: older events are forgotten as if their 72 hours
// were over.
const feedCapacity = 200_000

// feed is the change feed; the org's mutex guards it.
type feed struct {
	changes []Change // by position
	last    int64    // position given last
	earned  chan struct{}
}

func (f *feed) append(c Change) {
	f.last++
	c.Position = f.last
	f.changes = append(f.changes, c)
}

// publish forgets what is too old at now, and wakes those who wait.
func (f *feed) publish(now time.Time) {
	drop := max(0, len(f.changes)-feedCapacity)
	for drop < len(f.changes) && now.Sub(f.changes[drop].CommitAt) > retention {
		drop++
	}
	if drop > 0 {
		f.changes = slices.Clone(f.changes[drop:])
	}
	if f.earned != nil {
		close(f.earned)
		f.earned = nil
	}
}

// ChangesAfter returns the changes of an object, or of all for "", with a
// position greater than pos, oldest first. The caller must not change them.
func (o *Org) ChangesAfter(object string, pos int64) []Change {
	o.mu.Lock()
	defer o.mu.Unlock()
	i, _ := slices.BinarySearchFunc(o.feed.changes, pos+1, func(c Change, p int64) int {
		switch {
		case c.Position < p:
			return -1
		case c.Position > p:
			return 1
		}
		return 0
	})
	var found []Change
	for _, c := range o.feed.changes[i:] {
		if object == "" || c.Object == object {
			found = append(found, c)
		}
	}
	return found
}

// Changed returns a channel that is closed at the next change of any object.
// Take it before ChangesAfter, and no change goes unnoticed.
func (o *Org) Changed() <-chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.feed.earned == nil {
		o.feed.earned = make(chan struct{})
	}
	return o.feed.earned
}

// LastPosition returns the position of the newest change, 0 if there was none.
func (o *Org) LastPosition() int64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.feed.last
}

// EarliestPosition returns the position of the oldest change that is still kept.
// A replay id before it is no longer valid; the one just before it is.
func (o *Org) EarliestPosition() int64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.feed.changes) == 0 {
		return o.feed.last + 1
	}
	return o.feed.changes[0].Position
}

// ForgetChanges empties the feed, as when nobody listened for longer than the
// 72 hours for which Salesforce keeps events.
func (o *Org) ForgetChanges() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.feed.changes = nil
}

// Gap puts a GAP event into the feed: one that names records and says nothing of
// what changed in them.
func (o *Org) Gap(object string, kind ChangeType, ids ...string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if kind == ChangeGapOverflow {
		ids = []string{"000000000000000AAA"}
	}
	now := o.now()
	o.feed.append(Change{Object: object, Type: kind, IDs: ids, User: o.admin.ID, CommitAt: now,
		CommitNumber: o.nextCommit(), TransactionKey: o.randomHex(18), Sequence: 1})
	o.feed.publish(now)
}
