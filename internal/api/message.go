package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/provider"
	"github.com/switchboardhq/switchboard/internal/store"
)

type messageBody struct {
	Message Message `json:"message"`
}

type messageAnswer struct {
	Status int
	Body   messageBody
}

type messageList struct {
	Messages   []Message `json:"messages" nullable:"false"`
	NextCursor *string   `json:"next_cursor"`
}

// NewMessage is a message that is handed in.
type NewMessage struct {
	Direction         string     `json:"direction,omitempty" enum:"inbound,outbound" default:"inbound" doc:"Outbound logs a message that was sent elsewhere as history."`
	ChannelID         string     `json:"channel_id" minLength:"1"`
	ProviderMessageID string     `json:"provider_message_id" minLength:"1" maxLength:"512" doc:"What keeps the message from being stored twice."`
	From              *string    `json:"from,omitempty" nullable:"true" maxLength:"256" doc:"The sender of an inbound message."`
	To                *string    `json:"to,omitempty" nullable:"true" maxLength:"256" doc:"Inbound: which of the channel's numbers, the first if left out. Outbound: who got it."`
	Body              string     `json:"body"`
	RecordID          *string    `json:"record_id,omitempty" nullable:"true" doc:"Outbound only: the record that it was sent from."`
	SentAt            *time.Time `json:"sent_at,omitempty" nullable:"true"`
	Media             []Media    `json:"media,omitempty" maxItems:"100"`
}

type submitInput struct {
	Body NewMessage
	raw  []byte
}

// Resolve keeps the bytes of the body.
func (in *submitInput) Resolve(ctx huma.Context) []error {
	r, _ := humago.Unwrap(ctx)
	if b, ok := r.Body.(rawBody); ok {
		in.raw = b.raw
	}
	return nil
}

// text returns the message to be handed in.
func (in *submitInput) text() (switchboard.Text, error) {
	n := &in.Body
	t := switchboard.Text{
		Direction: switchboard.Direction(n.Direction), ProviderMessageID: n.ProviderMessageID,
		Sender: text(n.From), Ours: text(n.To), RecordID: text(n.RecordID), Body: n.Body,
	}
	if n.SentAt != nil {
		t.SentAt = *n.SentAt
	}
	for _, m := range n.Media {
		t.Media = append(t.Media, switchboard.Media(m))
	}
	switch t.Direction {
	case switchboard.Outbound:
		t.Sender, t.Ours = t.Ours, t.Sender
	default:
		t.Direction = switchboard.Inbound
		if n.RecordID != nil {
			return t, switchboard.Invalid("record_id", "Only an outbound message names its record: an inbound one is assigned by the rule.")
		}
	}
	// encoding/json silently repairs what is not Unicode; the bytes are kept.
	objects, _, err := provider.DecodeObjects(in.raw)
	if err != nil || len(objects) != 1 {
		return t, switchboard.Errorf(switchboard.CodeInvalid, "The body is not a JSON object.")
	}
	_, t.Raw, err = objects[0].Body("body", t.Media)
	if err != nil {
		return t, switchboard.Invalid("body", "%s", err.Error())
	}
	return t, nil
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

type messageFilter struct {
	State    string `query:"state" enum:"assigned,unassigned,dismissed"`
	From     string `query:"from" maxLength:"256" doc:"Inbound messages of this sender: a number in any form, or a sender that is none."`
	RecordID string `query:"record_id" doc:"Assigned to this record."`
	Q        string `query:"q" maxLength:"200" doc:"Words of the text, a number, or a name such as SMS-000042."`
	Paging
}

// MessagePath names a message.
type MessagePath struct {
	ID string `path:"id" doc:"The message's id."`
}

func (a *API) messageCalls() {
	add(a, operation{
		id: "submitMessage", method: http.MethodPost, path: "/messages", group: "Messages", may: switchboard.MaySubmit,
		summary: "Hand in a message",
		more:    "It is decided by the rule and committed before the answer. A message whose id is known already is answered with 200 as it is stored; nothing is stored twice.",
		status:  http.StatusCreated, also: map[int]string{http.StatusOK: "The message was known; it is answered as it is stored."},
		errors: []switchboard.Code{switchboard.CodeNotFound, switchboard.CodeRecordDeleted, switchboard.CodeTooLarge},
	}, func(ctx context.Context, actor switchboard.Actor, in *submitInput) (*messageAnswer, error) {
		t, err := in.text()
		if err != nil {
			return nil, err
		}
		m, fresh, err := a.desk.Submit(ctx, actor, in.Body.ChannelID, t)
		if err != nil {
			return nil, err
		}
		answer, err := a.message(ctx, actor, m)
		if err == nil && fresh {
			answer.Status = http.StatusCreated
		}
		return answer, err
	})
	add(a, operation{
		id: "listMessages", method: http.MethodGet, path: "/messages", group: "Messages", may: switchboard.MayRead,
		summary: "List messages, newest stored first",
	}, func(ctx context.Context, actor switchboard.Actor, in *messageFilter) (*struct{ Body messageList }, error) {
		messages, next, err := a.db.Messages(ctx, actor.OrgID, store.MessageFilter{
			State: switchboard.State(in.State), From: unescapedPlus(in.From), RecordID: in.RecordID, Q: in.Q, Page: in.store(),
		})
		if err != nil {
			return nil, err
		}
		r, err := a.reader(ctx, actor)
		return &struct{ Body messageList }{messageList{newMessages(messages, r), orNull(next)}}, err
	})
	add(a, operation{
		id: "getMessage", method: http.MethodGet, path: "/messages/{id}", group: "Messages", may: switchboard.MayRead,
		summary: "Read a message", errors: []switchboard.Code{switchboard.CodeNotFound},
	}, func(ctx context.Context, actor switchboard.Actor, in *MessagePath) (*messageAnswer, error) {
		m, err := a.db.Message(ctx, actor.OrgID, in.ID)
		if err != nil {
			return nil, err
		}
		return a.message(ctx, actor, m)
	})
}

func (a *API) message(ctx context.Context, actor switchboard.Actor, m *switchboard.Message) (*messageAnswer, error) {
	r, err := a.reader(ctx, actor)
	return &messageAnswer{http.StatusOK, messageBody{newMessage(m, r)}}, err
}
