package main

import "errors"

type demoCmd struct {
	Listen string `default:"127.0.0.1:8080" env:"SWITCHBOARD_LISTEN" placeholder:"HOST:PORT" help:"Address to listen on; port 0 picks one."`
}

func (*demoCmd) Run() error { return errors.New("not yet") }
