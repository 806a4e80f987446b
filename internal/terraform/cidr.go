package terraform

import (
	"fmt"
	"math/big"
	"net/netip"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// cidrFunc is a function of a network and whole numbers.
func cidrFunc(numbers int, of func(network netip.Prefix, n []*big.Int) (string, error)) function.Function {
	params := []function.Parameter{{Name: "prefix", Type: cty.String}}
	for range numbers {
		params = append(params, function.Parameter{Name: "number", Type: cty.Number})
	}
	return function.New(&function.Spec{
		Params: params,
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			network, err := netip.ParsePrefix(args[0].AsString())
			if err != nil {
				return cty.NilVal, fmt.Errorf("%.40q is no network", args[0].AsString())
			}
			s, err := of(network.Masked(), wholeNumbers(args[1:]))
			return cty.StringVal(s), err
		},
	})
}

func wholeNumbers(args []cty.Value) []*big.Int {
	var out []*big.Int
	for _, a := range args {
		n, _ := a.AsBigFloat().Int(nil)
		out = append(out, n)
	}
	return out
}

// cidrHost is the address with a number in the network; negative ones count from its end.
func cidrHost(network netip.Prefix, n []*big.Int) (string, error) {
	size := new(big.Int).Lsh(big.NewInt(1), uint(network.Addr().BitLen()-network.Bits()))
	at := n[0]
	if at.Sign() < 0 {
		at = new(big.Int).Add(size, at)
	}
	if at.Sign() < 0 || at.Cmp(size) >= 0 {
		return "", fmt.Errorf("%s has no host %s", network, n[0])
	}
	ip, err := offset(network.Addr(), at)
	return ip.String(), err
}

func cidrNetmask(network netip.Prefix, _ []*big.Int) (string, error) {
	bits := network.Addr().BitLen()
	mask := new(big.Int).Lsh(big.NewInt(1), uint(bits))
	mask.Sub(mask, new(big.Int).Lsh(big.NewInt(1), uint(bits-network.Bits())))
	ip, ok := netip.AddrFromSlice(mask.FillBytes(make([]byte, bits/8)))
	if !ok {
		return "", fmt.Errorf("%s has no mask", network)
	}
	return ip.String(), nil
}

func cidrSubnet(network netip.Prefix, n []*big.Int) (string, error) {
	bits := network.Addr().BitLen()
	if !n[0].IsInt64() || n[0].Sign() < 0 || int64(network.Bits())+n[0].Int64() > int64(bits) {
		return "", fmt.Errorf("%s cannot be extended by %s bits", network, n[0])
	}
	length := network.Bits() + int(n[0].Int64())
	if n[1].Sign() < 0 || n[1].BitLen() > int(n[0].Int64()) {
		return "", fmt.Errorf("%s bits do not hold the number %s", n[0], n[1])
	}
	ip, err := offset(network.Addr(), new(big.Int).Lsh(n[1], uint(bits-length)))
	return netip.PrefixFrom(ip, length).String(), err
}

// cidrSubnetsFunc cuts consecutive subnets of the given lengths.
func cidrSubnetsFunc() function.Function {
	return function.New(&function.Spec{
		Params:   []function.Parameter{{Name: "prefix", Type: cty.String}},
		VarParam: &function.Parameter{Name: "newbits", Type: cty.Number},
		Type:     function.StaticReturnType(cty.List(cty.String)),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			network, err := netip.ParsePrefix(args[0].AsString())
			if err != nil {
				return cty.NilVal, fmt.Errorf("%.40q is no network", args[0].AsString())
			}
			return cidrSubnets(network.Masked(), wholeNumbers(args[1:]))
		},
	})
}

func cidrSubnets(network netip.Prefix, newbits []*big.Int) (cty.Value, error) {
	var out []cty.Value
	bits, at := network.Addr().BitLen(), new(big.Int)
	for _, n := range newbits {
		if !n.IsInt64() || n.Sign() < 1 || int64(network.Bits())+n.Int64() > int64(bits) {
			return cty.NilVal, fmt.Errorf("%s cannot be extended by %s bits", network, n)
		}
		length := network.Bits() + int(n.Int64())
		size := new(big.Int).Lsh(big.NewInt(1), uint(bits-length))
		if rest := new(big.Int).Mod(at, size); rest.Sign() > 0 {
			at.Add(at, size).Sub(at, rest)
		}
		ip, err := offset(network.Addr(), at)
		if err != nil || !network.Contains(ip) {
			return cty.NilVal, fmt.Errorf("%s has no room for another subnet", network)
		}
		out = append(out, cty.StringVal(netip.PrefixFrom(ip, length).String()))
		at.Add(at, size)
	}
	if len(out) == 0 {
		return cty.ListValEmpty(cty.String), nil
	}
	return cty.ListVal(out), nil
}

func offset(base netip.Addr, by *big.Int) (netip.Addr, error) {
	sum := new(big.Int).Add(new(big.Int).SetBytes(base.AsSlice()), by)
	if sum.BitLen() > base.BitLen() {
		return netip.Addr{}, fmt.Errorf("beyond the last address")
	}
	ip, _ := netip.AddrFromSlice(sum.FillBytes(make([]byte, base.BitLen()/8)))
	return ip, nil
}
