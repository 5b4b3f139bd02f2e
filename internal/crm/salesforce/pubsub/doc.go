// Package pubsub hears of changes in a Salesforce org as they happen: Change
// Data Capture by the Pub/Sub API, which is gRPC with Avro inside.
//
// It makes things faster, and nothing depends on it. Salesforce promises neither
// when an event comes nor that it comes: whoever uses it also compares records
// now and then, and at once when a [Batch] says that there is a [Gap].
//
// Streams end all the time, by expired tokens, moved servers and silence. A
// [Subscriber] goes on after the last batch that was taken. It keeps no position
// itself: the caller does, with what it made of the events.
package pubsub
