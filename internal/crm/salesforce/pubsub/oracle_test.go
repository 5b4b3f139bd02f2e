package pubsub_test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/switchboardhq/switchboard/internal/crm/salesforce/pubsub"
	"github.com/switchboardhq/switchboard/internal/crm/salesforce/sforg"
)

// clients is the folder with other people's programs that know Salesforce.
const clients = "../../../../tools/salesforce-clients"

// heard is a line of tools/salesforce-clients/pubsub.mjs.
type heard struct {
	Event *struct {
		ReplayID uint64         `json:"replayId"`
		Payload  map[string]any `json:"payload"`
	} `json:"event"`
	Keepalive *uint64 `json:"keepalive"`
	Error     *struct {
		Message, Cause, Code string
		GRPC                 int
	} `json:"error"`
}

// oracle runs a subscriber that is none of ours.
func oracle(t *testing.T, w *world, token, topic, replay string, count int) []heard {
	t.Helper()
	modules := os.Getenv("SWITCHBOARD_SALESFORCE_CLIENTS")
	if modules == "" {
		modules = filepath.Join(clients, "node_modules")
	}
	for _, name := range []string{"salesforce-pubsub-api-client", "underscore", ".bin/node"} {
		if _, err := os.Stat(filepath.Join(modules, name)); err != nil {
			t.Fatalf("%s is not in %s. Run make test: it installs it. Or run npm ci --ignore-scripts in tools/salesforce-clients.", name, modules)
		}
	}
	cmd := exec.CommandContext(t.Context(), filepath.Join(modules, ".bin", "node"), filepath.Join(clients, "pubsub.mjs"),
		w.addr, "https://acme.my.salesforce.com", token, w.org.OrgID(), topic, replay, strconv.Itoa(count))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	var all []heard
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var h heard
		if err := json.Unmarshal(lines.Bytes(), &h); err != nil {
			t.Fatalf("%v in %s", err, lines.Text())
		}
		all = append(all, h)
	}
	if err != nil && (len(all) == 0 || all[len(all)-1].Error == nil) {
		t.Fatalf("The client failed: %v\n%s\n%s", err, out, stderr.String())
	}
	return all
}

// A client that nobody here wrote hears the same of the simulated org as ours
// does: the same records, fields, values and places in the stream.
func TestAnotherClientHearsTheSame(t *testing.T) {
	w := newWorld(t, 100*time.Millisecond)
	err := w.org.DefineObject(sforg.Object{Name: "SMS__c", Fields: []sforg.Field{
		{Name: "Name", Type: sforg.TypeString}, {Name: "Phone__c", Type: sforg.TypePhone}, {Name: "Score__c", Type: sforg.TypeDouble},
		{Name: "Done__c", Type: sforg.TypeBoolean}, {Name: "Received_At__c", Type: sforg.TypeDateTime},
		{Name: "Contact__c", Type: sforg.TypeReference, ReferenceTo: []string{"Contact"}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	// Seeds that stay: the comparison takes a process, so it is made once.
	busy := rapid.Custom(func(r *rapid.T) int {
		name := rapid.StringMatching(`[A-Za-zÀ-ž 日]{0,12}`)
		value := func(label string) any {
			if v := name.Draw(r, label); v != "" {
				return v
			}
			return nil
		}
		contact := func() map[string]any {
			m := map[string]any{}
			for _, f := range []string{"FirstName", "Salutation", "Phone", "MobilePhone", "MailingCity", "MailingStreet", "OtherCountry", "Title", "Description"} {
				if rapid.Bool().Draw(r, f) {
					m[f] = value(f)
				}
			}
			return m
		}
		first := contact()
		first["LastName"] = "Doe"
		id := w.create("Contact", first)
		for range 3 {
			w.update("Contact", id, contact())
		}
		sms := w.create("SMS__c", map[string]any{"Name": "SMS-000042", "Phone__c": value("p"), "Score__c": 1.5, "Received_At__c": time.Unix(1727146803, 0)})
		w.update("SMS__c", sms, map[string]any{"Contact__c": id, "Score__c": nil, "Done__c": true, "Received_At__c": nil})
		return 0
	})
	for seed := range 20 {
		busy.Example(seed)
	}
	id := w.create("Account", map[string]any{"Name": "Acme", "BillingCity": "Austin", "ShippingCity": "Bonn", "Phone": "1"})
	w.update("Account", id, map[string]any{"Name": "Acme & Co", "BillingCity": nil, "ShippingCity": "Köln"})
	if err := w.org.Delete(nil, "Account", id); err != nil {
		t.Fatal(err)
	}
	if err := w.org.Undelete(nil, "Account", id); err != nil {
		t.Fatal(err)
	}
	w.org.Gap("Contact", sforg.ChangeGapUpdate, id)
	w.org.Gap("Contact", sforg.ChangeGapOverflow)

	n := len(w.org.ChangesAfter("", 0))
	if n < 100 {
		t.Fatalf("only %d changes: the client does not have to ask for more", n)
	}
	ours := listen(t, w.subscriber(nil), "/data/ChangeEvents", pubsub.Position{Earliest: true}).events(n)
	theirs := oracle(t, w, w.org.AccessToken(), "/data/ChangeEvents", "earliest", n)
	if len(theirs) != n+1 || theirs[n].Keepalive == nil || int64(*theirs[n].Keepalive) != w.org.LastPosition() {
		t.Fatalf("it heard %d lines, the last %+v; want %d events and a sign of life at %d", len(theirs), theirs[len(theirs)-1], n, w.org.LastPosition())
	}
	partial := 0
	for i, e := range ours {
		h := theirs[i].Event
		if h == nil {
			t.Fatalf("it heard %+v instead of event %d", theirs[i].Error, i)
		}
		header := h.Payload["ChangeEventHeader"].(map[string]any)
		if h.ReplayID != binary.BigEndian.Uint64(e.ReplayID) || header["entityName"] != e.Object || header["changeType"] != string(e.Type) ||
			header["commitUser"] != e.CommitUser || header["changeOrigin"] != e.ChangeOrigin || header["commitNumber"] != float64(e.CommitNumber) ||
			header["commitTimestamp"] != float64(e.CommitTimestamp.UnixMilli()) || header["sequenceNumber"] != float64(e.Sequence) {
			t.Errorf("event %d is %+v at %d, and ours %+v", i, header, h.ReplayID, e)
		}
		if !e.All && !slices.Equal(texts(header["recordIds"]), e.RecordIDs) {
			t.Errorf("event %d is of %v, and ours of %v", i, header["recordIds"], e.RecordIDs)
		}
		if diff := cmp.Diff(restNames(header["changedFields"]), sorted(e.Changed)); diff != "" {
			t.Errorf("event %d: changed fields (-theirs +ours):\n%s", i, diff)
		}
		if strings.Contains(strings.Join(texts(header["changedFields"]), " "), ".") {
			partial++
		}
		var cleared []string
		set := map[string]any{}
		for name, v := range e.Values {
			switch v := v.(type) {
			case nil:
				cleared = append(cleared, name)
			case int64:
				set[name] = float64(v)
			default:
				set[name] = v
			}
		}
		slices.Sort(cleared)
		// The client overlooks the bitmap of a compound's parts when it stands alone
		// in its list.
		their := restNames(header["nulledFields"])
		overlooked := their == nil && w.oneCompound(e.Object, cleared)
		if diff := cmp.Diff(their, cleared); diff != "" && !overlooked {
			t.Errorf("event %d: cleared fields (-theirs +ours):\n%s", i, diff)
		}
		if diff := cmp.Diff(restValues(h.Payload), set); diff != "" {
			t.Errorf("event %d: values (-theirs +ours):\n%s", i, diff)
		}
	}
	if partial < 10 {
		t.Errorf("only %d events change a part of a compound field", partial)
	}

	// It goes on after a place in the stream, and is refused as it expects.
	half := binary.BigEndian.Uint64(ours[n/2].ReplayID)
	rest := oracle(t, w, w.org.AccessToken(), "/data/ChangeEvents", strconv.FormatUint(half, 10), n-n/2-1)
	if first := rest[0].Event; first == nil || first.ReplayID != binary.BigEndian.Uint64(ours[n/2+1].ReplayID) {
		t.Errorf("after %d it heard %+v", half, rest[0])
	}
	for replay, want := range map[string]string{"9007199254740991": "replayid.validation.failed", "earliest": "auth.error"} {
		token := w.org.AccessToken()
		if replay == "earliest" {
			token = "00D!expired"
		}
		if refused := oracle(t, w, token, contacts, replay, 1); refused[0].Error == nil || !strings.HasSuffix(refused[0].Error.Code, want) {
			t.Errorf("it was not refused with %s: %+v", want, refused[0])
		}
	}
}

// oneCompound reports whether all names are parts of one compound field.
func (w *world) oneCompound(object string, names []string) bool {
	compounds := map[string]bool{}
	for _, f := range w.org.Fields(object) {
		if slices.Contains(names, f.Name) {
			compounds[f.Compound] = true
		}
	}
	return len(compounds) == 1 && !compounds[""]
}

func texts(list any) []string {
	all, _ := list.([]any)
	var out []string
	for _, v := range all {
		out = append(out, v.(string))
	}
	return out
}

// restName turns the client's MailingAddress.City into MailingCity.
func restName(name string) string {
	parent, child, part := strings.Cut(name, ".")
	switch {
	case !part:
		return name
	case parent == "Name":
		return child
	}
	return strings.TrimSuffix(parent, "Address") + child
}

func restNames(list any) []string {
	var out []string
	for _, name := range texts(list) {
		out = append(out, restName(name))
	}
	slices.Sort(out)
	return out
}

func restValues(payload map[string]any) map[string]any {
	set := map[string]any{}
	for name, v := range payload {
		if name == "ChangeEventHeader" || v == nil {
			continue
		}
		parts, compound := v.(map[string]any)
		if !compound {
			set[name] = v
		}
		for part, v := range parts {
			if v != nil {
				set[restName(name+"."+part)] = v
			}
		}
	}
	return set
}
