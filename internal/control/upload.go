package control

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	strict "github.com/go-json-experiment/json"

	"github.com/org/platform-action/internal/cost/catalog"
	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/policy"
	"github.com/org/platform-action/internal/render"
)

// UploadVersion is the version of an upload's form.
const UploadVersion = 1

// UploadDocument is a plan's facts as they leave a workflow run: of each resource only the attributes that prices and
// policies declare they read, long strings as their length, and nothing that looks like a secret.
type UploadDocument struct {
	Version int                 `json:"version"`
	Root    string              `json:"root"` // folder of the root module, relative to the repository
	Kept    map[string][]string `json:"kept"` // by type of resource: the attributes that were kept where they are set
	Plan    fact.Plan           `json:"plan"`
}

// maxUploadText is the longest string that is uploaded.
const maxUploadText = 256

// AllowList says which attributes may leave the machine.
type AllowList struct {
	entries *catalog.Catalog
	rules   []policy.Rule
	byType  map[string]map[string]bool
}

// NewAllowList joins what the catalogue and the rules read.
func NewAllowList(entries *catalog.Catalog, rules []policy.Rule) *AllowList {
	return &AllowList{entries: entries, rules: rules, byType: map[string]map[string]bool{}}
}

func (a *AllowList) of(typ string) map[string]bool {
	if had, ok := a.byType[typ]; ok {
		return had
	}
	out := a.entries.Reads(typ)
	for _, r := range a.rules {
		for pattern, attributes := range r.Reads {
			if prefix, star := strings.CutSuffix(pattern, "*"); pattern == typ || star && strings.HasPrefix(typ, prefix) {
				for _, name := range attributes {
					out[name] = true
				}
			}
		}
	}
	a.byType[typ] = out
	return out
}

// Upload makes the document of a plan.
func (a *AllowList) Upload(root string, p fact.Plan) (UploadDocument, error) {
	d := UploadDocument{Version: UploadVersion, Root: path.Clean(root), Kept: map[string][]string{}, Plan: p}
	d.Plan.Name, d.Plan.Drift = d.Root, nil
	var err error
	if d.Plan.Resources, err = a.resources(d, p.Resources); err != nil {
		return d, err
	}
	d.Plan.Providers = maps.Clone(p.Providers)
	for key, provider := range d.Plan.Providers {
		provider.DefaultTags = cleanTags(provider.DefaultTags)
		d.Plan.Providers[key] = provider
	}
	return d, nil
}

func (a *AllowList) resources(d UploadDocument, list []fact.Resource) ([]fact.Resource, error) {
	out := slices.Clone(list)
	for i := range out {
		r := &out[i]
		allowed := a.of(r.Type)
		if _, told := d.Kept[r.Type]; !told {
			d.Kept[r.Type] = slices.Sorted(maps.Keys(allowed))
		}
		for _, side := range []*json.RawMessage{&r.Before, &r.After, &r.Unknown} {
			kept, err := keep(*side, allowed)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", r.Address, err)
			}
			*side = kept
		}
		if r.Config == nil {
			continue
		}
		config := &fact.ResourceConfig{Address: r.Config.Address, Attributes: map[string]fact.Expression{}}
		for name, e := range r.Config.Attributes {
			if allowed[name] {
				config.Attributes[name] = e
			}
		}
		r.Config = config
	}
	return out, nil
}

// keep leaves the allowed members of an object, cleaned. Numbers stay as they are written.
func keep(v json.RawMessage, allowed map[string]bool) (json.RawMessage, error) {
	if len(v) == 0 {
		return nil, nil
	}
	var members map[string]any
	dec := json.NewDecoder(bytes.NewReader(v))
	dec.UseNumber()
	if err := dec.Decode(&members); err != nil {
		return nil, err
	}
	for name, value := range members {
		if !allowed[name] {
			delete(members, name)
			continue
		}
		members[name] = cleanValue(value)
	}
	return json.Marshal(members)
}

func cleanValue(v any) any {
	switch v := v.(type) {
	case string:
		return cleanText(v)
	case []any:
		for i := range v {
			v[i] = cleanValue(v[i])
		}
	case map[string]any:
		for key := range v {
			v[key] = cleanValue(v[key])
		}
	}
	return v
}

func cleanText(s string) string {
	if len(s) > maxUploadText {
		return "(" + strconv.Itoa(len(s)) + " bytes)"
	}
	return render.Redact(s)
}

func cleanTags(tags map[string]string) map[string]string {
	out := maps.Clone(tags)
	for key, value := range out {
		out[key] = cleanText(value)
	}
	return out
}

// parseUpload reads a document. The error is for whoever sent it.
func parseUpload(body []byte) (UploadDocument, string, error) {
	var d UploadDocument
	if err := strict.Unmarshal(body, &d, strict.RejectUnknownMembers(true)); err != nil {
		return d, "", fmt.Errorf("the body is no upload document: %.200s", err.Error())
	}
	if d.Version != UploadVersion {
		return d, "", fmt.Errorf("version %d of upload documents is not known; this server reads %d", d.Version, UploadVersion)
	}
	clean := path.Clean(d.Root)
	if d.Root == "" || clean != d.Root || path.IsAbs(d.Root) || d.Root == ".." || strings.HasPrefix(d.Root, "../") || len(d.Root) > 400 {
		return d, "", fmt.Errorf("root %.80q is no folder of the repository", d.Root)
	}
	sum := sha256.Sum256(body)
	return d, "sha256:" + hex.EncodeToString(sum[:]), nil
}
