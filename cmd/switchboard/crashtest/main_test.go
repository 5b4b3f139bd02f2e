// Package crashtest runs the real program, breaks it, and counts: nothing that
// was acknowledged may be lost, and nothing may be there twice.
//
// The program is built with the tag fault, so that it can be killed at chosen
// points. The auditor of audit_test.go reads the database with SQL of its own,
// and has its own idea of what must stand there.
package crashtest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// programEnv names the program to test, which was built with the tag fault. If
// it is not set, the program is built.
const programEnv = "SWITCHBOARD_TEST_PROGRAM"

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	if program() != "" {
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "switchboard-crashtest.")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	program := filepath.Join(dir, "switchboard")
	build := exec.Command("go", "build", "-tags", "fault", "-o", program, "github.com/switchboardhq/switchboard/cmd/switchboard")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "build the program:", err)
		return 1
	}
	if err := os.Setenv(programEnv, program); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

func program() string { return os.Getenv(programEnv) }

// long reports whether a test may take as long as it likes.
func long() bool { return os.Getenv("SWITCHBOARD_TEST_LONG") == "1" }
