package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// schemas validate objects: Kubernetes' own by a folder of JSON schemas for each version, those of
// other projects by schemas that were handed over.
type schemas struct {
	defined  map[string]*definition
	compiled map[string]*jsonschema.Schema
	// By folder.
	compilers map[string]*jsonschema.Compiler
	verdicts  map[verdict][]string
}

// definition is compiled when it is needed.
type definition struct {
	source   json.RawMessage
	compiled *jsonschema.Schema
}

type verdict struct {
	folder   string
	document uint64
}

func newSchemas() *schemas {
	return &schemas{
		defined:   map[string]*definition{},
		compiled:  map[string]*jsonschema.Schema{},
		compilers: map[string]*jsonschema.Compiler{},
		verdicts:  map[verdict][]string{},
	}
}

// define takes schemas of resources by "apiVersion/Kind".
func (s *schemas) define(sources map[string]json.RawMessage) {
	for name, source := range sources {
		if known := s.defined[name]; known == nil || !bytes.Equal(known.source, source) {
			s.defined[name] = &definition{source: source}
			s.forget()
		}
	}
}

func (d *definition) schema() (*jsonschema.Schema, error) {
	if d.compiled == nil {
		document, err := jsonschema.UnmarshalJSON(bytes.NewReader(d.source))
		if err != nil {
			return nil, err
		}
		compiler := jsonschema.NewCompiler()
		if err := compiler.AddResource("file:///defined.json", document); err != nil {
			return nil, err
		}
		if d.compiled, err = compiler.Compile("file:///defined.json"); err != nil {
			return nil, err
		}
	}
	return d.compiled, nil
}

func (s *schemas) forget() {
	s.verdicts = map[verdict][]string{}
}

// problems returns what is wrong with an object, or nothing.
func (s *schemas) problems(folder string, document uint64, source json.RawMessage) ([]string, error) {
	key := verdict{folder, document}
	if known, ok := s.verdicts[key]; ok {
		return known, nil
	}
	object, err := jsonschema.UnmarshalJSON(bytes.NewReader(source))
	if err != nil {
		return nil, err
	}
	fields, ok := object.(map[string]any)
	kind, _ := fields["kind"].(string)
	version, _ := fields["apiVersion"].(string)
	if !ok || kind == "" || version == "" {
		s.verdicts[key] = []string{"is no object with apiVersion and kind"}
		return s.verdicts[key], nil
	}
	schema, err := s.schema(folder, version, kind)
	if errors.Is(err, os.ErrNotExist) {
		s.verdicts[key] = []string{fmt.Sprintf("%s/%s is no kind of this version", version, kind)}
		return s.verdicts[key], nil
	}
	if err != nil {
		return nil, err
	}
	var invalid *jsonschema.ValidationError
	if errors.As(schema.Validate(object), &invalid) {
		s.verdicts[key] = leaves(invalid, nil)
	} else {
		s.verdicts[key] = nil
	}
	return s.verdicts[key], nil
}

func (s *schemas) schema(folder, version, kind string) (*jsonschema.Schema, error) {
	if known := s.defined[version+"/"+kind]; known != nil {
		return known.schema()
	}
	group, number, found := strings.Cut(version, "/")
	if !found {
		group, number = "", version
	} else {
		group = strings.Split(group, ".")[0] + "-"
	}
	name := strings.ToLower(kind) + "-" + group + number + ".json"
	path := filepath.Join(folder, name)
	if schema := s.compiled[path]; schema != nil {
		return schema, nil
	}
	if _, err := os.Stat(path); err != nil {
		return nil, err
	}
	schema, err := s.compiler(folder).Compile(site + name)
	if err == nil {
		s.compiled[path] = schema
	}
	return schema, err
}

// site is where the schemas say that they are found; they lie in a folder.
const site = "https://kubernetes.io/api/"

type folderLoader string

func (folder folderLoader) Load(url string) (any, error) {
	return jsonschema.FileLoader{}.Load("file://" + filepath.Join(string(folder), strings.TrimPrefix(url, site)))
}

// compiler returns the one compiler of a folder: it keeps the definitions that its schemas share.
func (s *schemas) compiler(folder string) *jsonschema.Compiler {
	if s.compilers[folder] == nil {
		s.compilers[folder] = jsonschema.NewCompiler()
		s.compilers[folder].UseLoader(folderLoader(folder))
	}
	return s.compilers[folder]
}

var english = message.NewPrinter(language.English)

// leaves returns the innermost findings, each with its place.
func leaves(e *jsonschema.ValidationError, found []string) []string {
	if len(e.Causes) == 0 {
		place := "/" + strings.Join(e.InstanceLocation, "/")
		return append(found, place+": "+e.ErrorKind.LocalizedString(english))
	}
	for _, cause := range e.Causes {
		found = leaves(cause, found)
	}
	return found
}
