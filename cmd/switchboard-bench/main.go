// Command switchboard-bench measures the product as it runs: the real program,
// durable and with every row written, against a bare net/http server that only
// checks the HMAC and decodes. Everything is interleaved in one run, so that
// ratios mean something on a machine that is not alone.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "switchboard-bench:", err)
		os.Exit(1)
	}
}

// plan is what a run measures.
type plan struct {
	records     int
	connections int
	repeats     int
	each        time.Duration
	database    string
	baseline    bool
}

func run(ctx context.Context, args []string, out, log io.Writer) error {
	var p plan
	flags := flag.NewFlagSet("switchboard-bench", flag.ContinueOnError)
	flags.SetOutput(log)
	flags.IntVar(&p.records, "records", 1_000_000, "numbers on record")
	flags.IntVar(&p.connections, "connections", 64, "keep-alive connections")
	flags.IntVar(&p.repeats, "repeats", 5, "repetitions; the median counts")
	flags.DurationVar(&p.each, "each", 8*time.Second, "length of one measurement")
	flags.StringVar(&p.database, "database", "", "a postgres:// URL of an empty database; SQLite if left out")
	flags.BoolVar(&p.baseline, "baseline", false, "be the bare server (what the run itself starts)")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if p.baseline {
		return serveBaseline(ctx, out)
	}
	b, err := prepare(ctx, p, log)
	if err != nil {
		return err
	}
	defer b.close()
	return b.measure(ctx, out)
}

// measure runs everything in turns and prints the report.
func (b *bench) measure(ctx context.Context, out io.Writer) error {
	fmt.Fprintf(out, "switchboard-bench: %d records, %d connections, %d × %v, %s, %s, %d CPUs\n\n",
		b.plan.records, b.plan.connections, b.plan.repeats, b.plan.each, b.dialect, runtime.Version(), runtime.NumCPU())
	var bare, durable, ratio, foreign []float64
	for i := range b.plan.repeats {
		x, err := b.closedLoop(ctx, b.baseline)
		if err != nil {
			return err
		}
		y, err := b.closedLoop(ctx, b.product)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%d: bare %.0f/s (p99 %v, foreign CPU %.2f), durable %.0f/s (p50 %v, p99 %v, foreign CPU %.2f), ratio %.3f\n",
			i+1, x.rate, x.p(99), x.foreign, y.rate, y.p(50), y.p(99), y.foreign, y.rate/x.rate)
		bare, durable, ratio = append(bare, x.rate), append(durable, y.rate), append(ratio, y.rate/x.rate)
		foreign = append(foreign, max(x.foreign, y.foreign))
	}
	fmt.Fprintf(out, "\nR2 durable routed webhooks/s over bare HMAC+JSON: median %.3f (%.3f to %.3f); durable %.0f/s, bare %.0f/s; foreign CPU up to %.2f cores\n",
		median(ratio), slices.Min(ratio), slices.Max(ratio), median(durable), median(bare), slices.Max(foreign))

	if err := b.findMessage(ctx); err != nil {
		return err
	}
	half := median(durable) / 2
	open, pages, err := b.openLoop(ctx, half)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "Open loop at %.0f/s (half the ceiling) while pages are read: p50 %v, p99 %v, errors %d, foreign CPU %.2f\n", half, open.p(50), open.p(99), open.errors, open.foreign)
	for _, page := range pages {
		fmt.Fprintf(out, "Page %-12s p50 %v, p99 %v (%d reads)\n", page.name, page.p(50), page.p(99), len(page.latencies))
	}
	open, _, err = b.openLoopAlone(ctx, half)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "Open loop at %.0f/s alone: p50 %v, p99 %v, errors %d\n", half, open.p(50), open.p(99), open.errors)
	memory, err := b.product.memory()
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "Memory of the program with %d records, after it all: %.0f MB resident\n", b.plan.records, memory)
	group, err := groupRatio(ctx, b.plan)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "R3 group commit over one transaction a message: median %.1f (%.1f to %.1f)\n", median(group), slices.Min(group), slices.Max(group))
	return nil
}

func median(v []float64) float64 {
	s := slices.Sorted(slices.Values(v))
	if n := len(s); n%2 == 0 {
		return (s[n/2-1] + s[n/2]) / 2
	}
	return s[len(s)/2]
}
