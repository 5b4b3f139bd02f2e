module github.com/switchboardhq/switchboard

go 1.26.0

require (
	github.com/alecthomas/kong v1.17.0 // the command line: one struct is flags, environment, defaults and help
	github.com/alexedwards/scs/v2 v2.9.0 // server-side sessions, over our own table
	github.com/anishathalye/porcupine v1.3.1 // tests: concurrent histories are serial
	github.com/chromedp/cdproto v0.159.0 // tests: the types of the browser protocol
	github.com/chromedp/chromedp v0.23.0 // tests: a real browser
	github.com/danielgtaylor/huma/v2 v2.37.2 // the JSON API: OpenAPI 3.1 and RFC 9457 errors from the Go types
	github.com/google/go-cmp v0.7.0 // tests: differences that can be read
	github.com/hamba/avro/v2 v2.31.0 // Salesforce's change events: Avro's schemas and values
	github.com/jackc/pgx/v5 v5.12.0 // the PostgreSQL driver
	github.com/nyaruka/phonenumbers v1.8.1 // the maintained Go port of libphonenumber
	github.com/pressly/goose/v3 v3.29.0 // migrations: locked, embedded, for both databases
	github.com/prometheus/client_golang v1.25.0 // /metrics
	github.com/rogpeppe/go-internal v1.16.0 // tests: testscript, stories through the binary
	github.com/tink-crypto/tink-go/v2 v2.9.0 // encryption of secrets at rest, with keys that can be rotated
	golang.org/x/crypto v0.58.0 // Argon2id for passwords
	golang.org/x/net v0.62.0 // tests: pages are parsed as HTML
	golang.org/x/oauth2 v0.37.0 // Salesforce: the requests for tokens, and PKCE
	golang.org/x/sys v0.49.0 // writing of a file is begun ahead of its flush, where the system can
	golang.org/x/time v0.16.0 // rate limits
	google.golang.org/grpc v1.85.0 // Salesforce's Pub/Sub API is gRPC
	google.golang.org/protobuf v1.36.12 // the generated messages of that API
	modernc.org/libc v1.80.1 // how the translated SQLite is called where the driver does not: internal/store/sqlite_vfs.go
	modernc.org/sqlite v1.62.0 // SQLite without cgo: one static binary
	pgregory.net/rapid v1.3.0 // tests: properties and random worlds against a model
)

require (
	github.com/beorn7/perks v1.0.1 // indirect
	github.com/cespare/xxhash/v2 v2.3.0 // indirect
	github.com/dustin/go-humanize v1.1.0 // indirect
	github.com/go-json-experiment/json v0.0.0-20260213210345-44df1a37e875 // indirect
	github.com/go-viper/mapstructure/v2 v2.4.0 // indirect
	github.com/google/uuid v1.6.0 // indirect
	github.com/jackc/pgpassfile v1.0.0 // indirect
	github.com/jackc/pgservicefile v0.0.0-20240606120523-5a60cdf6a761 // indirect
	github.com/jackc/puddle/v2 v2.2.3 // indirect
	github.com/json-iterator/go v1.1.12 // indirect
	github.com/mattn/go-isatty v0.0.24 // indirect
	github.com/mfridman/interpolate v0.0.2 // indirect
	github.com/modern-go/concurrent v0.0.0-20180306012644-bacd9c7ef1dd // indirect
	github.com/modern-go/reflect2 v1.0.2 // indirect
	github.com/munnerz/goautoneg v0.0.0-20191010083416-a7dc8b61c822 // indirect
	github.com/ncruces/go-strftime v1.1.0 // indirect
	github.com/prometheus/client_model v0.6.3 // indirect
	github.com/prometheus/common v0.72.0 // indirect
	github.com/prometheus/procfs v0.22.0 // indirect
	github.com/remyoudompheng/bigfft v0.0.0-20230129092748-24d4a6f8daec // indirect
	github.com/sethvargo/go-retry v0.5.0 // indirect
	go.uber.org/multierr v1.11.0 // indirect
	golang.org/x/sync v0.24.0 // indirect
	golang.org/x/text v0.43.0 // indirect
	golang.org/x/tools v0.52.0 // indirect
	google.golang.org/genproto/googleapis/rpc v0.0.0-20261005182115-fad411399dd8 // indirect
	modernc.org/mathutil v1.7.1 // indirect
	modernc.org/memory v1.12.1 // indirect
)
