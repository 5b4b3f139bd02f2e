package main

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/api"
)

type routeCmd struct {
	From string `required:"" help:"Number that the text would come from."`
	To   string `required:"" help:"Which of our numbers it would come to."`
	JSON bool   `name:"json" help:"Print the decision as JSON."`
}

func (r *routeCmd) Run(p *process, c *cli) error {
	return c.withOffice(p, func(o office) error {
		channel, err := o.channelOf(p, r.To)
		if err != nil {
			return err
		}
		d, err := o.desk.Explain(p.ctx, o.actor, channel.ID, r.From)
		if err != nil {
			return err
		}
		settings, err := o.db.Settings(p.ctx, o.actor.OrgID)
		if err != nil {
			return err
		}
		reader := api.Reader(settings)
		if r.JSON {
			return json.NewEncoder(p.stdout).Encode(struct {
				Decision api.Decision `json:"decision"`
			}{api.NewDecision(d, reader)})
		}
		return printDecision(p, d, reader)
	})
}

// channelOf returns the channel that has the number.
func (o office) channelOf(p *process, number string) (switchboard.Channel, error) {
	channels, err := o.db.Channels(p.ctx, o.actor.OrgID)
	if err != nil {
		return switchboard.Channel{}, err
	}
	var ours []string
	for _, channel := range channels {
		want := switchboard.ParseSender(number, channel.Region)
		for _, n := range channel.Numbers {
			if n.Number == number || n.Number == want.Address {
				return channel, nil
			}
			ours = append(ours, n.Number)
		}
	}
	if len(ours) == 0 {
		return switchboard.Channel{}, switchboard.Errorf(switchboard.CodeNotFound, "There is no channel yet. Make one with channel create.")
	}
	return switchboard.Channel{}, switchboard.Errorf(switchboard.CodeNotFound, "No channel has the number %s. There are %s.", number, strings.Join(ours, ", "))
}

func printDecision(p *process, d switchboard.Decision, reader switchboard.Reader) error {
	where := "nowhere: a person decides"
	switch {
	case d.Record != nil:
		where = string(d.Record.Object) + " " + oneLine(d.Record.Name)
	case d.Outcome == switchboard.OutcomeCreated:
		where = "a new record, created from the unknown number"
	case d.Outcome == switchboard.OutcomeDismissed:
		where = "nowhere: it is dismissed"
	}
	if err := printf(p.stdout, "sender:   %s\noutcome:  %s\nreason:   %s\ngoes to:  %s\nbecause:  %s\n", oneLine(d.Sender), d.Outcome, d.Reason, where, oneLine(d.Because(reader))); err != nil {
		return err
	}
	for _, candidate := range d.Candidates {
		last := "no previous message"
		if !candidate.Last.IsZero() {
			last = "previous message " + candidate.Last.At.UTC().Format(time.RFC3339)
		}
		var fields []string
		for _, m := range candidate.Matched {
			fields = append(fields, m.Field+" "+oneLine(m.Value))
		}
		if err := printf(p.stdout, "matches:  %s %s (%s; %s)\n", candidate.Record.Object, oneLine(candidate.Record.Name), strings.Join(fields, ", "), last); err != nil {
			return err
		}
	}
	return nil
}
