package api

import (
	"context"
	"net/http"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
)

// Placed is what an action on messages did.
type Placed struct {
	Messages  []Message `json:"messages" nullable:"false" doc:"As they are now; the one in the path comes first."`
	Undo      string    `json:"undo" doc:"The token that takes the action back, once, within a day, by the same key."`
	CameAlong []Message `json:"came_along" nullable:"false" doc:"After a remembered number was forgotten: the later messages that came to the record by it alone."`
}

type placedAnswer struct{ Body Placed }

func (a *API) placed(ctx context.Context, actor switchboard.Actor, c store.Changed, err error) (*placedAnswer, error) {
	if err != nil {
		return nil, err
	}
	r, err := a.reader(ctx, actor)
	return &placedAnswer{Placed{newMessages(c.Messages, r), c.Undo, newMessages(c.CameAlong, r)}}, err
}

// Assignment is where a message is to go.
type Assignment struct {
	RecordID string `json:"record_id" minLength:"1"`
	Scope    string `json:"scope,omitempty" enum:"message,sender" default:"message" doc:"With sender, all unassigned messages of this sender go along."`
	Remember bool   `json:"remember,omitempty" doc:"Link the sender's number to the record, so that the next text from it matches."`
	Version  int64  `json:"version,omitempty" minimum:"0" doc:"The message's version as the caller saw it: 409 if somebody was faster."`
}

// DismissalRequest says why a message needs no record.
type DismissalRequest struct {
	Reason      string `json:"reason" enum:"spam,not_needed"`
	BlockSender bool   `json:"block_sender,omitempty" doc:"From now on the sender's texts are dismissed as they come."`
	Version     int64  `json:"version,omitempty" minimum:"0" doc:"The message's version as the caller saw it: 409 if somebody was faster."`
}

// UndoRequest names the action to take back.
type UndoRequest struct {
	Token string `json:"token" minLength:"1"`
}

type undone struct {
	Messages []Message `json:"messages" nullable:"false"`
}

func (a *API) placingCalls() {
	add(a, operation{
		id: "assignMessage", method: http.MethodPut, path: "/messages/{id}/assignment", group: "Placing", may: switchboard.MayPlace,
		summary: "Assign a message to a record",
		more:    "A message that is assigned or dismissed already is moved.",
		errors:  []switchboard.Code{switchboard.CodeNotFound, switchboard.CodeRecordDeleted, switchboard.CodeConflict},
	}, func(ctx context.Context, actor switchboard.Actor, in *struct {
		MessagePath
		Body Assignment
	},
	) (*placedAnswer, error) {
		c, err := a.desk.Place(ctx, actor, store.Placement{
			MessageIDs: []string{in.ID}, RecordID: in.Body.RecordID,
			WholeSender: in.Body.Scope == "sender", Remember: in.Body.Remember, Version: in.Body.Version,
		})
		return a.placed(ctx, actor, c, err)
	})
	add(a, operation{
		id: "takeOffMessage", method: http.MethodDelete, path: "/messages/{id}/assignment", group: "Placing", may: switchboard.MayPlace,
		summary: "Take a message off its record",
		more:    "It stands in the queue again, without a bell, until a person acts.",
		errors:  []switchboard.Code{switchboard.CodeNotFound, switchboard.CodeNotAssigned, switchboard.CodeConflict},
	}, func(ctx context.Context, actor switchboard.Actor, in *MessagePath) (*placedAnswer, error) {
		c, err := a.desk.TakeOff(ctx, actor, []string{in.ID}, 0)
		return a.placed(ctx, actor, c, err)
	})
	add(a, operation{
		id: "dismissMessage", method: http.MethodPost, path: "/messages/{id}/dismiss", group: "Placing", may: switchboard.MayPlace,
		summary: "Dismiss a message that nobody needs to place",
		errors:  []switchboard.Code{switchboard.CodeNotFound, switchboard.CodeConflict},
	}, func(ctx context.Context, actor switchboard.Actor, in *struct {
		MessagePath
		Body DismissalRequest
	},
	) (*placedAnswer, error) {
		c, err := a.desk.Dismiss(ctx, actor, store.Dismissal{
			MessageIDs: []string{in.ID}, Reason: in.Body.Reason, BlockSender: in.Body.BlockSender, Version: in.Body.Version,
		})
		return a.placed(ctx, actor, c, err)
	})
	add(a, operation{
		id: "undo", method: http.MethodPost, path: "/undo", group: "Placing", may: switchboard.MayPlace,
		summary: "Take an action back",
		more:    "Puts back exactly what the action changed. 409 if a person or the rule changed one of its messages since; nothing is changed then.",
		errors:  []switchboard.Code{switchboard.CodeConflict, switchboard.CodeUndoGone},
	}, func(ctx context.Context, actor switchboard.Actor, in *struct{ Body UndoRequest }) (*struct{ Body undone }, error) {
		messages, err := a.desk.Undo(ctx, actor, in.Body.Token)
		if err != nil {
			return nil, err
		}
		r, err := a.reader(ctx, actor)
		return &struct{ Body undone }{undone{newMessages(messages, r)}}, err
	})
}
