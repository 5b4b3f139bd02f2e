package switchboard

import "time"

// Direction says who sent a message.
type Direction string

// The two directions.
const (
	Inbound  Direction = "inbound"  // from the sender to us
	Outbound Direction = "outbound" // from us to the sender
)

// State is where a message stands.
type State string

// The states of a message.
const (
	Assigned   State = "assigned"   // it belongs to a record
	Unassigned State = "unassigned" // it waits for a person
	Dismissed  State = "dismissed"  // nobody needs to place it
)

// Media is an attachment, kept as the provider's link.
type Media struct {
	URL         string `json:"url"`
	ContentType string `json:"content_type"`
}

// Message is a stored text, in either direction.
type Message struct {
	ID                string
	Number            int64 // its number in the org; see [Message.Name]
	Direction         Direction
	ChannelID         string
	Sender            Sender // the other side: from of an inbound, to of an outbound message
	Ours              string // our number, E.164 or a short code as configured
	Body              string
	ProviderMessageID string
	Media             []Media
	SentAt            time.Time // as the provider says; zero if it doesn't
	ReceivedAt        time.Time
	Time              time.Time // message time: SentAt, but never later than ReceivedAt; else ReceivedAt
	Seq               int64     // the sender's sequence number at commit: orders equal times
	State             State
	Record            *RecordRef // where it is assigned; nil otherwise
	Decision          *Decision  // nil for an outbound message
	PlacementID       string     // the actions of persons that placed it there, separated by spaces; "" if the rule did
	Version           int64      // grows with each change
	Flags             []Flag
}

// Name returns the message's name as people see it: SMS-000042.
func (m *Message) Name() string { return MessageName(m.Number) }

// From and To return the two numbers in the message's own direction.
func (m *Message) From() string {
	if m.Direction == Outbound {
		return m.Ours
	}
	return m.Sender.Address
}

// To returns the receiving number.
func (m *Message) To() string {
	if m.Direction == Outbound {
		return m.Sender.Address
	}
	return m.Ours
}

// Flag marks something that a person should know about a message.
type Flag string

// The flags of a message.
const (
	FlagPossibleRepeat Flag = "possible_repeat" // an equal text came a moment before under another id
	FlagIDReused       Flag = "id_reused"       // its id was delivered again with another text; the first is kept
	FlagRepaired       Flag = "repaired"        // bytes that a database cannot hold are shown as U+FFFD; the raw bytes are kept
)

// MessageTime returns the time that orders a message among its sender's: the
// provider's sent time, never later than received; else received.
func MessageTime(sent, received time.Time) time.Time {
	if sent.IsZero() || sent.After(received) {
		return received
	}
	return sent
}

// MessageName returns the name of the message with number n: SMS-000042.
func MessageName(n int64) string {
	const digits = "0123456789"
	var b [24]byte
	i := len(b)
	for n > 0 || i > len(b)-6 {
		i--
		b[i] = digits[n%10]
		n /= 10
	}
	return "SMS-" + string(b[i:])
}

// Event is one thing that a provider (or the API) tells us. Exactly one of its
// members is set.
type Event struct {
	Text     *Text
	Consent  *Consent
	Delivery *Delivery
}

// Text is a message as it was handed over, not yet stored. Numbers stand in it
// as they came.
type Text struct {
	Direction         Direction
	Account           string // the provider account it came through; "" means the channel itself
	ProviderMessageID string // unique within the account
	// Twin names the kind of callback that carried the text, where one text
	// arrives in several kinds of callback under different ids. Two of different
	// kinds join; two of the same kind never do.
	Twin   string
	Sender string // the other side
	Ours   string // our number; "" means the channel's first
	Body   string
	Raw    []byte // the bytes of the body, where Body had to be repaired; else nil
	Media  []Media
	SentAt time.Time // zero if the provider doesn't say
	// RecordID is the record of an outbound message that was logged with one.
	RecordID string
}

// Consent is a sender's wish to get no more texts, or to get them again.
type Consent struct {
	Account string
	EventID string // unique within the account; "" if the provider gives none
	Sender  string
	Ours    string
	OptOut  bool
	At      time.Time // zero: when it was received
}

// Delivery is what became of a message that went out.
type Delivery struct {
	Account           string
	ProviderMessageID string
	Sender            string
	Status            DeliveryStatus
	Detail            string // the provider's own word
}

// DeliveryStatus is what is known of an outbound message's way.
type DeliveryStatus string

// The delivery states.
const (
	DeliveryUnknown     DeliveryStatus = "unknown"
	DeliverySent        DeliveryStatus = "sent"
	DeliveryDelivered   DeliveryStatus = "delivered"
	DeliveryUndelivered DeliveryStatus = "undelivered"
)
