package web

// adminRoutes are the pages around the desk: signing in, set-up, home, records
// and settings.
func (s *Server) adminRoutes() []route {
	return nil
}
