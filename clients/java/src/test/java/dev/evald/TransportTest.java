package dev.evald;

import static dev.evald.Requests.evaluation;
import static dev.evald.Requests.failureOf;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.Any;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.Help;
import com.google.rpc.RetryInfo;
import dev.evald.v1.EvaluateResponse;
import dev.evald.v1.EvaluationServiceGrpc;
import dev.evald.v1.JudgeServiceGrpc;
import dev.evald.v1.Note;
import dev.evald.v1.PlanJudgeRequest;
import io.grpc.Context;
import io.grpc.Status;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.ClientCalls;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Timeout(120)
class TransportTest {
    private static EvaldClient client(Recorder recorder) {
        return EvaldClient.builder(recorder.address()).build();
    }

    private static Recorder.Answer failing(Status.Code code, int times) {
        return call -> {
            if (call <= times) {
                throw code.toStatus().withDescription("no").asRuntimeException();
            }
            return EvaluateResponse.getDefaultInstance();
        };
    }

    @Test
    void metadataArrives() {
        try (Recorder recorder = new Recorder(Recorder.FINE);
                EvaldClient client = EvaldClient.builder(recorder.address())
                        .plaintextToken("secret-1")
                        .tenant("team a")
                        .build()) {
            client.evaluate(evaluation("bleu"));
            assertEquals("Bearer secret-1", recorder.header("authorization"));
            assertEquals("team a", recorder.header("evald-tenant"));
        }
    }

    @Test
    void nothingIsSentUnasked() {
        try (Recorder recorder = new Recorder(Recorder.FINE);
                EvaldClient client = client(recorder)) {
            client.evaluate(evaluation("bleu"));
            assertNull(recorder.header("authorization"));
            assertNull(recorder.header("evald-tenant"));
        }
    }

    @Test
    void unavailableIsTriedAgain() {
        try (Recorder recorder = new Recorder(failing(Status.Code.UNAVAILABLE, 2));
                EvaldClient client = client(recorder)) {
            client.evaluate(evaluation("bleu"));
            assertEquals(3, recorder.calls.get());
        }
    }

    @Test
    void aLargeRequestIsTriedAgainToo() {
        try (Recorder recorder = new Recorder(failing(Status.Code.UNAVAILABLE, 1));
                EvaldClient client = client(recorder)) {
            // Under the 4 MiB that a plain server accepts, and over the 1 MiB that gRPC keeps for retries by itself.
            client.evaluate(Requests.large(3 << 20));
            assertEquals(2, recorder.calls.get());
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Status.Code.class,
            names = {"RESOURCE_EXHAUSTED", "INTERNAL", "INVALID_ARGUMENT", "ABORTED"})
    void nothingElseIsTriedAgain(Status.Code code) {
        try (Recorder recorder = new Recorder(failing(code, 9));
                EvaldClient client = client(recorder)) {
            EvaldException failure = failureOf(() -> client.evaluate(evaluation("bleu")));
            assertEquals(code, failure.code());
            assertEquals("", failure.reason());
            assertEquals(1, recorder.calls.get());
        }
    }

    @Test
    void judgesAreNotAskedAgain() {
        try (Recorder recorder = new Recorder(failing(Status.Code.UNAVAILABLE, 9));
                EvaldClient client = client(recorder)) {
            EvaldException failure = failureOf(() -> client.call(
                    JudgeServiceGrpc.getPlanJudgeMethod(), PlanJudgeRequest.getDefaultInstance()));
            assertEquals(Status.Code.UNAVAILABLE, failure.code());
            assertEquals(1, recorder.calls.get());
        }
    }

    @Test
    void noServerIsUnavailable() {
        // Port 1 of this machine: nobody listens there.
        try (EvaldClient client = EvaldClient.builder("127.0.0.1:1").build()) {
            EvaldException failure = failureOf(() -> client.evaluate(evaluation("bleu")));
            assertEquals(Status.Code.UNAVAILABLE, failure.code());
            assertEquals("", failure.reason());
        }
    }

    @Test
    void waitingForNoServerEnds() {
        try (EvaldClient client = EvaldClient.builder("127.0.0.1:1").build()) {
            EvaldException failure = failureOf(() -> client.waitReady(Duration.ofMillis(300)));
            assertEquals(Status.Code.DEADLINE_EXCEEDED, failure.code());
            assertEquals(EvaldException.NOT_READY, failure.reason());
        }
    }

    @Test
    void theDefaultDeadlineIsForCallsWithoutOne() throws Exception {
        AtomicLong left = new AtomicLong();
        Recorder.Answer answer = call -> {
            left.set(Context.current().getDeadline().timeRemaining(TimeUnit.MINUTES));
            return EvaluateResponse.getDefaultInstance();
        };
        ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
        try (Recorder recorder = new Recorder(answer);
                EvaldClient client = EvaldClient.builder(recorder.address())
                        .deadline(Duration.ofHours(1))
                        .build()) {
            client.evaluate(evaluation("bleu"));
            assertTrue(left.get() < 61, () -> left + " minutes");
            client.call(EvaluationServiceGrpc.getEvaluateMethod(), evaluation("bleu"), Duration.ofHours(24));
            assertTrue(left.get() > 120, () -> left + " minutes");
            try (Context.CancellableContext day = Context.current().withDeadlineAfter(24, TimeUnit.HOURS, clock)) {
                day.call(() -> client.evaluate(evaluation("bleu")));
            }
            assertTrue(left.get() > 120, () -> left + " minutes");
        } finally {
            clock.shutdownNow();
        }
    }

    @Test
    void aDeadlineIsTyped() {
        CountDownLatch release = new CountDownLatch(1);
        try (Recorder recorder = new Recorder(blocked(new CountDownLatch(1), release));
                EvaldClient client = EvaldClient.builder(recorder.address())
                        .deadline(Duration.ofMillis(200))
                        .build()) {
            EvaldException failure = failureOf(() -> client.evaluate(evaluation("bleu")));
            assertEquals(Status.Code.DEADLINE_EXCEEDED, failure.code());
            release.countDown();
        }
    }

    @Test
    void aContextCancelsTheCallOnBothSides() throws Exception {
        CountDownLatch began = new CountDownLatch(1);
        CountDownLatch ended = new CountDownLatch(1);
        Recorder.Answer answer = call -> {
            Context.current().addListener(context -> ended.countDown(), Runnable::run);
            began.countDown();
            await(ended);
            throw Status.CANCELLED.asRuntimeException();
        };
        try (Recorder recorder = new Recorder(answer);
                EvaldClient client = client(recorder);
                Context.CancellableContext context = Context.current().withCancellation()) {
            Thread canceller = new Thread(() -> {
                await(began);
                context.cancel(null);
            });
            canceller.start();
            EvaldException failure = failureOf(() -> context.call(() -> client.evaluate(evaluation("bleu"))));
            assertEquals(Status.Code.CANCELLED, failure.code());
            await(ended);
            canceller.join();
        }
    }

    @Test
    void anInterruptionCancelsTheCall() throws Exception {
        CountDownLatch began = new CountDownLatch(1);
        CountDownLatch release = new CountDownLatch(1);
        try (Recorder recorder = new Recorder(blocked(began, release));
                EvaldClient client = client(recorder)) {
            Thread caller = Thread.currentThread();
            Thread interrupter = new Thread(() -> {
                await(began);
                caller.interrupt();
            });
            interrupter.start();
            EvaldException failure = failureOf(() -> client.evaluate(evaluation("bleu")));
            assertEquals(Status.Code.CANCELLED, failure.code());
            assertTrue(Thread.interrupted(), "the thread stays interrupted");
            release.countDown();
            interrupter.join();
        }
    }

    @Test
    void stubsFailWithWhatCanBeTakenApart() throws Exception {
        try (Recorder recorder = new Recorder(failing(Status.Code.ABORTED, 9));
                EvaldClient client = client(recorder)) {
            var future = EvaluationServiceGrpc.newFutureStub(client.channel()).evaluate(evaluation("bleu"));
            ExecutionException failure =
                    org.junit.jupiter.api.Assertions.assertThrows(ExecutionException.class, future::get);
            assertEquals(Status.Code.ABORTED, EvaldException.of(failure).code());
        }
    }

    @Test
    void detailsAreRead() {
        com.google.rpc.Status status = com.google.rpc.Status.newBuilder()
                .setCode(Status.Code.RESOURCE_EXHAUSTED.value())
                .setMessage("too much")
                .addDetails(Any.pack(
                        ErrorInfo.newBuilder().setReason("OTHER").setDomain("proxy").build()))
                .addDetails(Any.pack(ErrorInfo.newBuilder()
                        .setReason("OVERLOADED")
                        .setDomain("evald")
                        .putMetadata("limit", "calls")
                        .build()))
                .addDetails(Any.pack(RetryInfo.newBuilder()
                        .setRetryDelay(com.google.protobuf.Duration.newBuilder().setSeconds(1).setNanos(500_000_000))
                        .build()))
                .addDetails(Any.pack(BadRequest.newBuilder()
                        .addFieldViolations(BadRequest.FieldViolation.newBuilder()
                                .setField("a[1]")
                                .setDescription("b"))
                        .build()))
                .addDetails(Any.pack(Help.getDefaultInstance()))
                .build();
        Recorder.Answer answer = call -> {
            throw StatusProto.toStatusRuntimeException(status);
        };
        try (Recorder recorder = new Recorder(answer);
                EvaldClient client = client(recorder)) {
            EvaldException failure = failureOf(() -> client.evaluate(evaluation("bleu")));
            assertEquals("OVERLOADED", failure.reason());
            assertEquals("evald", failure.domain());
            assertEquals(Map.of("limit", "calls"), failure.metadata());
            assertEquals(Duration.ofMillis(1500), failure.retryAfter().orElseThrow());
            assertEquals(List.of(new EvaldException.Violation("a[1]", "b")), failure.violations());
            assertEquals("too much", failure.description());
            assertEquals("RESOURCE_EXHAUSTED (OVERLOADED): too much; a[1]: b", failure.getMessage());
        }
    }

    @Test
    void oversizedMessagesAreWrongRequests() {
        Recorder.Answer answer = call -> EvaluateResponse.newBuilder()
                .addNotes(Note.newBuilder().setText("x".repeat(2000)))
                .build();
        try (Recorder recorder = new Recorder(answer);
                EvaldClient narrow = EvaldClient.builder(recorder.address())
                        .messageBytes(1000)
                        .build();
                EvaldClient wide = client(recorder)) {
            for (EvaldException failure : List.of(
                    failureOf(() -> narrow.evaluate(Requests.large(2000))),
                    failureOf(() -> narrow.evaluate(evaluation("bleu"))))) {
                assertEquals(Status.Code.INVALID_ARGUMENT, failure.code(), failure.getMessage());
                assertEquals(EvaldException.MESSAGE_TOO_LARGE, failure.reason());
            }
            assertEquals(1, wide.evaluate(evaluation("bleu")).getNotesCount());
        }
    }

    @Test
    void channelsOfStubsHaveTheSameDefaults() {
        try (Recorder recorder = new Recorder(Recorder.FINE);
                EvaldClient client =
                        EvaldClient.builder(recorder.address()).tenant("t").build()) {
            ClientCalls.blockingUnaryCall(
                    client.channel(),
                    EvaluationServiceGrpc.getEvaluateMethod(),
                    io.grpc.CallOptions.DEFAULT,
                    evaluation("bleu"));
            assertEquals("t", recorder.header("evald-tenant"));
        }
    }

    private static Recorder.Answer blocked(CountDownLatch began, CountDownLatch release) {
        return call -> {
            began.countDown();
            await(release);
            throw Status.CANCELLED.asRuntimeException();
        };
    }

    private static void await(CountDownLatch latch) {
        try {
            assertTrue(latch.await(60, TimeUnit.SECONDS));
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
