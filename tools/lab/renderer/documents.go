package main

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"regexp"

	"sigs.k8s.io/yaml"
)

var separator = regexp.MustCompile(`(?m)^---[ \t]*(?:#.*)?$`)

// documents are the objects seen so far, by a number made of their content: equal objects, equal number,
// in every process. Most renders differ in a few objects only.
type documents struct {
	objects map[uint64]json.RawMessage
	numbers map[string]uint64 // by the text of an object
}

func newDocuments() *documents {
	return &documents{objects: map[uint64]json.RawMessage{}, numbers: map[string]uint64{}}
}

// parse returns the numbers of a text's objects, and those that are new.
func (d *documents) parse(text string) ([]uint64, map[uint64]json.RawMessage, error) {
	found := []uint64{}
	fresh := map[uint64]json.RawMessage{}
	for _, source := range separator.Split(text, -1) {
		number, known := d.numbers[source]
		if !known {
			object, err := yaml.YAMLToJSON([]byte(source))
			if err != nil {
				return nil, nil, fmt.Errorf("YAML parse error in a rendered document: %w", err)
			}
			number = numberOf(object)
			d.numbers[source] = number
			if _, known := d.objects[number]; !known {
				d.objects[number] = object
				fresh[number] = object
			}
		}
		if string(d.objects[number]) != "null" {
			found = append(found, number)
		}
	}
	return found, fresh, nil
}

// numberOf returns 52 bits of a hash: few enough for every JSON library.
func numberOf(object []byte) uint64 {
	sum := sha256.Sum256(object)
	return binary.BigEndian.Uint64(sum[:]) >> 12
}
