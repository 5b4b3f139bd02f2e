package switchboard

import "time"

// Channel is one connection to a provider account: its webhook address, its
// secrets, the user who authenticated it, and our numbers there.
type Channel struct {
	ID              string
	Provider        string
	Name            string
	Region          string // completes national numbers of senders
	Numbers         []ChannelNumber
	AuthenticatedBy string // user id; "" until there is an admin
	Options         map[string]string
	HasSecret       bool
	CreatedAt       time.Time
}

// ChannelNumber is one of our numbers.
type ChannelNumber struct {
	Number string // E.164, or a short code
	Found  bool   // it was not configured: a payload named it
}

// Label returns what people call the channel.
func (c *Channel) Label() string {
	if c.Name != "" {
		return c.Name
	}
	if len(c.Numbers) > 0 {
		return c.Numbers[0].Number
	}
	return c.Provider
}
