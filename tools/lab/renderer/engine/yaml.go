package engine

import (
	"math"
	"strings"

	"go.yaml.in/yaml/v2"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/outline"
)

// The library that Helm writes and reads YAML with goes by way of JSON, in both directions: what it wants is
// what JSON can say, numbers and all. For values that JSON cannot change, these two leave out the detour.
// Everything else goes Helm's way.

// directToYAML is Helm's toYAML.
func directToYAML(value any) string {
	plain, ok := asRead(value)
	if !ok {
		return toYAML(value)
	}
	data, err := yaml.Marshal(plain)
	if err != nil {
		return toYAML(value)
	}
	return strings.TrimSuffix(string(data), "\n")
}

// directFromYAML is Helm's fromYAML.
func directFromYAML(text string) map[string]any {
	if value, ok := outline.Read(text); ok {
		switch object := asJSON(value).(type) {
		case nil:
			return map[string]any{}
		case map[string]any:
			return object
		}
	}
	return fromYAML(text)
}

// asRead returns a value as it comes back from being written as JSON and read as YAML; false where that
// takes doing it.
func asRead(value any) (any, bool) {
	switch v := value.(type) {
	case nil, bool, int:
		return v, true
	case string:
		return v, survives(v)
	case int64:
		return int(v), true
	case float64:
		if v == math.Trunc(v) {
			return int(v), math.Abs(v) < 1<<53 && !(v == 0 && math.Signbit(v))
		}
		return v, math.Abs(v) > 1e-6 && math.Abs(v) < 1e15
	case common.Values:
		return asRead(map[string]any(v))
	case map[string]any:
		if v == nil {
			return nil, true
		}
		result := make(map[string]any, len(v))
		for key, inner := range v {
			plain, ok := asRead(inner)
			if !ok || !survives(key) || len(key) > 128 || key == "<<" {
				return nil, false
			}
			result[key] = plain
		}
		return result, true
	case []any:
		if v == nil {
			return nil, true
		}
		result := make([]any, len(v))
		for i, inner := range v {
			plain, ok := asRead(inner)
			if !ok {
				return nil, false
			}
			result[i] = plain
		}
		return result, true
	}
	return nil, false
}

// survives tells whether a text is the same to every reader: printable ASCII, and lines of it.
func survives(text string) bool {
	for i := range len(text) {
		if c := text[i]; (c < ' ' && c != '\n' && c != '\t') || c > '~' {
			return false
		}
	}
	return true
}

// asJSON returns what was read as YAML as it comes back from being written and read as JSON, in place.
func asJSON(value any) any {
	switch v := value.(type) {
	case int:
		return float64(v)
	case map[string]any:
		for key, inner := range v {
			v[key] = asJSON(inner)
		}
	case []any:
		for i, inner := range v {
			v[i] = asJSON(inner)
		}
	}
	return value
}
