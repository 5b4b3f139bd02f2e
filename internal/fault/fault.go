// Package fault breaks the program on purpose, at the points where breaking
// could lose or double a message, for the tests that watch it come back.
//
// Only a program built with the tag "fault" breaks. In any other, passing a
// point is nothing: the compiler leaves it out.
//
// What breaks stands in SWITCHBOARD_FAULT: POINT:N or POINT:N:ACTION, several
// separated by commas. At the N-th passing of the point, counted from 1, "kill"
// (which is also what no action means) ends the process by SIGKILL, and "error"
// makes that passing fail.
package fault

// Point is a place in the program where it can be made to break.
type Point string

// The points, in the order in which a delivery passes them.
const (
	BeforeCommit Point = "before-commit" // everything is written, nothing is committed
	AfterCommit  Point = "after-commit"  // the database has committed, and nobody knows
	BeforeAnswer Point = "before-answer" // the provider has not been told
)
