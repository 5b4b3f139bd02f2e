package api

import (
	"context"
	"net/http"
	"time"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
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

// FullUser is a user with what admins see.
type FullUser struct {
	ID        string    `json:"id"`
	Email     string    `json:"email"`
	Name      string    `json:"name"`
	Role      string    `json:"role" enum:"admin,agent,viewer"`
	Active    bool      `json:"active"`
	CreatedAt time.Time `json:"created_at"`
}

type userList struct {
	Users []FullUser `json:"users" nullable:"false"`
}

// AuditEntry is one change that a person or a program made.
type AuditEntry struct {
	ID        string    `json:"id"`
	At        time.Time `json:"at"`
	ActorID   *string   `json:"actor_id" doc:"The user or the API key; null for the command line."`
	ActorName string    `json:"actor_name"`
	Action    string    `json:"action" example:"message.assign"`
	Subject   string    `json:"subject" example:"message" doc:"The kind of thing that was changed."`
	SubjectID string    `json:"subject_id"`
	Detail    string    `json:"detail" doc:"Holds nothing of a message's text."`
}

type auditList struct {
	Entries    []AuditEntry `json:"entries" nullable:"false"`
	NextCursor *string      `json:"next_cursor"`
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
	add(a, operation{
		id: "listUsers", method: http.MethodGet, path: "/users", group: "Settings", may: switchboard.MayConfigure,
		summary: "List the users, oldest first",
	}, func(ctx context.Context, actor switchboard.Actor, _ *struct{}) (*struct{ Body userList }, error) {
		users, err := a.db.Users(ctx, actor.OrgID)
		list := userList{make([]FullUser, 0, len(users))}
		for _, u := range users {
			list.Users = append(list.Users, FullUser{u.ID, u.Email, u.Name, string(u.Role), u.Active, u.CreatedAt.UTC()})
		}
		return &struct{ Body userList }{list}, err
	})
	add(a, operation{
		id: "listAudit", method: http.MethodGet, path: "/audit", group: "Settings", may: switchboard.MayConfigure,
		summary: "List what people and programs changed, newest first",
	}, func(ctx context.Context, actor switchboard.Actor, in *struct {
		SubjectID string `query:"subject_id" doc:"Changes of this message, record, channel, …"`
		ActorID   string `query:"actor_id"`
		Paging
	},
	) (*struct{ Body auditList }, error) {
		entries, next, err := a.db.AuditTrail(ctx, actor.OrgID, store.AuditFilter{SubjectID: in.SubjectID, ActorID: in.ActorID, Page: in.store()})
		list := auditList{make([]AuditEntry, 0, len(entries)), orNull(next)}
		for _, e := range entries {
			list.Entries = append(list.Entries, AuditEntry{e.ID, e.At.UTC(), orNull(e.ActorID), e.ActorName, e.Action, e.Subject, e.SubjectID, e.Detail})
		}
		return &struct{ Body auditList }{list}, err
	})
	a.quarantineCalls()
}

func (a *API) quarantined(ctx context.Context, actor switchboard.Actor, p store.Page) (*struct{ Body quarantineList }, error) {
	items, next, err := a.db.Quarantined(ctx, actor.OrgID, p)
	list := quarantineList{make([]Quarantined, 0, len(items)), orNull(next)}
	for _, q := range items {
		list.Items = append(list.Items, Quarantined{ID: q.ID, ChannelID: q.ChannelID, Provider: q.Provider, ReceivedAt: q.ReceivedAt.UTC(), Reason: q.Reason, Size: q.Size})
	}
	return &struct{ Body quarantineList }{list}, err
}

func (a *API) quarantineCalls() {
	add(a, operation{
		id: "listQuarantine", method: http.MethodGet, path: "/quarantine", group: "Quarantine", may: switchboard.MayConfigure,
		summary: "List what arrived authentic but could not be read, newest first", more: "What was replayed is left out.",
	}, func(ctx context.Context, actor switchboard.Actor, in *struct{ Paging }) (*struct{ Body quarantineList }, error) {
		return a.quarantined(ctx, actor, in.store())
	})
	add(a, operation{
		id: "replayQuarantined", method: http.MethodPost, path: "/quarantine/{id}/replay", group: "Quarantine", may: switchboard.MayConfigure,
		summary: "Read a quarantined delivery again", more: "Where it can be read now, what it tells is committed before the answer, which is what the quarantine still holds. A message that is known already is not stored twice.",
		errors: []switchboard.Code{switchboard.CodeNotFound, switchboard.CodeConflict},
	}, func(ctx context.Context, actor switchboard.Actor, in *struct {
		ID string `path:"id"`
	},
	) (*struct{ Body quarantineList }, error) {
		if err := a.replay(ctx, actor, in.ID); err != nil {
			return nil, err
		}
		return a.quarantined(ctx, actor, store.Page{Limit: defaultLimit})
	})
}
