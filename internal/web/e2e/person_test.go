package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// patience is how long a person waits for something to appear.
const patience = 8 * time.Second

var browser context.Context

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "switchboard-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	path := os.Getenv("CHROME_BIN")
	if path == "" {
		path = "/usr/bin/chromium"
	}
	ctx, cancel := chromedp.NewExecAllocator(context.Background(),
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(dir), chromedp.WindowSize(1440, 900),
		chromedp.Flag("headless", "new"), chromedp.Flag("disable-quic", true), chromedp.Flag("no-first-run", true),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("hide-scrollbars", true))
	defer cancel()
	ctx, cancel = chromedp.NewContext(ctx)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		fmt.Fprintf(os.Stderr, "start chromium (install it, or set CHROME_BIN): %v\n", err)
		return 1
	}
	browser = ctx
	return m.Run()
}

// A person sits at a browser of their own.
type person struct {
	t    *testing.T
	ctx  context.Context
	site *site
}

// sits gives a person a browser, signed in already.
func (s *site) sits(t *testing.T, token string) *person {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser, chromedp.WithNewBrowserContext(), chromedp.WithListener(func(ev any) {
		switch e := ev.(type) {
		case *runtime.EventExceptionThrown:
			t.Errorf("a script failed: %s %s:%d", e.ExceptionDetails.Exception.Description, e.ExceptionDetails.URL, e.ExceptionDetails.LineNumber)
		case *log.EventEntryAdded:
			if e.Entry.Source == "security" || strings.Contains(e.Entry.Text, "Content Security Policy") {
				t.Errorf("the browser's policy stopped something: %s", e.Entry.Text)
			}
		}
	}))
	t.Cleanup(cancel)
	p := &person{t: t, ctx: ctx, site: s}
	p.do(chromedp.EmulateViewport(1440, 900))
	_, err := chromedp.Call(p.ctx, log.Enable, cdp.Empty{})
	p.must(err)
	u, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		_, err := chromedp.Call(ctx, network.SetCookie, network.SetCookieParams{Name: "switchboard", Value: token, Domain: u.Hostname(), Path: "/"})
		p.must(err)
	}
	return p
}

func (p *person) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *person) do(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	p.must(chromedp.Do(p.ctx, steps...))
}

func (p *person) opens(path string) {
	p.t.Helper()
	p.do(chromedp.Navigate(p.site.url + path))
}

// opensDeaf opens a page that hears nothing of what others do meanwhile. A page
// that is merely told to stop listening may have asked already.
func (p *person) opensDeaf(path string) {
	p.t.Helper()
	added, err := chromedp.Call(p.ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: "delete window.EventSource"})
	p.must(err)
	p.opens(path)
	_, err = chromedp.Call(p.ctx, page.RemoveScriptToEvaluateOnNewDocument, page.RemoveScriptToEvaluateOnNewDocumentParams(added))
	p.must(err)
}

func (p *person) uses(width, height int64, theme string) {
	p.t.Helper()
	p.do(chromedp.EmulateViewport(width, height))
	_, err := chromedp.Call(p.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}, {Name: "prefers-reduced-motion", Value: "reduce"}}})
	p.must(err)
}

// js evaluates an expression that ends in a value.
func js[T any](p *person, expression string) T {
	p.t.Helper()
	v, err := ask[T](p, expression)
	if err != nil {
		p.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// ask is js for what is asked again: a page that is just being left can't answer.
func ask[T any](p *person, expression string) (T, error) {
	return chromedp.Run(p.ctx, chromedp.Evaluate[T](expression))
}

type element struct {
	id   cdp.BackendNodeID
	name string
}

// all returns what has the role and a name that begins with name, as a screen
// reader would find it.
func (p *person) all(role, name string) ([]element, error) {
	doc, err := chromedp.Call(p.ctx, runtime.Evaluate, runtime.EvaluateParams{Expression: "document"})
	if err != nil {
		return nil, err
	}
	res, err := chromedp.Call(p.ctx, accessibility.QueryAXTree, accessibility.QueryAXTreeParams{ObjectID: doc.Result.ObjectID, Role: role})
	if err != nil {
		return nil, err
	}
	var found []element
	for _, n := range res.Nodes {
		if n.Ignored || n.Name == nil {
			continue
		}
		var got string
		if err := json.Unmarshal(n.Name.Value, &got); err != nil {
			continue
		}
		if strings.HasPrefix(got, name) {
			found = append(found, element{n.BackendDOMNodeID, got})
		}
	}
	return found, nil
}

// until tries again until ok or patience ends.
func (p *person) until(what string, ok func() (bool, error)) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	tick := time.NewTicker(40 * time.Millisecond)
	defer tick.Stop()
	var last error
	for {
		done, err := ok()
		if done {
			return
		}
		last = err
		select {
		case <-ctx.Done():
			p.t.Fatalf("%s did not happen (%v)\nat %s\n%s", what, last, js[string](p, "location.pathname+location.search"), js[string](p, "document.body.innerText.slice(0,2500)"))
		case <-tick.C:
		}
	}
}

// sees waits for exactly one such thing; a name that ends in * is a beginning.
func (p *person) sees(role, name string) element {
	p.t.Helper()
	prefix, partial := strings.CutSuffix(name, "*")
	var e element
	p.until(fmt.Sprintf("seeing %s %q", role, name), func() (bool, error) {
		found, err := p.all(role, prefix)
		if err != nil {
			return false, err
		}
		var exact []element
		for _, f := range found {
			if partial || f.name == name {
				exact = append(exact, f)
			}
		}
		if len(exact) != 1 {
			return false, fmt.Errorf("%d of them", len(exact))
		}
		e = exact[0]
		return true, nil
	})
	return e
}

// misses waits until no such thing is there.
func (p *person) misses(role, name string) {
	p.t.Helper()
	p.until(fmt.Sprintf("missing %s %q", role, name), func() (bool, error) {
		found, err := p.all(role, name)
		for _, f := range found {
			if f.name == name {
				return false, err
			}
		}
		return err == nil, err
	})
}

// reads waits until the page holds the words.
func (p *person) reads(words string) {
	p.t.Helper()
	p.until(fmt.Sprintf("reading %q", words), func() (bool, error) {
		return ask[bool](p, fmt.Sprintf("(document.body?.innerText||'').replace(/\\s+/g,' ').includes(%q)", words))
	})
}

func (p *person) clicks(role, name string) {
	p.t.Helper()
	p.until(fmt.Sprintf("clicking %s %q", role, name), func() (bool, error) {
		e := p.sees(role, name)
		_, err := chromedp.Call(p.ctx, dom.ScrollIntoViewIfNeeded, dom.ScrollIntoViewIfNeededParams{BackendNodeID: e.id})
		if err != nil {
			return false, err
		}
		quads, err := chromedp.Call(p.ctx, dom.GetContentQuads, dom.GetContentQuadsParams{BackendNodeID: e.id})
		if err != nil || len(quads.Quads) == 0 {
			return false, err
		}
		q := quads.Quads[0]
		return true, chromedp.Do(p.ctx, chromedp.MouseClickXY((q[0]+q[4])/2, (q[1]+q[5])/2))
	})
}

func (p *person) types(keys string) {
	p.t.Helper()
	p.until("the page being loaded", func() (bool, error) { return ask[bool](p, "document.readyState === 'complete'") })
	p.do(chromedp.KeyEvent(keys, asKeyboard))
}

// asKeyboard makes a key go down as it does under a hand. Chromium keeps the
// character of a key from a page that has taken the key for itself only if it
// came down raw; of chromedp's own way down the character follows regardless,
// into whatever field the shortcut has opened by then.
func asKeyboard(k *input.DispatchKeyEventParams) {
	if k.Type == kb.KeyDown {
		k.Type = kb.KeyRawDown
	}
}

func (p *person) has(role, name, value string) {
	p.t.Helper()
	p.until(fmt.Sprintf("%s %q holding %q", role, name, value), func() (bool, error) {
		e := p.sees(role, name)
		o, err := chromedp.Call(p.ctx, dom.ResolveNode, dom.ResolveNodeParams{BackendNodeID: e.id})
		if err != nil {
			return false, err
		}
		res, err := chromedp.Call(p.ctx, runtime.CallFunctionOn, runtime.CallFunctionOnParams{ObjectID: o.Object.ObjectID, FunctionDeclaration: "function(){return this.value}"})
		if err != nil {
			return false, err
		}
		var got string
		if err := json.Unmarshal(res.Result.Value, &got); err != nil {
			return false, err
		}
		return got == value, fmt.Errorf("it holds %q", got)
	})
}

// focus is the role and name of what has the focus.
func (p *person) focus() string {
	p.t.Helper()
	return js[string](p, `(()=>{const e=document.activeElement;if(!e||e===document.body)return '';return e.tagName.toLowerCase()+(e.id?'#'+e.id:'')+' '+(e.getAttribute('aria-label')||e.innerText||e.value||'').trim().slice(0,60)})()`)
}

// focuses waits until the focus is on the element with the id.
func (p *person) focuses(id string) {
	p.t.Helper()
	p.until("the focus being on #"+id, func() (bool, error) {
		return js[string](p, "document.activeElement?.id || ''") == id, fmt.Errorf("it is on %q", p.focus())
	})
}

// keepsFocus fails if the focus got lost.
func (p *person) keepsFocus(after string) {
	p.t.Helper()
	p.until("the focus being somewhere after "+after, func() (bool, error) { return p.focus() != "", nil })
}
