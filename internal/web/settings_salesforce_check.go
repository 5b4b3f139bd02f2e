package web

import (
	"context"
	"net/http"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
)

// sessionInstallation is where a session keeps the id of an installation that
// it has begun: whichever process the next request comes to finds it there.
const sessionInstallation = "salesforce-installation"

// showSalesforceChecks looks at everything, while the page stands already.
func (s *Server) showSalesforceChecks(w http.ResponseWriter, r *http.Request) error {
	v, rd, c, err := s.connectionOf(r)
	if err != nil {
		return err
	}
	checks, err := s.salesforceChecks(r, v, c, rd, r.FormValue("again") != "")
	if err != nil {
		return err
	}
	checks.Swap = true
	return s.pages.Fragment(w, r, http.StatusOK, "salesforce-checked", checks)
}

// salesforceChecks makes the check, and what of the page follows from it. What
// keeps it from being made is a part of what it says.
func (s *Server) salesforceChecks(r *http.Request, v visitor, c store.Salesforce, rd reader, again bool) (SalesforceChecks, error) {
	out := SalesforceChecks{Again: partSalesforce + "?check=again"}
	if s.theirs == nil {
		out.Error = switchboard.ErrorMessage(errNotHere())
		return out, nil
	}
	check, failed := s.theirs.Check(r.Context(), v.Actor.OrgID, again)
	var err error
	if out.Who, err = s.salesforceWho(r, v, c, check); err != nil {
		return out, err
	}
	out.Pack = packageOf(check, failed)
	out.Pack.Swap, out.Who.Swap = true, true
	if s.sessions.scs.GetString(r.Context(), sessionInstallation) != "" {
		out.Pack = SalesforcePackage{Swap: true, Running: true, Chip: installing(), Line: "Salesforce is installing it."}
	}
	if failed != nil {
		s.log.WarnContext(r.Context(), "the connection to Salesforce could not be checked", "err", failed)
		out.Error = switchboard.ErrorMessage(failed)
		return out, nil
	}
	warnings, failures := 0, 0
	for _, f := range check.Findings {
		line := Check{Kind: "done", Icon: "success", Text: upperFirst(f.What), Note: sentenceEnd(f.Remedy)}
		switch f.Level {
		case LevelWarn:
			warnings++
			line.Kind, line.Icon = "several", "warning"
		case LevelFail:
			failures++
			line.Kind, line.Icon = "error", "error"
		}
		out.List = append(out.List, line)
	}
	switch {
	case failures > 0 && warnings > 0:
		out.Line = count(failures, "problem", "problems") + " and " + count(warnings, "warning", "warnings")
	case failures > 0:
		out.Line = count(failures, "problem", "problems")
	case warnings > 0:
		out.Line = count(warnings, "warning", "warnings")
	default:
		out.Line = "Everything is as it should be"
	}
	out.Line += ". Checked " + rd.ago(check.At) + "."
	return out, nil
}

// errNotHere says why a process without a way to Salesforce does nothing about it.
func errNotHere() error {
	return switchboard.Errorf(switchboard.CodeUnavailable, "This process can’t reach Salesforce. Use the one that syncs.")
}

func installing() Chip { return Chip{Kind: "none", Icon: "clock", Text: "Being installed"} }

// packageOf says what is installed in the org.
func packageOf(check SalesforceCheck, failed error) SalesforcePackage {
	p := SalesforcePackage{Version: check.Ours, Button: "Install the package"}
	switch {
	case failed != nil:
		p.Chip = Chip{Icon: "clock", Text: "Not known"}
	case check.Package == "":
		p.Wanted, p.Chip = true, Chip{Kind: "several", Icon: "warning", Text: "Not installed"}
	case check.Package == check.Ours:
		p.Chip, p.Button = Chip{Kind: "done", Icon: "success", Text: "Installed, " + check.Package}, "Install again"
	default:
		p.Chip, p.Button = Chip{Kind: "several", Icon: "warning", Text: "Installed, " + check.Package}, "Install "+check.Ours
	}
	return p
}

// installPackage begins to install the package. The page follows it.
func (s *Server) installPackage(w http.ResponseWriter, r *http.Request) error {
	v, _ := visitorOf(r.Context())
	if s.theirs == nil {
		return errNotHere()
	}
	id, err := s.theirs.Install(r.Context(), v.Actor.OrgID)
	if err != nil {
		s.log.WarnContext(r.Context(), "the package could not be installed", "err", err)
		return s.notSaved(w, r, err, partSalesforce)
	}
	s.sessions.scs.Put(r.Context(), sessionInstallation, id)
	return seeOther(w, r, partSalesforce)
}

// showInstallation answers the page's question how far the installation is. When
// it is done well, the page is loaded anew.
func (s *Server) showInstallation(w http.ResponseWriter, r *http.Request) error {
	v, _ := visitorOf(r.Context())
	ctx := r.Context()
	id := s.sessions.scs.GetString(ctx, sessionInstallation)
	if id == "" || s.theirs == nil {
		w.Header().Set("HX-Refresh", "true")
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	p := SalesforcePackage{Swap: true, Running: true, Chip: installing(), Line: "Salesforce is installing it."}
	at, err := s.theirs.Installation(ctx, v.Actor.OrgID, id)
	switch {
	case err != nil && switchboard.ErrorCode(err) == switchboard.CodeInvalid:
		p = s.notInstalled(ctx, switchboard.ErrorMessage(err))
	case err != nil:
		s.log.WarnContext(ctx, "the installation of the package could not be looked at", "err", err)
		p.Line = "Salesforce does not answer right now. Looking again…"
	case at.Done && at.Failed != "":
		p = s.notInstalled(ctx, at.Failed)
	case at.Done:
		s.sessions.scs.Remove(ctx, sessionInstallation)
		s.sessions.flash(ctx, Toast{Kind: "done", Icon: "success", Title: "Package installed", Note: "Texts go to Salesforce from now on."})
		w.Header().Set("HX-Redirect", partSalesforce)
		w.WriteHeader(http.StatusOK)
		return nil
	case at.Total > 0:
		p.Done, p.Total, p.Line = at.Deployed, at.Total, itoa(at.Deployed)+" of "+itoa(at.Total)+" parts are there."
	}
	return s.pages.Fragment(w, r, http.StatusOK, "salesforce-package", p)
}

func (s *Server) notInstalled(ctx context.Context, why string) SalesforcePackage {
	s.sessions.scs.Remove(ctx, sessionInstallation)
	return SalesforcePackage{Swap: true, Chip: Chip{Kind: "error", Icon: "error", Text: "Not installed"}, Wanted: true, Button: "Install the package", Error: upperFirst(sentenceEnd(why))}
}
