package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"helm.sh/helm/v3/pkg/action"
	chartv2 "helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	yaml "helm.sh/helm/v3/pkg/outline"
)

var outline = yaml.Read

type helm3 struct {
	chart  *chartv2.Chart
	files  []loader.BufferedFile
	schema *jsonschema.Schema
}

func load(l *loading) (chart, error) {
	found, err := loader.Load(l.Chart)
	if err != nil {
		return nil, err
	}
	c := &helm3{chart: found}
	for _, file := range found.Raw {
		data := file.Data
		if replaced, ok := l.Files[file.Name]; ok {
			data = []byte(replaced)
		}
		c.files = append(c.files, loader.BufferedFile{Name: file.Name, Data: data})
	}
	if len(l.Files) > 0 {
		if c.chart, err = c.loaded(); err != nil {
			return nil, err
		}
	}
	if len(c.chart.Dependencies()) == 0 && c.chart.Schema != nil {
		c.schema, err = valuesSchema(c.chart.Schema)
	}
	return c, err
}

func (c *helm3) loaded() (*chartv2.Chart, error) {
	files := make([]*loader.BufferedFile, len(c.files))
	for i, file := range c.files {
		files[i] = &loader.BufferedFile{Name: file.Name, Data: file.Data}
	}
	return loader.LoadFiles(files)
}

// Helm 3 takes no functions of others, so nothing is told which blocks it reaches.
func (c *helm3) render(r *rendering, _ *documents, _ func(int)) (*rendered, error) {
	values := map[string]any{}
	if err := json.Unmarshal([]byte(r.Values), &values); err != nil {
		return nil, err
	}
	chart := c.chart
	if len(chart.Metadata.Dependencies) > 0 { // Helm changes the chart while it decides which are on
		var err error
		if chart, err = c.loaded(); err != nil {
			return nil, err
		}
	}
	if c.schema != nil {
		effective, err := chartutil.CoalesceValues(chart, values)
		if err != nil {
			return nil, err
		}
		if err := validateValues(c.schema, chart.Name(), effective.AsMap()); err != nil {
			return nil, err
		}
	}
	install := action.NewInstall(&action.Configuration{Log: func(string, ...any) {}})
	install.DryRun, install.DryRunOption, install.ClientOnly = true, "true", true
	install.Replace = true
	install.SkipSchemaValidation = c.schema != nil // done above, with a schema that is compiled once
	install.ReleaseName = r.Release
	install.Namespace = r.Namespace
	install.IsUpgrade = r.Upgrade
	install.APIVersions = chartutil.VersionSet(r.APIVersions)
	if r.KubeVersion != "" {
		version, err := chartutil.ParseKubeVersion(r.KubeVersion)
		if err != nil {
			return nil, fmt.Errorf("invalid kube version '%s': %w", r.KubeVersion, err)
		}
		install.KubeVersion = version
	}
	found, err := install.RunWithContext(context.Background(), chart, values)
	if err != nil {
		if found != nil {
			err = fmt.Errorf("%w\n\nUse --debug flag to render out invalid YAML", err)
		}
		return nil, err
	}
	hooks := []hook{}
	for _, h := range found.Hooks {
		hooks = append(hooks, hook{h.Path, h.Manifest})
	}
	all := text(found.Manifest, hooks)
	return &rendered{split(all), func() string { return all }, found.Info.Notes}, nil
}

// split cuts a text at the lines that separate YAML documents (three dashes, and no more than a comment), and
// takes the comments off in which Helm says where a document is from.
func split(text string) []string {
	found := []string{}
	begin := 0
	for at := 0; at < len(text); {
		end := len(text)
		if length := strings.IndexByte(text[at:], '\n'); length >= 0 {
			end = at + length
		}
		if rest, dashes := strings.CutPrefix(text[at:end], "---"); dashes {
			if rest = strings.TrimLeft(rest, " \t"); rest == "" || rest[0] == '#' {
				found = append(found, content(text[begin:at]))
				begin = end
			}
		}
		at = end + 1
	}
	return append(found, content(text[begin:]))
}

func content(source string) string {
	if rest, ok := strings.CutPrefix(source, "\n# Source: "); ok {
		_, source, _ = strings.Cut(rest, "\n")
	}
	return strings.TrimSuffix(source, "\n")
}
