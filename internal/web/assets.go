package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"regexp"
	"strings"
)

//go:embed static
var staticFiles embed.FS

// assetPrefix is where assets are served. Each address carries a hash of its
// content, so that browsers may keep it for ever.
const assetPrefix = "/assets/"

// Assets are the embedded files that pages load, ready to be served: the
// parts of the stylesheet joined into one, the icons gathered into one sprite.
// It is safe for concurrent use.
type Assets struct {
	byURL map[string]asset  // "/assets/app-1f2e3d4c.css"
	urls  map[string]string // "app.css" to its address
	icons map[string]bool   // "utility-search"
}

type asset struct {
	contentType string
	body        []byte
	gzipped     []byte
}

// NewAssets reads the embedded files. It fails only when a file that the
// binary was built with is malformed.
func NewAssets() (*Assets, error) {
	a := &Assets{byURL: map[string]asset{}, urls: map[string]string{}, icons: map[string]bool{}}

	css, err := joined("static/css")
	if err != nil {
		return nil, err
	}
	a.add("app.css", css)

	sprite, err := a.sprite()
	if err != nil {
		return nil, err
	}
	a.add("icons.svg", sprite)

	for _, dir := range []string{"static/js", "static/img", "static/vendor"} {
		entries, err := staticFiles.ReadDir(dir)
		if err != nil {
			return nil, fmt.Errorf("web: read %s: %w", dir, err)
		}
		for _, e := range entries {
			if e.IsDir() || path.Ext(e.Name()) == ".lock" {
				continue
			}
			body, err := staticFiles.ReadFile(path.Join(dir, e.Name()))
			if err != nil {
				return nil, fmt.Errorf("web: read %s: %w", e.Name(), err)
			}
			a.add(e.Name(), body)
		}
	}
	return a, nil
}

// joined is the content of a folder's files, in the order of their names.
func joined(dir string) ([]byte, error) {
	entries, err := staticFiles.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("web: read %s: %w", dir, err)
	}
	var b bytes.Buffer
	for _, e := range entries {
		part, err := staticFiles.ReadFile(path.Join(dir, e.Name()))
		if err != nil {
			return nil, fmt.Errorf("web: read %s: %w", e.Name(), err)
		}
		b.Write(part)
		b.WriteByte('\n')
	}
	return b.Bytes(), nil
}

var svgRoot = regexp.MustCompile(`(?s)^\s*<svg\b[^>]*\bviewBox="([^"]+)"[^>]*>(.*)</svg>\s*$`)

// sprite gathers the icon files into one document of symbols. The files
// themselves stay as their licence wants them, unaltered; the sprite exists
// only in memory.
func (a *Assets) sprite() ([]byte, error) {
	var b bytes.Buffer
	b.WriteString(`<svg xmlns="http://www.w3.org/2000/svg">`)
	err := fs.WalkDir(staticFiles, "static/vendor/icons", func(p string, d fs.DirEntry, err error) error {
		if err != nil || path.Ext(p) != ".svg" {
			return err
		}
		body, err := staticFiles.ReadFile(p)
		if err != nil {
			return err
		}
		m := svgRoot.FindSubmatch(body)
		if m == nil {
			return fmt.Errorf("%s is not one svg element with a viewBox", p)
		}
		id := path.Base(path.Dir(p)) + "-" + strings.TrimSuffix(path.Base(p), ".svg")
		a.icons[id] = true
		fmt.Fprintf(&b, `<symbol id="%s" viewBox="%s">%s</symbol>`, id, m[1], m[2])
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("web: icons: %w", err)
	}
	b.WriteString(`</svg>`)
	return b.Bytes(), nil
}

func (a *Assets) add(name string, body []byte) {
	sum := sha256.Sum256(body)
	ext := path.Ext(name)
	url := assetPrefix + strings.TrimSuffix(name, ext) + "-" + hex.EncodeToString(sum[:6]) + ext
	var z bytes.Buffer
	// Writing to a buffer cannot fail, and the level is a valid one.
	w, _ := gzip.NewWriterLevel(&z, gzip.BestCompression)
	_, _ = w.Write(body)
	_ = w.Close()
	a.urls[name] = url
	a.byURL[url] = asset{contentType: mime.TypeByExtension(ext), body: body, gzipped: z.Bytes()}
}

// URL is the address of the asset called name, such as "app.css". A name that
// does not exist is an error, which fails the page that asks for it.
func (a *Assets) URL(name string) (string, error) {
	url, ok := a.urls[name]
	if !ok {
		return "", fmt.Errorf("web: no asset is called %q", name)
	}
	return url, nil
}

// Icon is the markup of one icon: set is "utility" or "standard". It is
// decoration: the words beside it say the same. A name that does not exist is
// an error.
func (a *Assets) Icon(set, name string) (template.HTML, error) {
	id := set + "-" + name
	if !a.icons[id] {
		return "", fmt.Errorf("web: no icon is called %q", id)
	}
	// Both parts come from the address table and the set of known ids.
	return template.HTML(`<svg class="slds-icon" aria-hidden="true" focusable="false"><use href="` +
		a.urls["icons.svg"] + `#` + id + `"></use></svg>`), nil
}

// ServeHTTP serves the assets under /assets/.
func (a *Assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f, ok := a.byURL[r.URL.Path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", f.contentType)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Vary", "Accept-Encoding")
	h.Set("X-Content-Type-Options", "nosniff")
	body := f.body
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") && len(f.gzipped) < len(body) {
		h.Set("Content-Encoding", "gzip")
		body = f.gzipped
	}
	if r.Method == http.MethodHead {
		return
	}
	_, _ = w.Write(body) // the reader went away
}
