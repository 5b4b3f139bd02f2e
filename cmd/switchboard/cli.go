package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/switchboardhq/switchboard"
)

// cli is the command line: the flags, their environment twins, their defaults
// and their help in one place.
type cli struct {
	Data     string `help:"Folder of the SQLite database, the key and the locks." env:"SWITCHBOARD_DATA" default:"./switchboard-data" placeholder:"DIR"`
	Database string `help:"PostgreSQL to use instead of SQLite, as postgres://user:password@host/name." env:"SWITCHBOARD_DATABASE" secret:"" placeholder:"URL"`
	Key      string `help:"The key that seals secrets, as text. Without it the key is DATA/key.json, made on first use." env:"SWITCHBOARD_KEY" secret:"" placeholder:"KEYSET"`

	Version kong.VersionFlag `help:"Print the version."`

	Serve      serveCmd      `cmd:"" help:"Run everything: webhooks, API and pages."`
	Demo       demoCmd       `cmd:"" help:"Run everything over a sample org in a temporary store."`
	User       userCmd       `cmd:"" help:"Add users, let them in, keep them out."`
	Apikey     apikeyCmd     `cmd:"" help:"Make and revoke keys for the JSON API."`
	Channel    channelCmd    `cmd:"" help:"Connect provider accounts."`
	Route      routeCmd      `cmd:"" help:"Explain what would happen to a text. Writes nothing."`
	Backup     backupCmd     `cmd:"" help:"Write a consistent copy of the database, also while serving."`
	Restore    restoreCmd    `cmd:"" help:"Put a copy back in place of the database."`
	Salesforce salesforceCmd `cmd:"" help:"Connect Salesforce, and keep both sides the same."`
	Doctor     doctorCmd     `cmd:"" help:"Check the installation, and say what to do about what is wrong."`
	Sforg      sforgCmd      `cmd:"" help:"Run a simulated Salesforce org, to try things with."`
}

// environment makes a map of NAME=value strings; of two the last counts.
func environment(env []string) map[string]string {
	m := make(map[string]string, len(env))
	for _, e := range env {
		if name, value, ok := strings.Cut(e, "="); ok {
			m[name] = value
		}
	}
	return m
}

// exit is what kong's Exit hook panics with, to come back to run.
type exit int

func (p *process) run(args []string) (code int) {
	defer func() {
		switch e := recover().(type) {
		case nil:
		case exit:
			code = int(e)
		default:
			panic(e)
		}
	}()
	var c cli
	parser, err := kong.New(&c,
		kong.Name("switchboard"),
		kong.Description("Puts every inbound text message on the right CRM record."),
		kong.Writers(p.stdout, p.stderr),
		kong.Exit(func(code int) { panic(exit(code)) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
		kong.Vars{"version": version()},
		kong.PostBuild(p.takeEnvironment),
		kong.Bind(p, &c),
	)
	if err != nil {
		panic(err) // the grammar above is wrong
	}
	command, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(p.stderr, "switchboard: %v\nRun switchboard --help to see what there is.\n", err)
		return exitUsage
	}
	if err := command.Run(); err != nil {
		fmt.Fprintf(p.stderr, "switchboard: %s\n", sentence(err))
		if u := (usageError{}); errors.As(err, &u) {
			return exitUsage
		}
		return exitFailed
	}
	return exitDone
}

// usageError is a command line that can't be meant: exit code 2.
type usageError struct{ message string }

func (e usageError) Error() string { return e.message }

// sentence returns what the person at the terminal reads. Unlike a visitor, who
// never sees a cause, that person can do something about it.
func sentence(err error) string {
	var coded *switchboard.Error
	if errors.As(err, &coded) && coded.Err != nil {
		return coded.Message + " (" + coded.Err.Error() + ")"
	}
	if coded != nil {
		return coded.Message
	}
	return err.Error()
}

// takeEnvironment lets flags be set by p's environment rather than by that of
// the operating system. A secret NAME may stand in a file that NAME_FILE names.
func (p *process) takeEnvironment(k *kong.Kong) error {
	type twin struct {
		name   string
		secret bool
	}
	twins := map[*kong.Value]twin{}
	err := kong.Visit(k.Model, func(node kong.Visitable, next kong.Next) error {
		if f, ok := node.(*kong.Flag); ok && len(f.Tag.Envs) > 0 {
			name := f.Tag.Envs[0]
			twins[f.Value] = twin{name, f.Tag.Has("secret")}
			f.Tag.Envs = nil // kong would ask the operating system
			names := "$" + name
			if f.Tag.Has("secret") {
				names += " or $" + name + "_FILE"
			}
			f.Help = strings.TrimSuffix(f.Help, ".") + " (" + names + ")."
		}
		return next(nil)
	})
	if err != nil {
		return err
	}
	return kong.Resolvers(kong.ResolverFunc(func(_ *kong.Context, _ *kong.Path, f *kong.Flag) (any, error) {
		t, ok := twins[f.Value]
		if !ok {
			return nil, nil
		}
		return p.setting(t.name, t.secret)
	})).Apply(k)
}

// setting returns what the environment says, nil for nothing.
func (p *process) setting(name string, secret bool) (any, error) {
	if value, ok := p.env[name]; ok {
		return value, nil
	}
	file, ok := p.env[name+"_FILE"]
	if !secret || !ok || file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("%s_FILE: %w", name, err)
	}
	return strings.TrimRight(string(text), "\r\n"), nil
}

func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "switchboard (development)"
	}
	return "switchboard " + info.Main.Version
}

func printf(w io.Writer, format string, args ...any) error {
	_, err := fmt.Fprintf(w, format, args...)
	return err
}
