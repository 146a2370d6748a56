package dev.evald;

import com.google.protobuf.MessageLite;
import io.grpc.CallCredentials;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.Context;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.SecurityLevel;
import io.grpc.Status;
import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

/** What every call of a client carries unless it says otherwise. */
record CallDefaults(Duration deadline, int messageBytes, String token, boolean plaintextToken, String tenant)
        implements ClientInterceptor {
    private static final Metadata.Key<String> TENANT = Metadata.Key.of("evald-tenant", Metadata.ASCII_STRING_MARSHALLER);

    @Override
    public <Q, A> ClientCall<Q, A> interceptCall(MethodDescriptor<Q, A> method, CallOptions given, Channel next) {
        CallOptions options = given;
        boolean unlimited = given.getDeadline() == null && Context.current().getDeadline() == null;
        // Streams may go on for as long as they are read.
        if (unlimited && method.getType() == MethodDescriptor.MethodType.UNARY) {
            options = options.withDeadlineAfter(deadline.toNanos(), TimeUnit.NANOSECONDS);
        }
        if (!token.isEmpty()) {
            options = options.withCallCredentials(new Bearer(token, plaintextToken));
        }
        return new CheckedCall<>(next.newCall(method, options));
    }

    private final class CheckedCall<Q, A> extends SimpleForwardingClientCall<Q, A> {
        CheckedCall(ClientCall<Q, A> call) {
            super(call);
        }

        @Override
        public void start(Listener<A> answers, Metadata headers) {
            if (!tenant.isEmpty()) {
                headers.put(TENANT, tenant);
            }
            super.start(answers, headers);
        }

        @Override
        public void sendMessage(Q message) {
            // Not CallOptions.withMaxOutboundMessageSize: where calls are tried again, gRPC 1.85 never ends one that breaks it.
            if (message instanceof MessageLite sized && sized.getSerializedSize() > messageBytes) {
                String sizes = sized.getSerializedSize() + " > " + messageBytes;
                throw Status.RESOURCE_EXHAUSTED.withDescription("message too large: " + sizes).asRuntimeException();
            }
            super.sendMessage(message);
        }
    }

    private static final class Bearer extends CallCredentials {
        private static final Metadata.Key<String> AUTHORIZATION =
                Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

        private final String token;
        private final boolean plaintext;

        Bearer(String token, boolean plaintext) {
            this.token = token;
            this.plaintext = plaintext;
        }

        @Override
        public void applyRequestMetadata(RequestInfo call, Executor executor, MetadataApplier applier) {
            // The builder refuses this before; what decides is the connection that there really is.
            if (!plaintext && call.getSecurityLevel() != SecurityLevel.PRIVACY_AND_INTEGRITY) {
                applier.fail(Status.UNAUTHENTICATED.withDescription("the token would be sent unencrypted"));
                return;
            }
            Metadata headers = new Metadata();
            headers.put(AUTHORIZATION, "Bearer " + token);
            applier.apply(headers);
        }
    }
}
