// Package helm holds the chart to helm's own linter, to Kubernetes' own types and to its goldens, without a cluster.
package helm

import (
	"bytes"
	"flag"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"helm.sh/helm/v3/pkg/lint"
	"helm.sh/helm/v3/pkg/lint/support"
	apps "k8s.io/api/apps/v1"
	autoscaling "k8s.io/api/autoscaling/v2"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/util/yaml"
	strict "sigs.k8s.io/yaml"
)

const (
	dir   = "../../deploy/helm/platform"
	cases = "../../deploy/helm/testdata"
)

// kube is the oldest that the chart takes.
var kube = chartutil.KubeVersion{Version: "v1.30.0", Major: "1", Minor: "30"}

var update = flag.Bool("update", false, "write the goldens anew")

// kinds are what the chart may make, by the types that the API server decodes them into.
var kinds = map[string]func() any{
	"apps/v1/Deployment":                      func() any { return new(apps.Deployment) },
	"autoscaling/v2/HorizontalPodAutoscaler":  func() any { return new(autoscaling.HorizontalPodAutoscaler) },
	"monitoring.coreos.com/v1/ServiceMonitor": func() any { return new(monitoring.ServiceMonitor) },
	"networking.k8s.io/v1/Ingress":            func() any { return new(networking.Ingress) },
	"networking.k8s.io/v1/NetworkPolicy":      func() any { return new(networking.NetworkPolicy) },
	"policy/v1/PodDisruptionBudget":           func() any { return new(policy.PodDisruptionBudget) },
	"v1/PersistentVolumeClaim":                func() any { return new(core.PersistentVolumeClaim) },
	"v1/Service":                              func() any { return new(core.Service) },
	"v1/ServiceAccount":                       func() any { return new(core.ServiceAccount) },
}

// TestChart renders each case: its golden is what is made, or why nothing is.
func TestChart(t *testing.T) {
	c, err := loader.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(cases + "/*.yaml")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d cases, %v", len(files), err)
	}
	seen := map[string]bool{}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		t.Run(name, func(t *testing.T) {
			text, err := render(c, file)
			refused := strings.HasPrefix(name, "refused-")
			if refused != (err != nil) {
				t.Fatalf("refused: %v", err)
			}
			if refused {
				text = err.Error() + "\n"
			}
			golden(t, strings.TrimSuffix(file, ".yaml")+".golden", text)
			if strings.Contains(text, "canary") {
				t.Error("a password is shown")
			}
			if refused {
				return
			}
			for _, m := range manifests(t, text) {
				decoded := decode(t, m)
				seen[kind(t, m)] = true
				if d, ok := decoded.(*apps.Deployment); ok {
					hardened(t, d)
				}
			}
		})
	}
	for k := range kinds {
		if !seen[k] {
			t.Errorf("no case makes a %s", k)
		}
	}
}

func values(c *chart.Chart, file string) (chartutil.Values, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	given, err := chartutil.ReadValues(data)
	if err != nil {
		return nil, err
	}
	can := *chartutil.DefaultCapabilities
	can.KubeVersion = kube
	release := chartutil.ReleaseOptions{Name: "try", Namespace: "platform", Revision: 1, IsInstall: true}
	return chartutil.ToRenderValues(c, given, release, &can)
}

// render gives everything that is made, in the order of the templates' names, and what is printed in the end.
func render(c *chart.Chart, file string) (string, error) {
	v, err := values(c, file)
	if err != nil {
		return "", err
	}
	out, err := engine.Render(c, v)
	if err != nil {
		return "", err
	}
	var names []string
	for name := range out {
		names = append(names, name)
	}
	slices.Sort(names)
	var text strings.Builder
	for _, name := range names {
		if body := strings.TrimSpace(out[name]); body != "" {
			text.WriteString("---\n# " + name + "\n")
			if strings.HasSuffix(name, ".txt") {
				body = "# " + strings.ReplaceAll(body, "\n", "\n# ")
			}
			text.WriteString(body + "\n")
		}
	}
	return text.String(), nil
}

func golden(t *testing.T, file, text string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), text); diff != "" {
		t.Errorf("%s differs; look at it, and run: make helm-golden\n%s", file, diff)
	}
}

func manifests(t *testing.T, text string) [][]byte {
	t.Helper()
	var out [][]byte
	d := yaml.NewDocumentDecoder(io.NopCloser(strings.NewReader(text)))
	for {
		buf := make([]byte, 1<<20)
		n, err := d.Read(buf)
		if err == io.EOF {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		if m := bytes.TrimSpace(buf[:n]); len(lines(m)) > 0 {
			out = append(out, m)
		}
	}
}

// lines are those that are no comments.
func lines(m []byte) []string {
	var out []string
	for line := range strings.Lines(string(m)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") && line != "---" {
			out = append(out, line)
		}
	}
	return out
}

func kind(t *testing.T, m []byte) string {
	t.Helper()
	var head struct{ APIVersion, Kind string }
	if err := strict.Unmarshal(m, &head); err != nil {
		t.Fatalf("%v\n%s", err, m)
	}
	return head.APIVersion + "/" + head.Kind
}

// decode is strict: an unknown field, which the API server would drop in silence, is a fault.
func decode(t *testing.T, m []byte) any {
	t.Helper()
	empty := kinds[kind(t, m)]
	if empty == nil {
		t.Fatalf("the chart makes a %s, of which the test knows nothing", kind(t, m))
	}
	into := empty()
	if err := strict.UnmarshalStrict(m, into); err != nil {
		t.Errorf("%v\n%s", err, m)
	}
	return into
}

// hardened holds what no case may lose.
func hardened(t *testing.T, d *apps.Deployment) {
	t.Helper()
	pod, c := d.Spec.Template.Spec, d.Spec.Template.Spec.Containers[0]
	for what, holds := range map[string]bool{
		"not root":                 *pod.SecurityContext.RunAsNonRoot && *pod.SecurityContext.RunAsUser != 0,
		"seccomp":                  pod.SecurityContext.SeccompProfile.Type == core.SeccompProfileTypeRuntimeDefault,
		"no token":                 !*pod.AutomountServiceAccountToken,
		"no service links":         !*pod.EnableServiceLinks,
		"read-only root":           *c.SecurityContext.ReadOnlyRootFilesystem,
		"no escalation":            !*c.SecurityContext.AllowPrivilegeEscalation,
		"no capabilities":          slices.Equal(c.SecurityContext.Capabilities.Drop, []core.Capability{"ALL"}) && c.SecurityContext.Capabilities.Add == nil,
		"probes":                   c.StartupProbe != nil && c.LivenessProbe.HTTPGet.Path == "/healthz" && c.ReadinessProbe.HTTPGet.Path == "/readyz",
		"memory is bounded":        !c.Resources.Limits.Memory().IsZero() && !c.Resources.Requests.Cpu().IsZero(),
		"spread":                   len(pod.TopologySpreadConstraints) == 2,
		"no host":                  !pod.HostNetwork && !pod.HostPID && !pod.HostIPC,
		"time to drain":            *pod.TerminationGracePeriodSeconds >= 35,
		"one server a SQLite file": *replicas(d) == 1 || d.Spec.Strategy.Type != apps.RecreateDeploymentStrategyType,
	} {
		if !holds {
			t.Errorf("the deployment lost: %s", what)
		}
	}
	for _, m := range c.VolumeMounts {
		if m.SubPath != "" {
			t.Errorf("%s is mounted by a subPath, which is never brought up to date", m.Name)
		}
	}
	for _, e := range c.Env {
		if strings.HasSuffix(e.Name, "_SECRET") || strings.HasSuffix(e.Name, "_KEY") {
			t.Errorf("%s is a variable: secrets come from files, which are read again", e.Name)
		}
	}
}

func replicas(d *apps.Deployment) *int32 {
	if d.Spec.Replicas == nil {
		return new(int32(2)) // an autoscaler's
	}
	return d.Spec.Replicas
}

// TestLint runs helm's own linter on every case that is not refused.
func TestLint(t *testing.T) {
	files, err := filepath.Glob(cases + "/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasPrefix(filepath.Base(file), "refused-") {
			continue
		}
		given, err := chartutil.ReadValuesFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range lint.AllWithKubeVersion(dir, given, "platform", &kube).Messages {
			if m.Severity > support.InfoSev {
				t.Errorf("%s: %s: %v", file, m.Path, m.Err)
			}
		}
	}
}
