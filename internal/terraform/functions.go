package terraform

import (
	"crypto/md5"  //nolint:gosec // Terraform has these functions; nothing here trusts the result
	"crypto/sha1" //nolint:gosec // as above
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"net/url"
	"path"
	"regexp"
	"strings"

	"github.com/hashicorp/hcl/v2/ext/tryfunc"
	ctyyaml "github.com/zclconf/go-cty-yaml"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// pureFunctions are Terraform's functions whose result follows from their arguments. Those of the clock, of chance, of
// key material and of the machine yield an unknown value; those that read files are made for each module.
func pureFunctions() map[string]function.Function {
	f := map[string]function.Function{
		"abs": stdlib.AbsoluteFunc, "ceil": stdlib.CeilFunc, "floor": stdlib.FloorFunc, "log": stdlib.LogFunc, "max": stdlib.MaxFunc,
		"min": stdlib.MinFunc, "parseint": stdlib.ParseIntFunc, "pow": stdlib.PowFunc, "signum": stdlib.SignumFunc,
		"chomp": stdlib.ChompFunc, "format": bounded(stdlib.FormatFunc), "formatlist": bounded(stdlib.FormatListFunc), "indent": bounded(stdlib.IndentFunc),
		"join": stdlib.JoinFunc, "lower": stdlib.LowerFunc, "regex": stdlib.RegexFunc, "regexall": stdlib.RegexAllFunc,
		"split": stdlib.SplitFunc, "strrev": stdlib.ReverseFunc, "substr": stdlib.SubstrFunc, "title": stdlib.TitleFunc,
		"trim": stdlib.TrimFunc, "trimprefix": stdlib.TrimPrefixFunc, "trimspace": stdlib.TrimSpaceFunc,
		"trimsuffix": stdlib.TrimSuffixFunc, "upper": stdlib.UpperFunc,
		"chunklist": stdlib.ChunklistFunc, "coalesce": coalesceFunc(), "coalescelist": stdlib.CoalesceListFunc,
		"compact": stdlib.CompactFunc, "concat": stdlib.ConcatFunc, "contains": stdlib.ContainsFunc, "distinct": stdlib.DistinctFunc,
		"element": stdlib.ElementFunc, "flatten": stdlib.FlattenFunc, "keys": stdlib.KeysFunc, "lookup": stdlib.LookupFunc,
		"merge": stdlib.MergeFunc, "range": stdlib.RangeFunc, "reverse": stdlib.ReverseListFunc,
		"setintersection": stdlib.SetIntersectionFunc, "setproduct": bounded(stdlib.SetProductFunc), "setsubtract": stdlib.SetSubtractFunc,
		"setunion": stdlib.SetUnionFunc, "slice": stdlib.SliceFunc, "sort": stdlib.SortFunc, "values": stdlib.ValuesFunc,
		"zipmap": stdlib.ZipmapFunc, "csvdecode": stdlib.CSVDecodeFunc, "jsondecode": bounded(stdlib.JSONDecodeFunc),
		"jsonencode": stdlib.JSONEncodeFunc, "formatdate": stdlib.FormatDateFunc, "timeadd": stdlib.TimeAddFunc,
		"yamldecode": bounded(ctyyaml.YAMLDecodeFunc), "yamlencode": ctyyaml.YAMLEncodeFunc, "try": tryfunc.TryFunc, "can": tryfunc.CanFunc,
		"tostring": stdlib.MakeToFunc(cty.String), "tonumber": stdlib.MakeToFunc(cty.Number), "tobool": stdlib.MakeToFunc(cty.Bool),
		"toset": stdlib.MakeToFunc(cty.Set(cty.DynamicPseudoType)), "tolist": stdlib.MakeToFunc(cty.List(cty.DynamicPseudoType)),
		"tomap": stdlib.MakeToFunc(cty.Map(cty.DynamicPseudoType)), "assert": stdlib.AssertNotNullFunc,
		"replace": replaceFunc(), "length": lengthFunc(), "index": indexFunc(), "sum": sumFunc(), "one": oneFunc(),
		"alltrue": everyFunc(true), "anytrue": everyFunc(false), "sensitive": markFunc(true), "nonsensitive": markFunc(false),
		"base64encode": textFunc(func(s string) (string, error) { return base64.StdEncoding.EncodeToString([]byte(s)), nil }),
		"base64decode": textFunc(decodeBase64), "urlencode": textFunc(func(s string) (string, error) { return url.QueryEscape(s), nil }),
		"basename": textFunc(func(s string) (string, error) { return path.Base(s), nil }),
		"dirname":  textFunc(func(s string) (string, error) { return path.Dir(s), nil }),
		"md5":      hashFunc(md5.New), "sha1": hashFunc(sha1.New), "sha256": hashFunc(sha256.New), "sha512": hashFunc(sha512.New),
		"base64sha256": digestFunc(sha256.New), "base64sha512": digestFunc(sha512.New),
		"startswith": testFunc(strings.HasPrefix), "endswith": testFunc(strings.HasSuffix), "strcontains": testFunc(strings.Contains),
		"cidrhost": cidrFunc(1, cidrHost), "cidrnetmask": cidrFunc(0, cidrNetmask), "cidrsubnet": cidrFunc(2, cidrSubnet),
		"cidrsubnets": cidrSubnetsFunc(), "base64gzip": textFunc(gzipBase64), "timecmp": timeFunc(), "matchkeys": matchKeysFunc(),
		"transpose": transposeFunc(), "issensitive": isSensitiveFunc(), "ephemeralasnull": markFunc(false),
	}
	delete(f, "assert")
	for _, name := range []string{"timestamp", "plantimestamp", "uuid", "uuidv5", "bcrypt", "rsadecrypt", "textencodebase64",
		"textdecodebase64", "defaults", "type", "pathexpand", "abspath"} {
		f[name] = unknownFunc()
	}
	return f
}

// unknownFunc takes anything and says nothing.
func unknownFunc() function.Function {
	return function.New(&function.Spec{
		VarParam: &function.Parameter{Name: "any", Type: cty.DynamicPseudoType, AllowNull: true, AllowUnknown: true, AllowDynamicType: true, AllowMarked: true},
		Type:     function.StaticReturnType(cty.DynamicPseudoType),
		Impl:     func([]cty.Value, cty.Type) (cty.Value, error) { return cty.DynamicVal, nil },
	})
}

func textFunc(of func(string) (string, error)) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "text", Type: cty.String}},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			s, err := of(args[0].AsString())
			return cty.StringVal(s), err
		},
	})
}

func decodeBase64(s string) (string, error) {
	b, err := base64.StdEncoding.DecodeString(s)
	return string(b), err
}

func sumOf(newHash func() hash.Hash, s string) []byte {
	h := newHash()
	h.Write([]byte(s))
	return h.Sum(nil)
}

func hashFunc(newHash func() hash.Hash) function.Function {
	return textFunc(func(s string) (string, error) { return hex.EncodeToString(sumOf(newHash, s)), nil })
}

func digestFunc(newHash func() hash.Hash) function.Function {
	return textFunc(func(s string) (string, error) { return base64.StdEncoding.EncodeToString(sumOf(newHash, s)), nil })
}

func testFunc(of func(s, part string) bool) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "text", Type: cty.String}, {Name: "part", Type: cty.String}},
		Type:   function.StaticReturnType(cty.Bool),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			return cty.BoolVal(of(args[0].AsString(), args[1].AsString())), nil
		},
	})
}

// bounded refuses arguments with which a function of a few words fills the memory: wide paddings, products of long
// lists, deep or self-multiplying documents.
func bounded(f function.Function) function.Function {
	wide := regexp.MustCompile(`%[^a-zA-Z%]*[0-9]{4}`)
	return function.New(&function.Spec{
		Params: f.Params(), VarParam: f.VarParam(),
		Type: func(args []cty.Value) (cty.Type, error) {
			size := 1
			for _, a := range args {
				a, _ = a.Unmark()
				switch {
				case !a.IsKnown() || a.IsNull():
				case a.Type() == cty.String:
					if s := a.AsString(); wide.MatchString(s) || strings.Count(s, "*") > 100 || !shallow([]byte(s)) {
						return cty.NilType, fmt.Errorf("a text that this function would make too much of")
					}
				case a.Type() == cty.Number:
					if n, _ := a.AsBigFloat().Float64(); n > 1000 && len(f.Params()) == 2 {
						return cty.NilType, fmt.Errorf("too large a number")
					}
				case a.CanIterateElements():
					if size *= max(1, a.LengthInt()); size > maxInstances {
						return cty.NilType, fmt.Errorf("more than %d elements", maxInstances)
					}
				}
			}
			return f.ReturnTypeForValues(args)
		},
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) { return f.Call(args) },
	})
}

// coalesceFunc is the first argument that is neither null nor an empty text.
func coalesceFunc() function.Function {
	return function.New(&function.Spec{
		VarParam: &function.Parameter{Name: "values", Type: cty.DynamicPseudoType, AllowNull: true, AllowUnknown: true, AllowDynamicType: true},
		Type:     function.StaticReturnType(cty.DynamicPseudoType),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			for _, a := range args {
				switch {
				case !a.IsKnown():
					return cty.DynamicVal, nil
				case a.IsNull(), a.Type() == cty.String && a.AsString() == "":
				default:
					return a, nil
				}
			}
			return cty.NilVal, fmt.Errorf("every value is null or empty")
		},
	})
}

// indexFunc is the position of a value in a list.
func indexFunc() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "list", Type: cty.DynamicPseudoType}, {Name: "value", Type: cty.DynamicPseudoType}},
		Type:   function.StaticReturnType(cty.Number),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if !args[0].CanIterateElements() {
				return cty.NilVal, fmt.Errorf("index takes a list")
			}
			for it := args[0].ElementIterator(); it.Next(); {
				k, v := it.Element()
				if equal, err := stdlib.Equal(v, args[1]); err == nil && equal.IsKnown() && equal.True() {
					return k, nil
				}
			}
			return cty.NilVal, fmt.Errorf("the list has no such element")
		},
	})
}

// replaceFunc takes a text between slashes for a regular expression, as Terraform does.
func replaceFunc() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "text", Type: cty.String}, {Name: "old", Type: cty.String}, {Name: "new", Type: cty.String}},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			text, old, with := args[0].AsString(), args[1].AsString(), args[2].AsString()
			if strings.Count(text, old)*len(with) > maxValueText {
				return cty.UnknownVal(cty.String), nil
			}
			if len(old) > 1 && strings.HasPrefix(old, "/") && strings.HasSuffix(old, "/") {
				return stdlib.RegexReplace(args[0], cty.StringVal(old[1:len(old)-1]), args[2])
			}
			return cty.StringVal(strings.ReplaceAll(text, old, with)), nil
		},
	})
}

// lengthFunc counts characters of texts as well as elements.
func lengthFunc() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "value", Type: cty.DynamicPseudoType, AllowUnknown: true, AllowDynamicType: true}},
		Type:   function.StaticReturnType(cty.Number),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			v := args[0]
			switch t := v.Type(); {
			case t == cty.DynamicPseudoType:
				return cty.UnknownVal(cty.Number), nil
			case t == cty.String:
				return stdlib.Strlen(v)
			case t.IsTupleType():
				return cty.NumberIntVal(int64(t.Length())), nil
			case t.IsObjectType():
				return cty.NumberIntVal(int64(len(t.AttributeTypes()))), nil
			case t.IsCollectionType():
				return v.Length(), nil
			}
			return cty.NilVal, fmt.Errorf("a %s has no length", v.Type().FriendlyName())
		},
	})
}

func sumFunc() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "list", Type: cty.DynamicPseudoType}},
		Type:   function.StaticReturnType(cty.Number),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			total := cty.Zero
			if !args[0].CanIterateElements() {
				return cty.NilVal, fmt.Errorf("sum takes a list of numbers")
			}
			for it := args[0].ElementIterator(); it.Next(); {
				_, v := it.Element()
				if v.Type() != cty.Number || v.IsNull() {
					return cty.NilVal, fmt.Errorf("sum takes numbers only")
				}
				total = total.Add(v)
			}
			return total, nil
		},
	})
}

// oneFunc is the only element of a list, or null of an empty one.
func oneFunc() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "list", Type: cty.DynamicPseudoType}},
		Type:   function.StaticReturnType(cty.DynamicPseudoType),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if !args[0].CanIterateElements() || args[0].LengthInt() > 1 {
				return cty.NilVal, fmt.Errorf("one takes a list of at most one element")
			}
			for it := args[0].ElementIterator(); it.Next(); {
				_, v := it.Element()
				return v, nil
			}
			return cty.NullVal(cty.DynamicPseudoType), nil
		},
	})
}

func everyFunc(want bool) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "list", Type: cty.List(cty.Bool)}},
		Type:   function.StaticReturnType(cty.Bool),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			for it := args[0].ElementIterator(); it.Next(); {
				_, v := it.Element()
				switch {
				case !v.IsKnown():
					return cty.UnknownVal(cty.Bool), nil
				case v.IsNull() && want, !v.IsNull() && v.True() != want:
					return cty.BoolVal(!want), nil
				}
			}
			return cty.BoolVal(want), nil
		},
	})
}

func markFunc(mark bool) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "value", Type: cty.DynamicPseudoType, AllowUnknown: true, AllowNull: true, AllowMarked: true, AllowDynamicType: true}},
		Type:   func(args []cty.Value) (cty.Type, error) { return args[0].Type(), nil },
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			v, _ := args[0].Unmark()
			if mark {
				return v.Mark(sensitive{}), nil
			}
			return v, nil
		},
	})
}
