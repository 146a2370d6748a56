package evald_test

import (
	"crypto/tls"
	"crypto/x509"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/resolver/manual"

	evald "github.com/evald/evald/clients/go"
)

func TestWrongSettingsAreRefused(t *testing.T) {
	for name, one := range map[string]struct {
		address string
		option  evald.Option
		field   string
	}{
		"no address":      {"", evald.WithTenant(""), "address"},
		"bad address":     {"unknown-scheme://\x7f", evald.WithTenant(""), "address"},
		"no deadline":     {"a:1", evald.WithDeadline(0), "deadline"},
		"no bytes":        {"a:1", evald.WithMessageBytes(-1), "message_bytes"},
		"odd tenant":      {"a:1", evald.WithTenant("ü"), "tenant"},
		"odd token":       {"a:1", evald.WithPlaintextToken("top-secret\n"), "token"},
		"plaintext token": {"localhost:1", evald.WithToken("top-secret"), "token"},
	} {
		_, err := evald.New(one.address, one.option)
		failure := failureOf(t, err)
		if failure.Code != codes.InvalidArgument || failure.Reason != evald.ReasonBadSetting || failure.Violations[0].Field != one.field {
			t.Errorf("%s: %v", name, failure)
		}
		if strings.Contains(err.Error(), "top-secret") {
			t.Errorf("%s: the token is in the message", name)
		}
	}
}

// certificate is that of net/http/httptest: for 127.0.0.1, and trusted by the pool.
func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	server := httptest.NewTLSServer(nil)
	defer server.Close()
	pool := x509.NewCertPool()
	pool.AddCert(server.Certificate())
	return server.TLS.Certificates[0], pool
}

func TestATokenTravelsEncrypted(t *testing.T) {
	certificate, trusted := certificate(t)
	recorder := record(t, fine, grpc.Creds(credentials.NewServerTLSFromCert(&certificate)))
	client := open(t, recorder.address, evald.WithTLS(&tls.Config{RootCAs: trusted}), evald.WithToken("secret-2"))
	if _, err := client.Evaluation.Evaluate(t.Context(), evaluation("bleu")); err != nil {
		t.Fatal(err)
	}
	if got := recorder.header("authorization"); !slices.Equal(got, []string{"Bearer secret-2"}) {
		t.Errorf("authorization %q", got)
	}
}

func TestAnUnknownCertificateIsRefused(t *testing.T) {
	certificate, _ := certificate(t)
	recorder := record(t, fine, grpc.Creds(credentials.NewServerTLSFromCert(&certificate)))
	client := open(t, recorder.address, evald.WithTLS(&tls.Config{}), evald.WithDeadline(20*time.Second))
	_, err := client.Evaluation.Evaluate(t.Context(), evaluation("bleu"))
	if failure := failureOf(t, err); failure.Code != codes.Unavailable || recorder.calls.Load() != 0 {
		t.Error(failure)
	}
}

func TestDialOptionsComeLast(t *testing.T) {
	recorder := record(t, fine)
	client := open(t, recorder.address, evald.WithDialOptions(grpc.WithUserAgent("my-service/1")))
	if _, err := client.Evaluation.Evaluate(t.Context(), evaluation("bleu")); err != nil {
		t.Fatal(err)
	}
	if got := recorder.header("user-agent"); len(got) != 1 || !strings.HasPrefix(got[0], "my-service/1 ") {
		t.Errorf("user-agent %q", got)
	}
}

func TestCallsTakeTurnsAmongTheAddressesOfAName(t *testing.T) {
	first, second := record(t, fine), record(t, fine)
	// In place of a name server: what it would say of a headless Service.
	names := manual.NewBuilderWithScheme("dns")
	names.InitialState(resolver.State{Endpoints: []resolver.Endpoint{
		{Addresses: []resolver.Address{{Addr: first.address}}},
		{Addresses: []resolver.Address{{Addr: second.address}}},
	}})
	client := open(t, "dns:///evald-headless:50051", evald.WithDialOptions(grpc.WithResolvers(names)))
	// Until both are connected all calls go to one.
	for end := time.Now().Add(time.Minute); first.calls.Load() == 0 || second.calls.Load() == 0; {
		if _, err := client.Evaluation.Evaluate(t.Context(), evaluation("bleu")); err != nil {
			t.Fatal(err)
		}
		if time.Now().After(end) {
			t.Fatalf("%d and %d calls", first.calls.Load(), second.calls.Load())
		}
	}
}
