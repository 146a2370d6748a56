package dev.evald;

import dev.evald.v1.CompareRequest;
import dev.evald.v1.CompareResponse;
import dev.evald.v1.EvaluateRequest;
import dev.evald.v1.EvaluateResponse;
import dev.evald.v1.EvaluationServiceGrpc;
import dev.evald.v1.ModelServiceGrpc;
import dev.evald.v1.PlanRequest;
import dev.evald.v1.PlanResponse;
import dev.evald.v1.PredictRequest;
import dev.evald.v1.PredictResponse;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ChannelCredentials;
import io.grpc.ClientInterceptors;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.StatusRuntimeException;
import io.grpc.TlsChannelCredentials;
import io.grpc.stub.ClientCalls;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * A connection to an evald server; threads may share it.
 *
 * <pre>{@code
 * try (EvaldClient client = EvaldClient.builder("localhost:50051").build()) {
 *     EvaluateResponse answer = client.evaluate(request);
 * }
 * }</pre>
 *
 * <p>Every method that calls the server throws {@link EvaldException}. A call ends early with its thread's interruption or with
 * the {@link io.grpc.Context} that it was made in; both give the code CANCELLED. Calls that found no server are tried again
 * by themselves; nothing else is.
 */
public final class EvaldClient implements AutoCloseable {
    private final ManagedChannel connection;
    private final Channel channel;

    EvaldClient(ManagedChannel connection, CallDefaults defaults) {
        this.connection = connection;
        this.channel = ClientInterceptors.intercept(connection, defaults);
    }

    /**
     * Begins a client.
     *
     * @param target host and port, for example "localhost:50051". With "dns:///evald-headless:50051" calls take turns among
     *     all addresses that the name has, as those of a headless Service; any other target shares one connection.
     */
    public static Builder builder(String target) {
        return new Builder(target);
    }

    /** Scores every system of the request by every metric. */
    public EvaluateResponse evaluate(EvaluateRequest request) {
        return call(EvaluationServiceGrpc.getEvaluateMethod(), request);
    }

    /** Compares candidates with a baseline. */
    public CompareResponse compare(CompareRequest request) {
        return call(EvaluationServiceGrpc.getCompareMethod(), request);
    }

    /** Tells how many rows a comparison needs. */
    public PlanResponse plan(PlanRequest request) {
        return call(EvaluationServiceGrpc.getPlanMethod(), request);
    }

    /** Runs a model of the server. */
    public PredictResponse predict(PredictRequest request) {
        return call(ModelServiceGrpc.getPredictMethod(), request);
    }

    /**
     * Calls any method with one answer, for example {@code CatalogServiceGrpc.getListMetricsMethod()}, within the default
     * deadline.
     */
    public <Q, A> A call(MethodDescriptor<Q, A> method, Q request) {
        return call(method, request, CallOptions.DEFAULT);
    }

    /** The same within a deadline of its own. */
    public <Q, A> A call(MethodDescriptor<Q, A> method, Q request, Duration deadline) {
        return call(method, request, CallOptions.DEFAULT.withDeadlineAfter(deadline.toNanos(), TimeUnit.NANOSECONDS));
    }

    private <Q, A> A call(MethodDescriptor<Q, A> method, Q request, CallOptions options) {
        try {
            return ClientCalls.blockingUnaryCall(channel, method, options, request);
        } catch (StatusRuntimeException failure) {
            throw EvaldException.of(failure);
        }
    }

    /**
     * What generated stubs call through, for streams and for calls that do not block; deadlines, retries and credentials are
     * those of this client. {@link EvaldException#of} takes their failures apart.
     */
    public Channel channel() {
        return channel;
    }

    /**
     * Waits until the server and all of its models answer.
     *
     * @throws EvaldException with the reason NOT_READY after the time is over
     */
    public void waitReady(Duration atMost) {
        Readiness.await(channel, atMost);
    }

    /** Ends the connection and the calls in progress, and waits a moment for both. */
    @Override
    public void close() {
        connection.shutdownNow();
        try {
            connection.awaitTermination(5, TimeUnit.SECONDS);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** What a client is made of. Without {@link #tls} the connection is not encrypted. */
    public static final class Builder {
        private final String target;
        private Duration deadline = Duration.ofSeconds(120);
        private int messageBytes = 64 << 20;
        private ChannelCredentials credentials;
        private String token = "";
        private boolean plaintextToken;
        private String tenant = "";

        private Builder(String target) {
            this.target = target;
        }

        /** How long a call with one answer may take that has no deadline of its own; 120 seconds unless set. */
        public Builder deadline(Duration deadline) {
            this.deadline = deadline;
            return this;
        }

        /** Size of the largest message in either direction; 64 MiB unless set. A server may allow less. */
        public Builder messageBytes(int messageBytes) {
            this.messageBytes = messageBytes;
            return this;
        }

        /** Encrypts the connection and trusts the certificates of the system. */
        public Builder tls() {
            return tls(TlsChannelCredentials.create());
        }

        /** Encrypts the connection by these credentials, as {@link TlsChannelCredentials#newBuilder} makes them. */
        public Builder tls(ChannelCredentials credentials) {
            this.credentials = credentials;
            return this;
        }

        /**
         * Sends "authorization: Bearer TOKEN" with every call. Refused without {@link #tls}, because anyone on the way could
         * read the token.
         */
        public Builder token(String token) {
            this.token = token;
            this.plaintextToken = false;
            return this;
        }

        /**
         * The same for connections that are not encrypted by this client: to a loopback address, or to a proxy beside it that
         * encrypts.
         */
        public Builder plaintextToken(String token) {
            this.token = token;
            this.plaintextToken = true;
            return this;
        }

        /** For whom the calls work. Calls of one tenant share its part of a model; without a name each has its own. */
        public Builder tenant(String tenant) {
            this.tenant = tenant;
            return this;
        }

        /**
         * Makes the client, which connects when the first call is made.
         *
         * @throws EvaldException with the reason BAD_SETTING and the setting as violation
         */
        public EvaldClient build() {
            check();
            CallDefaults defaults = new CallDefaults(deadline, messageBytes, token, plaintextToken, tenant);
            return new EvaldClient(Connection.open(target, credentials, messageBytes), defaults);
        }

        private void check() {
            if (target.isEmpty()) {
                throw EvaldException.ofSetting("target", "is empty; give host and port, for example localhost:50051");
            }
            if (deadline.isNegative() || deadline.isZero()) {
                throw EvaldException.ofSetting("deadline", "is " + deadline + "; must be positive");
            }
            if (messageBytes <= 0) {
                throw EvaldException.ofSetting("messageBytes", "is " + messageBytes + "; must be positive");
            }
            if (!printable(token)) {
                // The token itself stays out of the message.
                throw EvaldException.ofSetting("token", "must be printable ASCII");
            }
            if (!printable(tenant)) {
                throw EvaldException.ofSetting("tenant", "must be printable ASCII");
            }
            if (!token.isEmpty() && credentials == null && !plaintextToken) {
                throw EvaldException.ofSetting(
                        "token", "would be sent unencrypted; use tls, or plaintextToken for a loopback address");
            }
        }

        private static boolean printable(String text) {
            return text.chars().allMatch(letter -> letter >= ' ' && letter <= '~');
        }
    }
}
