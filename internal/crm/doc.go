// Package crm keeps an org's records and messages here and in its Salesforce the
// same, in both directions.
//
// What was changed there is read (a [Puller]: a first load, then a poll, a
// comparison of all ids now and then, and a stream of events that only makes it
// faster) and applied by the store, as if people had done it here. What was
// decided here is written there by the outbox's jobs (a [Pusher]), which carry
// an id and write what holds when they run. Nothing on the way of a text waits
// for any of it.
//
// The package knows the nouns and not the wire: an adapter that a command hands
// it does the calls. See [Remote].
package crm
