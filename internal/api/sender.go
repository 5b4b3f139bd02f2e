package api

import (
	"context"
	"net/http"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
)

type blockedList struct {
	BlockedSenders []BlockedSender `json:"blocked_senders" nullable:"false"`
	NextCursor     *string         `json:"next_cursor"`
}

// BlockRequest is a sender to be blocked.
type BlockRequest struct {
	Sender string  `json:"sender" minLength:"1" maxLength:"256" doc:"A number in any form, or a sender that is none."`
	Reason *string `json:"reason,omitempty" nullable:"true" maxLength:"500"`
}

// UnblockRequest is a sender to be taken off the block list.
type UnblockRequest struct {
	Sender string `json:"sender" minLength:"1" maxLength:"256"`
}

type blockedBody struct {
	BlockedSender BlockedSender `json:"blocked_sender"`
}

type linkList struct {
	Links      []Link  `json:"links" nullable:"false"`
	NextCursor *string `json:"next_cursor"`
}

type decisionBody struct {
	Decision Decision `json:"decision"`
}

// RouteRequest is a text that has not come.
type RouteRequest struct {
	ChannelID string `json:"channel_id" minLength:"1"`
	From      string `json:"from" minLength:"1" maxLength:"256"`
}

func (a *API) senderCalls() {
	add(a, operation{
		id: "explainRoute", method: http.MethodPost, path: "/route", group: "Messages", may: switchboard.MayRead,
		summary: "Explain what would happen to a text", more: "Writes nothing.", errors: []switchboard.Code{switchboard.CodeNotFound},
	}, func(ctx context.Context, actor switchboard.Actor, in *struct{ Body RouteRequest }) (*struct{ Body decisionBody }, error) {
		d, err := a.desk.Explain(ctx, actor, in.Body.ChannelID, in.Body.From)
		if err != nil {
			return nil, err
		}
		r, err := a.reader(ctx, actor)
		return &struct{ Body decisionBody }{decisionBody{NewDecision(d, r)}}, err
	})
	a.blockCalls()
	a.linkCalls()
}

func (a *API) blockCalls() {
	add(a, operation{
		id: "listBlockedSenders", method: http.MethodGet, path: "/blocked-senders", group: "Senders", may: switchboard.MayRead,
		summary: "List the block list, newest first",
	}, func(ctx context.Context, actor switchboard.Actor, in *struct{ Paging }) (*struct{ Body blockedList }, error) {
		blocked, next, err := a.db.BlockedSenders(ctx, actor.OrgID, in.store())
		list := blockedList{make([]BlockedSender, 0, len(blocked)), orNull(next)}
		for _, b := range blocked {
			list.BlockedSenders = append(list.BlockedSenders, newBlocked(b))
		}
		return &struct{ Body blockedList }{list}, err
	})
	add(a, operation{
		id: "blockSender", method: http.MethodPost, path: "/blocked-senders", group: "Senders", may: switchboard.MayBlock,
		summary: "Block a sender", more: "From now on its texts are dismissed as they come. Blocking a blocked one changes its reason.", status: http.StatusCreated,
	}, func(ctx context.Context, actor switchboard.Actor, in *struct{ Body BlockRequest }) (*struct{ Body blockedBody }, error) {
		b, err := a.desk.Block(ctx, actor, in.Body.Sender, text(in.Body.Reason))
		return &struct{ Body blockedBody }{blockedBody{newBlocked(b)}}, err
	})
	add(a, operation{
		id: "unblockSender", method: http.MethodDelete, path: "/blocked-senders", group: "Senders", may: switchboard.MayBlock,
		summary: "Take a sender off the block list", more: "The sender stands in the body, or in the query. What was dismissed stays so.",
		errors: []switchboard.Code{switchboard.CodeNotFound},
	}, func(ctx context.Context, actor switchboard.Actor, in *struct {
		Sender string          `query:"sender" maxLength:"256"`
		Body   *UnblockRequest `required:"false"`
	},
	) (*struct{}, error) {
		if in.Body != nil {
			return nil, a.desk.Unblock(ctx, actor, in.Body.Sender)
		}
		s, err := a.sender(ctx, actor, in.Sender)
		if err != nil {
			return nil, err
		}
		return nil, a.desk.Unblock(ctx, actor, s.Address)
	})
}

func (a *API) linkCalls() {
	add(a, operation{
		id: "listLinks", method: http.MethodGet, path: "/links", group: "Senders", may: switchboard.MayRead,
		summary: "List the numbers that people linked to records, newest first",
	}, func(ctx context.Context, actor switchboard.Actor, in *struct {
		Sender   string `query:"sender" maxLength:"256" doc:"A number in any form."`
		RecordID string `query:"record_id"`
		Paging
	},
	) (*struct{ Body linkList }, error) {
		f := store.LinkFilter{RecordID: in.RecordID, Page: in.store()}
		if in.Sender != "" {
			s, err := a.sender(ctx, actor, in.Sender)
			if err != nil {
				return nil, err
			}
			f.Key = s.Key
		}
		links, next, err := a.db.Links(ctx, actor.OrgID, f)
		list := linkList{make([]Link, 0, len(links)), orNull(next)}
		for _, l := range links {
			list.Links = append(list.Links, newLink(l))
		}
		return &struct{ Body linkList }{list}, err
	})
	add(a, operation{
		id: "deleteLink", method: http.MethodDelete, path: "/links/{id}", group: "Senders", may: switchboard.MayPlace,
		summary: "Forget a remembered number", more: "Decides nothing again.", errors: []switchboard.Code{switchboard.CodeNotFound},
	}, func(ctx context.Context, actor switchboard.Actor, in *struct {
		ID string `path:"id"`
	},
	) (*struct{}, error) {
		return nil, a.desk.DeleteLink(ctx, actor, in.ID)
	})
}
