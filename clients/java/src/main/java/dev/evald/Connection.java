package dev.evald;

import io.grpc.ChannelCredentials;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** How the client talks to a server: retries, keepalive, message sizes. */
final class Connection {
    // The server allows a ping every 10 s; balancers close connections that were silent for minutes.
    private static final long KEEPALIVE_SECONDS = 30;
    private static final long KEEPALIVE_TIMEOUT_SECONDS = 20;

    // UNAVAILABLE alone is tried again: the server did no work, or was shut down before it was done. An overload says itself
    // when to come back, anything else is an answer. Judges cost money, so their calls are left alone.
    private static final Map<String, ?> SERVICE_CONFIG = Map.of(
            "methodConfig",
            List.of(Map.of(
                    "name",
                    List.of(
                            Map.of("service", "evald.v1.EvaluationService"),
                            Map.of("service", "evald.v1.ModelService"),
                            Map.of("service", "evald.v1.CatalogService")),
                    "retryPolicy",
                    Map.of(
                            "maxAttempts", 4.0,
                            "initialBackoff", "0.2s",
                            "maxBackoff", "3s",
                            "backoffMultiplier", 2.0,
                            "retryableStatusCodes", List.of("UNAVAILABLE")))));

    private Connection() {}

    static ManagedChannel open(String target, ChannelCredentials credentials, int messageBytes) {
        ChannelCredentials transport = credentials == null ? InsecureChannelCredentials.create() : credentials;
        try {
            return Grpc.newChannelBuilder(target, transport)
                    .defaultServiceConfig(SERVICE_CONFIG)
                    .defaultLoadBalancingPolicy(target.startsWith("dns:") ? "round_robin" : "pick_first")
                    .enableRetry()
                    // A request that does not fit these buffers is never retried; the default is 1 MiB a call.
                    .perRpcBufferLimit(messageBytes)
                    .retryBufferSize(4L * messageBytes)
                    .maxInboundMessageSize(messageBytes)
                    .keepAliveTime(KEEPALIVE_SECONDS, TimeUnit.SECONDS)
                    .keepAliveTimeout(KEEPALIVE_TIMEOUT_SECONDS, TimeUnit.SECONDS)
                    .build();
        } catch (IllegalArgumentException wrong) {
            throw EvaldException.ofSetting("target", wrong.getMessage());
        }
    }
}
