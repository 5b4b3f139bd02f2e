package sforg

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// A cursor is a query whose pages are being read: the versions of the rows as
// they were when it ran.
type cursor struct {
	plan    *plan
	shape   *shape
	rows    []*row
	batch   int
	user    *User
	version string
}

const maxCursors = 1000 // more are forgotten, the oldest first

// Query runs a SOQL query as the admin, as queryAll would, and returns one map
// per row with the values that are not null; a parent's fields are there by
// their path, "Contact__r.Name". Dates and times are time.Time. COUNT() is one
// row with "count".
func (o *Org) Query(text string) ([]map[string]any, error) {
	q, err := parseSOQL(text)
	if err != nil {
		return nil, err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	p, err := o.bind(q, o.admin, true)
	if err != nil {
		return nil, err
	}
	if p.aggregate() {
		return nil, fmt.Errorf("Query does not run aggregates other than COUNT()")
	}
	rows := p.run()
	if p.count {
		return []map[string]any{{"count": len(rows)}}, nil
	}
	list := make([]map[string]any, 0, len(rows))
	for _, r := range rows {
		m := map[string]any{}
		for _, c := range p.columns {
			if v := c.of(r); v != nil {
				m[c.path()] = export(v)
			}
		}
		list = append(list, m)
	}
	return list, nil
}

func (q *request) query(all bool) {
	if q.r.Method != http.MethodGet {
		q.methodNotAllowed()
		return
	}
	if len(q.parts) > 1 {
		q.queryMore(q.parts[1])
		return
	}
	form := q.r.URL.Query()
	text := form.Get("q")
	if text == "" {
		if form.Get("explain") != "" {
			q.reply(http.StatusOK, map[string]any{"plans": []any{}})
			return
		}
		q.fail(errorPlain("MALFORMED_QUERY", "A query string has to be specified"))
		return
	}
	s, err := parseSOQL(text)
	if err != nil {
		q.fail(err)
		return
	}
	q.lock()
	defer q.unlock()
	p, err := q.o.bind(s, q.who.user, all)
	if err != nil {
		q.fail(err)
		return
	}
	if form.Get("columns") == "true" {
		q.columns(p)
		return
	}
	rows := p.run()
	switch {
	case p.count:
		q.reply(http.StatusOK, []byte(fmt.Sprintf(`{"totalSize":%d,"done":true,"records":[]}`, len(rows))))
		return
	case p.aggregate():
		groups := p.groupRows(rows)
		b := fmt.Appendf(nil, `{"totalSize":%d,"done":true,"records":[`, len(groups))
		for i, g := range groups {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(b, g...)
		}
		q.reply(http.StatusOK, append(b, "]}"...))
		return
	}
	c := &cursor{plan: p, shape: p.shape(), rows: rows, batch: 2000, user: q.who.user, version: q.version}
	if n, err := strconv.Atoi(option(q.r, "Sforce-Query-Options", "batchSize")); err == nil {
		c.batch = max(200, min(2000, n))
	}
	q.o.counter++
	id := makeID("01g", q.o.counter)
	if len(rows) > c.batch {
		q.o.cursors[id] = c
		if q.o.counter > maxCursors {
			delete(q.o.cursors, makeID("01g", q.o.counter-maxCursors))
		}
	}
	q.page(c, id, 0)
}

// queryMore serves a later page. Its address says nothing of queryAll, and
// takes no parameters.
func (q *request) queryMore(locator string) {
	if !q.held {
		q.o.betweenPages()
	}
	q.lock()
	defer q.unlock()
	id, offset, _ := strings.Cut(locator, "-")
	c := q.o.cursors[id]
	n, err := strconv.Atoi(offset)
	if c == nil || c.user != q.who.user || err != nil || n < 0 || n >= len(c.rows) {
		q.fail(errorPlain("INVALID_QUERY_LOCATOR", "invalid query locator"))
		return
	}
	q.page(c, id, n)
}

func (q *request) page(c *cursor, id string, from int) {
	to := min(len(c.rows), from+c.batch)
	b := make([]byte, 0, 256*(to-from)+128)
	b = fmt.Appendf(b, `{"totalSize":%d,"done":%t,`, len(c.rows), to == len(c.rows))
	if to < len(c.rows) {
		b = fmt.Appendf(b, `"nextRecordsUrl":"%s",`, q.path(fmt.Sprintf("/query/%s-%d", id, to)))
	}
	b = append(b, `"records":[`...)
	for i, r := range c.rows[from:to] {
		if i > 0 {
			b = append(b, ',')
		}
		b = c.shape.append(b, q.o, c.plan.ob, r, q.version)
	}
	q.reply(http.StatusOK, append(b, "]}"...))
}

// columns answers what the sf command line asks beside each query.
func (q *request) columns(p *plan) {
	type meta struct {
		Aggregate   bool   `json:"aggregate"`
		APIType     string `json:"apexType"`
		Boolean     bool   `json:"booleanType"`
		Name        string `json:"columnName"`
		Custom      bool   `json:"custom"`
		Display     string `json:"displayName"`
		Foreign     any    `json:"foreignKeyName"`
		Insertable  bool   `json:"insertable"`
		JoinColumns []meta `json:"joinColumns"`
		Number      bool   `json:"numberType"`
		Text        bool   `json:"textType"`
		Updatable   bool   `json:"updatable"`
	}
	var build func(s *shape) []meta
	build = func(s *shape) []meta {
		list := []meta{}
		for _, k := range s.kids {
			m := meta{Name: k.name, Display: k.name, JoinColumns: []meta{}}
			if k.ref != nil {
				m.JoinColumns = build(k)
			} else {
				f := k.column.field
				m.APIType, m.Boolean, m.Custom = string(f.Type), f.Type == TypeBoolean, f.Custom()
				m.Number = f.Type == TypeInt || f.Type == TypeDouble
				m.Text = !m.Number && !m.Boolean
				m.Insertable, m.Updatable = !f.ReadOnly, !f.ReadOnly && !f.FixedOnCreate
			}
			list = append(list, m)
		}
		for _, n := range s.nested { // to sf, an aggregate with columns is a subquery
			list = append(list, meta{Aggregate: true, Name: n.name, Display: n.name, JoinColumns: build(n.shape)})
		}
		return list
	}
	list := []meta{}
	if p.aggregate() {
		for i, name := range p.names() {
			s := p.selects[i]
			m := meta{Aggregate: s.fn != "", Name: name, Display: name, JoinColumns: []meta{}}
			if s.fn != "" && s.alias == "" {
				m.Display = s.fn + "(" + s.path + ")"
			}
			list = append(list, m)
		}
	} else if !p.count {
		list = build(p.shape())
	}
	q.reply(http.StatusOK, map[string]any{"columnMetadata": list, "entityName": p.ob.Name, "groupBy": len(p.groups) > 0, "idSelected": true, "keyPrefix": p.ob.Prefix})
}
