package api

import (
	"context"
	"net/http"

	"github.com/switchboardhq/switchboard"
)

// UnknownNumbers is Create Records From Unknown Numbers.
type UnknownNumbers struct {
	Enabled    bool              `json:"enabled"`
	Object     string            `json:"object" enum:"Contact,Lead,Account"`
	PhoneField string            `json:"phone_field" example:"MobilePhone" doc:"The matched field that gets the number."`
	Fields     map[string]string `json:"fields" doc:"What other fields hold. {phone}, {national}, {date}, {channel} and {body} are replaced."`
	OwnerID    string            `json:"owner_id,omitempty" doc:"The user who owns created records; without it, the user who authenticated the channel."`
}

// UnknownNumbersChange is a change of [UnknownNumbers]; what is left out stays.
type UnknownNumbersChange struct {
	Enabled    *bool              `json:"enabled,omitempty"`
	Object     *string            `json:"object,omitempty" enum:"Contact,Lead,Account"`
	PhoneField *string            `json:"phone_field,omitempty" maxLength:"80"`
	Fields     *map[string]string `json:"fields,omitempty"`
	OwnerID    *string            `json:"owner_id,omitempty"`
}

func (c UnknownNumbersChange) apply(u switchboard.UnknownNumbers) switchboard.UnknownNumbers {
	if c.Enabled != nil {
		u.Enabled = *c.Enabled
	}
	if c.Object != nil {
		u.Object = switchboard.Object(*c.Object)
	}
	if c.PhoneField != nil {
		u.PhoneField = *c.PhoneField
	}
	if c.Fields != nil {
		u.Fields = *c.Fields
	}
	if c.OwnerID != nil {
		u.OwnerID = *c.OwnerID
	}
	return u
}

func newUnknownNumbers(u switchboard.UnknownNumbers) UnknownNumbers {
	j := UnknownNumbers{Enabled: u.Enabled, Object: string(u.Object), PhoneField: u.PhoneField, Fields: u.Fields, OwnerID: u.OwnerID}
	if j.Fields == nil {
		j.Fields = map[string]string{}
	}
	return j
}

func (a *API) settingCalls() {
	add(a, operation{
		id: "getUnknownNumbers", method: http.MethodGet, path: "/settings/unknown-numbers", group: "Settings", may: switchboard.MayRead,
		summary: "Read what is created for texts from unknown numbers",
	}, func(ctx context.Context, actor switchboard.Actor, _ *struct{}) (*struct{ Body UnknownNumbers }, error) {
		s, err := a.db.Settings(ctx, actor.OrgID)
		return &struct{ Body UnknownNumbers }{newUnknownNumbers(s.UnknownNumbers)}, err
	})
	add(a, operation{
		id: "setUnknownNumbers", method: http.MethodPut, path: "/settings/unknown-numbers", group: "Settings", may: switchboard.MayConfigure,
		summary: "Change what is created for texts from unknown numbers", more: "Members that are left out stay as they are. What waits already is not decided again.",
	}, func(ctx context.Context, actor switchboard.Actor, in *struct{ Body UnknownNumbersChange }) (*struct{ Body UnknownNumbers }, error) {
		s, err := a.db.Settings(ctx, actor.OrgID)
		if err != nil {
			return nil, err
		}
		s, err = a.desk.SetUnknownNumbers(ctx, actor, in.Body.apply(s.UnknownNumbers))
		return &struct{ Body UnknownNumbers }{newUnknownNumbers(s.UnknownNumbers)}, err
	})
}
