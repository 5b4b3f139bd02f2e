package hooks

import (
	"context"
	"crypto/sha256"
	"sync"

	"github.com/switchboardhq/switchboard/internal/provider"
	"github.com/switchboardhq/switchboard/internal/store"
)

// accounts remembers the channels of webhook addresses, so that a delivery
// costs one transaction and no look-up. What it holds may be out of date; that
// is found out by the settings' version, which the intake compares in its own
// transaction, and by looking again before anything is refused.
type accounts struct {
	mu      sync.Mutex
	byToken map[[sha256.Size]byte]provider.Account // never more than there are channels
}

func tokenKey(name, token string) [sha256.Size]byte {
	return sha256.Sum256([]byte(name + "/" + token))
}

func (a *accounts) get(k [sha256.Size]byte) (provider.Account, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	account, ok := a.byToken[k]
	return account, ok
}

func (a *accounts) put(k [sha256.Size]byte, account provider.Account) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.byToken == nil {
		a.byToken = map[[sha256.Size]byte]provider.Account{}
	}
	a.byToken[k] = account
}

// forget makes the next delivery to the channel look it up anew.
func (a *accounts) forget(channelID string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for k, account := range a.byToken {
		if account.ChannelID == channelID {
			delete(a.byToken, k)
		}
	}
}

// Account returns the channel that the webhook address belongs to. An unknown
// token costs one look-up in the store, every time.
func (h *Hooks) Account(ctx context.Context, name, token string) (provider.Account, error) {
	k := tokenKey(name, token)
	if account, ok := h.accounts.get(k); ok {
		return account, nil
	}
	ctx, cancel := context.WithTimeout(ctx, provider.Wait)
	defer cancel()
	found, err := h.db.AccountByToken(ctx, name, token)
	if err != nil {
		return provider.Account{}, err
	}
	account := newAccount(found)
	h.accounts.put(k, account)
	return account, nil
}

func newAccount(a store.Account) provider.Account {
	account := provider.Account{
		OrgID: a.OrgID, ChannelID: a.Channel.ID, SettingsVersion: a.SettingsVersion, SecretErr: a.SecretErr,
		Credentials: provider.Credentials{Secret: a.Secret, Options: a.Channel.Options},
	}
	for _, n := range a.Channel.Numbers {
		account.Credentials.Numbers = append(account.Credentials.Numbers, n.Number)
	}
	return account
}
