package switchboard

import (
	"cmp"
	"slices"
	"time"
)

// Outcome is what a decision did with a message.
type Outcome string

// The outcomes.
const (
	OutcomeAssigned   Outcome = "assigned"
	OutcomeUnassigned Outcome = "unassigned"
	OutcomeCreated    Outcome = "created"
	OutcomeDismissed  Outcome = "dismissed"
)

// Reason is why.
type Reason string

// The reasons, as the rule's table names them.
const (
	ReasonOnlyMatch     Reason = "only_match"     // one record has the number
	ReasonOnlyHistory   Reason = "only_history"   // several have it, one of them has a previous message
	ReasonLatestHistory Reason = "latest_history" // several have previous messages: the most recent decides
	ReasonNoMatch       Reason = "no_match"       // no record has the number
	ReasonAmbiguous     Reason = "ambiguous"      // several have it, none has a previous message
	ReasonCreatedRecord Reason = "created_record" // none had it, so one was created
	ReasonPerson        Reason = "person"         // a person decided
	ReasonBlocked       Reason = "blocked"        // the sender is on the block list
)

// LinkField is what stands for the field's name where a record matches because
// a person linked the number to it.
const LinkField = "link"

// Matched is a phone field through which a record matches, or [LinkField].
type Matched struct {
	Field string `json:"field"`
	Value string `json:"value"`
}

// Moment places a message among those of its sender: by message time, equal
// times by the order in which they were committed.
type Moment struct {
	At  time.Time
	Seq int64
}

// IsZero reports whether there is no such message.
func (m Moment) IsZero() bool { return m.At.IsZero() }

// Compare returns -1, 0 or +1 as m is before, at or after n.
func (m Moment) Compare(n Moment) int {
	return cmp.Or(m.At.Compare(n.At), cmp.Compare(m.Seq, n.Seq))
}

// Candidate is a record that matches a sender.
type Candidate struct {
	Record  RecordRef
	Matched []Matched // never empty: every field that matches, links last
	Last    Moment    // the latest previous message with this sender; zero if there is none
}

// Facts is all that the rule looks at.
type Facts struct {
	Sender     Sender
	Blocked    bool        // the sender is on the org's block list
	Candidates []Candidate // the records that match, each once, deleted ones left out
	// Create says that a record is to be created if none matches: the setting is
	// on, and [MayCreate] allows it for this sender.
	Create          bool
	SettingsVersion int64
}

// Decision says where a message goes and why.
type Decision struct {
	Outcome    Outcome
	Reason     Reason
	Record     *RecordRef // the record chosen; nil when unassigned, dismissed, or not created yet
	Sender     string     // what the sender's number normalised to
	Candidates []Candidate
	// Retroactive says that the rule placed the message later, when the matching
	// records changed; Change says what changed.
	Retroactive     bool
	Change          *Change
	By              *By        // the person who decided; nil for the rule
	From            *RecordRef // the record that a person took it off, if one did
	Dismissal       string     // why a person dismissed it: spam or not_needed
	Refused         string     // why Salesforce refused the record that was made for it, and so has gone; a sentence
	SettingsVersion int64
}

// By names who decided: a user, or an API key.
type By struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Change says what happened to a record that made a number's messages be
// decided again.
type Change struct {
	Kind   ChangeKind `json:"kind"`
	Record RecordRef  `json:"record"`
	Field  string     `json:"field,omitempty"`
	Value  string     `json:"value,omitempty"`
}

// ChangeKind is what happened to a record.
type ChangeKind string

// The kinds of change.
const (
	RecordCreated  ChangeKind = "created"
	RecordEdited   ChangeKind = "edited"
	RecordDeleted  ChangeKind = "deleted"
	RecordRestored ChangeKind = "restored"
	RecordReread   ChangeKind = "reread" // its numbers are read by other settings now
	RecordMerged   ChangeKind = "merged" // another was merged into it, or became it
)

// Route decides what happens to a message. It reads nothing but its argument:
// the same facts always give the same decision, in whatever order the
// candidates come. It neither changes nor keeps f.Candidates.
func Route(f Facts) Decision {
	d := Decision{Sender: f.Sender.Address, SettingsVersion: f.SettingsVersion}
	if len(f.Candidates) > 0 {
		d.Candidates = slices.Clone(f.Candidates)
		if len(d.Candidates) > 1 {
			slices.SortFunc(d.Candidates, func(a, b Candidate) int { return cmp.Compare(a.Record.ID, b.Record.ID) })
		}
	}
	if f.Blocked {
		d.Outcome, d.Reason = OutcomeDismissed, ReasonBlocked
		return d
	}
	switch len(d.Candidates) {
	case 0:
		if f.Create {
			d.Outcome, d.Reason = OutcomeCreated, ReasonCreatedRecord
		} else {
			d.Outcome, d.Reason = OutcomeUnassigned, ReasonNoMatch
		}
		return d
	case 1:
		return d.assign(&d.Candidates[0], ReasonOnlyMatch)
	}
	var latest *Candidate
	previous := 0
	for i := range d.Candidates {
		c := &d.Candidates[i]
		if c.Last.IsZero() {
			continue
		}
		previous++
		if latest == nil || c.Last.Compare(latest.Last) > 0 {
			latest = c
		}
	}
	switch previous {
	case 0:
		d.Outcome, d.Reason = OutcomeUnassigned, ReasonAmbiguous
		return d
	case 1:
		return d.assign(latest, ReasonOnlyHistory)
	}
	return d.assign(latest, ReasonLatestHistory)
}

func (d Decision) assign(c *Candidate, reason Reason) Decision {
	record := c.Record
	d.Outcome, d.Reason, d.Record = OutcomeAssigned, reason, &record
	return d
}

// State returns the state of a message so decided.
func (d Decision) State() State {
	switch d.Outcome {
	case OutcomeAssigned, OutcomeCreated:
		return Assigned
	case OutcomeDismissed:
		return Dismissed
	}
	return Unassigned
}

// Placed returns d as it stands after a person assigned the message to record.
// The candidates stay those of the rule's last decision.
func (d Decision) Placed(record RecordRef, by By) Decision {
	return d.byPerson(OutcomeAssigned, &record, nil, by)
}

// TakenOff returns d as it stands after a person took the message off from.
func (d Decision) TakenOff(from RecordRef, by By) Decision {
	return d.byPerson(OutcomeUnassigned, nil, &from, by)
}

// Dismissed returns d as it stands after a person dismissed the message: why
// is spam or not_needed; from is the record it was on, nil if none.
func (d Decision) Dismissed(why string, from *RecordRef, by By) Decision {
	d = d.byPerson(OutcomeDismissed, nil, from, by)
	d.Dismissal = why
	return d
}

func (d Decision) byPerson(o Outcome, record, from *RecordRef, by By) Decision {
	d.Outcome, d.Reason, d.Record, d.From, d.By = o, ReasonPerson, record, from, &by
	d.Retroactive, d.Change, d.Dismissal, d.Refused = false, nil, "", ""
	return d
}

// StoodFor returns d after the record that it chose was merged into another, or
// became another: that one stands for it, among the candidates too.
func (d Decision) StoodFor(by RecordRef) Decision {
	was := d.Record.ID
	d.Record = &by
	candidates := make([]Candidate, 0, len(d.Candidates))
	at := -1
	for _, c := range d.Candidates {
		if c.Record.ID != was && c.Record.ID != by.ID {
			candidates = append(candidates, c)
			continue
		}
		c.Record = by
		if at < 0 {
			at = len(candidates)
			candidates = append(candidates, c)
			continue
		}
		one := &candidates[at]
		one.Matched = slices.Concat(one.Matched, c.Matched)
		if c.Last.Compare(one.Last) > 0 {
			one.Last = c.Last
		}
	}
	d.Candidates = candidates
	return d
}
