// Put into Helm 4's package engine, whose inner workings it shares: templates are parsed once instead of
// for every render, and YAML that was read or written before is not read or written again.
package engine

import (
	"context"
	"fmt"
	"maps"
	"path"
	"strings"
	"text/template"

	ci "helm.sh/helm/v4/pkg/chart"
	"helm.sh/helm/v4/pkg/chart/common"
)

// Remembered results of functions that depend on nothing but their argument.
const kept = 20_000

// Prepared is a chart with parsed templates. It renders one set of values at a time.
type Prepared struct {
	chart    ci.Charter
	parsed   *template.Template
	includes *includes
	read     map[string]map[string]any
	wrote    map[string]string
	compared map[[2]string]bool
}

// Prepare parses a chart's templates, which may also use the functions that are given.
func Prepare(chart ci.Charter, functions template.FuncMap) (*Prepared, error) {
	accessor, err := ci.NewAccessor(chart)
	if err != nil {
		return nil, err
	}
	p := &Prepared{chart: chart, parsed: template.New("gotpl").Option("missingkey=zero")}
	p.Forget()
	p.includes = &includes{chart: accessor.Name()}
	calls := map[string]int{}
	helms := funcMap()
	all := p.includes.watched(helms)
	all["include"] = p.includes.over(includeFun(p.parsed, calls))
	all["tpl"] = tplFun(p.parsed, calls, false)
	all["fromYaml"], all["toYaml"] = p.fromYAML, p.toYAML
	all["semverCompare"] = p.comparing(helms["semverCompare"].(func(string, string) (bool, error)))
	maps.Copy(all, functions)
	Engine{CustomTemplateFuncs: all}.initFunMap(context.Background(), p.parsed)
	sources := allTemplates(chart, common.Values{"Values": map[string]any{}})
	for _, name := range sortTemplates(sources) {
		if _, err := p.parsed.New(name).Parse(sources[name].tpl); err != nil {
			return nil, cleanupParseError(name, err)
		}
	}
	p.includes.look(p.parsed, functions)
	return p, nil
}

// Forget drops all that was remembered of earlier renders.
func (p *Prepared) Forget() {
	p.read, p.wrote = map[string]map[string]any{}, map[string]string{}
	p.compared = map[[2]string]bool{}
}

// Render returns what each template prints.
func (p *Prepared) Render(values common.Values) (printed map[string]string, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("rendering template failed: %v", r)
		}
	}()
	if len(p.read) > kept || len(p.wrote) > kept {
		p.Forget()
	}
	sources := allTemplates(p.chart, values)
	p.includes.begin(sources)
	printed = map[string]string{}
	for _, name := range sortTemplates(sources) {
		if strings.HasPrefix(path.Base(name), "_") {
			continue
		}
		scope := sources[name].vals
		scope["Template"] = place{"Name": name, "BasePath": sources[name].basePath}
		var out strings.Builder
		if err := p.parsed.ExecuteTemplate(&out, name, scope); err != nil {
			return nil, reformatExecErrorMsg(name, err)
		}
		printed[name] = strings.ReplaceAll(out.String(), "<no value>", "")
	}
	return printed, nil
}

func (p *Prepared) fromYAML(text string) map[string]any {
	found, known := p.read[text]
	if !known {
		found = directFromYAML(text)
		p.read[text] = found
	}
	return copied(found).(map[string]any) // templates change maps
}

func (p *Prepared) toYAML(value any) string {
	all := keys{most: 1 << 20}
	key, ok := all.add(make([]byte, 0, 512), value)
	if !ok {
		return toYAML(value)
	}
	text, known := p.wrote[string(key)]
	if !known {
		text = directToYAML(value)
		p.wrote[string(key)] = text
	}
	return text
}

func (p *Prepared) comparing(compare func(string, string) (bool, error)) func(string, string) (bool, error) {
	return func(wanted, version string) (bool, error) {
		met, known := p.compared[[2]string{wanted, version}]
		if known {
			return met, nil
		}
		met, err := compare(wanted, version)
		if err == nil {
			p.compared[[2]string{wanted, version}] = met
		}
		return met, err
	}
}

func copied(value any) any {
	switch v := value.(type) {
	case map[string]any:
		result := make(map[string]any, len(v))
		for key, inner := range v {
			result[key] = copied(inner)
		}
		return result
	case []any:
		result := make([]any, len(v))
		for i, inner := range v {
			result[i] = copied(inner)
		}
		return result
	}
	return value
}
