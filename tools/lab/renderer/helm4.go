package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"strings"
	"text/template"
	"unicode"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	"helm.sh/helm/v4/pkg/chart/loader/archive"
	chartv2 "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	chartutil "helm.sh/helm/v4/pkg/chart/v2/util"
	"helm.sh/helm/v4/pkg/engine"
	yaml "helm.sh/helm/v4/pkg/outline"
	release "helm.sh/helm/v4/pkg/release/v1"
	releaseutil "helm.sh/helm/v4/pkg/release/v1/util"
)

var outline = yaml.Read

const debugHint = "%w\n\nUse --debug flag to render out invalid YAML"

// helm4 is a chart that is loaded once. Where it has dependencies, which values switch on and off, it is
// put together anew for every render.
type helm4 struct {
	files []archive.BufferedFile
	whole *parsed4
	reach func(int)
}

// parsed4 is a chart with its templates and the schema of its values.
type parsed4 struct {
	chart    *chartv2.Chart
	prepared *engine.Prepared
	schema   *jsonschema.Schema
}

// inFile is what Helm finds in one printed file.
type inFile struct {
	manifests []releaseutil.Manifest
	hooks     []hook
	kinds     []string
}

func load(l *loading) (chart, error) {
	found, err := loader.Load(l.Chart)
	if err != nil {
		return nil, err
	}
	c := &helm4{}
	for _, file := range found.Raw {
		data := file.Data
		if replaced, ok := l.Files[file.Name]; ok {
			data = []byte(replaced)
		}
		c.files = append(c.files, archive.BufferedFile{Name: file.Name, Data: data})
	}
	if found, err = c.loaded(); err != nil {
		return nil, err
	}
	if len(found.Metadata.Dependencies) == 0 {
		c.whole, err = c.parse(found)
	}
	return c, err
}

func (c *helm4) loaded() (*chartv2.Chart, error) {
	files := make([]*archive.BufferedFile, len(c.files))
	for i, file := range c.files {
		files[i] = &archive.BufferedFile{Name: file.Name, Data: file.Data}
	}
	return loader.LoadFiles(files)
}

func (c *helm4) parse(found *chartv2.Chart) (*parsed4, error) {
	prepared, err := engine.Prepare(found, template.FuncMap{
		"reach": func(block int) string { c.reach(block); return "" },
	})
	if err != nil {
		return nil, fmt.Errorf(debugHint, err)
	}
	p := &parsed4{chart: found, prepared: prepared}
	if found.Schema != nil && len(found.Dependencies()) == 0 {
		p.schema, err = valuesSchema(found.Schema)
	}
	return p, err
}

func (c *helm4) render(r *rendering, known *documents, reach func(int)) (*rendered, error) {
	c.reach = reach
	values := map[string]any{}
	if err := json.Unmarshal([]byte(r.Values), &values); err != nil {
		return nil, err
	}
	if err := chartutil.ValidateReleaseName(r.Release); err != nil {
		return nil, fmt.Errorf("release name check failed: release name %q: %w", r.Release, err)
	}
	capabilities := common.DefaultCapabilities.Copy()
	if r.KubeVersion != "" {
		version, err := common.ParseKubeVersion(r.KubeVersion)
		if err != nil {
			return nil, fmt.Errorf("invalid kube version '%s': %w", r.KubeVersion, err)
		}
		capabilities.KubeVersion = *version
	}
	capabilities.APIVersions = append(slices.Clone(capabilities.APIVersions), r.APIVersions...)
	whole := c.whole
	if whole == nil {
		found, err := c.loaded()
		if err != nil {
			return nil, err
		}
		if err := chartutil.ProcessDependencies(found, values); err != nil {
			return nil, fmt.Errorf("chart dependencies processing failed: %w", err)
		}
		if whole, err = c.parse(found); err != nil {
			return nil, err
		}
	}
	options := common.ReleaseOptions{
		Name: r.Release, Namespace: r.Namespace, Revision: 1, IsInstall: !r.Upgrade, IsUpgrade: r.Upgrade,
	}
	scope, err := util.ToRenderValuesWithSchemaValidation(
		whole.chart, values, options, capabilities, whole.schema != nil,
	)
	if err != nil {
		return nil, err
	}
	if whole.schema != nil {
		own := map[string]any(scope["Values"].(common.Values))
		if err := validateValues(whole.schema, whole.chart.Name(), own); err != nil {
			return nil, err
		}
	}
	wanted, version := whole.chart.Metadata.KubeVersion, capabilities.KubeVersion
	if wanted != "" && !chartutil.IsCompatibleRange(wanted, version.String()) {
		return nil, fmt.Errorf(debugHint, fmt.Errorf(
			"chart requires kubeVersion: %s which is incompatible with Kubernetes %s",
			wanted, version.Version,
		))
	}
	if r.Uncached {
		whole.prepared.Forget()
	}
	printed, err := whole.prepared.Render(scope)
	if err == nil {
		var result *rendered
		if result, err = collect(whole.chart.Name(), printed, known); err == nil {
			return result, nil
		}
	}
	return nil, fmt.Errorf(debugHint, err)
}

// collect puts what the templates printed into the order in which Helm would install it.
func collect(name string, printed map[string]string, known *documents) (*rendered, error) {
	notes := name + "/templates/NOTES.txt"
	paths := []string{}
	for path := range printed {
		if !strings.HasSuffix(path, "NOTES.txt") {
			paths = append(paths, path)
		}
	}
	sort.Strings(paths)
	var all inFile
	for _, path := range paths {
		found, err := sorted(path, printed[path], known)
		if err != nil {
			return nil, err
		}
		all.manifests = append(all.manifests, found.manifests...)
		all.hooks = append(all.hooks, found.hooks...)
		all.kinds = append(all.kinds, found.kinds...)
	}
	sort.SliceStable(all.manifests, func(i, j int) bool {
		return installedBefore(all.manifests[i].Head.Kind, all.manifests[j].Head.Kind)
	})
	order := make([]int, len(all.hooks))
	for i := range order {
		order[i] = i
	}
	sort.SliceStable(order, func(i, j int) bool {
		return installedBefore(all.kinds[order[i]], all.kinds[order[j]])
	})
	documents := make([]string, 0, len(all.manifests)+len(order))
	for _, m := range all.manifests {
		documents = append(documents, m.Content)
	}
	if last := len(documents) - 1; last >= 0 {
		documents[last] = strings.TrimSpace(documents[last]) // as in the text
	}
	hooks := make([]hook, len(order))
	for i, place := range order {
		hooks[i] = all.hooks[place]
		documents = append(documents, hooks[i].manifest)
	}
	whole := func() string {
		var manifest strings.Builder
		for _, m := range all.manifests {
			fmt.Fprintf(&manifest, "---\n# Source: %s\n%s\n", m.Name, m.Content)
		}
		return text(manifest.String(), hooks)
	}
	return &rendered{documents, whole, printed[notes]}, nil
}

// sorted finds the manifests and hooks in one printed file, as Helm does; it shows Helm no more than their heads.
func sorted(path, content string, known *documents) (inFile, error) {
	var found inFile
	for _, text := range separate(content) {
		document, err := known.document(text)
		if err != nil || document.head == nil {
			return sortedByHelm(path, content)
		}
		head := document.head
		if _, isHook := head.Metadata.Annotations[release.HookAnnotation]; !isHook {
			found.manifests = append(found.manifests, releaseutil.Manifest{
				Name: path, Content: text, Head: &releaseutil.SimpleHead{Version: head.APIVersion, Kind: head.Kind},
			})
			continue
		}
		if document.hooks == nil {
			shown, err := json.Marshal(head)
			if err != nil {
				return inFile{}, err
			}
			hooks, err := sortedByHelm(path, string(shown))
			if err != nil {
				return inFile{}, err
			}
			document.hooks = hooks.kinds
		}
		for _, kind := range document.hooks {
			found.hooks = append(found.hooks, hook{path, text})
			found.kinds = append(found.kinds, kind)
		}
	}
	return found, nil
}

func sortedByHelm(path, content string) (inFile, error) {
	hooks, manifests, err := releaseutil.SortManifests(
		map[string]string{path: content}, nil, releaseutil.InstallOrder,
	)
	found := inFile{manifests: manifests}
	for _, h := range hooks {
		found.hooks = append(found.hooks, hook{h.Path, h.Manifest})
		found.kinds = append(found.kinds, h.Kind)
	}
	return found, err
}

// separate cuts a printed file into its documents, where Helm's SplitManifests does: at three dashes that begin
// a line, whatever comes after them.
func separate(content string) []string {
	var found []string
	rest := "\n" + strings.TrimLeftFunc(content, unicode.IsSpace)
	for more := true; more; {
		var document string
		document, rest, more = strings.Cut(rest, "\n---")
		if more && document != "" {
			document += "\n"
		}
		if document = strings.TrimLeftFunc(document, unicode.IsSpace); document != "" {
			found = append(found, document)
		}
	}
	return found
}

var ranks = func() map[string]int {
	found := map[string]int{}
	for rank, kind := range releaseutil.InstallOrder {
		found[kind] = rank
	}
	return found
}()

// installedBefore tells which kind Helm installs first: those that it does not know last, by name.
func installedBefore(a, b string) bool {
	first, aKnown := ranks[a]
	second, bKnown := ranks[b]
	if !aKnown && !bKnown {
		return a < b
	}
	return aKnown && (!bKnown || first < second)
}
