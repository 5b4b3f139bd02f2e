package salesforce

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/crm/salesforce/orgpackage"
)

// UnknownNumbers returns the org's setting Create Records From Unknown Numbers;
// nil if the org does not have it, or not for us. A setting that cannot be read
// is an error for the admin who wrote it.
func (o *Org) UnknownNumbers(ctx context.Context) (*switchboard.RemoteUnknownNumbers, error) {
	q := Select(orgpackage.UnknownNumbersType, "Enabled__c", "Object_API_Name__c", "Phone_Field__c", "Field_Values__c", "Owner__c").Where(Eq("DeveloperName", "Default"))
	rows, err := Collect(o.Query(ctx, q))
	if HasCode(err, "INVALID_TYPE", "INVALID_FIELD", "NOT_FOUND") || err == nil && len(rows) == 0 {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	row := rows[0]
	setting, err := orgpackage.UnknownNumbers{Enabled: row.Bool("Enabled__c"), ObjectAPIName: row.Text("Object_API_Name__c"),
		PhoneField: row.Text("Phone_Field__c"), FieldValues: row.Text("Field_Values__c")}.Setting()
	if err != nil {
		return nil, err
	}
	u := &switchboard.RemoteUnknownNumbers{Enabled: setting.Enabled, Object: setting.Object, PhoneField: setting.PhoneField, Fields: setting.Fields,
		Owner: strings.TrimSpace(row.Text("Owner__c"))}
	u.OwnerID, err = o.userNamed(ctx, u.Owner)
	return u, err
}

// ownerCache remembers who the owner of that setting is, so that it is no call
// each time that the setting is read.
type ownerCache struct {
	mu   sync.Mutex
	name string
	id   string
	at   time.Time
}

// ownerAge is how long it is believed.
const ownerAge = time.Hour

// userNamed returns the id of the user who is meant by an id, a username or an
// e-mail address; "" if there is none. Usernames are unique. Where several users
// share an address, an active one counts, and of those the oldest.
func (o *Org) userNamed(ctx context.Context, name string) (string, error) {
	if name == "" {
		return "", nil
	}
	o.owner.mu.Lock()
	defer o.owner.mu.Unlock()
	if o.owner.name == name && o.now().Sub(o.owner.at) < ownerAge {
		return o.owner.id, nil
	}
	is := []Cond{Eq("Username", name), Eq("Email", name)}
	byID, isID := LongID(name)
	if isID {
		is = append(is, Eq("Id", byID))
	}
	rows, err := Collect(o.Query(ctx, Select("User", "Id", "Username", "IsActive").Where(Or(is...)).OrderBy("Id").Limit(keptOwners)))
	if err != nil {
		return "", err
	}
	found, rank := "", 0
	for _, row := range rows {
		r := 1
		switch {
		case isID && row.ID("Id") == byID:
			r = 4
		case strings.EqualFold(row.Text("Username"), name):
			r = 3
		case row.Bool("IsActive"):
			r = 2
		}
		if r > rank {
			found, rank = row.ID("Id"), r
		}
	}
	o.owner.name, o.owner.id, o.owner.at = name, found, o.now()
	return found, nil
}

// keptOwners bounds how many users of one address are looked at.
const keptOwners = 200
