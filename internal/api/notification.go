package api

import (
	"context"
	"net/http"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
)

type notificationList struct {
	Notifications []Notification `json:"notifications" nullable:"false"`
	NextCursor    *string        `json:"next_cursor"`
}

type notificationBody struct {
	Notification Notification `json:"notification"`
}

func newNotification(n switchboard.Notification, users []switchboard.User) Notification {
	j := Notification{
		ID: n.ID, Kind: "unassigned", Title: switchboard.NotificationTitle, Body: n.Body, MessageID: n.MessageID, Sender: n.Sender.Address,
		Count: n.Count, State: string(n.State), User: User{ID: n.UserID}, CreatedAt: n.CreatedAt.UTC(), UpdatedAt: n.UpdatedAt.UTC(),
	}
	for _, u := range users {
		if u.ID == n.UserID {
			j.User = newUser(u)
		}
	}
	return j
}

func (a *API) notificationCalls() {
	add(a, operation{
		id: "listNotifications", method: http.MethodGet, path: "/notifications", group: "Notifications", may: switchboard.MayRead,
		summary: "List the notifications of all users, newest first",
	}, func(ctx context.Context, actor switchboard.Actor, in *struct {
		Kind  string `query:"kind" enum:"unassigned,new_sms"`
		State string `query:"state" enum:"unread,read,cleared"`
		Paging
	},
	) (*struct{ Body notificationList }, error) {
		list := notificationList{Notifications: []Notification{}}
		if in.Kind == "new_sms" { // nothing rings for a message that was placed
			return &struct{ Body notificationList }{list}, nil
		}
		notifications, next, err := a.db.Notifications(ctx, actor.OrgID, store.NotificationFilter{State: switchboard.NotificationState(in.State), Page: in.store()})
		if err != nil {
			return nil, err
		}
		users, err := a.db.Users(ctx, actor.OrgID)
		for _, n := range notifications {
			list.Notifications = append(list.Notifications, newNotification(n, users))
		}
		list.NextCursor = orNull(next)
		return &struct{ Body notificationList }{list}, err
	})
	add(a, operation{
		id: "readNotification", method: http.MethodPost, path: "/notifications/{id}/read", group: "Notifications", may: switchboard.MayPlace,
		summary: "Mark a notification read", more: "A cleared one stays cleared.", errors: []switchboard.Code{switchboard.CodeNotFound},
	}, func(ctx context.Context, actor switchboard.Actor, in *struct {
		ID string `path:"id"`
	},
	) (*struct{ Body notificationBody }, error) {
		n, err := a.desk.MarkRead(ctx, actor, in.ID)
		if err != nil {
			return nil, err
		}
		users, err := a.db.Users(ctx, actor.OrgID)
		return &struct{ Body notificationBody }{notificationBody{newNotification(n, users)}}, err
	})
}
