package switchboard

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// NotificationTitle is the title of the notification of an unassigned message,
// word for word as Salesforce admins know it.
const NotificationTitle = "New SMS! (not assigned)"

// NotificationState is what became of a notification.
type NotificationState string

// The states of a notification.
const (
	Unread  NotificationState = "unread"
	Read    NotificationState = "read"
	Cleared NotificationState = "cleared" // nothing of this sender waits for this user any more
)

// Notification tells one user that texts of one sender wait. There is at most
// one that is not cleared for each user and sender.
type Notification struct {
	ID        string
	UserID    string
	Sender    Sender
	MessageID string // the newest waiting message: what it opens
	Count     int    // how many wait
	State     NotificationState
	Body      string
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Recipient is a user who hears of a channel's unassigned messages.
type Recipient struct {
	UserID string
	Why    string // set when it is not the channel's own user: a sentence
}

// Recipients returns who hears of the channel's unassigned messages: the user
// who authenticated it, or, if that user is inactive or missing, each active
// admin, with a sentence that says why. The result is sorted by user.
func Recipients(c Channel, users []User) []Recipient {
	name := ""
	for _, u := range users {
		if u.ID == c.AuthenticatedBy {
			if u.Active {
				return []Recipient{{UserID: u.ID}}
			}
			name = u.Name
		}
	}
	why := fmt.Sprintf("You get this because nobody has authenticated %s.", c.Label())
	if name != "" {
		why = fmt.Sprintf("You get this because %s, who authenticated %s, is inactive.", name, c.Label())
	}
	var to []Recipient
	for _, u := range users {
		if u.Active && u.Role == Admin {
			to = append(to, Recipient{UserID: u.ID, Why: why})
		}
	}
	slices.SortFunc(to, func(a, b Recipient) int { return cmp.Compare(a.UserID, b.UserID) })
	return to
}

// Waiting sums up one sender's messages on one channel that the rule could not
// place.
type Waiting struct {
	ChannelID string
	Count     int
	MessageID string // the newest
	Newest    Moment
	Ring      bool // one of them has just arrived
}

// Bell is what one user's notification about a sender is to be.
type Bell struct {
	UserID    string
	MessageID string
	Count     int
	Why       string
	Ring      bool // unread again
}

// Bells returns the notifications that one sender's waiting messages call for,
// sorted by user: each counts what concerns that user's channels, and opens
// the newest. A user who has one open and is not in the result has it cleared.
func Bells(waiting []Waiting, recipients func(channelID string) []Recipient) []Bell {
	byUser := map[string]*Bell{}
	newest := map[string]Moment{}
	for _, w := range waiting {
		for _, r := range recipients(w.ChannelID) {
			b := byUser[r.UserID]
			if b == nil {
				b = &Bell{UserID: r.UserID}
				byUser[r.UserID] = b
			}
			if b.Count == 0 || w.Newest.Compare(newest[r.UserID]) > 0 {
				newest[r.UserID] = w.Newest
				b.MessageID, b.Why = w.MessageID, r.Why
			}
			b.Count += w.Count
			b.Ring = b.Ring || w.Ring
		}
	}
	bells := make([]Bell, 0, len(byUser))
	for _, b := range byUser {
		bells = append(bells, *b)
	}
	slices.SortFunc(bells, func(a, b Bell) int { return cmp.Compare(a.UserID, b.UserID) })
	return bells
}

// NotificationBody returns the text under the title: whose texts wait, and why
// this user is told, if that needs saying. It holds nothing of the texts.
func NotificationBody(sender string, count int, why string) string {
	s := "1 text from " + sender + " waits for you to assign it."
	if count == 0 {
		return "Nothing from " + sender + " waits any more."
	}
	if count != 1 {
		s = fmt.Sprintf("%d texts from %s wait for you to assign them.", count, sender)
	}
	if why != "" {
		s += " " + why
	}
	return s
}
