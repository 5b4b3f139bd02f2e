package main

import "errors"

type backupCmd struct {
	File string `arg:"" help:"File to write; it must not be there yet."`
}

func (*backupCmd) Run() error { return errors.New("not yet") }

type restoreCmd struct {
	File string `arg:"" help:"A file that backup wrote."`
}

func (*restoreCmd) Run() error { return errors.New("not yet") }
