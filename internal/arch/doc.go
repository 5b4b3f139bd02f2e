// Package arch holds the shape of this code as tests: which package may import
// which, and what no package may contain. It has no code of its own.
//
// A red test here is a question about the design, not about the line that it
// names. If the design is to change, change the table in import_test.go and say
// why in ARCHITECTURE.md.
package arch
