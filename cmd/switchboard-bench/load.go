package main

import (
	"bufio"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// result is one measurement.
type result struct {
	name      string
	rate      float64
	errors    int
	latencies []time.Duration // sorted
	foreign   float64         // cores that others used
}

func (r result) p(percent int) time.Duration {
	if len(r.latencies) == 0 {
		return 0
	}
	return r.latencies[min(len(r.latencies)-1, len(r.latencies)*percent/100)].Round(10 * time.Microsecond)
}

// generator makes signed webhook deliveries, each with a body of its own: of
// twenty texts, eighteen come from a number that one record has, one from a
// number that two have, one from an unknown number.
type generator struct {
	records int
	key     []byte
	run     string
	next    atomic.Int64
}

func newGenerator(records int) *generator {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		panic(err)
	}
	return &generator{records: records, key: key, run: strconv.FormatInt(time.Now().UnixNano(), 36)}
}

// numberOf is the number of record i; shared numbers belong to two records.
func numberOf(i int) string { return "+1" + strconv.Itoa(2_120_000_000+i) }

func sharedNumber(i int) string { return "+1" + strconv.Itoa(3_120_000_000+i) }

// sharedNumbers is how many numbers two records have.
func sharedNumbers(records int) int { return records / 20 }

func (g *generator) append(b []byte, host, path string) []byte {
	n := g.next.Add(1)
	from := ""
	switch spread := int(n * 7919 % int64(g.records)); n % 20 {
	case 0:
		from = sharedNumber(spread % max(1, sharedNumbers(g.records)))
	case 10:
		from = "+1" + strconv.Itoa(4_120_000_000+spread)
	default:
		from = numberOf(spread)
	}
	id := g.run + "-" + strconv.FormatInt(n, 10)
	stamp := strconv.FormatInt(time.Now().Unix(), 10)
	body := fmt.Appendf(make([]byte, 0, 256), `{"id":%q,"from":%q,"to":"+15125550100","body":"Text %d: could you move Thursday's install to the morning? The painters need the room from noon."}`, id, from, n)
	mac := hmac.New(sha256.New, g.key)
	io.WriteString(mac, id+"."+stamp+".")
	mac.Write(body)
	b = fmt.Appendf(b, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nwebhook-id: %s\r\nwebhook-timestamp: %s\r\nwebhook-signature: v1,%s\r\nContent-Length: %d\r\n\r\n",
		path, host, id, stamp, base64.StdEncoding.EncodeToString(mac.Sum(nil)), len(body))
	return append(b, body...)
}

// client is one keep-alive connection.
type client struct {
	conn net.Conn
	r    *bufio.Reader
	buf  []byte
}

func dial(target *url.URL) (*client, error) {
	conn, err := net.Dial("tcp", target.Host)
	if err != nil {
		return nil, err
	}
	return &client{conn: conn, r: bufio.NewReader(conn)}, nil
}

// send sends one delivery and reads the answer; it returns the status.
func (c *client) send(g *generator, target *url.URL) (int, error) {
	c.buf = g.append(c.buf[:0], target.Host, target.Path)
	if _, err := c.conn.Write(c.buf); err != nil {
		return 0, err
	}
	line, err := c.r.ReadSlice('\n')
	if err != nil {
		return 0, err
	}
	if len(line) < 12 {
		return 0, fmt.Errorf("a status line %q", line)
	}
	status, err := strconv.Atoi(string(line[9:12]))
	if err != nil {
		return 0, err
	}
	length := 0
	for {
		if line, err = c.r.ReadSlice('\n'); err != nil {
			return 0, err
		}
		if len(line) <= 2 {
			break
		}
		if name, value, _ := strings.Cut(string(line), ":"); http.CanonicalHeaderKey(name) == "Content-Length" {
			length, _ = strconv.Atoi(strings.TrimSpace(value))
		}
	}
	_, err = c.r.Discard(length)
	return status, err
}

// closedLoop drives the server with as many requests as its connections take.
func (b *bench) closedLoop(ctx context.Context, s *server) (result, error) {
	ctx, cancel := context.WithTimeout(ctx, b.plan.each)
	defer cancel()
	var mu sync.Mutex
	var r result
	var firstErr error
	before := readCPU(b.pids()...)
	start := time.Now()
	var group sync.WaitGroup
	for range b.plan.connections {
		group.Go(func() {
			var mine []time.Duration
			failed := 0
			c, err := dial(s.hook)
			for err == nil && ctx.Err() == nil {
				at := time.Now()
				var status int
				if status, err = c.send(b.generator, s.hook); err == nil {
					mine = append(mine, time.Since(at))
					if status/100 != 2 {
						failed++
					}
				}
			}
			if c != nil {
				c.conn.Close()
			}
			mu.Lock()
			defer mu.Unlock()
			r.latencies, r.errors = append(r.latencies, mine...), r.errors+failed
			if err != nil && firstErr == nil {
				firstErr = err
			}
		})
	}
	group.Wait()
	if firstErr != nil {
		return r, fmt.Errorf("%s: %w", s.name, firstErr)
	}
	elapsed := time.Since(start)
	r.foreign = foreignCores(before, readCPU(b.pids()...), elapsed)
	r.rate = float64(len(r.latencies)-r.errors) / elapsed.Seconds()
	slices.Sort(r.latencies)
	if r.errors > 0 {
		return r, fmt.Errorf("%s answered %d of %d requests with an error", s.name, r.errors, len(r.latencies))
	}
	return r, nil
}

// openLoopAlone sends at a fixed rate, whether answers come or not, and measures
// from when each request was due.
func (b *bench) openLoopAlone(ctx context.Context, rate float64) (result, []result, error) {
	return b.open(ctx, rate, nil)
}

// openLoop does so while a person reads pages.
func (b *bench) openLoop(ctx context.Context, rate float64) (result, []result, error) {
	return b.open(ctx, rate, b.pages)
}

func (b *bench) open(ctx context.Context, rate float64, pages []page) (result, []result, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*b.plan.each)
	defer cancel()
	due := make(chan time.Time, 1<<16)
	var group sync.WaitGroup
	group.Go(func() {
		defer close(due)
		start := time.Now()
		for n := 0; ctx.Err() == nil; {
			for upTo := int(time.Since(start).Seconds() * rate); n < upTo; n++ {
				select {
				case due <- start.Add(time.Duration(float64(n) / rate * float64(time.Second))):
				case <-ctx.Done():
				}
			}
			select { // the clock of the load, not a wait for something to happen
			case <-time.After(500 * time.Microsecond):
			case <-ctx.Done():
			}
		}
	})
	var mu sync.Mutex
	var r result
	before := readCPU(b.pids()...)
	started := time.Now()
	for range 4 * b.plan.connections {
		group.Go(func() {
			c, err := dial(b.product.hook)
			if err != nil {
				return
			}
			defer c.conn.Close()
			var mine []time.Duration
			failed := 0
			for at := range due {
				status, err := c.send(b.generator, b.product.hook)
				mine = append(mine, time.Since(at))
				if err != nil || status/100 != 2 {
					failed++
				}
				if err != nil {
					break
				}
			}
			mu.Lock()
			defer mu.Unlock()
			r.latencies, r.errors = append(r.latencies, mine...), r.errors+failed
		})
	}
	reads := make([]result, len(pages))
	group.Go(func() {
		for i := 0; len(pages) > 0 && ctx.Err() == nil; i = (i + 1) % len(pages) {
			at := time.Now()
			if err := b.read(ctx, pages[i]); err == nil {
				reads[i].name = pages[i].name
				reads[i].latencies = append(reads[i].latencies, time.Since(at))
			}
			select {
			case <-time.After(20 * time.Millisecond):
			case <-ctx.Done():
			}
		}
	})
	group.Wait()
	elapsed := time.Since(started)
	r.foreign = foreignCores(before, readCPU(b.pids()...), elapsed)
	r.rate = float64(len(r.latencies)) / elapsed.Seconds()
	slices.Sort(r.latencies)
	for i := range reads {
		slices.Sort(reads[i].latencies)
	}
	return r, reads, nil
}
