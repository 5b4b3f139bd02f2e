package api

import (
	"context"
	"net/http"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
)

// Resolved is a record that was changed, and what followed from it.
type Resolved struct {
	Record   Record    `json:"record"`
	Resolved []Message `json:"resolved" nullable:"false" doc:"The waiting messages that this settled."`
}

type resolvedAnswer struct{ Body Resolved }

func (a *API) resolved(ctx context.Context, actor switchboard.Actor, r *switchboard.Record, messages []*switchboard.Message, err error) (*resolvedAnswer, error) {
	if err != nil {
		return nil, err
	}
	reader, err := a.reader(ctx, actor)
	return &resolvedAnswer{Resolved{newRecord(r), newMessages(messages, reader)}}, err
}

// NewRecord is a record to be created.
type NewRecord struct {
	Object string         `json:"object" enum:"Contact,Lead,Account"`
	Fields map[string]any `json:"fields" doc:"Values by Salesforce field name. Contact needs LastName; Lead LastName and Company; Account Name."`
}

// RecordPatch is a change of a record.
type RecordPatch struct {
	Fields  map[string]any `json:"fields" doc:"The fields to change; null clears one."`
	Version int64          `json:"version,omitempty" minimum:"0" doc:"The record's version as the caller saw it: 409 if somebody was faster."`
}

type recordBody struct {
	Record Record `json:"record"`
}

type recordList struct {
	Records    []Record `json:"records" nullable:"false"`
	NextCursor *string  `json:"next_cursor"`
}

// RecordPath names a record.
type RecordPath struct {
	ID string `path:"id" doc:"The record's id."`
}

func (a *API) recordCalls() {
	add(a, operation{
		id: "createRecord", method: http.MethodPost, path: "/records", group: "Records", may: switchboard.MayEdit,
		summary: "Create a record", more: "The waiting messages of its numbers are decided again, in the same transaction.", status: http.StatusCreated,
	}, func(ctx context.Context, actor switchboard.Actor, in *struct{ Body NewRecord }) (*resolvedAnswer, error) {
		r, messages, err := a.desk.CreateRecord(ctx, actor, switchboard.Object(in.Body.Object), in.Body.Fields)
		return a.resolved(ctx, actor, r, messages, err)
	})
	add(a, operation{
		id: "listRecords", method: http.MethodGet, path: "/records", group: "Records", may: switchboard.MayRead,
		summary: "List or search records, newest first",
	}, func(ctx context.Context, actor switchboard.Actor, in *struct {
		Q       string `query:"q" maxLength:"200" doc:"Words of the name, e-mail or company, or digits of a number."`
		Object  string `query:"object" enum:"Contact,Lead,Account"`
		Phone   string `query:"phone" maxLength:"256" doc:"Records that match this number."`
		Deleted bool   `query:"deleted" doc:"The deleted ones instead of the others."`
		Paging
	},
	) (*struct{ Body recordList }, error) {
		f := store.RecordFilter{Object: switchboard.Object(in.Object), Q: in.Q, Deleted: in.Deleted, Page: in.store()}
		if in.Phone != "" {
			s, err := a.sender(ctx, actor, in.Phone)
			if err != nil {
				return nil, err
			}
			f.Phone = s.Key
		}
		records, next, err := a.db.Records(ctx, actor.OrgID, f)
		list := recordList{make([]Record, 0, len(records)), orNull(next)}
		for _, r := range records {
			list.Records = append(list.Records, newRecord(r))
		}
		return &struct{ Body recordList }{list}, err
	})
	add(a, operation{
		id: "getRecord", method: http.MethodGet, path: "/records/{id}", group: "Records", may: switchboard.MayRead,
		summary: "Read a record, deleted or not", errors: []switchboard.Code{switchboard.CodeNotFound},
	}, func(ctx context.Context, actor switchboard.Actor, in *RecordPath) (*struct{ Body recordBody }, error) {
		r, err := a.db.Record(ctx, actor.OrgID, in.ID)
		if err != nil {
			return nil, err
		}
		return &struct{ Body recordBody }{recordBody{newRecord(r)}}, nil
	})
	a.recordChanges()
}

func (a *API) recordChanges() {
	add(a, operation{
		id: "updateRecord", method: http.MethodPatch, path: "/records/{id}", group: "Records", may: switchboard.MayEdit,
		summary: "Change fields of a record", more: "The waiting messages of the numbers that it gained or lost are decided again.",
		errors: []switchboard.Code{switchboard.CodeNotFound, switchboard.CodeRecordDeleted, switchboard.CodeConflict},
	}, func(ctx context.Context, actor switchboard.Actor, in *struct {
		RecordPath
		Body RecordPatch
	},
	) (*resolvedAnswer, error) {
		r, messages, err := a.desk.UpdateRecord(ctx, actor, in.ID, in.Body.Version, in.Body.Fields)
		return a.resolved(ctx, actor, r, messages, err)
	})
	add(a, operation{
		id: "deleteRecord", method: http.MethodDelete, path: "/records/{id}", group: "Records", may: switchboard.MayEdit,
		summary: "Delete a record", more: "It stops matching, keeps its messages, and can be restored.", errors: []switchboard.Code{switchboard.CodeNotFound},
	}, func(ctx context.Context, actor switchboard.Actor, in *RecordPath) (*struct{}, error) {
		return nil, a.desk.DeleteRecord(ctx, actor, in.ID)
	})
	add(a, operation{
		id: "restoreRecord", method: http.MethodPost, path: "/records/{id}/restore", group: "Records", may: switchboard.MayEdit,
		summary: "Bring a deleted record back with everything", errors: []switchboard.Code{switchboard.CodeNotFound},
	}, func(ctx context.Context, actor switchboard.Actor, in *RecordPath) (*resolvedAnswer, error) {
		r, messages, err := a.desk.RestoreRecord(ctx, actor, in.ID)
		return a.resolved(ctx, actor, r, messages, err)
	})
}
