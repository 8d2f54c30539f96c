package main

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

const schemaURL = "file:///values.schema.json"

// valuesSchema compiles a chart's schema of its values, which Helm does anew for every render.
func valuesSchema(source []byte) (*jsonschema.Schema, error) {
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(source))
	if err != nil {
		return nil, err
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource(schemaURL, document); err != nil {
		return nil, err
	}
	return compiler.Compile(schemaURL)
}

// validateValues refuses values in Helm's words.
func validateValues(schema *jsonschema.Schema, chart string, values map[string]any) error {
	err := schema.Validate(values)
	if err == nil {
		return nil
	}
	told := strings.TrimPrefix(err.Error(), "jsonschema validation failed with '"+schemaURL+"#'\n")
	return fmt.Errorf(
		"values don't meet the specifications of the schema(s) in the following chart(s):\n%s:\n%s\n",
		chart, told,
	)
}
