package main

import (
	"bytes"
	"os"
	"testing"
)

func TestTheTableIsTheLibrarys(t *testing.T) {
	want, err := generate()
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../../phone_place.dat")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("phone_place.dat is not what the library knows now: run make places")
	}
}
