package cost

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/expr-lang/expr"
)

// receiverOf names the implied first argument of each function: r is the resource or block at hand, u its usage,
// p the price book in the resource's region.
var receiverOf = map[string]string{ //nolint:gochecknoglobals // a constant table; Go has no constant maps
	"str": "r", "num": "r", "between": "r", "flag": "r", "has": "r", "known": "r", "list": "r", "block": "r", "strs": "r", "ref": "r",
	"referrers": "r", "usage": "u", "use_str": "u", "used": "u", "given": "u", "usage_for": "u", "price": "p", "spec": "p", "usd": "p",
}

// functions are what expressions may call beside the language's own operators.
func functions() []expr.Option {
	return []expr.Option{
		expr.Function("str", callStr, new(func(*scope, string, ...any) string)),
		expr.Function("num", callNum, new(func(*scope, string, ...any) float64)),
		expr.Function("between", callBetween, new(func(*scope, string, string, string) float64)),
		expr.Function("flag", callFlag, new(func(*scope, string, ...any) bool)),
		expr.Function("has", callHas, new(func(*scope, string) bool)),
		expr.Function("known", callKnown, new(func(*scope, string) bool)),
		expr.Function("list", callList, new(func(*scope, string) []*scope)),
		expr.Function("block", callBlock, new(func(*scope, string) *scope)),
		expr.Function("strs", callStrs, new(func(*scope, string) []string)),
		expr.Function("ref", callRef, new(func(*scope, string, ...any) *scope)),
		expr.Function("referrers", callReferrers, new(func(*scope, string, string) []*scope)),
		expr.Function("type_of", callTypeOf, new(func(*scope) string)),
		expr.Function("address", callAddress, new(func(*scope) string)),
		expr.Function("usage", callUsage, new(func(*usageScope, string, ...any) float64)),
		expr.Function("use_str", callUsageStr, new(func(*usageScope, string, ...any) string)),
		expr.Function("used", callUsed, new(func(*usageScope, string) bool)),
		expr.Function("given", callGiven, new(func(*usageScope, string) bool)),
		expr.Function("usage_for", callUsageFor, new(func(*usageScope, string, *scope, ...any) float64)),
		expr.Function("other_usage", callOtherUsage, new(func(*scope, string, float64) float64)),
		expr.Function("price", callPrice, new(func(*pricer, string, string, ...any) *rate)),
		expr.Function("usd", callUSD, new(func(*pricer, float64) *rate)),
		expr.Function("spec", callSpec, new(func(*pricer, string, string, string) float64)),
		expr.Function("times", callTimes, new(func(*rate, float64) *rate)),
		expr.Function("plus", callPlus, new(func(*rate, *rate) *rate)),
		expr.Function("or_else", callOrElse, new(func(*rate, *rate) *rate)),
		expr.Function("best", callBest, new(func(*rate, *rate) *rate)),
		expr.Function("tier_of", callTierOf, new(func(float64, []any, []any) string)),
		expr.Function("flat", callFlat, new(func(*rate) *rate)),
		expr.Function("round_up", callRoundUp, new(func(float64, float64) float64)),
		expr.Function("match", callMatch, new(func(string, ...any) bool)),
		expr.Function("unknown", callUnknown, new(func(string) float64)),
		expr.Function("unknown_str", callUnknown, new(func(string) string)),
	}
}

func attribute(args []any) (*scope, any, error) {
	s, _ := args[0].(*scope)
	value, err := s.get(args[1].(string), args[2:])
	return s, value, err
}

func callStr(args ...any) (any, error) {
	_, v, err := attribute(args)
	if err != nil {
		return nil, err
	}
	if text, ok := toText(v); ok {
		return text, nil
	}
	return nil, &unknownError{args[1].(string), "not a word"}
}

func callNum(args ...any) (any, error) {
	_, v, err := attribute(args)
	if err != nil {
		return nil, err
	}
	if n, ok := toNumber(v); ok && !math.IsInf(n, 0) && !math.IsNaN(n) {
		return n, nil
	}
	return nil, &unknownError{args[1].(string), "not a number"}
}

func callFlag(args ...any) (any, error) {
	_, v, err := attribute(args)
	if err != nil {
		return nil, err
	}
	if b, ok := toFlag(v); ok {
		return b, nil
	}
	return nil, &unknownError{args[1].(string), "neither true nor false"}
}

// callHas reports that an attribute is set. For one that is unknown it can say so only where it will hold what tells
// another resource from all others: that is never nothing.
func callHas(args ...any) (any, error) {
	s, _ := args[0].(*scope)
	if s == nil {
		return false, nil
	}
	value, st, why := s.lookup(args[1].(string))
	if list, ok := value.([]any); ok && len(list) == 0 || value == "" {
		st = unset
	}
	s.ctx.read(s, args[1].(string), st, value)
	if st == unknown && s.holdsIdentity(args[1].(string)) {
		return true, nil
	}
	if st == unknown {
		return nil, &unknownError{s.path + args[1].(string), why}
	}
	return st == set, nil
}

func callKnown(args ...any) (any, error) {
	s, _ := args[0].(*scope)
	if s == nil {
		return false, nil
	}
	value, st, _ := s.lookup(args[1].(string))
	s.ctx.read(s, args[1].(string), st, value)
	return st != unknown, nil
}

func callList(args ...any) (any, error) {
	s, _ := args[0].(*scope)
	return s.blocks(args[1].(string))
}

func callBlock(args ...any) (any, error) {
	s, _ := args[0].(*scope)
	return s.block(args[1].(string))
}

func callStrs(args ...any) (any, error) {
	_, v, err := attribute(append(args, any([]any{})))
	if err != nil {
		return nil, err
	}
	list, _ := v.([]any)
	out := make([]string, 0, len(list))
	for _, e := range list {
		if text, ok := toText(e); ok {
			out = append(out, text)
		}
	}
	return out, nil
}

func callTypeOf(args ...any) (any, error) {
	if s, _ := args[0].(*scope); s != nil {
		return s.instance.resource.Type, nil
	}
	return "", nil
}

func callAddress(args ...any) (any, error) {
	if s, _ := args[0].(*scope); s != nil {
		return s.instance.resource.Address, nil
	}
	return "", nil
}

// callUsage is a quantity of the usage file, else the key's documented default, else the caller's fallback.
func callUsage(args ...any) (any, error) {
	u, _ := args[0].(*usageScope)
	v, err := u.get(args[1].(string), args[2:])
	if err != nil {
		return nil, err
	}
	if n, ok := toNumber(v); ok {
		return n, nil
	}
	return nil, &unknownError{"usage " + args[1].(string), "not a number"}
}

func callUsageStr(args ...any) (any, error) {
	u, _ := args[0].(*usageScope)
	v, err := u.get(args[1].(string), args[2:])
	if err != nil {
		return nil, err
	}
	if text, ok := toText(v); ok {
		return text, nil
	}
	return nil, &unknownError{"usage " + args[1].(string), "not a word"}
}

// callUsed reports that the usage file, or a usage profile, says something under a key.
func callUsed(args ...any) (any, error) {
	u, _ := args[0].(*usageScope)
	_, _, ok := u.find(args[1].(string))
	return ok || u.ctx.askAll, nil
}

// callGiven reports that the usage file itself says something under a key: only that may replace what the plan says.
func callGiven(args ...any) (any, error) {
	u, _ := args[0].(*usageScope)
	_, from, ok := u.find(args[1].(string))
	profile := u.ctx.estimator.options.Profile
	return ok && (profile == nil || from != profile.name) || u.ctx.askAll, nil
}

// callUsageFor is a quantity that this resource's usage gives under the address of another one, such as a vault's for
// each machine that it protects. [*] stands for any instance key there too.
func callUsageFor(args ...any) (any, error) {
	u, _ := args[0].(*usageScope)
	s, _ := args[2].(*scope)
	inner := &usageScope{ctx: u.ctx}
	for i, layer := range u.layers {
		if s == nil {
			break
		}
		address := s.instance.resource.Address
		matches := slices.DeleteFunc(slices.Sorted(maps.Keys(layer)), func(name string) bool { return name == address || !matchWildcard(name, address) })
		for _, name := range append([]string{address}, matches...) {
			if values, ok := layer[name].(map[string]any); ok {
				inner.layers, inner.from = append(inner.layers, values), append(inner.from, u.from[i]+": "+name)
			}
		}
	}
	return callUsage(append([]any{inner, args[1]}, args[3:]...)...)
}

// callOtherUsage is a quantity that the usage file gives for another resource, such as an autoscaling target.
func callOtherUsage(args ...any) (any, error) {
	s, _ := args[0].(*scope)
	if s == nil {
		return args[2], nil
	}
	v, err := s.ctx.usageOf(s.instance.resource).get(args[1].(string), args[2:])
	if n, ok := toNumber(v); err == nil && ok {
		return n, nil
	}
	return nil, &unknownError{"usage " + args[1].(string), "not a number"}
}

func (s *usageScope) get(key string, fallback []any) (any, error) {
	v, from, ok := s.find(key)
	s.ctx.asks(s.of, key, otherwise(v, from, fallback))
	if ok {
		text, _ := toText(v)
		s.ctx.used(fmt.Sprintf("%s = %s (%s)", key, text, from))
		return v, nil
	}
	if s.rules != nil && s.rules.entry != nil {
		if d := s.rules.entry.Usage[key]; d.Default != nil {
			s.ctx.used(fmt.Sprintf("%s = %v (documented default)", key, d.Default))
			return d.Default, nil
		}
	}
	if len(fallback) > 0 {
		return fallback[0], nil
	}
	if s.ctx.asked != nil {
		return 1.0, nil // so that what else the resource asks for is heard of, too
	}
	return nil, &usageUnsetError{key}
}

// otherwise tells what counts where the usage file does not give a key: what a profile assumes, or the fallback.
func otherwise(v any, from string, fallback []any) string {
	if text, ok := toText(v); ok && v != nil {
		return text + " by the " + from
	}
	if len(fallback) == 0 {
		return ""
	}
	text, _ := toText(fallback[0])
	return text
}

// callRoundUp rounds a quantity up to a multiple of a step, as providers bill it.
func callRoundUp(args ...any) (any, error) {
	n, _ := toNumber(args[0])
	step, _ := toNumber(args[1])
	if step <= 0 {
		return nil, &unknownError{"billing increment", "not positive"}
	}
	return math.Ceil(n/step) * step, nil
}

// callTierOf is the name of the smallest size that holds n: tier_of(100, [32, 64, 128], ["P4", "P6", "P10"]) is P10.
func callTierOf(args ...any) (any, error) {
	n, _ := toNumber(args[0])
	bounds, _ := args[1].([]any)
	names, _ := args[2].([]any)
	for i, b := range bounds {
		if bound, ok := toNumber(b); ok && n <= bound && i < len(names) {
			return names[i], nil
		}
	}
	return nil, &unknownError{"size", fmt.Sprintf("%g is larger than the largest size", n)}
}

// callMatch reports that a word is one of several, without regard to case.
func callMatch(args ...any) (any, error) {
	for _, candidate := range args[1:] {
		if text, ok := candidate.(string); ok && strings.EqualFold(text, args[0].(string)) {
			return true, nil
		}
	}
	return false, nil
}

// callUnknown lets an entry say that it cannot know.
func callUnknown(args ...any) (any, error) {
	return nil, &unknownError{"", args[0].(string)}
}
