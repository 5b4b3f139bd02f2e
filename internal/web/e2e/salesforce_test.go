package e2e

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/switchboardhq/switchboard/internal/crm/salesforce/sforg"
)

// A served is the real program, with Dana as its admin, and a simulated org that
// is not connected yet.
type served struct {
	*site
	t       *testing.T
	bin     string
	data    string
	key     string // of the API
	channel string
	sf      *sforg.Org
	sfURL   string
}

// buildProgram builds the real program.
func buildProgram(t *testing.T) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "switchboard")
	if out, err := exec.Command("go", "build", "-o", bin, "github.com/switchboardhq/switchboard/cmd/switchboard").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return bin
}

func newServed(t *testing.T, bin string) *served {
	t.Helper()
	s := &served{site: &site{}, t: t, bin: bin, data: filepath.Join(t.TempDir(), "data"), sf: sforg.New(sforg.Config{Now: time.Now, Random: rand.Reader})}
	server := httptest.NewServer(s.sf)
	t.Cleanup(server.Close)
	s.sfURL = server.URL
	s.sf.SetURL(server.URL)
	s.serve()
	s.runs("user", "create", "--email", "dana@northside.example", "--name", "Dana Reyes", "--role", "admin")
	s.key = strings.TrimSpace(s.runs("apikey", "create", "--name", "test", "--role", "admin"))
	var c struct{ ID string }
	if err := json.Unmarshal([]byte(s.runs("channel", "create", "--provider", "generic", "--number", "+15125550100", "--region", "US", "--name", "Main line", "--json")), &c); err != nil {
		t.Fatal(err)
	}
	s.channel = c.ID
	return s
}

// serve starts the program; it is stopped, and has to end well, with the test.
func (s *served) serve() {
	s.t.Helper()
	cmd := exec.Command(s.bin, "serve", "--data", s.data, "--listen", "127.0.0.1:0", "--log-level", "warn")
	var log bytes.Buffer
	cmd.Stderr = &log
	out, err := cmd.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	s.t.Cleanup(func() {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			s.t.Error(err)
		}
		for lines.Scan() {
		}
		if err := cmd.Wait(); err != nil {
			s.t.Errorf("serve ended with %v\n%s", err, &log)
		}
		if s.t.Failed() {
			s.t.Logf("the log of serve:\n%s", &log)
		}
	})
	for lines.Scan() {
		if url, ok := strings.CutPrefix(lines.Text(), "listening on "); ok {
			s.url = url
			return
		}
	}
	s.t.Fatalf("serve did not listen\n%s", &log)
}

func (s *served) runs(args ...string) string {
	s.t.Helper()
	cmd := exec.Command(s.bin, append(args, "--data", s.data)...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		s.t.Fatalf("switchboard %s: %v\n%s", strings.Join(args, " "), err, &errs)
	}
	return string(out)
}

// admin sits down as Dana.
func (s *served) admin() *person {
	s.t.Helper()
	p := s.sits(s.t, "")
	link := strings.TrimSpace(s.runs("user", "link", "--email", "dana@northside.example"))
	_, path, _ := strings.Cut(link, "/sign-in/")
	p.opens("/sign-in/" + path)
	p.clicks("button", "Sign in")
	p.sees("navigation", "Main")
	return p
}

// texts brings a text in, and returns its id.
func (s *served) texts(from, body string) string {
	s.t.Helper()
	b, err := json.Marshal(map[string]string{"channel_id": s.channel, "provider_message_id": rand.Text(), "from": from, "body": body})
	if err != nil {
		s.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.url+"/api/v1/messages", bytes.NewReader(b))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+s.key)
	r.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	var answer struct{ Message struct{ ID string } }
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil || res.StatusCode != http.StatusCreated {
		s.t.Fatalf("the API answers %s, %v", res.Status, err)
	}
	return answer.Message.ID
}

// settles waits for what takes the program a while.
func (p *person) settles(what string, ok func() bool) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, 60*time.Second)
	defer cancel()
	tick := time.NewTicker(300 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-ctx.Done():
			p.t.Fatalf("%s did not happen\n%s", what, js[string](p, "document.body.innerText.slice(0,2500)"))
		case <-tick.C:
		}
	}
}

func (p *person) shows(words string) bool {
	return js[bool](p, fmt.Sprintf("(document.body?.innerText||'').replace(/\\s+/g,' ').includes(%q)", words))
}

// awaits waits until the page holds the words, for as long as Salesforce and a
// busy machine may take.
func (p *person) awaits(words string) {
	p.t.Helper()
	p.settles(fmt.Sprintf("reading %q", words), func() bool { return p.shows(words) })
}

// connects fills in the form of client credentials.
func (p *person) connects(s *served) {
	p.t.Helper()
	p.opens("/settings/salesforce")
	p.reads("How to sign in")
	if js[string](p, "document.getElementById('sf-login').value") == "" { // else they are remembered, but for the secret
		p.fills("My Domain", s.sfURL)
		p.fills("Consumer key", s.sf.ClientID())
	}
	p.fills("Consumer secret", s.sf.ClientSecret())
	p.clicks("button", "Connect")
	p.awaits("Tied to")
}

// installs installs the package and waits for it.
func (p *person) installs() {
	p.t.Helper()
	p.clicks("button", "Install the package")
	p.settles("the package being installed", func() bool { return p.shows("Package installed") || p.shows("Installed, ") })
}

func TestSalesforceByHand(t *testing.T) {
	bin := buildProgram(t)
	t.Run("client credentials", func(t *testing.T) { connectByCredentials(t, newServed(t, bin)) })
	t.Run("web-server flow", func(t *testing.T) { connectByWeb(t, newServed(t, bin)) })
	t.Run("JWT bearer", func(t *testing.T) { connectByKey(t, newServed(t, bin)) })
	t.Run("refused and settled", func(t *testing.T) { mendWhatIsRefused(t, newServed(t, bin)) })
}

func connectByCredentials(t *testing.T, s *served) {
	if err := s.sf.Load("Contact", 1200, func(i int) map[string]any {
		return map[string]any{"LastName": fmt.Sprintf("Contact %d", i), "MobilePhone": fmt.Sprintf("+1512555%04d", i)}
	}); err != nil {
		t.Fatal(err)
	}
	dana := s.admin()
	dana.opens("/settings")
	dana.clicks("link", "Salesforce*")
	dana.reads("How to sign in")
	dana.passes("wide light salesforce not connected")
	dana.fills("My Domain", s.sfURL)
	dana.fills("Consumer key", s.sf.ClientID())
	dana.fills("Consumer secret", "not the secret")
	dana.clicks("button", "Connect")
	dana.awaits("Salesforce does not know the app by this consumer key and secret")
	dana.has("textbox", "My Domain", s.sfURL)
	dana.has("textbox", "Consumer secret", "")
	dana.passes("wide light salesforce refused")
	dana.fills("Consumer secret", s.sf.ClientSecret())
	dana.clicks("button", "Connect")
	dana.sees("status", "Connected")
	dana.reads("Acts there as")
	if page := js[string](dana, "document.documentElement.outerHTML"); strings.Contains(page, s.sf.ClientSecret()) {
		t.Error("the page holds the secret")
	}
	dana.awaits("The package is not installed")
	dana.awaits("Acme ·")
	dana.passes("wide light salesforce without the package")
	dana.installs()
	dana.opens("/settings/salesforce")
	dana.awaits("Installed, ")
	dana.settles("the first cycle", func() bool { return dana.shows("In line with Salesforce, checked") })
	dana.settles("the contacts being loaded", func() bool { return dana.shows("Contacts 1,200") && !dana.shows("Loading") })
	for _, look := range []struct {
		name          string
		width, height int64
		theme         string
	}{{"wide light", 1440, 900, "light"}, {"wide dark", 1440, 900, "dark"}, {"phone light", 390, 844, "light"}, {"phone dark", 390, 844, "dark"}} {
		dana.uses(look.width, look.height, look.theme)
		dana.opens("/settings/salesforce")
		dana.awaits("Send Custom Notifications")
		dana.passes(look.name + " salesforce connected")
	}
	dana.uses(1440, 900, "light")

	// A text is there, and each page of it leads to it.
	id := s.texts("+12065550142", "Hello, I got your flyer.")
	dana.settles("the text being in Salesforce", func() bool { return len(s.sf.Notifications()) == 1 })
	dana.opens("/messages/" + id)
	dana.sees("link", "in Salesforce")
	dana.opens("/unassigned")
	dana.sees("link", "in Salesforce")

	dana.opens("/settings/salesforce")
	dana.clicks("button", "Sync now")
	dana.sees("status", "Syncing")
	dana.clicks("button", "Check again")
	dana.awaits("Checked just now")
	js[bool](dana, "(document.querySelector('.sb-sf__confirm').open = true)")
	dana.reads("stay, here and there")
	dana.clicks("button", "Disconnect now")
	dana.reads("Disconnected from the org " + s.sf.OrgID())
	dana.passes("wide light salesforce disconnected")
	dana.connects(s)
	dana.awaits("Installed, ")
}

func connectByWeb(t *testing.T, s *served) {
	s.sf.AskConsent(true)
	dana := s.admin()
	dana.opens("/settings/salesforce?by=web")
	dana.fills("My Domain", s.sfURL)
	dana.fills("Consumer key", s.sf.ClientID())
	dana.fills("Consumer secret", s.sf.ClientSecret())
	dana.clicks("button", "Sign in with Salesforce")
	dana.clicks("button", "Deny")
	dana.reads("The access was not allowed in Salesforce")
	dana.has("textbox", "My Domain", s.sfURL)
	dana.has("textbox", "Consumer secret", "")
	dana.passes("wide light salesforce denied")
	dana.fills("Consumer secret", s.sf.ClientSecret())
	dana.clicks("button", "Sign in with Salesforce")
	dana.clicks("button", "Allow")
	dana.awaits("Sign-in of an admin")
	dana.awaits("The package is not installed")
	// Who has it from elsewhere brings nothing along that this browser began.
	dana.opens("/settings/salesforce/callback?code=stolen&state=guessed")
	dana.reads("The sign-in was not begun in this browser")
	dana.opens("/settings/salesforce")
	dana.installs()
	dana.opens("/settings/salesforce")
	dana.settles("the first cycle", func() bool { return dana.shows("In line with Salesforce, checked") })
}

func connectByKey(t *testing.T, s *served) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	s.sf.RegisterKey(&key.PublicKey)
	text := string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
	dana := s.admin()
	dana.opens("/settings/salesforce?by=jwt")
	dana.fills("My Domain", s.sfURL)
	dana.fills("Consumer key", s.sf.ClientID())
	dana.fills("Salesforce user to act as", s.sf.Admin().Username)
	dana.clicks("button", "Connect")
	dana.reads("Choose the private key's file, or paste the key.")
	dana.passes("wide light salesforce without a key")
	js[bool](dana, fmt.Sprintf("(document.getElementById('sf-key-text').value = %q, true)", text))
	dana.clicks("button", "Connect")
	dana.awaits("JWT bearer")
	dana.awaits("Tied to")
	if page := js[string](dana, "document.documentElement.outerHTML"); strings.Contains(page, "PRIVATE KEY") {
		t.Error("the page holds the key")
	}
}

// What Salesforce refuses is mended where a person finds it: a field that it
// wants, and a record that it has already.
func mendWhatIsRefused(t *testing.T, s *served) {
	dana := s.admin()
	dana.connects(s)
	dana.awaits("The package is not installed")
	dana.installs()
	s.sf.AddValidation("Contact", "Email", "Every contact needs an e-mail address.", func(f map[string]any) bool { return f["Email"] == nil })
	s.sf.AddDuplicateRule(sforg.DuplicateRule{Object: "Contact", Match: [][]string{{"LastName", "Email"}}})

	// The text is assigned to a contact that the org does not take.
	text := s.texts("+15125550177", "Hi, it’s Ada.")
	dana.opens("/messages/" + text)
	dana.clicks("link", "New Contact*")
	dana.sees("dialog", "New Contact")
	js[bool](dana, "(document.querySelector('[name=FirstName]').value='Ada', document.querySelector('[name=LastName]').value='Okafor', true)")
	dana.clicks("button", "Save")
	dana.sees("status", "Assigned to Ada Okafor")
	dana.opens("/settings/salesforce/unwritten")
	dana.settles("the refusal", func() bool { dana.opens("/settings/salesforce/unwritten"); return dana.shows("Every contact needs") })
	dana.reads("1 try")
	for _, look := range []struct {
		name          string
		width, height int64
		theme         string
	}{{"phone dark", 390, 844, "dark"}, {"phone light", 390, 844, "light"}, {"wide dark", 1440, 900, "dark"}, {"wide light", 1440, 900, "light"}} {
		dana.uses(look.width, look.height, look.theme)
		dana.opens("/settings/salesforce/unwritten")
		dana.passes(look.name + " unwritten")
	}
	dana.clicks("button", "Retry Ada Okafor")
	dana.sees("status", "Trying again")
	dana.settles("the second refusal", func() bool { dana.opens("/settings/salesforce/unwritten"); return dana.shows("1 try") })
	dana.clicks("link", "Edit Email of Ada Okafor")
	dana.focuses("f-Email")
	dana.reads("Salesforce: Every contact needs an e-mail address.")
	dana.passes("wide light record refused, editing")
	dana.types("ada@okafor.example")
	dana.clicks("button", "Save")
	dana.sees("status", "Saved")
	address := js[string](dana, "location.pathname")
	dana.settles("the contact being there", func() bool { dana.opens(address); return dana.shows("In line with Salesforce") })
	dana.passes("wide light record in line")
	dana.opens("/settings/salesforce/unwritten")
	dana.reads("Everything is written that should be.")
	dana.passes("wide light nothing unwritten")

	// The same person once more, who is there already.
	second := s.texts("+17375550119", "This is my new number. Ada")
	dana.opens("/messages/" + second)
	dana.clicks("link", "New Contact*")
	dana.sees("dialog", "New Contact")
	js[bool](dana, "(document.querySelector('[name=FirstName]').value='A.', document.querySelector('[name=LastName]').value='Okafor', document.querySelector('[name=Email]').value='ada@okafor.example', true)")
	dana.clicks("button", "Save")
	dana.sees("status", "Assigned to A. Okafor")
	dana.settles("the duplicate", func() bool {
		dana.opens("/settings/salesforce/unwritten")
		return dana.shows("Settle the duplicate")
	})
	dana.clicks("link", "Settle the duplicate of A. Okafor")
	dana.reads("Salesforce has it already")
	for _, look := range []struct {
		name          string
		width, height int64
		theme         string
	}{{"phone dark", 390, 844, "dark"}, {"wide dark", 1440, 900, "dark"}, {"wide light", 1440, 900, "light"}} {
		dana.uses(look.width, look.height, look.theme)
		dana.passes(look.name + " record duplicate")
	}
	dana.clicks("button", "Use the existing one, Ada Okafor")
	dana.sees("status", "Using Ada Okafor")
	dana.sees("heading", "Ada Okafor")
	dana.reads("This is my new number. Ada")
	rows, err := s.sf.Query("SELECT Id FROM Contact")
	if err != nil || len(rows) != 1 {
		t.Errorf("there are %d contacts in Salesforce, %v", len(rows), err)
	}
	dana.opens("/settings/salesforce/unwritten")
	dana.reads("Everything is written that should be.")
}
