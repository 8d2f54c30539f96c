// Package outline reads YAML as charts print it: blocks of keys and items, leaves and literal texts.
package outline

import (
	"math"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v2"
)

// Read gives what Helm's YAML library gives for a text, in a tenth of the time: only leaves that are not plain
// to see go through the library. Of what else there is in YAML (anchors, tags, several documents, ...) it says
// false, and the library is to read it all.
func Read(text string) (value any, ok bool) {
	o := &outline{}
	defer func() {
		if r := recover(); r != nil {
			if _, strange := r.(strange); !strange {
				panic(r)
			}
			value, ok = nil, false
		}
	}()
	o.cut(text)
	value = o.block()
	if o.more() {
		panic(strange{})
	}
	return value, true
}

// strange is thrown at what an outline does not have.
type strange struct{}

// outline is a text by lines, and the line that is read next.
type outline struct {
	lines []textLine
	at    int
	ends  bool // the last line, too
}

// textLine is a line behind its indentation; the text of one without content is empty.
type textLine struct {
	indent int
	text   string
}

func (o *outline) cut(text string) {
	for i := 0; i < len(text); {
		if c := text[i]; c < utf8.RuneSelf {
			if c < ' ' && c != '\n' && c != '\t' || c == 0x7f {
				panic(strange{})
			}
			i++
			continue
		}
		// Some characters are line breaks to YAML, some are not allowed in it.
		r, size := utf8.DecodeRuneInString(text[i:])
		if r < 0xa0 || r == 0x2028 || r == 0x2029 || r == 0xfeff || r >= 0xfffd {
			panic(strange{})
		}
		i += size
	}
	o.lines = make([]textLine, 0, 1+strings.Count(text, "\n"))
	o.ends = strings.HasSuffix(text, "\n")
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		content := strings.TrimLeft(line, " ")
		o.lines = append(o.lines, textLine{len(line) - len(content), content})
	}
}

// more tells whether anything is left, and steps over comments and empty lines.
func (o *outline) more() bool {
	for ; o.at < len(o.lines); o.at++ {
		if text := o.lines[o.at].text; text != "" && text[0] != '#' {
			return true
		}
	}
	return false
}

// block reads the keys or items that begin at the current line.
func (o *outline) block() any {
	if !o.more() {
		return nil
	}
	line := o.lines[o.at]
	if isItem(line.text) {
		return o.items(line.indent)
	}
	return o.keys(line.indent)
}

func (o *outline) keys(indent int) map[string]any {
	found := map[string]any{}
	for o.more() && o.lines[o.at].indent >= indent {
		line := o.lines[o.at]
		key, rest, ok := cutKey(line.text)
		if _, twice := found[key]; line.indent > indent || !ok || twice {
			panic(strange{})
		}
		found[key] = o.value(rest, indent, true)
	}
	return found
}

func (o *outline) items(indent int) []any {
	found := []any{}
	for o.more() && o.lines[o.at].indent >= indent {
		line := o.lines[o.at]
		if line.indent > indent {
			panic(strange{})
		}
		if !isItem(line.text) {
			break // the next key of those that this list is under
		}
		rest := strings.TrimLeft(line.text[1:], " ")
		if _, _, isKey := cutKey(rest); isKey || isItem(rest) {
			// As if it began on a line of its own.
			o.lines[o.at] = textLine{indent + len(line.text) - len(rest), rest}
			found = append(found, o.block())
		} else {
			found = append(found, o.value(rest, indent, false))
		}
	}
	return found
}

// value reads what stands behind a key or a dash, and below it.
func (o *outline) value(rest string, indent int, key bool) any {
	o.at++
	if rest == "" || rest[0] == '#' {
		if !o.more() {
			return nil
		}
		line := o.lines[o.at]
		if line.indent > indent && (line.text[0] == '[' || line.text[0] == '{') {
			return o.value(line.text, indent, false)
		}
		if line.indent > indent || (key && line.indent == indent && isItem(line.text)) {
			return o.block()
		}
		return nil
	}
	if rest == "|" || rest == "|-" {
		return o.literal(rest, indent)
	}
	rest = strings.TrimRight(rest, " ")
	next := o.at
	for next < len(o.lines) && o.lines[next].text == "" {
		next++
	}
	ends := next == len(o.lines) || o.lines[next].indent <= indent
	if ends && (next == o.at || rest[0] != '|' && rest[0] != '>') { // to these, empty lines are text
		return leaf(rest)
	}
	return library(o.leaf(rest, indent))
}

// leaf returns a leaf with the lines on which it goes on.
func (o *outline) leaf(first string, indent int) string {
	var text strings.Builder
	text.WriteString(first)
	for ; o.at < len(o.lines) && (o.lines[o.at].indent > indent || o.lines[o.at].text == ""); o.at++ {
		text.WriteByte('\n')
		text.WriteString(strings.Repeat(" ", o.lines[o.at].indent))
		text.WriteString(o.lines[o.at].text)
	}
	if o.at < len(o.lines) || o.ends {
		text.WriteByte('\n')
	}
	return text.String()
}

// literal reads a text as it stands, less its indentation.
func (o *outline) literal(header string, indent int) string {
	first := o.at
	for first < len(o.lines) && o.lines[first].text == "" {
		first++
	}
	if first == len(o.lines) || o.lines[first].indent <= indent {
		panic(strange{})
	}
	margin := o.lines[first].indent
	var text strings.Builder
	empty := 0
	for ; o.at < len(o.lines); o.at++ {
		line := o.lines[o.at]
		if line.text == "" && line.indent <= margin {
			empty++
			continue
		}
		if line.indent < margin || (o.at < first && line.indent > margin) {
			break
		}
		text.WriteString(strings.Repeat("\n", empty))
		text.WriteString(strings.Repeat(" ", line.indent-margin))
		text.WriteString(line.text)
		empty = 0
		text.WriteByte('\n')
	}
	if o.at == len(o.lines) && !o.ends || o.at < first || strings.HasPrefix(o.rest(), "\t") {
		panic(strange{})
	}
	if header == "|-" {
		return strings.TrimSuffix(text.String(), "\n")
	}
	return text.String()
}

func (o *outline) rest() string {
	if o.at < len(o.lines) {
		return o.lines[o.at].text
	}
	return ""
}

func isItem(text string) bool {
	return text == "-" || strings.HasPrefix(text, "- ")
}

// cutKey cuts a line behind its key, if it begins with one.
func cutKey(text string) (key, rest string, ok bool) {
	end := 0
	for end < len(text) && inKey[text[end]] {
		end++
	}
	if end == 0 || end > 128 || end == len(text) || text[end] != ':' {
		return "", "", false
	}
	key, rest = text[:end], text[end+1:]
	if rest != "" && rest[0] != ' ' || !isLetter(key[0]) || isWord(key) {
		return "", "", false
	}
	return key, strings.TrimLeft(rest, " "), true
}

var inKey = func() (set [256]bool) {
	for c := range set {
		set[c] = isLetter(byte(c)) || '0' <= c && c <= '9' || strings.IndexByte("._/-", byte(c)) >= 0
	}
	return set
}()

func isLetter(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// isWord tells whether a text means something else than itself; rather too often than not often enough.
func isWord(text string) bool {
	switch len(text) {
	case 1, 2, 3, 4, 5:
		switch strings.ToLower(text) {
		case "y", "yes", "n", "no", "true", "false", "on", "off", "null":
			return true
		}
	}
	return false
}

// leaf reads a value that is on one line.
func leaf(text string) any {
	switch first := text[0]; {
	case first == '"' || first == '\'':
		inner := text[1:]
		if len(inner) == 0 || strings.IndexByte(inner, first) != len(inner)-1 || strings.ContainsAny(inner, "\\\t") {
			return library(text)
		}
		return inner[:len(inner)-1]
	case text == "true", text == "false":
		return text == "true"
	case text == "{}":
		return map[string]any{}
	case text == "[]":
		return []any{}
	case first == '{' || first == '[':
		return library(text)
	case strings.ContainsAny(text, "\t") || strings.Contains(text, ": ") || strings.Contains(text, " #") ||
		text[len(text)-1] == ':':
		panic(strange{})
	case isLetter(first) && !isWord(text) || first == '/' || first == '$' || strings.HasPrefix(text, "--"):
		return text
	case '0' <= first && first <= '9':
		if number, ok := decimal(text); ok {
			return number
		}
		if strings.ContainsAny(text, "%ghijklmnpqrstuvwyzGHIKLMNPQRSUVWY") {
			return text // a quantity, a duration: no number, and no time
		}
	}
	return library(text)
}

// decimal reads a whole number that everybody reads alike.
func decimal(text string) (int, bool) {
	if len(text) > 15 || text[0] == '0' && len(text) > 1 {
		return 0, false
	}
	number := 0
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return 0, false
		}
		number = 10*number + int(text[i]-'0')
	}
	return number, true
}

// library lets Helm's YAML library read a leaf.
func library(text string) any {
	header, _, _ := strings.Cut(text, "\n")
	if strings.IndexByte("|>", text[0]) >= 0 && strings.ContainsAny(header, "0123456789") {
		panic(strange{}) // its indentation is counted from the one around it
	}
	var read map[string]any
	if err := yaml.Unmarshal([]byte("leaf: "+text), &read); err != nil || len(read) != 1 {
		panic(strange{})
	}
	value, ok := namedKeys(read["leaf"])
	_, isMap := value.(map[string]any)
	_, isList := value.([]any)
	if !ok || isMap != (text[0] == '{') || isList != (text[0] == '[') {
		panic(strange{})
	}
	return value
}

// namedKeys returns a value with texts as keys; false where some are none, or where it holds something that
// JSON knows nothing of.
func namedKeys(value any) (any, bool) {
	switch v := value.(type) {
	case nil, bool, int:
		return v, true
	case string:
		return v, utf8.ValidString(v)
	case float64:
		return v, !math.IsNaN(v) && !math.IsInf(v, 0)
	case map[any]any:
		result := make(map[string]any, len(v))
		for key, inner := range v {
			name, named := key.(string)
			plain, ok := namedKeys(inner)
			if !named || !ok {
				return nil, false
			}
			result[name] = plain
		}
		return result, true
	case []any:
		result := make([]any, len(v))
		for i, inner := range v {
			plain, ok := namedKeys(inner)
			if !ok {
				return nil, false
			}
			result[i] = plain
		}
		return result, true
	}
	return nil, false
}
