package dev.evald;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.MethodDescriptor;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;

/** Asks grpc.health.v1 whether a server is ready. */
final class Readiness {
    // A HealthCheckRequest for "readiness", and a HealthCheckResponse with status SERVING: two fields do not justify another
    // dependency. Ready means that every model can answer; the server as a whole serves earlier.
    private static final byte[] REQUEST = "\n\treadiness".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] SERVING = {0x08, 0x01};
    private static final long PAUSE_MILLISECONDS = 100;

    private static final MethodDescriptor<byte[], byte[]> CHECK = MethodDescriptor.<byte[], byte[]>newBuilder()
            .setType(MethodDescriptor.MethodType.UNARY)
            .setFullMethodName("grpc.health.v1.Health/Check")
            .setRequestMarshaller(new Bytes())
            .setResponseMarshaller(new Bytes())
            .build();

    private Readiness() {}

    static void await(Channel channel, Duration atMost) {
        long end = System.nanoTime() + atMost.toNanos();
        String problem = "no answer";
        for (long left = atMost.toNanos(); left > 0; left = end - System.nanoTime()) {
            CallOptions options =
                    CallOptions.DEFAULT.withDeadlineAfter(left, TimeUnit.NANOSECONDS).withWaitForReady();
            try {
                if (Arrays.equals(ClientCalls.blockingUnaryCall(channel, CHECK, options, REQUEST), SERVING)) {
                    return;
                }
                problem = "it is loading models, a model failed, or it is shutting down";
            } catch (StatusRuntimeException failure) {
                EvaldException error = EvaldException.of(failure);
                if (error.code() == io.grpc.Status.Code.CANCELLED) {
                    throw error;
                }
                problem = error.description();
            }
            pause();
        }
        throw EvaldException.notReady("the server was not ready within " + atMost + ": " + problem);
    }

    private static void pause() {
        try {
            Thread.sleep(PAUSE_MILLISECONDS);
        } catch (InterruptedException interrupted) {
            // The next call ends by it, as any call does.
            Thread.currentThread().interrupt();
        }
    }

    private static final class Bytes implements MethodDescriptor.Marshaller<byte[]> {
        @Override
        public InputStream stream(byte[] message) {
            return new ByteArrayInputStream(message);
        }

        @Override
        public byte[] parse(InputStream stream) {
            try {
                return stream.readAllBytes();
            } catch (IOException failure) {
                throw new UncheckedIOException(failure);
            }
        }
    }
}
