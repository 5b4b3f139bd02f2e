package pubsub

import (
	"strings"
	"time"
)

// ChangeType says what happened to a record. Salesforce may add to these.
type ChangeType string

// What happened. Of a gap Salesforce tells only that it was there: the event has
// the records' ids and none of their fields, and the records are to be fetched.
const (
	Create      ChangeType = "CREATE"
	Update      ChangeType = "UPDATE"
	Delete      ChangeType = "DELETE"
	Undelete    ChangeType = "UNDELETE"
	GapCreate   ChangeType = "GAP_CREATE"
	GapUpdate   ChangeType = "GAP_UPDATE"
	GapDelete   ChangeType = "GAP_DELETE"
	GapUndelete ChangeType = "GAP_UNDELETE"
	GapOverflow ChangeType = "GAP_OVERFLOW" // too many to name: see Event.All
)

// Gap reports whether the event leaves out what changed.
func (c ChangeType) Gap() bool { return strings.HasPrefix(string(c), "GAP_") }

// Event is one change of one or more records of an object. The same event may
// come more than once.
type Event struct {
	Object string // its API name, such as Contact
	Type   ChangeType

	// RecordIDs are the records that changed, and all in the same way: Salesforce
	// folds equal changes of one second into one event.
	RecordIDs []string

	// All says that any record of the object may have changed, and RecordIDs is
	// empty: after more changes than Salesforce tells one by one, or after a
	// field was given another type.
	All bool

	// ChangeOrigin is which API and which client made the change, as in
	// com/salesforce/api/rest/62.0;client=Switchboard. A person's change in the
	// browser has none that tells anything.
	ChangeOrigin    string
	CommitTimestamp time.Time
	CommitNumber    int64 // grows with the commits of one org; not one by one
	CommitUser      string
	TransactionKey  string
	Sequence        int // within the transaction

	// Changed names the fields that changed, as REST names them: MailingCity
	// where the event has City of MailingAddress. It is empty where the record
	// came to be, and where it went.
	Changed []string

	// Values holds what the event tells of the record, by the same names: a
	// string, bool, int64, float64 or []any, and nil for a field that was
	// cleared. A field that did not change is not in it. Times are in
	// milliseconds since 1970.
	Values map[string]any

	// Diffs names the fields among Changed whose new text was too long to send.
	// They are not in Values, and have to be fetched.
	Diffs []string

	ReplayID []byte
}

// Client returns the name that the client which made the change goes by, "" if
// it gave none. It is what Sforce-Call-Options said, so that a client knows its
// own changes when they come back.
func (e Event) Client() string {
	for part := range strings.SplitSeq(e.ChangeOrigin, ";") {
		if name, ok := strings.CutPrefix(part, "client="); ok {
			return name
		}
	}
	return ""
}

// Gap is why events may be missing, or "".
type Gap string

// Why events may be missing. Whatever the reason, what came while the events
// were lost is found by comparing records.
const (
	// NoGap is the ordinary case.
	NoGap Gap = ""
	// GapExpired says that Salesforce doesn't know the replay id any more: it
	// keeps events for 72 hours, and forgets them when an org moves.
	GapExpired Gap = "expired"
	// GapDropped says that the connection went before Salesforce had told a
	// replay id to go on after.
	GapDropped Gap = "dropped"
	// GapUnreadable says that an event of this batch could not be read.
	GapUnreadable Gap = "unreadable"
)

// Batch is what Salesforce sent at one time. It holds no events when nothing
// happened for a while: then it says that the subscription lives, and its
// ReplayID is worth keeping all the same, since an old one expires.
type Batch struct {
	Topic  string
	Events []Event // in the order of their commits

	// ReplayID is where to go on after this batch. Whoever keeps it in the
	// transaction that applies the events loses none. nil: keep what you have.
	ReplayID []byte

	// Gap says whether events from before the last of this batch may be missing.
	Gap Gap
}

// Topic returns the name of the topic with the changes of one object.
func Topic(object string) string {
	if custom, ok := strings.CutSuffix(object, "__c"); ok {
		return "/data/" + custom + "__ChangeEvent"
	}
	return "/data/" + object + "ChangeEvent"
}
