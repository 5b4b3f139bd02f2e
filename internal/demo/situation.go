package demo

// Situation is one row of the rule's table, to be played on the handset.
type Situation struct {
	ID    string
	Title string
	Who   string // id of the person who texts
	Body  string
}

// Situations returns the four, in the order of the documents.
func Situations() []Situation {
	return []Situation{
		{"one", "One record has the number", "miles", "The estimate looks good. When can you start?"},
		{"none", "No record has the number", "marcus", "Hello, I got your flyer. Could somebody look at our roof this week? There’s a wet patch over the hallway and it’s growing. 14 Alder Street. Marcus Bell"},
		{"history", "Two have it, one has previous messages", "jonas", "Running late, can we say 10:30?"},
		{"ambiguous", "Two have it, neither has previous messages", "priya", "Yes please, 2 pm works for us."},
	}
}

// Texter is somebody whose phone the handset can be.
type Texter struct {
	ID, First, Last string
	Number          string // E.164
}

// Texters returns them in the order of the situations.
func Texters() []Texter {
	return []Texter{
		{"miles", "Miles", "Okamoto", "+15125550121"},
		{"marcus", "Marcus", "Bell", "+12065550142"},
		{"jonas", "Jonas", "Weber", "+15125550188"},
		{"priya", "Priya", "Raman", "+17375550119"},
	}
}
