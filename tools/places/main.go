// Command places writes the table of where telephone numbers are given out,
// from the data of the phone-number library that go.mod names. The library
// itself would keep it as a map of 18 MB; the table is looked up where it
// stands, in the program's file.
//
// Usage: go run ./tools/places phone_place.dat
//
// The table divides the numbers by their first nine digits into stretches, each
// with one place or none: how many there are (4 bytes), for each the number it
// begins at (4 bytes) and where its place's name is (3 bytes), and the names, a
// line each. Numbers are big-endian.
package main

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: places FILE")
		os.Exit(2)
	}
	table, err := generate()
	if err == nil {
		err = os.WriteFile(os.Args[1], table, 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "places:", err)
		os.Exit(1)
	}
}

func generate() ([]byte, error) {
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/nyaruka/phonenumbers").Output()
	if err != nil {
		return nil, fmt.Errorf("where the library is: %w", err)
	}
	f, err := os.Open(filepath.Join(strings.TrimSpace(string(dir)), "data/prefix_to_geocodings/en.txt.gz"))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	prefixes, err := read(z)
	if err != nil {
		return nil, fmt.Errorf("the library's places: %w", err)
	}
	return table(prefixes)
}

// A prefix is the beginning of telephone numbers, and where they are given out.
type prefix struct {
	number uint64
	place  string
}

// read reads the library's form: the size of the names, the names, a line
// each, the number of prefixes, and for each by how much it is greater than the
// one before, and which name it has.
func read(r io.Reader) ([]prefix, error) {
	var size, count uint32
	if err := binary.Read(r, binary.LittleEndian, &size); err != nil {
		return nil, err
	}
	text := make([]byte, size)
	if _, err := io.ReadFull(r, text); err != nil {
		return nil, err
	}
	names := strings.Split(string(text), "\n")
	if err := binary.Read(r, binary.LittleEndian, &count); err != nil {
		return nil, err
	}
	rest, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	b := bytes.NewReader(rest)
	all := make([]prefix, count)
	number := uint64(0)
	for i := range all {
		more, err := binary.ReadUvarint(b)
		if err != nil {
			return nil, err
		}
		var name uint16
		if err := binary.Read(b, binary.LittleEndian, &name); err != nil {
			return nil, err
		}
		if int(name) >= len(names) {
			return nil, errors.New("a name is missing")
		}
		number += more
		all[i] = prefix{number, names[name]}
	}
	return all, nil
}

// table writes the stretches that the prefixes make; a longer prefix precedes
// a shorter one.
func table(prefixes []prefix) ([]byte, error) {
	places := make(map[uint64]string, len(prefixes))
	starts := []uint64{0} // where a stretch may begin
	for _, p := range prefixes {
		places[p.number] = p.place
		width := uint64(1) // of the numbers that begin so
		for p.number*width < 1e8 {
			width *= 10
		}
		starts = append(starts, p.number*width, (p.number+1)*width)
	}
	slices.Sort(starts)

	var count uint32
	var stretches []byte
	names := []byte("\n") // none
	at := map[string]uint32{"": 0}
	last := "-"
	for _, start := range slices.Compact(starts) {
		place := placeOf(places, start)
		if place == last {
			continue
		}
		last = place
		if _, ok := at[place]; !ok {
			if len(names) > 0xffffff {
				return nil, errors.New("the table has no room for the names")
			}
			at[place] = uint32(len(names))
			names = append(append(names, place...), '\n')
		}
		stretches = binary.BigEndian.AppendUint32(stretches, uint32(start))
		stretches = append(stretches, byte(at[place]>>16), byte(at[place]>>8), byte(at[place]))
		count++
	}
	return slices.Concat(binary.BigEndian.AppendUint32(nil, count), stretches, names), nil
}

// placeOf returns the place of the longest prefix of nine digits.
func placeOf(places map[uint64]string, number uint64) string {
	if number < 1e8 || number >= 1e9 { // no calling code begins with 0
		return ""
	}
	for ; number > 0; number /= 10 {
		if place, ok := places[number]; ok {
			return place
		}
	}
	return ""
}
