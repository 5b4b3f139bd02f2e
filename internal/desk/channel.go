package desk

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
)

// CreateChannel checks and makes a channel. It returns it with the token of its
// webhook address. The numbers are written in E.164 where they are full
// numbers; the region is the given one, else the org's, else that of the first
// number.
func (d *Desk) CreateChannel(ctx context.Context, actor switchboard.Actor, n store.NewChannel) (switchboard.Channel, string, error) {
	fail := func(err error) (switchboard.Channel, string, error) { return switchboard.Channel{}, "", err }
	if err := actor.Allow(switchboard.MayConfigure); err != nil {
		return fail(err)
	}
	if !slices.Contains(d.providers, n.Provider) {
		return fail(switchboard.Invalid("provider", "There is no provider %q here. Use %s.", n.Provider, strings.Join(d.providers, ", ")))
	}
	n.Name = strings.TrimSpace(n.Name)
	if utf8.RuneCountInString(n.Name) > 80 {
		return fail(switchboard.Invalid("name", "A channel's name has at most 80 characters."))
	}
	if n.Region != "" && !switchboard.KnownRegion(n.Region) {
		return fail(switchboard.Invalid("region", "%q is no country code, such as US or GB.", n.Region))
	}
	if n.Region == "" {
		s, err := d.db.Settings(ctx, actor.OrgID)
		if err != nil {
			return fail(err)
		}
		n.Region = s.Region
	}
	numbers, region, err := channelNumbers(n.Numbers, n.Region)
	if err != nil {
		return fail(err)
	}
	n.Numbers, n.Region = numbers, region
	c, token, err := d.db.CreateChannel(ctx, actor, n)
	return c, token, d.done(actor.OrgID, err)
}

// channelNumbers reads our numbers, and the region from the first one if there
// is none.
func channelNumbers(numbers []string, region string) ([]string, string, error) {
	var clean []string
	for _, s := range numbers {
		if s = strings.TrimSpace(s); s == "" {
			continue
		}
		sender := switchboard.ParseSender(s, region)
		switch p, ok := sender.Phone(); {
		case ok:
			if region == "" {
				region = p.Region()
			}
		case sender.Kind != switchboard.SenderShortCode:
			_, err := switchboard.ParsePhone(s, region)
			return nil, "", switchboard.Invalid("number", "%q is neither a full number nor a short code: %v", s, err)
		}
		if !slices.Contains(clean, sender.Address) {
			clean = append(clean, sender.Address)
		}
	}
	if len(clean) == 0 {
		return nil, "", switchboard.Invalid("number", "Name at least one number of the channel, such as +15125550100.")
	}
	if region == "" {
		return nil, "", switchboard.Invalid("region", "Name the country whose numbers are meant, such as US.")
	}
	return clean, region, nil
}
