// Package e2e holds the tests that do with the pages what people do, in a real
// browser. They need chromium: see CHROME_BIN in person_test.go.
package e2e
