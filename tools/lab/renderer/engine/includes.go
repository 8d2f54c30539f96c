package engine

import (
	"reflect"
	"strings"
	"text/template"
	"text/template/parse"
)

// includes are the texts that a render's includes came to. Charts include the same labels, names and addresses
// with the same arguments dozens of times; the second time, the text is there.
//
// That changes nothing as long as a template prints what its argument says, and does nothing else. Which ones
// do, is read from their source; whether something changes an argument, is watched.
type includes struct {
	keys
	chart string
	pure  map[string]bool
	texts map[string]string
	off   bool
}

// unpredictable functions give something else each time, do more than give, or look at a place unnoticed.
var unpredictable = map[string]bool{
	"ago": true, "bcrypt": true, "buildCustomCert": true, "call": true, "date": true, "dateInZone": true,
	"dateModify": true, "date_in_zone": true, "date_modify": true, "derivePassword": true, "encryptAES": true,
	"genCA": true, "genCAWithKey": true, "genPrivateKey": true, "genSelfSignedCert": true,
	"genSelfSignedCertWithKey": true, "genSignedCert": true, "genSignedCertWithKey": true, "getHostByName": true,
	"htmlDate": true, "htmlDateInZone": true, "htpasswd": true, "lookup": true, "mustDateModify": true,
	"must_date_modify": true, "now": true, "randAlpha": true, "randAlphaNum": true, "randAscii": true,
	"randBytes": true, "randInt": true, "randNumeric": true, "shuffle": true, "toToml": true, "mustToToml": true, "tpl": true, "uuidv4": true,
}

// look finds out which templates only print what their argument says; the functions that are given are not
// Helm's.
func (s *includes) look(parsed *template.Template, functions template.FuncMap) {
	s.pure = map[string]bool{}
	uses := map[string][]string{}
	for _, t := range parsed.Templates() {
		s.pure[t.Name()] = true
		if t.Tree == nil {
			continue
		}
		walk(t.Root, func(node parse.Node) {
			switch n := node.(type) {
			case *parse.IdentifierNode:
				_, custom := functions[n.Ident]
				if unpredictable[n.Ident] || custom {
					s.pure[t.Name()] = false
				}
			case *parse.TemplateNode:
				uses[t.Name()] = append(uses[t.Name()], n.Name)
			case *parse.CommandNode:
				if name, ok := n.Args[0].(*parse.IdentifierNode); ok && name.Ident == "include" {
					if len(n.Args) > 1 {
						if constant, ok := n.Args[1].(*parse.StringNode); ok {
							uses[t.Name()] = append(uses[t.Name()], constant.Text)
							return
						}
					}
					s.pure[t.Name()] = false
				}
			}
			switch node.(type) {
			case *parse.FieldNode, *parse.ChainNode, *parse.VariableNode, *parse.StringNode:
				if strings.Contains(node.String(), "Template") { // says which file is being printed
					s.pure[t.Name()] = false
				}
			}
		})
	}
	for changed := true; changed; {
		changed = false
		for name, used := range uses {
			for _, other := range used {
				if s.pure[name] && !s.pure[other] {
					s.pure[name], changed = false, true
				}
			}
		}
	}
}

func walk(node parse.Node, see func(parse.Node)) {
	if node == nil || reflect.ValueOf(node).IsNil() {
		return
	}
	see(node)
	branch := func(b *parse.BranchNode) {
		walk(b.Pipe, see)
		walk(b.List, see)
		walk(b.ElseList, see)
	}
	switch n := node.(type) {
	case *parse.ListNode:
		for _, inner := range n.Nodes {
			walk(inner, see)
		}
	case *parse.ActionNode:
		walk(n.Pipe, see)
	case *parse.PipeNode:
		for _, inner := range n.Cmds {
			walk(inner, see)
		}
	case *parse.CommandNode:
		for _, inner := range n.Args {
			walk(inner, see)
		}
	case *parse.ChainNode:
		walk(n.Node, see)
	case *parse.TemplateNode:
		walk(n.Pipe, see)
	case *parse.IfNode:
		branch(&n.BranchNode)
	case *parse.RangeNode:
		branch(&n.BranchNode)
	case *parse.WithNode:
		branch(&n.BranchNode)
	}
}

// begin forgets the render before.
func (s *includes) begin(sources map[string]renderable) {
	s.keys = keys{fixed: map[uintptr]bool{}, passed: map[uintptr]bool{}, most: 2000}
	s.texts, s.off = map[string]string{}, false
	for _, source := range sources {
		s.fix(reflect.ValueOf(source.vals))
	}
}

func (s *includes) fix(value reflect.Value) {
	for value.Kind() == reflect.Interface {
		value = value.Elem()
	}
	switch value.Kind() {
	case reflect.Map:
		if s.fixed[value.Pointer()] {
			return
		}
		s.fixed[value.Pointer()] = true
		if value.Type().Elem().Kind() == reflect.Interface {
			for entries := value.MapRange(); entries.Next(); {
				s.fix(entries.Value())
			}
		}
	case reflect.Slice:
		if value.Len() > 0 {
			s.fixed[value.Pointer()] = true
			if value.Type().Elem().Kind() == reflect.Interface {
				for i := range value.Len() {
					s.fix(value.Index(i))
				}
			}
		}
	case reflect.Pointer:
		s.fixed[value.Pointer()] = true
	}
}

// over returns Helm's include, which remembers.
func (s *includes) over(include func(string, any) (string, error)) func(string, any) (string, error) {
	return func(name string, argument any) (string, error) {
		if s.off || !s.pure[name] {
			return include(name, argument)
		}
		key, ok := s.add(append(make([]byte, 0, 256), name...), argument)
		if !ok {
			return include(name, argument)
		}
		if text, known := s.texts[string(key)]; known {
			return text, nil
		}
		before := looks
		text, err := include(name, argument)
		// What names a file of the chart may have it from the scope: that of the file being printed.
		if err == nil && !s.off && looks == before && !strings.Contains(text, s.chart+"/templates") {
			s.texts[string(key)] = text
		}
		return text, err
	}
}

// watched returns the functions that change a map, so that a change of what others see ends the remembering.
func (s *includes) watched(functions template.FuncMap) template.FuncMap {
	changes := func(changed map[string]any) {
		at := reflect.ValueOf(changed).Pointer()
		s.off = s.off || s.fixed[at] || s.passed[at]
	}
	found := template.FuncMap{}
	for _, name := range []string{"set", "unset", "merge", "mergeOverwrite", "mustMerge", "mustMergeOverwrite"} {
		switch change := functions[name].(type) {
		case func(map[string]any, string, any) map[string]any:
			found[name] = func(object map[string]any, key string, value any) map[string]any {
				changes(object)
				return change(object, key, value)
			}
		case func(map[string]any, string) map[string]any:
			found[name] = func(object map[string]any, key string) map[string]any {
				changes(object)
				return change(object, key)
			}
		case func(map[string]any, ...map[string]any) any:
			found[name] = func(object map[string]any, others ...map[string]any) any {
				changes(object)
				return change(object, others...)
			}
		case func(map[string]any, ...map[string]any) (any, error):
			found[name] = func(object map[string]any, others ...map[string]any) (any, error) {
				changes(object)
				return change(object, others...)
			}
		default:
			panic("nobody watches " + name)
		}
	}
	return found
}
