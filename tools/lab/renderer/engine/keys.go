package engine

import (
	"reflect"
	"slices"
	"strconv"

	"helm.sh/helm/v4/pkg/chart/common"
)

// keys tell values apart, in a fraction of the time that writing them as JSON takes.
type keys struct {
	fixed  map[uintptr]bool // maps and lists that stay as they are, so that their address is enough
	passed map[uintptr]bool // other maps that were seen, if that is to be noted
	most   int              // bytes of a key: longer ones are not worth it, or never end
}

// add appends to a key what tells a value apart from others; false where that is not possible.
func (k *keys) add(key []byte, value any) ([]byte, bool) {
	key = append(key, 0)
	switch v := value.(type) {
	case nil:
		return append(key, '-'), true
	case string:
		return append(strconv.AppendInt(append(key, 's'), int64(len(v)), 10), v...), true
	case bool:
		return strconv.AppendBool(append(key, 'b'), v), true
	case int:
		return strconv.AppendInt(append(key, 'i'), int64(v), 10), true
	case int64:
		return strconv.AppendInt(append(key, 'l'), v, 10), true
	case float64:
		return strconv.AppendFloat(append(key, 'f'), v, 'g', -1, 64), true
	case common.Values:
		return k.add(append(key, 'V'), map[string]any(v))
	case map[string]any:
		at := reflect.ValueOf(v).Pointer()
		if k.fixed[at] {
			return strconv.AppendUint(append(key, 'm'), uint64(at), 16), true
		}
		if v == nil || len(key) > k.most {
			return key, false
		}
		if k.passed != nil {
			k.passed[at] = true
		}
		var few [8]string
		names := few[:0]
		for name := range v {
			names = append(names, name)
		}
		slices.Sort(names)
		key = strconv.AppendInt(append(key, 'M'), int64(len(v)), 10)
		for _, name := range names {
			var ok bool
			key = append(strconv.AppendInt(append(key, 0), int64(len(name)), 10), name...)
			if key, ok = k.add(key, v[name]); !ok {
				return key, false
			}
		}
		return key, true
	case []any:
		if len(v) > 0 && k.fixed[reflect.ValueOf(v).Pointer()] {
			key = strconv.AppendUint(append(key, 'a'), uint64(reflect.ValueOf(v).Pointer()), 16)
			return strconv.AppendInt(append(key, '/'), int64(len(v)), 10), true
		}
		if v == nil || len(key) > k.most {
			return key, false
		}
		key = strconv.AppendInt(append(key, 'A'), int64(len(v)), 10)
		for _, inner := range v {
			var ok bool
			if key, ok = k.add(key, inner); !ok {
				return key, false
			}
		}
		return key, true
	}
	return key, false
}
