package evald

import (
	"crypto/tls"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
)

const (
	// DefaultDeadline is how long a call whose context has no deadline may take.
	DefaultDeadline = 120 * time.Second
	// DefaultMessageBytes is the size of the largest message in either direction, which is also the server's.
	DefaultMessageBytes = 64 << 20

	// The server allows a ping every 10 s; balancers close connections that were silent for minutes.
	keepaliveTime    = 30 * time.Second
	keepaliveTimeout = 20 * time.Second
)

// UNAVAILABLE alone is tried again: the server did no work, or was shut down before it was done. An overload says itself
// when to come back (Error.RetryAfter), anything else is an answer. Judges cost money, so their calls are left alone.
const serviceConfig = `{
	"loadBalancingConfig": [{"%s": {}}],
	"methodConfig": [{
		"name": [
			{"service": "evald.v1.EvaluationService"},
			{"service": "evald.v1.ModelService"},
			{"service": "evald.v1.CatalogService"}
		],
		"retryPolicy": {
			"maxAttempts": 4,
			"initialBackoff": "0.2s",
			"maxBackoff": "3s",
			"backoffMultiplier": 2,
			"retryableStatusCodes": ["UNAVAILABLE"]
		}
	}]
}`

// Option changes what [New] makes.
type Option func(*settings)

type settings struct {
	deadline       time.Duration
	messageBytes   int
	tls            *tls.Config
	token          string
	plaintextToken bool
	tenant         string
	dial           []grpc.DialOption
}

func defaults() settings {
	return settings{deadline: DefaultDeadline, messageBytes: DefaultMessageBytes}
}

// WithDeadline sets how long a call may take whose context has no deadline. Streams have none unless their context has one.
func WithDeadline(deadline time.Duration) Option {
	return func(settings *settings) { settings.deadline = deadline }
}

// WithMessageBytes sets the size of the largest message in either direction; a server may allow less (GetServerInfo).
func WithMessageBytes(bytes int) Option {
	return func(settings *settings) { settings.messageBytes = bytes }
}

// WithTLS encrypts the connection; an empty config trusts the certificates of the system.
func WithTLS(config *tls.Config) Option {
	return func(settings *settings) { settings.tls = config }
}

// WithToken sends "authorization: Bearer TOKEN" with every call. [New] refuses it without [WithTLS], because anyone on the
// way could read the token.
func WithToken(token string) Option {
	return func(settings *settings) { settings.token, settings.plaintextToken = token, false }
}

// WithPlaintextToken is [WithToken] for connections that are not encrypted by this client: to a loopback address, or to a
// proxy beside it that encrypts.
func WithPlaintextToken(token string) Option {
	return func(settings *settings) { settings.token, settings.plaintextToken = token, true }
}

// WithTenant says for whom the calls work. Calls of one tenant share its part of a model; without a name each has its own.
func WithTenant(tenant string) Option {
	return func(settings *settings) { settings.tenant = tenant }
}

// WithDialOptions passes options on to gRPC, after those of this package: interceptors, statistics, a dialer.
func WithDialOptions(options ...grpc.DialOption) Option {
	return func(settings *settings) { settings.dial = append(settings.dial, options...) }
}

func (settings *settings) check(address string) error {
	switch {
	case address == "":
		return wrongSetting("address", "is empty; give host and port, for example localhost:50051")
	case settings.deadline <= 0:
		return wrongSetting("deadline", fmt.Sprintf("is %v; must be positive", settings.deadline))
	case settings.messageBytes <= 0:
		return wrongSetting("message_bytes", fmt.Sprintf("is %d; must be positive", settings.messageBytes))
	case !printable(settings.token):
		// The token itself stays out of the message.
		return wrongSetting("token", "must be printable ASCII without spaces at its ends")
	case !printable(settings.tenant):
		return wrongSetting("tenant", "must be printable ASCII")
	case settings.token != "" && settings.tls == nil && !settings.plaintextToken:
		return wrongSetting("token", "would be sent unencrypted; use WithTLS, or WithPlaintextToken for a loopback address")
	}
	return nil
}

func (settings *settings) dialOptions(balanced bool) []grpc.DialOption {
	transport := insecure.NewCredentials()
	if settings.tls != nil {
		transport = credentials.NewTLS(settings.tls)
	}
	policy := "pick_first"
	if balanced {
		policy = "round_robin"
	}
	options := []grpc.DialOption{
		grpc.WithTransportCredentials(transport),
		grpc.WithDefaultServiceConfig(fmt.Sprintf(serviceConfig, policy)),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: keepaliveTime, Timeout: keepaliveTimeout}),
		grpc.WithDefaultCallOptions(
			grpc.MaxCallSendMsgSize(settings.messageBytes),
			grpc.MaxCallRecvMsgSize(settings.messageBytes),
			// A request that does not fit this buffer is never retried; the default is 256 KiB.
			grpc.MaxRetryRPCBufferSize(settings.messageBytes),
		),
		grpc.WithChainUnaryInterceptor(settings.unary),
		grpc.WithChainStreamInterceptor(settings.stream),
	}
	if settings.token != "" {
		options = append(options, grpc.WithPerRPCCredentials(bearer{settings.token, !settings.plaintextToken}))
	}
	return append(options, settings.dial...)
}

func printable(text string) bool {
	for _, letter := range []byte(text) {
		if letter < ' ' || letter > '~' {
			return false
		}
	}
	return true
}
