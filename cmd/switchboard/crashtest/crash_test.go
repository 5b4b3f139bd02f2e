package crashtest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// connections is how many of a provider's deliveries are on their way at once.
const connections = 32

// points are where a delivery is killed on purpose.
var points = []string{"before-commit", "after-commit", "before-answer"}

// A provider delivers over many connections; the service is killed, at any
// moment and at the worst ones, and started again; the provider sends again what
// was not acknowledged.
func TestNothingIsLostOrDoubledByKilling(t *testing.T) {
	kills := 54
	if long() {
		kills = 1000
	}
	t.Parallel()
	in := install(t, "")
	killAndCount(t, in, kills)
}

// killAndCount kills the service so many times under load, and audits now and
// then what it left, and in the end all of it.
func killAndCount(t *testing.T, in *installation, kills int) {
	random := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0)) // the moments differ from run to run anyway
	s := in.serve(t)
	w := populate(t, in, s)
	p := newSender(w, in, 1)
	s.stop(t)
	died := map[string]int{}
	for i := range kills {
		how := "at random"
		var env []string
		if n := i % 6; n < len(points) {
			how = points[n]
			env = append(env, fmt.Sprintf("SWITCHBOARD_FAULT=%s:%d", how, 1+random.IntN(40)))
		}
		s = in.serve(t, env...)
		if s == nil {
			died["while starting"]++
			continue
		}
		p.to(s)
		ctx, cancel := context.WithCancel(t.Context())
		wait := p.send(ctx, connections)
		if how == "at random" {
			time.Sleep(time.Duration(30+random.IntN(120)) * time.Millisecond)
			s.kill()
		} else {
			select {
			case <-s.ended:
			case <-time.After(patience):
				t.Fatalf("%s: the service was not killed", how)
			}
		}
		cancel()
		wait()
		if !s.killed() {
			t.Fatalf("%s: the service ended with %v", how, s.result)
		}
		died[how]++
		if i%9 == 8 {
			clean(t, fmt.Sprintf("after kill %d (%s)", i+1, how), in.audit(t, p))
		}
		if t.Failed() {
			return
		}
	}
	s = in.serve(t)
	p.to(s)
	p.settle(t)
	s.stop(t)
	p.check(t)
	clean(t, "at the end", in.audit(t, p))
	t.Logf("%d texts, all acknowledged; killed %v; %d deliveries were answered 503", len(p.order), died, p.busy.Load())
	if len(p.order) < 5*kills {
		t.Errorf("only %d texts over %d kills: this was no load", len(p.order), kills)
	}
}
