package engine

import (
	"bytes"
	"encoding/json"
	"fmt"

	"helm.sh/helm/v4/pkg/chart/common"
)

// place is the scope's Template, which says which file is being printed: all that is not the same throughout a
// render. It notes who looks at it, be it that somebody writes the whole scope, to hash it for instance.
type place common.Values

// looks counts, over all renders.
var looks int

// MarshalJSON is what YAML is written by, too.
func (p place) MarshalJSON() ([]byte, error) {
	looks++
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false) // whoever asked does that
	err := encoder.Encode(common.Values(p))
	return text.Bytes(), err
}

// Format prints what Helm's Template would.
func (p place) Format(state fmt.State, verb rune) {
	looks++
	fmt.Fprintf(state, fmt.FormatString(state, verb), common.Values(p))
}

// Name is found before the entry of that name.
func (p place) Name() any {
	looks++
	return p["Name"]
}

// BasePath is found before the entry of that name.
func (p place) BasePath() any {
	looks++
	return p["BasePath"]
}
