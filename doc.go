// Package switchboard holds the nouns of Switchboard and its decisions.
//
// A text comes in from a [Sender] on a [Channel]. [Route] decides, from the
// [Facts] about that sender's number, which [Record] of the CRM it belongs to,
// or that a person has to decide. Everything here is pure: no function reads a
// clock, a database, the environment or a random source. What has to be known
// is passed in, what has to be done is returned.
//
// # The life of a message
//
// A provider's POST is verified and parsed (internal/provider), waits for its
// place in a group of messages (internal/intake), and is stored with its
// decision, its notification and its jobs in one transaction (internal/store).
// Only then does the provider get its 2xx. What people do afterwards goes
// through internal/desk.
package switchboard
