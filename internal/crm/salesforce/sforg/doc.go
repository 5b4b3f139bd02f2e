// Package sforg is a small Salesforce org in memory that speaks the wire: OAuth,
// REST, SOQL, collections, composite, Bulk API 2.0, getUpdated and getDeleted,
// custom notifications and metadata deploys, as a real org answers them, quirks
// included. Tests and the demo run against it, and so do clients that nobody
// here wrote (tools/salesforce-clients), which is the proof that it speaks
// Salesforce and not merely what our own client expects to hear.
//
// An Org is an http.Handler and starts nothing of its own: no goroutine, no
// listener, no timer. Its clock and its randomness are passed in. What a test
// does by a Go call (Create, Merge, Convert, …) has every effect that the same
// thing done through the API has: stamps, rules, changes in the feed.
//
// A user may do what the profile and the assigned permission sets say, as the
// deployed package has them; nil as a user is the admin, who may do everything.
//
// It is not a sandbox for strangers: whoever holds the admin's token may do
// anything in it, and it keeps all in memory.
package sforg
