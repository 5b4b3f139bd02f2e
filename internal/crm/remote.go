package crm

import (
	"context"
	"iter"
	"time"

	"github.com/switchboardhq/switchboard"
)

// Remote is an org's Salesforce, as an adapter reaches it. All its errors are a
// [*Problem], or count as one of kind [Retry].
type Remote struct {
	Changes  ChangeReader
	Records  RecordReader
	Messages MessageReader
	Setup    SetupReader
	Writer   RecordWriter
	Sender   MessageWriter
	Events   EventSource // nil: the poll alone finds changes
}

// ChangeReader reads what changed.
type ChangeReader interface {
	// Poll asks for the messages behind a cursor and for the records of objects
	// behind theirs, in as few calls as it can. Its own error is about all of it.
	Poll(ctx context.Context, messages Cursor, records []Asked) (Polled, error)
}

// Asked is an object whose changed records are asked for.
type Asked struct {
	Object switchboard.Object
	Fields []string
	After  Cursor
}

// Polled yields what changed, oldest change first, messages that people changed
// and records: deleted, merged and converted ones among them. The messages were
// read before the records, so that what they name is among these.
type Polled struct {
	Messages iter.Seq2[MessagePage, error]
	Records  []iter.Seq2[RecordPage, error] // in the order in which they were asked for; an error is that object's
}

// RecordReader reads records. What it yields is in pages, so that a million of
// them need little memory.
type RecordReader interface {
	// Load yields all records of an object, those in the bin too, from where an
	// earlier load stopped; the zero value begins one.
	Load(ctx context.Context, object switchboard.Object, fields []string, from Loading) iter.Seq2[LoadPage, error]
	// Find returns the records with the ids. One that is left out has gone
	// without a trace.
	Find(ctx context.Context, object switchboard.Object, fields, ids []string) ([]switchboard.RemoteRecord, error)
	// IDs yields the ids of all records that are not deleted, in no order.
	IDs(ctx context.Context, object switchboard.Object) iter.Seq2[[]string, error]
}

// MessageReader reads what people changed about SMS__c rows.
type MessageReader interface {
	// FindMessages returns the rows with the ids.
	FindMessages(ctx context.Context, ids []string) ([]switchboard.RemoteMessage, error)
}

// SetupReader reads what admins set up in the org.
type SetupReader interface {
	// Users returns the people who may sign in, the inactive ones too.
	Users(ctx context.Context) ([]switchboard.RemoteUser, error)
	// UnknownNumbers returns the setting Create Records From Unknown Numbers, nil
	// if the org has none.
	UnknownNumbers(ctx context.Context) (*switchboard.RemoteUnknownNumbers, error)
}

// RecordWriter writes records, one by one.
type RecordWriter interface {
	// Create makes a record that carries key, and returns its id. By the key a
	// retry finds what an earlier try has made. An object of the org's own may have
	// no field for it: then, with again, which says that an earlier try may have
	// made one, it looks for that. Fields that may not be written are left out. A
	// refusal for a likely duplicate has kind [Duplicate].
	Create(ctx context.Context, object switchboard.Object, key string, again bool, fields switchboard.Fields) (string, error)
	// Update changes fields of a record; nil clears one. Fields that may not be
	// written are left out.
	Update(ctx context.Context, object switchboard.Object, id string, fields switchboard.Fields) error
	// Delete puts a record into the bin. One that has gone already is deleted.
	Delete(ctx context.Context, object switchboard.Object, id string) error
}

// MessageWriter writes messages, and rings.
type MessageWriter interface {
	// Upsert writes messages by their ids, and returns what became of each, in
	// their order. It may be repeated after any outcome.
	Upsert(ctx context.Context, messages []SMS) []Upserted
	// Ring sends a notification. It is no use to repeat it but after [Unknown].
	Ring(ctx context.Context, b Ring) error
}

// EventSource tells of changes as they happen. It may fail at any time, and
// leave out what it likes: the poll finds everything.
type EventSource interface {
	// Subscribe hands changes of an object to handle until ctx ends, handle fails
	// or there is no hope of more; from is the place that an earlier batch named,
	// nil for now.
	Subscribe(ctx context.Context, object switchboard.Object, from []byte, handle func(context.Context, Events) error) error
}

// Cursor is a place in the order of changes. Many rows share a stamp.
type Cursor struct {
	Stamp time.Time
	ID    string // "": before all rows with the stamp
}

// Overlap is how far back of its cursor a poll looks again: a row is seen only
// when its transaction ends, which may be long after its stamp.
const Overlap = 10 * time.Minute

// RecordPage is a part of what changed.
type RecordPage struct {
	Records []switchboard.RemoteRecord
	Next    Cursor    // behind its last row
	ReadAt  time.Time // our clock before it was asked for
}

// MessagePage is a part of the changed SMS__c rows.
type MessagePage struct {
	Messages []switchboard.RemoteMessage
	Next     Cursor
	ReadAt   time.Time
}

// Loading is how far a first load is.
type Loading struct {
	Since time.Time // from when on changes have to be polled for
	Job   string
	Next  string // where it goes on; only the adapter reads it
	Rows  int64
	Total int64
	Done  bool
}

// LoadPage is a part of a first load.
type LoadPage struct {
	Records []switchboard.RemoteRecord
	Loading Loading // behind these records
	ReadAt  time.Time
}

// Events is what an [EventSource] tells at one time.
type Events struct {
	IDs    []string // of the records that changed
	All    bool     // any of them may have, and nothing tells which
	Replay []byte   // where to go on after this; nil: as before
	// Lost says that nothing comes for now, which is told anew with each attempt
	// to go on. The next word of any other kind ends it: there is one at least
	// every few minutes, even if it tells of nothing.
	Lost bool
}

// SMS is a message as it is to be in Salesforce.
type SMS struct {
	ID          string
	Name        string
	Phone       string
	Body        string
	Direction   string
	State       string
	Channel     string
	ReceivedAt  time.Time
	Reason      string
	Explanation string
	// Lookups holds the Salesforce id of the record in each lookup; one that is
	// missing is emptied. nil leaves all as they are.
	Lookups map[switchboard.Object]string
	// Owner is the Salesforce user who is to own the row, "" to leave it to whom it
	// belongs. Where the org does not let that user own it, it stays as it is.
	Owner string
}

// Upserted is what became of a message that was written.
type Upserted struct {
	ID  string // of its row
	Err error
}

// Ring is a notification to be sent.
type Ring struct {
	UserID   string // who gets it
	Title    string
	Body     string
	TargetID string // the row that it leads to
}
