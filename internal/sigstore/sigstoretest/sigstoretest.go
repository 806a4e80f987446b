// Package sigstoretest is an instance of Sigstore for tests: an authority that certifies workflow runs as GitHub's does,
// one that stamps times, and the bundles that they make.
package sigstoretest

import (
	"cmp"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/json"
	"fmt"
	"math/big"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/digitorus/timestamp"
	"github.com/secure-systems-lab/go-securesystemslib/dsse"
)

// Instance has authorities of its own: the trust root of another one does not hold for its bundles.
type Instance struct {
	root, stampers, stamps *x509.Certificate
	rootKey, stampsKey     *ecdsa.PrivateKey
	issuer, web            string
	now                    func() time.Time
}

// Build is what a workflow run says of itself while it signs, and what it signs.
type Build struct {
	Digests      []string // sha256:…
	RepositoryID int64
	Repository   string // owner/name
	Commit       string
	Workflow     string // path
	Signer       string // owner/name of the workflow's repository; empty: Repository
	SignerCommit string // empty: Commit
	Event        string // empty: push
	Ref          string // empty: refs/heads/main
	Runner       string // empty: github-hosted
	Predicate    string // empty: SLSA provenance
	Issuer       string // empty: the instance's
}

// New makes one for a GitHub.
func New(issuer, web string, now func() time.Time) (*Instance, error) {
	i := &Instance{issuer: issuer, web: strings.TrimSuffix(web, "/"), now: now}
	var err error
	if i.root, i.rootKey, err = authority(template("code", now()), x509.ExtKeyUsageCodeSigning); err != nil {
		return nil, err
	}
	var key *ecdsa.PrivateKey
	if i.stampers, key, err = authority(template("time", now()), x509.ExtKeyUsageTimeStamping); err != nil {
		return nil, err
	}
	i.stampsKey, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	usage, err := asn1.Marshal([]asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 8}})
	if err != nil {
		return nil, err
	}
	leaf := template("stamp", now())
	leaf.KeyUsage = x509.KeyUsageDigitalSignature
	leaf.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: true, Value: usage}}
	i.stamps, err = certificate(leaf, i.stampers, &i.stampsKey.PublicKey, key)
	return i, err
}

// Root is the trust root, as gh attestation trusted-root writes one.
func (i *Instance) Root() []byte {
	type object = map[string]any
	valid := object{"start": "2020-01-01T00:00:00Z"}
	chain := func(list ...[]byte) object {
		var out []object
		for _, raw := range list {
			out = append(out, object{"rawBytes": raw})
		}
		return object{"certificates": out}
	}
	data, err := json.Marshal(object{
		"mediaType":              "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
		"certificateAuthorities": []object{{"subject": object{"organization": "test"}, "uri": "https://fulcio.example", "certChain": chain(i.root.Raw), "validFor": valid}},
		"timestampAuthorities":   []object{{"subject": object{"organization": "test"}, "uri": "https://time.example", "certChain": chain(i.stamps.Raw, i.stampers.Raw), "validFor": valid}},
	})
	if err != nil {
		panic(err) // of values that always have a form
	}
	return data
}

// Bundle is what a run leaves behind.
func (i *Instance) Bundle(b Build) ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	leaf := template("", i.now())
	leaf.Subject = pkix.Name{}
	leaf.KeyUsage, leaf.ExtKeyUsage = x509.KeyUsageDigitalSignature, []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning}
	san, err := url.Parse(i.web + "/" + cmp.Or(b.Signer, b.Repository) + "/" + b.Workflow + "@" + cmp.Or(b.Ref, "refs/heads/main"))
	if err != nil {
		return nil, err
	}
	leaf.URIs = []*url.URL{san}
	if leaf.ExtraExtensions, err = i.extensions(b, san.String()); err != nil {
		return nil, err
	}
	cert, err := certificate(leaf, i.root, &key.PublicKey, i.rootKey)
	if err != nil {
		return nil, err
	}
	payload, err := statement(b)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(dsse.PAE(payloadType, payload))
	signature, err := ecdsa.SignASN1(rand.Reader, key, sum[:])
	if err != nil {
		return nil, err
	}
	stamp, err := i.stamp(signature)
	if err != nil {
		return nil, err
	}
	type object = map[string]any
	return json.Marshal(object{
		"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
		"verificationMaterial": object{
			"certificate":               object{"rawBytes": cert.Raw},
			"timestampVerificationData": object{"rfc3161Timestamps": []object{{"signedTimestamp": stamp}}},
		},
		"dsseEnvelope": object{"payload": payload, "payloadType": payloadType, "signatures": []object{{"sig": signature}}},
	})
}

const payloadType = "application/vnd.in-toto+json"

func statement(b Build) ([]byte, error) {
	type object = map[string]any
	var subjects []object
	for n, d := range b.Digests {
		subjects = append(subjects, object{"name": fmt.Sprintf("artifact-%d", n), "digest": object{"sha256": strings.TrimPrefix(d, "sha256:")}})
	}
	return json.Marshal(object{
		"_type": "https://in-toto.io/Statement/v1", "subject": subjects, "predicateType": cmp.Or(b.Predicate, "https://slsa.dev/provenance/v1"),
		"predicate": object{"buildDefinition": object{"buildType": "https://actions.github.io/buildtypes/workflow/v1"}, "runDetails": object{}},
	})
}

// extensions are what Fulcio takes out of a run's token, https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md.
func (i *Instance) extensions(b Build, san string) ([]pkix.Extension, error) {
	home := i.web + "/" + b.Repository
	values := map[int]string{
		8: cmp.Or(b.Issuer, i.issuer), 9: san, 10: cmp.Or(b.SignerCommit, b.Commit), 11: cmp.Or(b.Runner, "github-hosted"), 12: home, 13: b.Commit,
		14: cmp.Or(b.Ref, "refs/heads/main"), 15: strconv.FormatInt(b.RepositoryID, 10), 18: san, 19: b.Commit, 20: cmp.Or(b.Event, "push"), 21: home + "/actions/runs/1/attempts/1",
	}
	var out []pkix.Extension
	for id := 8; id <= 21; id++ {
		if values[id] == "" {
			continue
		}
		value, err := asn1.MarshalWithParams(values[id], "utf8")
		if err != nil {
			return nil, err
		}
		out = append(out, pkix.Extension{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 1, id}, Value: value})
	}
	return out, nil
}

func (i *Instance) stamp(signature []byte) ([]byte, error) {
	sum := sha256.Sum256(signature)
	t := timestamp.Timestamp{
		HashAlgorithm: crypto.SHA256, HashedMessage: sum[:], Time: i.now(), Policy: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 2},
	}
	return t.CreateResponseWithOpts(i.stamps, i.stampsKey, crypto.SHA256)
}

func authority(t *x509.Certificate, usage x509.ExtKeyUsage) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	t.KeyUsage, t.ExtKeyUsage, t.BasicConstraintsValid, t.IsCA = x509.KeyUsageCertSign, []x509.ExtKeyUsage{usage}, true, true
	cert, err := certificate(t, t, &key.PublicKey, key)
	return cert, key, err
}

func template(name string, now time.Time) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name, Organization: []string{"test"}},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour),
	}
}

func certificate(t, parent *x509.Certificate, public, key any) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(rand.Reader, t, parent, public, key)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}
