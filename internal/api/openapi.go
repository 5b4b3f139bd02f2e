package api

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/switchboardhq/switchboard"
)

// description returns what the OpenAPI document says besides the calls.
func (a *API) description() *huma.OpenAPI {
	return &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{
			Title:   "Switchboard",
			Version: "1",
			Description: "Puts every inbound text message on the right CRM record, and hands each one that no rule can place to a person.\n\n" +
				"Send an API key as `Authorization: Bearer KEY`. Times are RFC 3339 in UTC. Numbers are read in any form and answered in E.164; senders that are no numbers stay as they came. " +
				"Bodies are JSON objects of at most 1 MiB; a member that a call does not know is refused by name. " +
				"Lists take `limit` and `cursor` and answer `next_cursor`, null on the last page. " +
				"Errors are `application/problem+json` with a `code` that never changes.",
			License: &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"},
		},
		Components: &huma.Components{
			Schemas: huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer),
			SecuritySchemes: map[string]*huma.SecurityScheme{
				"key": {Type: "http", Scheme: "bearer", Description: "An API key, made in Settings or by `switchboard apikey create`."},
			},
		},
		Tags: []*huma.Tag{
			{Name: "Messages", Description: "Texts, in either direction, and what the rule decided about them."},
			{Name: "Placing", Description: "What a person does with a message. Each action answers a token that undoes it."},
			{Name: "Records", Description: "Contacts, Leads and Accounts."},
			{Name: "Senders", Description: "Remembered and blocked numbers."},
			{Name: "Notifications", Description: "Who was told of texts that wait."},
			{Name: "Settings", Description: "How the org works."},
			{Name: "Quarantine", Description: "Deliveries that could not be read."},
		},
	}
}

// describeErrors lists the codes with which the call can fail, by status.
func (a *API) describeErrors(op *huma.Operation, list []switchboard.Code) {
	schema := a.problemSchema()
	byStatus := map[int][]codeMeaning{}
	for _, m := range codes() {
		if slices.Contains(list, m.Code) {
			byStatus[m.Status] = append(byStatus[m.Status], m)
		}
	}
	for status, meanings := range byStatus {
		var names []any
		var lines []string
		for _, m := range meanings {
			names = append(names, string(m.Code))
			lines = append(lines, fmt.Sprintf("`%s`: %s.", m.Code, m.Title))
		}
		op.Responses[fmt.Sprint(status)] = &huma.Response{
			Description: strings.Join(lines, " "),
			Content: map[string]*huma.MediaType{"application/problem+json": {Schema: &huma.Schema{AllOf: []*huma.Schema{
				schema, {Type: "object", Properties: map[string]*huma.Schema{"code": {Type: "string", Enum: names}}},
			}}}},
		}
	}
}

func (a *API) problemSchema() *huma.Schema {
	schemas := a.huma.OpenAPI().Components.Schemas
	return schemas.Schema(problemType, true, "Problem")
}

// finish makes the document exact where huma's reading of the types is not.
func finish(doc *huma.OpenAPI) {
	schemas := doc.Components.Schemas.Map()
	delete(schemas, "ErrorModel") // huma's own, which no call answers
	delete(schemas, "ErrorDetail")
	for schema, members := range map[string][]string{"Message": {"record", "decision"}} {
		for _, member := range members {
			schemas[schema].Properties[member] = &huma.Schema{AnyOf: []*huma.Schema{schemas[schema].Properties[member], {Type: "null"}}}
		}
	}
	var all []any
	for _, m := range codes() {
		all = append(all, string(m.Code))
	}
	problem := schemas["Problem"]
	problem.Properties["code"].Enum = all
	problem.AdditionalProperties = true
	for _, item := range doc.Paths {
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Put, item.Patch, item.Delete} {
			if op == nil || op.Responses[fmt.Sprint(http.StatusCreated)] == nil || op.Responses[fmt.Sprint(http.StatusOK)] == nil {
				continue
			}
			op.Responses[fmt.Sprint(http.StatusOK)].Content = op.Responses[fmt.Sprint(http.StatusCreated)].Content
		}
	}
}
