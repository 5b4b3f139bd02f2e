//go:build !fault

package fault_test

import (
	"testing"

	"github.com/switchboardhq/switchboard/internal/fault"
)

func TestAnOrdinaryBuildCannotBeMadeToBreak(t *testing.T) {
	t.Setenv("SWITCHBOARD_FAULT", "before-commit:1:error,after-commit:1:error,before-answer:1:kill")
	for _, p := range []fault.Point{fault.BeforeCommit, fault.AfterCommit, fault.BeforeAnswer} {
		if err := p.Pass(); err != nil {
			t.Errorf("passing %s: %v", p, err)
		}
	}
}
