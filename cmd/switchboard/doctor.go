package main

import "errors"

type doctorCmd struct{}

func (*doctorCmd) Run() error { return errors.New("not yet") }
