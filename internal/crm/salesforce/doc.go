// Package salesforce talks to a Salesforce org over its REST, Bulk 2.0 and
// Metadata APIs. It turns the vendor's bytes into plain data and back, and
// decides nothing: what is asked for, and what follows from it, is for the
// engine that a command puts on top.
//
// There are two layers. [Client] has one method for each call of the API, and
// knows what all of them share: tokens that die without notice, errors that are
// told by their code and never by their status, calls that are counted against
// the org's day. [Org] is made of those calls, and is what the engine uses:
// pages of changed records, a first load that can be resumed, messages
// written in batches, a bell.
//
// Three rules hold throughout. Nothing that comes from a person, a phone or the
// org gets into a query, an address or a header other than by the builders
// here, which quote or refuse it. Nothing that the server sends is read without
// a bound. And an error says whether a call certainly had no effect or may have
// had one: see [Class].
package salesforce
