package provider

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/fault"
)

// What bounds a delivery.
const (
	MaxBody = 1 << 20         // bytes; more is 413
	Wait    = 3 * time.Second // for the commit; longer is 503
)

// Accounts finds the channel that a webhook address belongs to.
type Accounts interface {
	// Account returns the channel with this provider and token, or an error with
	// [switchboard.CodeNotFound]. Any other error is our own trouble. Tokens are
	// compared by their hash. It takes no longer than [Wait].
	Account(ctx context.Context, provider, token string) (Account, error)
}

// Account is a channel as a delivery needs it.
type Account struct {
	OrgID, ChannelID string
	SettingsVersion  int64 // under which it was read; Intake finds out if it has grown
	Credentials      Credentials
	SecretErr        error // why the secret could not be opened; nil if it was, or if there is none
}

// Intake commits what came. Its methods are called from many goroutines.
type Intake interface {
	// Receive returns nil only once every event is committed, or was already.
	//
	// [switchboard.CodeStale] means that the channel changed since a was read:
	// the delivery is looked up and verified again. [switchboard.CodeInvalid]
	// means that an event can never be stored: the delivery is quarantined. Any
	// other error is our own trouble.
	Receive(ctx context.Context, a Account, events []switchboard.Event) error

	// Quarantine returns nil only once r is committed as something that came to
	// the channel and could not be read; reason is a sentence. The same bytes
	// again are the same entry. Errors are as with Receive, but never invalid.
	Quarantine(ctx context.Context, a Account, r Request, reason string) error

	// Called notes that somebody called the channel's address, and what Verify
	// said of it, for the set-up page and as the trace of a forgery. After a
	// verdict that is not nil, Accounts must not answer from memory: the channel
	// is looked up once more before anything is refused. It is called
	// for every delivery, hostile ones too, and before the delivery is committed:
	// it must not wait, and must keep no more than a bounded amount.
	Called(ctx context.Context, a Account, r Request, verdict error)
}

// Config is what a [Receiver] is made of. Every member is needed.
type Config struct {
	Drivers   []Driver
	Accounts  Accounts
	Intake    Intake
	PublicURL func() string // what providers were told; scheme, host and path prefix
	Now       func() time.Time
	Log       *slog.Logger
}

// Receiver takes the webhooks of all providers, at /hooks/{provider}/{token}.
//
//	unknown provider or token                  404
//	any method but POST                        405
//	body over MaxBody                          413
//	forged                                     403, with a bounded trace
//	verified, or proven in the body, unreadable 2xx, after it is quarantined
//	verified and read                          2xx, after it is committed
//	our own trouble                            503 with Retry-After
//
// Nothing else is ever answered: a provider that gets a 500 may give up, and a
// 429 is an error to some. Once a body has been read, a sender that hangs up
// stops nothing: some send only once.
type Receiver struct {
	Config
	drivers map[string]Driver
}

// NewReceiver returns a receiver that answers for the drivers in c.
func NewReceiver(c Config) *Receiver {
	v := &Receiver{Config: c, drivers: map[string]Driver{}}
	for _, d := range c.Drivers {
		v.drivers[d.Name()] = d
	}
	return v
}

// answer is what a sender gets. The text is for the person who tries out an
// address by hand: providers read the status alone.
type answer struct {
	status      int
	contentType string
	body        []byte
}

func plain(status int, text string) answer {
	return answer{status, "text/plain; charset=utf-8", []byte(text + "\n")}
}

func trouble() answer {
	return plain(http.StatusServiceUnavailable, "Switchboard cannot take this delivery now. Send it again.")
}

func unknown() answer {
	return plain(http.StatusNotFound, "This webhook address belongs to no channel. Copy it again from Settings, Channels.")
}

// The values of headers that refusals have. Nobody changes them.
var (
	nosniff = []string{"nosniff"}
	noStore = []string{"no-store"}
)

// ServeHTTP takes the provider and the token from the pattern that it was
// routed by.
func (v *Receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a := v.answer(w, r)
	h := w.Header() // its length is set by net/http
	if a.contentType != "" {
		h.Set("Content-Type", a.contentType)
	}
	if a.status != http.StatusOK { // a person may read it, in a browser
		h["X-Content-Type-Options"] = nosniff
		h["Cache-Control"] = noStore
	}
	switch a.status {
	case http.StatusServiceUnavailable:
		h.Set("Retry-After", "5")
	case http.StatusMethodNotAllowed:
		h.Set("Allow", http.MethodPost)
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // if the sender is gone, what it sent is committed all the same
}

func (v *Receiver) answer(w http.ResponseWriter, r *http.Request) answer {
	if r.Method != http.MethodPost {
		return plain(http.StatusMethodNotAllowed, "This is a webhook address: it takes POST requests from your SMS provider.")
	}
	driver, ok := v.drivers[r.PathValue("provider")]
	if !ok {
		return unknown()
	}
	d := delivery{Receiver: v, driver: driver, token: r.PathValue("token")}

	if failed, ok := d.lookUp(r.Context()); !ok {
		return failed
	}
	body, err := readBody(w, r)
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		d.log().Warn("refused a delivery over the size limit", "size", r.ContentLength)
		return plain(http.StatusRequestEntityTooLarge, "The delivery is larger than 1 MiB.")
	} else if err != nil {
		d.log().Info("a delivery broke off", "err", err)
		return trouble()
	}
	d.request = Request{
		Method:     r.Method,
		URL:        strings.TrimRight(v.PublicURL(), "/") + r.URL.RequestURI(),
		Header:     r.Header,
		Body:       body,
		ReceivedAt: v.Now(),
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), Wait)
	defer cancel()
	return d.take(ctx)
}

// readBody returns the body, or an [http.MaxBytesError]. For one that says that
// it is small, as texts are, it takes no more memory than that.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if n := r.ContentLength; 0 < n && n <= 4096 {
		body := make([]byte, n)
		_, err := io.ReadFull(r.Body, body)
		return body, err
	}
	return io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
}

// delivery is one request on its way.
type delivery struct {
	*Receiver
	driver  Driver
	token   string
	account Account
	request Request
}

// log returns the logger of the delivery. It is made when there is something to
// say, which there seldom is.
func (d *delivery) log() *slog.Logger {
	l := d.Log.With("provider", d.driver.Name())
	if d.account.ChannelID != "" {
		l = l.With("channel", d.account.ChannelID)
	}
	return l
}

// lookUp finds the account. If it is not ok, it returns the answer.
func (d *delivery) lookUp(ctx context.Context) (failed answer, ok bool) {
	var err error
	switch d.account, err = d.Accounts.Account(ctx, d.driver.Name(), d.token); {
	case err == nil:
		return answer{}, true
	case switchboard.ErrorCode(err) == switchboard.CodeNotFound:
		d.log().Debug("a delivery to an unknown address")
		return unknown(), false
	default:
		d.log().Error("cannot look up a webhook address", "err", err)
		return trouble(), false
	}
}

// take verifies and commits. A channel that changes meanwhile, such as a secret
// that is taken back, is believed in its new form only.
func (d *delivery) take(ctx context.Context) answer {
	for range 3 {
		verdict := d.verify()
		d.Intake.Called(ctx, d.account, d.request, verdict)
		if verdict != nil && !errors.Is(verdict, ErrUnreadable) {
			// What was remembered of the channel may be what is wrong.
			version := d.account.SettingsVersion
			if failed, ok := d.lookUp(ctx); !ok {
				return failed
			}
			if d.account.SettingsVersion != version {
				continue
			}
		}
		switch {
		case verdict == nil, errors.Is(verdict, ErrUnreadable):
		case errors.Is(verdict, ErrForged):
			d.log().Warn("refused a delivery", "reason", verdict)
			return plain(http.StatusForbidden, "The signature does not match. Check the secret of this channel in Settings, Channels.")
		default:
			d.log().Error("cannot judge a delivery", "reason", verdict)
			return trouble()
		}
		err := d.commit(ctx, verdict)
		if err == nil {
			err = fault.BeforeAnswer.Pass()
		}
		if err == nil {
			contentType, body := d.driver.Answer()
			return answer{http.StatusOK, contentType, body}
		}
		if switchboard.ErrorCode(err) != switchboard.CodeStale {
			d.log().Error("cannot take a delivery", "err", err)
			return trouble()
		}
		if failed, ok := d.lookUp(ctx); !ok {
			return failed
		}
	}
	d.log().Error("cannot take a delivery: its channel keeps changing")
	return trouble()
}

// verify never believes a delivery because something of ours went wrong.
func (d *delivery) verify() (verdict error) {
	if d.account.SecretErr != nil {
		return errors.Join(ErrSecret, d.account.SecretErr)
	}
	defer func() {
		if p := recover(); p != nil {
			e := newPanicError(d.driver, p)
			d.log().Error("a driver failed", "panic", e.What, "stack", string(e.Stack))
			verdict = e
		}
	}()
	return d.driver.Verify(d.request, d.account.Credentials)
}

// commit stores what a delivery tells. What cannot be read, or never be stored,
// is quarantined; so is what a defective driver fails on, for the provider may
// not send it again.
func (d *delivery) commit(ctx context.Context, verdict error) error {
	if verdict != nil {
		return d.quarantine(ctx, verdict)
	}
	events, unreadable := Read(d.driver, d.request, d.account.Credentials)
	if p, ok := errors.AsType[*PanicError](unreadable); ok {
		d.log().Error("a driver failed", "panic", p.What, "stack", string(p.Stack))
	}
	refused, err := d.receive(ctx, events)
	if err != nil {
		return err
	}
	if unreadable == nil {
		unreadable = refused
	}
	if unreadable != nil {
		return d.quarantine(ctx, unreadable)
	}
	return nil
}

// receive commits events, in one piece if it can be. If one of them can never be
// stored, the others still are, and refused says why.
func (d *delivery) receive(ctx context.Context, events []switchboard.Event) (refused, err error) {
	if len(events) == 0 {
		return nil, nil
	}
	err = d.Intake.Receive(ctx, d.account, events)
	if switchboard.ErrorCode(err) != switchboard.CodeInvalid {
		return nil, err
	}
	if len(events) == 1 {
		return err, nil
	}
	for i := range events {
		r, err := d.receive(ctx, events[i:i+1])
		if err != nil {
			return nil, err
		}
		if refused == nil {
			refused = r
		}
	}
	return refused, nil
}

func (d *delivery) quarantine(ctx context.Context, why error) error {
	reason := switchboard.ErrorMessage(why)
	if errors.Is(why, ErrUnreadable) {
		reason = "The body could not be read, so it could not be checked who sent it."
	}
	d.log().Warn("quarantined a delivery", "size", len(d.request.Body), "reason", reason)
	return d.Intake.Quarantine(ctx, d.account, d.request, reason)
}
