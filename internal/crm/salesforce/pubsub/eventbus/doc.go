// Package eventbus is the wire of Salesforce's Pub/Sub API, made from
// pubsub_api.proto. It holds what a subscriber says and hears; publishing is no
// part of it.
//
// The generated files are committed, so that a build needs only Go. To make
// them anew, after a change of the definition, install protoc (Debian:
// protobuf-compiler) and
//
//	go install google.golang.org/protobuf/cmd/protoc-gen-go@v1.36.12
//	go install google.golang.org/grpc/cmd/protoc-gen-go-grpc@v1.6.2
//	go generate ./internal/crm/salesforce/pubsub/eventbus
package eventbus

//go:generate protoc --go_out=. --go_opt=paths=source_relative --go-grpc_out=. --go-grpc_opt=paths=source_relative pubsub_api.proto
