package dev.evald;

import dev.evald.v1.EvaluateRequest;
import dev.evald.v1.EvaluateResponse;
import dev.evald.v1.EvaluationServiceGrpc;
import dev.evald.v1.JudgeServiceGrpc;
import dev.evald.v1.PlanJudgeRequest;
import dev.evald.v1.PlanJudgeResponse;
import io.grpc.Grpc;
import io.grpc.InsecureServerCredentials;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerCredentials;
import io.grpc.ServerInterceptor;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.atomic.AtomicInteger;

/** A gRPC server that keeps what calls carry and answers as a test says; for what evald itself cannot show. */
final class Recorder implements AutoCloseable {
    /** Answers a call, counted from 1, or throws a StatusRuntimeException. */
    interface Answer {
        EvaluateResponse of(int call);
    }

    static final Answer FINE = call -> EvaluateResponse.getDefaultInstance();

    final AtomicInteger calls = new AtomicInteger();
    private volatile Metadata headers = new Metadata();
    private final Server server;

    Recorder(Answer answer) {
        this(answer, InsecureServerCredentials.create());
    }

    Recorder(Answer answer, ServerCredentials credentials) {
        try {
            server = Grpc.newServerBuilderForPort(0, credentials)
                    .addService(new Evaluations(answer))
                    .addService(new Judges(answer))
                    .intercept(new Headers())
                    .build()
                    .start();
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    String address() {
        return "127.0.0.1:" + server.getPort();
    }

    String header(String name) {
        return headers.get(Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER));
    }

    @Override
    public void close() {
        server.shutdownNow();
    }

    private final class Headers implements ServerInterceptor {
        @Override
        public <Q, A> ServerCall.Listener<Q> interceptCall(
                ServerCall<Q, A> call, Metadata given, ServerCallHandler<Q, A> next) {
            headers = given;
            return next.startCall(call, given);
        }
    }

    private final class Evaluations extends EvaluationServiceGrpc.EvaluationServiceImplBase {
        private final Answer answer;

        Evaluations(Answer answer) {
            this.answer = answer;
        }

        @Override
        public void evaluate(EvaluateRequest request, StreamObserver<EvaluateResponse> observer) {
            try {
                observer.onNext(answer.of(calls.incrementAndGet()));
                observer.onCompleted();
            } catch (io.grpc.StatusRuntimeException failure) {
                observer.onError(failure);
            }
        }
    }

    private final class Judges extends JudgeServiceGrpc.JudgeServiceImplBase {
        private final Answer answer;

        Judges(Answer answer) {
            this.answer = answer;
        }

        @Override
        public void planJudge(PlanJudgeRequest request, StreamObserver<PlanJudgeResponse> observer) {
            try {
                answer.of(calls.incrementAndGet());
                observer.onNext(PlanJudgeResponse.getDefaultInstance());
                observer.onCompleted();
            } catch (io.grpc.StatusRuntimeException failure) {
                observer.onError(failure);
            }
        }
    }
}
