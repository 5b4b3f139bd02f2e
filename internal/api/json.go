package api

import (
	"time"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
)

// The types below are the JSON of the API. Their names are those of the schemas
// in the OpenAPI document.

// RecordRef names a record.
type RecordRef struct {
	ID     string `json:"id"`
	Object string `json:"object" enum:"Contact,Lead,Account"`
	Name   string `json:"name" example:"Jane Doe"`
}

// Record is a Contact, a Lead or an Account.
type Record struct {
	ID           string         `json:"id"`
	Object       string         `json:"object" enum:"Contact,Lead,Account"`
	Name         string         `json:"name" example:"Jane Doe" doc:"As people see it, made of the fields."`
	Fields       map[string]any `json:"fields" doc:"Values by Salesforce field name, as they were entered."`
	SalesforceID *string        `json:"salesforce_id"`
	Origin       string         `json:"origin" enum:"person,import,salesforce,unknown_number"`
	Deleted      bool           `json:"deleted"`
	Version      int64          `json:"version" doc:"Grows with each change."`
	CreatedAt    time.Time      `json:"created_at"`
	UpdatedAt    time.Time      `json:"updated_at"`
}

// Matched is a field through which a record matches.
type Matched struct {
	Field string `json:"field" example:"MobilePhone" doc:"A field's name, or link for a number that a person linked to the record."`
	Value string `json:"value" example:"(512) 555-0177"`
}

// Candidate is a record that matches a sender.
type Candidate struct {
	Record        RecordRef  `json:"record"`
	Matched       []Matched  `json:"matched" nullable:"false"`
	LastMessageAt *time.Time `json:"last_message_at" doc:"When the latest previous message with this sender was; null if there is none."`
}

// Decision says where a message went and why.
type Decision struct {
	Outcome     string      `json:"outcome" enum:"assigned,unassigned,created,dismissed"`
	Reason      string      `json:"reason" enum:"only_match,only_history,latest_history,no_match,ambiguous,created_record,person,blocked"`
	Retroactive bool        `json:"retroactive" doc:"The rule placed the message later, when the matching records changed."`
	Because     string      `json:"because" doc:"One English sentence."`
	Sender      string      `json:"sender" example:"+15125550177" doc:"What the sender's number normalised to."`
	Candidates  []Candidate `json:"candidates" nullable:"false" doc:"The records that matched."`
}

// Media is an attachment, as the provider's link.
type Media struct {
	URL         string `json:"url" maxLength:"2000"`
	ContentType string `json:"content_type" required:"false" maxLength:"200" example:"image/jpeg"`
}

// Message is a text, in either direction.
type Message struct {
	ID                string     `json:"id"`
	Name              string     `json:"name" example:"SMS-000042"`
	Direction         string     `json:"direction" enum:"inbound,outbound"`
	ChannelID         string     `json:"channel_id"`
	From              string     `json:"from" example:"+15125550177" doc:"E.164, or as it came if it is no number."`
	To                string     `json:"to" example:"+15125550100"`
	Body              string     `json:"body"`
	ProviderMessageID string     `json:"provider_message_id"`
	Media             []Media    `json:"media" nullable:"false"`
	SentAt            *time.Time `json:"sent_at" doc:"As the provider says; null if it does not."`
	ReceivedAt        time.Time  `json:"received_at"`
	State             string     `json:"state" enum:"assigned,unassigned,dismissed"`
	Record            *RecordRef `json:"record"`
	Decision          *Decision  `json:"decision" doc:"Null for an outbound message."`
	Flags             []string   `json:"flags" nullable:"false" doc:"What a person should know: possible_repeat, id_reused, repaired."`
	Version           int64      `json:"version" doc:"Grows with each change. Hand it in with a change to be told if somebody was faster."`
}

// User names a user.
type User struct {
	ID    string `json:"id"`
	Email string `json:"email"`
	Name  string `json:"name"`
}

// Notification tells one user that texts of one sender wait.
type Notification struct {
	ID        string    `json:"id"`
	Kind      string    `json:"kind" enum:"unassigned,new_sms"`
	Title     string    `json:"title" example:"New SMS! (not assigned)"`
	Body      string    `json:"body"`
	MessageID string    `json:"message_id" doc:"The newest waiting message."`
	Sender    string    `json:"sender"`
	Count     int       `json:"count" doc:"How many of the sender's messages wait for this user."`
	State     string    `json:"state" enum:"unread,read,cleared"`
	User      User      `json:"user"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// Link is a number that a person linked to a record.
type Link struct {
	ID        string    `json:"id"`
	Sender    string    `json:"sender" example:"+15125550177"`
	Record    RecordRef `json:"record"`
	User      User      `json:"user" doc:"Who asked for it first."`
	CreatedAt time.Time `json:"created_at"`
}

// BlockedSender is a sender whose texts are dismissed as they come.
type BlockedSender struct {
	Sender    string    `json:"sender" example:"+15125550177"`
	Reason    string    `json:"reason"`
	By        string    `json:"by" doc:"The name of who blocked it."`
	CreatedAt time.Time `json:"created_at"`
}

// Reader returns for whom the API's sentences are written: somebody who reads
// them at any time, in the org's country.
func Reader(s switchboard.Settings) switchboard.Reader {
	loc, err := time.LoadLocation(s.TimeZone)
	if err != nil {
		loc = time.UTC
	}
	return switchboard.Reader{Region: s.Region, Location: loc}
}

// NewDecision returns the JSON of a decision.
func NewDecision(d switchboard.Decision, r switchboard.Reader) Decision {
	j := Decision{
		Outcome: string(d.Outcome), Reason: string(d.Reason), Retroactive: d.Retroactive,
		Because: d.Because(r), Sender: d.Sender, Candidates: make([]Candidate, 0, len(d.Candidates)),
	}
	for _, c := range d.Candidates {
		candidate := Candidate{Record: newRecordRef(c.Record), Matched: make([]Matched, 0, len(c.Matched)), LastMessageAt: timeOrNull(c.Last.At)}
		for _, m := range c.Matched {
			candidate.Matched = append(candidate.Matched, Matched(m))
		}
		j.Candidates = append(j.Candidates, candidate)
	}
	return j
}

func newRecordRef(r switchboard.RecordRef) RecordRef {
	return RecordRef{ID: r.ID, Object: string(r.Object), Name: r.Name}
}

func newRecord(r *switchboard.Record) Record {
	j := Record{
		ID: r.ID, Object: string(r.Object), Name: r.Name, Fields: r.Fields, Origin: string(r.Origin), Deleted: r.Deleted,
		Version: r.Version, CreatedAt: r.CreatedAt.UTC(), UpdatedAt: r.UpdatedAt.UTC(),
	}
	if r.SalesforceID != "" {
		j.SalesforceID = &r.SalesforceID
	}
	if j.Fields == nil {
		j.Fields = map[string]any{}
	}
	return j
}

func newMessage(m *switchboard.Message, r switchboard.Reader) Message {
	j := Message{
		ID: m.ID, Name: m.Name(), Direction: string(m.Direction), ChannelID: m.ChannelID, From: m.From(), To: m.To(), Body: m.Body,
		ProviderMessageID: m.ProviderMessageID, Media: make([]Media, 0, len(m.Media)), SentAt: timeOrNull(m.SentAt),
		ReceivedAt: m.ReceivedAt.UTC(), State: string(m.State), Flags: make([]string, 0, len(m.Flags)), Version: m.Version,
	}
	for _, media := range m.Media {
		j.Media = append(j.Media, Media(media))
	}
	for _, f := range m.Flags {
		j.Flags = append(j.Flags, string(f))
	}
	if m.Record != nil {
		ref := newRecordRef(*m.Record)
		j.Record = &ref
	}
	if m.Decision != nil && m.Direction == switchboard.Inbound {
		d := NewDecision(*m.Decision, r)
		j.Decision = &d
	}
	return j
}

func newMessages(messages []*switchboard.Message, r switchboard.Reader) []Message {
	list := make([]Message, 0, len(messages))
	for _, m := range messages {
		list = append(list, newMessage(m, r))
	}
	return list
}

func newUser(u switchboard.User) User { return User{ID: u.ID, Email: u.Email, Name: u.Name} }

func newLink(l store.Link) Link {
	return Link{ID: l.ID, Sender: l.Sender.Address, Record: newRecordRef(l.Record), User: newUser(l.User), CreatedAt: l.CreatedAt.UTC()}
}

func newBlocked(b store.Blocked) BlockedSender {
	return BlockedSender{Sender: b.Sender.Address, Reason: b.Reason, By: b.By, CreatedAt: b.At.UTC()}
}

func timeOrNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// orNull returns nil, which is null in JSON, for "".
func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
