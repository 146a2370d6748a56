package evald_test

import (
	"flag"
	"fmt"
	"os"
	"testing"

	evald "github.com/evald/evald/clients/go"
)

// TestMain runs the tests that need a server, examples included, where EVALD_ADDRESS names one with the example models.
func TestMain(m *testing.M) {
	if address == "" {
		fmt.Println("SKIPPED: tests and examples that need a server; set EVALD_ADDRESS to one started by `make serve`")
		if err := skipExamples(); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

// server is a client of the server that EVALD_ADDRESS names.
func server(t *testing.T) *evald.Client {
	t.Helper()
	if address == "" {
		t.Skip("EVALD_ADDRESS names no server")
	}
	return open(t, address)
}

func open(t *testing.T, address string, options ...evald.Option) *evald.Client {
	t.Helper()
	client, err := evald.New(address, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// skipExamples leaves examples out: they have no way to skip themselves.
func skipExamples() error {
	flag.Parse()
	if set := flag.Lookup("test.skip").Value.String(); set != "" {
		return nil
	}
	return flag.Set("test.skip", "^Example")
}
