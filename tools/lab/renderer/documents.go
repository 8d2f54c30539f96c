package main

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"

	"sigs.k8s.io/yaml"
)

// documents are the objects seen so far, by a number made of their content: equal objects, equal number,
// in every process. Most renders differ in a few objects only.
type documents struct {
	objects map[uint64]json.RawMessage
	told    map[uint64]bool      // those that an answer held
	read    map[string]*document // by the text of an object
}

type document struct {
	number uint64
	head   *head    // nil where only Helm can tell
	hooks  []string // the kinds of the hooks that Helm finds in it, once it was asked
}

// head is what Helm looks at in an object, beside its text.
type head struct {
	APIVersion string   `json:"apiVersion"`
	Kind       string   `json:"kind"`
	Metadata   metadata `json:"metadata"`
}

type metadata struct {
	Name        string            `json:"name"`
	Annotations map[string]string `json:"annotations"`
}

func newDocuments() *documents {
	return &documents{
		objects: map[uint64]json.RawMessage{},
		told:    map[uint64]bool{},
		read:    map[string]*document{},
	}
}

// parse returns the numbers of the objects in some texts, and those that no answer held yet.
func (d *documents) parse(texts []string) ([]uint64, map[uint64]json.RawMessage, error) {
	found := []uint64{}
	fresh := map[uint64]json.RawMessage{}
	for _, text := range texts {
		known, err := d.document(text)
		if err != nil {
			return nil, nil, fmt.Errorf("YAML parse error in a rendered document: %w", err)
		}
		object := d.objects[known.number]
		if string(object) == "null" {
			continue
		}
		found = append(found, known.number)
		if !d.told[known.number] {
			d.told[known.number] = true
			fresh[known.number] = object
		}
	}
	return found, fresh, nil
}

// document reads the text of one object, if it has not been read before.
func (d *documents) document(text string) (*document, error) {
	known := d.read[text]
	if known == nil {
		value, object, err := read(text + "\n")
		if err != nil {
			return nil, err
		}
		known = &document{number: numberOf(object), head: headOf(value)}
		d.read[text] = known
		d.objects[known.number] = object
	}
	return known, nil
}

// read returns what a text says in YAML, and the same as JSON.
func read(text string) (any, json.RawMessage, error) {
	if value, ok := outline(text); ok {
		object, err := json.Marshal(value)
		return value, object, err
	}
	var value any
	object, err := yaml.YAMLToJSON([]byte(text))
	if err == nil {
		err = json.Unmarshal(object, &value)
	}
	return value, object, err
}

// reading is what a text says in YAML, as JSON: to the outline, if it takes the text, and to Helm's library.
type reading struct {
	Outline json.RawMessage `json:"outline"`
	Library json.RawMessage `json:"library"`
}

// compare reads a text in both ways, for those who want to know whether they agree.
func compare(text string) (found reading) {
	if value, ok := outline(text); ok {
		found.Outline, _ = json.Marshal(value)
	}
	found.Library, _ = yaml.YAMLToJSON([]byte(text))
	return found
}

// headOf returns nil for an object that Helm's own reading may take otherwise, or refuse.
func headOf(value any) *head {
	object, _ := value.(map[string]any)
	h := &head{}
	ok := value == nil || object != nil
	for key, inner := range object {
		switch {
		case key == "apiVersion":
			ok = ok && isText(inner, &h.APIVersion)
		case key == "kind":
			ok = ok && isText(inner, &h.Kind)
		case key == "metadata":
			ok = ok && isMetadata(inner, &h.Metadata)
		case strings.EqualFold(key, "apiVersion") || strings.EqualFold(key, "kind") || strings.EqualFold(key, "metadata"):
			ok = false
		}
	}
	if !ok {
		return nil
	}
	return h
}

func isMetadata(value any, found *metadata) bool {
	object, ok := value.(map[string]any)
	for key, inner := range object {
		switch {
		case key == "name":
			ok = ok && isText(inner, &found.Name)
		case key == "annotations":
			ok = ok && isTexts(inner, &found.Annotations)
		case strings.EqualFold(key, "name") || strings.EqualFold(key, "annotations"):
			ok = false
		}
	}
	return ok
}

func isTexts(value any, found *map[string]string) bool {
	object, ok := value.(map[string]any)
	*found = map[string]string{}
	for key, inner := range object {
		var text string
		ok = ok && isText(inner, &text)
		(*found)[key] = text
	}
	return ok
}

func isText(value any, found *string) (ok bool) {
	*found, ok = value.(string)
	return ok
}

// numberOf returns 52 bits of a hash: few enough for every JSON library.
func numberOf(object []byte) uint64 {
	sum := sha256.Sum256(object)
	return binary.BigEndian.Uint64(sum[:]) >> 12
}
