package switchboard_test

import (
	"fmt"

	"github.com/switchboardhq/switchboard"
)

func ExampleParsePhone() {
	for _, text := range []string{"(512) 555-0177", "+1 512 555 0177 ext. 12", "011 44 20 7946 0958", "1-800-FLOWERS", "555-0177"} {
		p, err := switchboard.ParsePhone(text, "US")
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(p, "is", p.Format("US"))
	}
	// Output:
	// +15125550177 is (512) 555-0177
	// +15125550177 is (512) 555-0177
	// +442079460958 is +44 20 7946 0958
	// “1-800-FLOWERS” is not a phone number; write just the number, in digits
	// “555-0177” is too short for a phone number; is the area code missing?
}

func ExampleParsePhoneField() {
	phones, err := switchboard.ParsePhoneField("512-555-0100 / 0101", "US")
	fmt.Println(phones)
	fmt.Println(err)
	// Output:
	// [+15125550100]
	// “0101” is too short for a phone number; is the area code missing?
}

func ExamplePhone_MatchKey() {
	today, _ := switchboard.ParsePhone("55 1234 5678", "MX")
	before2019, _ := switchboard.ParsePhone("+52 1 55 1234 5678", "")
	fmt.Println(today, before2019, today.MatchKey() == before2019.MatchKey())
	// Output: +525512345678 +5215512345678 true
}
