// Renderer renders charts as `helm template` does, over and over, without starting anew.
//
// It reads one JSON request a line and answers each with one line. It is compiled inside Helm's own
// module, once against Helm 4 (helm4.go) and once against Helm 3 (helm3.go): what renders here is what
// renders there. The Python side is tools/lab/resident.py.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"os"
	"runtime/debug"
	"strings"
)

// A request holds one of these.
type request struct {
	Load     *loading                   `json:"load"`
	Render   *rendering                 `json:"render"`
	Define   map[string]json.RawMessage `json:"define"`
	Validate *validation                `json:"validate"`
	Read     []string                   `json:"read"`
	Forget   bool                       `json:"forget"`
	Unload   bool                       `json:"unload"`
}

// loading reads a chart from a folder or an archive; `files` replace files of the same name.
type loading struct {
	Chart string            `json:"chart"`
	Files map[string]string `json:"files"`
}

// rendering is what `helm template` is told; values are JSON. Text asks for its output, instead of objects.
type rendering struct {
	Chart       int      `json:"chart"`
	Values      string   `json:"values"`
	Release     string   `json:"release"`
	Namespace   string   `json:"namespace"`
	KubeVersion string   `json:"kube_version"`
	APIVersions []string `json:"api_versions"`
	Upgrade     bool     `json:"upgrade"`
	Text        bool     `json:"text"`
	Uncached    bool     `json:"uncached"`
}

// validation asks what an API server of a version would refuse, by the schemas in a folder.
type validation struct {
	Schemas   string   `json:"schemas"`
	Documents []uint64 `json:"documents"`
}

type answer struct {
	Chart     int                        `json:"chart,omitempty"`
	Documents []uint64                   `json:"documents"`
	Fresh     map[uint64]json.RawMessage `json:"fresh,omitempty"`
	Notes     string                     `json:"notes,omitempty"`
	Text      string                     `json:"text,omitempty"`
	Reached   []int                      `json:"reached,omitempty"`
	Problems  map[uint64][]string        `json:"problems,omitempty"`
	Readings  []reading                  `json:"readings,omitempty"`
	Error     string                     `json:"error,omitempty"`
}

// rendered is what a Helm makes of a chart and values: YAML documents, and the text that holds them.
type rendered struct {
	documents []string
	text      func() string
	notes     string
}

type hook struct{ path, manifest string }

// chart is a loaded chart; reach is told each block that a render comes through.
type chart interface {
	render(r *rendering, known *documents, reach func(int)) (*rendered, error)
}

type server struct {
	charts    []chart
	documents *documents
	schemas   *schemas
}

func main() {
	debug.SetGCPercent(1000)  // renders leave much garbage and little else
	log.SetOutput(io.Discard) // Helm's warnings are no part of an answer
	s := &server{documents: newDocuments(), schemas: newSchemas()}
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriterSize(os.Stdout, 1<<20)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for {
		line, err := in.ReadBytes('\n')
		if err == io.EOF {
			return
		}
		if err == nil {
			err = encoder.Encode(s.serve(line))
		}
		if err == nil {
			err = out.Flush()
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "renderer:", err)
			os.Exit(1)
		}
	}
}

func (s *server) serve(line []byte) (a *answer) {
	defer func() {
		if r := recover(); r != nil {
			a = &answer{Error: fmt.Sprintf("renderer: %v", r)}
		}
	}()
	var q request
	err := json.Unmarshal(line, &q)
	a = &answer{}
	switch {
	case err != nil:
	case q.Load != nil:
		var c chart
		if c, err = load(q.Load); err == nil {
			s.charts = append(s.charts, c)
			a.Chart = len(s.charts) - 1
		}
	case q.Render != nil:
		err = s.render(q.Render, a)
	case q.Define != nil:
		s.schemas.define(q.Define)
	case q.Validate != nil:
		err = s.validate(q.Validate, a)
	case q.Read != nil:
		for _, text := range q.Read {
			a.Readings = append(a.Readings, compare(text))
		}
	case q.Unload:
		s.charts = nil
		fallthrough
	case q.Forget:
		s.documents = newDocuments()
		s.schemas.forget()
	}
	if err != nil {
		a = &answer{Error: "Error: " + err.Error() + "\n", Reached: a.Reached}
	}
	return a
}

func (s *server) render(r *rendering, a *answer) error {
	known := s.documents
	if r.Uncached {
		known = newDocuments()
	}
	reached := map[int]bool{}
	result, err := s.charts[r.Chart].render(r, known, func(block int) { reached[block] = true })
	for block := range reached {
		a.Reached = append(a.Reached, block)
	}
	if err != nil {
		return err
	}
	a.Notes = result.notes
	if r.Text {
		a.Text = result.text()
		return nil
	}
	a.Documents, a.Fresh, err = known.parse(result.documents)
	return err
}

// text returns what `helm template` prints.
func text(manifest string, hooks []hook) string {
	var b strings.Builder
	fmt.Fprintln(&b, strings.TrimSpace(manifest))
	for _, h := range hooks {
		fmt.Fprintf(&b, "---\n# Source: %s\n%s\n", h.path, h.manifest)
	}
	return b.String()
}

func (s *server) validate(v *validation, a *answer) error {
	a.Problems = map[uint64][]string{}
	for _, document := range v.Documents {
		source, known := s.documents.objects[document]
		if !known {
			return fmt.Errorf("document %d is forgotten: render again", document)
		}
		problems, err := s.schemas.problems(v.Schemas, document, source)
		if err != nil {
			return err
		}
		if len(problems) > 0 {
			a.Problems[document] = problems
		}
	}
	return nil
}
