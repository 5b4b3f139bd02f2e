package web

// SignInPage asks who somebody is.
type SignInPage struct {
	Page
	Email string
	Next  string // where to go afterwards
	Error string
	Note  string // "You are signed out."
}

// LinkPage is what a one-time link opens. Opening it does nothing, so that a
// mail scanner cannot use it up; its button signs in.
type LinkPage struct {
	Page
	Token string
	Who   string // "Dana Reyes"
	Email string
}

// ProfilePage is where a user changes what concerns only that user.
type ProfilePage struct {
	Page
	HasPassword bool
	Error       string
	CurrentErr  string
	NewErr      string
	Themes      []Option
	Role        string // "Admin"
	RoleMeans   string // "may do everything, settings too"
}
