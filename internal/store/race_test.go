//go:build race

package store_test

// raced: the race detector makes SQLite, which is Go, many times slower.
const raced = true
