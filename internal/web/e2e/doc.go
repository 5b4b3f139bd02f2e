// Package e2e holds the tests that do with the pages what people do, in a real
// browser. They need chromium and run with the build tag e2e.
package e2e
