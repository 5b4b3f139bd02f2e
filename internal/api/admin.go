package api

import (
	"context"
	"net/http"
	"time"

	"github.com/switchboardhq/switchboard"
)

// Quarantined is a delivery that arrived authentic but could not be read.
type Quarantined struct {
	ID         string    `json:"id"`
	ChannelID  string    `json:"channel_id"`
	Provider   string    `json:"provider"`
	ReceivedAt time.Time `json:"received_at"`
	Reason     string    `json:"reason"`
	Size       int64     `json:"size" doc:"Of the delivery, in bytes."`
}

type quarantineList struct {
	Items      []Quarantined `json:"items" nullable:"false"`
	NextCursor *string       `json:"next_cursor"`
}

// Channel is one connection to a provider account.
type Channel struct {
	ID              string    `json:"id"`
	Provider        string    `json:"provider" example:"twilio"`
	Name            string    `json:"name"`
	Region          string    `json:"region" example:"US"`
	Numbers         []string  `json:"numbers" nullable:"false"`
	AuthenticatedBy *string   `json:"authenticated_by" doc:"The id of the user who hears of texts that no rule could place; null until there is an admin."`
	CreatedAt       time.Time `json:"created_at"`
}

type channelList struct {
	Channels []Channel `json:"channels" nullable:"false"`
}

// Caller is who calls.
type Caller struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Role string `json:"role" enum:"admin,agent,viewer"`
}

func (a *API) adminCalls() {
	add(a, operation{
		id: "getCaller", method: http.MethodGet, path: "/me", group: "Settings", may: switchboard.MayRead,
		summary: "Read which key this is",
	}, func(_ context.Context, actor switchboard.Actor, _ *struct{}) (*struct{ Body Caller }, error) {
		return &struct{ Body Caller }{Caller{ID: actor.ID, Name: actor.Name, Role: string(actor.Role)}}, nil
	})
	add(a, operation{
		id: "listChannels", method: http.MethodGet, path: "/channels", group: "Settings", may: switchboard.MayRead,
		summary: "List the channels, oldest first",
	}, func(ctx context.Context, actor switchboard.Actor, _ *struct{}) (*struct{ Body channelList }, error) {
		channels, err := a.db.Channels(ctx, actor.OrgID)
		list := channelList{Channels: make([]Channel, 0, len(channels))}
		for _, c := range channels {
			j := Channel{ID: c.ID, Provider: c.Provider, Name: c.Name, Region: c.Region, Numbers: []string{}, AuthenticatedBy: orNull(c.AuthenticatedBy), CreatedAt: c.CreatedAt.UTC()}
			for _, n := range c.Numbers {
				j.Numbers = append(j.Numbers, n.Number)
			}
			list.Channels = append(list.Channels, j)
		}
		return &struct{ Body channelList }{list}, err
	})
	a.quarantineCalls()
}

func (a *API) quarantineCalls() {
	add(a, operation{
		id: "listQuarantine", method: http.MethodGet, path: "/quarantine", group: "Quarantine", may: switchboard.MayConfigure,
		summary: "List what arrived authentic but could not be read, newest first", more: "What was replayed is left out.",
	}, func(ctx context.Context, actor switchboard.Actor, in *struct{ Paging }) (*struct{ Body quarantineList }, error) {
		items, next, err := a.db.Quarantined(ctx, actor.OrgID, in.store())
		list := quarantineList{make([]Quarantined, 0, len(items)), orNull(next)}
		for _, q := range items {
			list.Items = append(list.Items, Quarantined{ID: q.ID, ChannelID: q.ChannelID, Provider: q.Provider, ReceivedAt: q.ReceivedAt.UTC(), Reason: q.Reason, Size: q.Size})
		}
		return &struct{ Body quarantineList }{list}, err
	})
	add(a, operation{
		id: "replayQuarantined", method: http.MethodPost, path: "/quarantine/{id}/replay", group: "Quarantine", may: switchboard.MayConfigure,
		summary: "Read a quarantined delivery again", more: "Where it can be read now, what it tells is committed before the answer; a message that is known already is not stored twice.",
		status: http.StatusNoContent, errors: []switchboard.Code{switchboard.CodeNotFound, switchboard.CodeConflict},
	}, func(ctx context.Context, actor switchboard.Actor, in *struct {
		ID string `path:"id"`
	},
	) (*struct{}, error) {
		return nil, a.replay(ctx, actor, in.ID)
	})
}
