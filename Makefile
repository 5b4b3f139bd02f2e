# The work is done by the scripts in scripts/, which also run without make.

.DEFAULT_GOAL := help
.PHONY: help build demo test test-long lint bench assets diagrams places

help: ## Say what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

build: ## Build ./switchboard, one static binary
	CGO_ENABLED=0 go build -trimpath -o switchboard ./cmd/switchboard

demo: ## Run a sample org and open a handset to text it from
	go run ./cmd/switchboard demo

test: ## Run all tests on SQLite and PostgreSQL; installs what they need (Debian)
	@scripts/test

test-long: ## Run random worlds, crash loops and fuzzing for longer than a person waits
	@scripts/test-long

lint: ## Look at the code without running it
	@scripts/lint

bench: ## Measure how fast it is
	@scripts/bench

assets: ## Fetch anew the third-party files that the pages embed
	npm ci --prefix tools/assets --ignore-scripts --no-audit --no-fund
	node tools/assets/vendor.mjs

diagrams: ## Draw docs/situations anew
	go run ./tools/situations docs/situations

places: ## Make the table of where telephone numbers are given out anew
	go run ./tools/places phone_place.dat
