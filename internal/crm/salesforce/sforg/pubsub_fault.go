package sforg

import (
	"net"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
)

// trouble is what a PubSub was told to do wrong. An expired token, a GAP event
// and a replay id that is too old come about by what they do to the org itself:
// ExpireSessions, Gap, ForgetChanges.
type trouble struct {
	dropped  chan struct{} // closed when the streams of now are to end
	hung     chan struct{} // closed when the streams of now are to fall silent
	left     int           // events that are still sent before a stream is dropped; -1: no end
	refusals []refusal
}

type refusal struct {
	status codes.Code
	code   string
}

// Drop ends all open streams with the status Unavailable, as a server that is
// restarted does.
func (p *PubSub) Drop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.trouble.dropped)
	p.trouble.dropped = make(chan struct{})
}

// DropAfter ends a stream after n events more, counted over all of them. It
// happens once. What was sent before arrives.
func (p *PubSub) DropAfter(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.trouble.left = max(0, n)
}

// Cut cuts all connections, as a firewall does: what was on its way is lost.
func (p *PubSub) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		_ = c.Close() // the connection's reader finds out
	}
}

// Hang lets the streams that are open fall silent for ever: no event, and not
// even a sign of life, while the connection stands. New streams are not touched.
func (p *PubSub) Hang() {
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.trouble.hung)
	p.trouble.hung = make(chan struct{})
}

// Refuse makes the next subscription fail with a status and Salesforce's code
// in the trailer, or none for "".
func (p *PubSub) Refuse(status codes.Code, code string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.trouble.refusals = append(p.trouble.refusals, refusal{status, code})
}

// refusal takes what Refuse has left for c.
func (p *PubSub) refusal(c caller, setTrailer func(metadata.MD)) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.trouble.refusals) == 0 {
		return nil
	}
	r := p.trouble.refusals[0]
	p.trouble.refusals = p.trouble.refusals[1:]
	return c.refuse(setTrailer, r.status, r.code, "This subscription was told to fail.")
}

// signals returns what a stream that opens now has to listen to.
func (p *PubSub) signals() (dropped, hung <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.trouble.dropped, p.trouble.hung
}

// allow returns how many of n events may be sent, and whether the stream ends
// behind them.
func (p *PubSub) allow(n int) (int, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := &p.trouble
	if t.left < 0 || n < t.left {
		if t.left > 0 {
			t.left -= n
		}
		return n, false
	}
	n, t.left = t.left, -1
	return n, true
}

// counted remembers the connections of a PubSub, for Cut.
type counted struct {
	net.Listener
	p *PubSub
}

// Accept waits for a connection.
func (l counted) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.p.mu.Lock()
	defer l.p.mu.Unlock()
	l.p.conns[c] = true
	return &conn{c, l.p}, nil
}

type conn struct {
	net.Conn
	p *PubSub
}

// Close closes the connection.
func (c *conn) Close() error {
	c.p.mu.Lock()
	delete(c.p.conns, c.Conn)
	c.p.mu.Unlock()
	return c.Conn.Close()
}
