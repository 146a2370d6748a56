package dev.evald;

import static dev.evald.Requests.evaluation;
import static dev.evald.Requests.failureOf;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.evald.v1.CatalogServiceGrpc;
import dev.evald.v1.CompareRequest;
import dev.evald.v1.Decision;
import dev.evald.v1.EvaluateResponse;
import dev.evald.v1.EvaluationServiceGrpc;
import dev.evald.v1.GetModelRequest;
import dev.evald.v1.GetServerInfoRequest;
import dev.evald.v1.MetricResult;
import dev.evald.v1.ModelServiceGrpc;
import dev.evald.v1.PairedResult;
import dev.evald.v1.PlanRequest;
import dev.evald.v1.PredictRequest;
import io.grpc.Status;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Needs a server with the example models; the environment variable EVALD_ADDRESS names it. */
@Timeout(120)
class EvaldClientTest {
    private EvaldClient client;

    @BeforeEach
    void open() {
        String address = System.getenv("EVALD_ADDRESS");
        assumeTrue(address != null, "SKIPPED: set EVALD_ADDRESS to a server started by `make serve`");
        client = EvaldClient.builder(address).build();
    }

    @AfterEach
    void close() {
        if (client != null) {
            client.close();
        }
    }

    @Test
    void evaluateGivesValues() {
        EvaluateResponse answer = client.evaluate(evaluation("exact_match", "rouge_1"));
        List<MetricResult> metrics = answer.getSystems(0).getMetricsList();
        assertEquals(50.0, metrics.get(0).getEstimate().getValue());
        assertEquals(0.75, metrics.get(1).getEstimate().getValue());
    }

    @Test
    void compareGivesAVerdict() {
        CompareRequest.Builder request = CompareRequest.newBuilder();
        request.getSpecBuilder()
                .addAllSystems(Rows.inline("old", "new"))
                .addAllMetrics(Rows.metrics("accuracy"));
        for (int round = 0; round < 20; round++) {
            request.addInstances(Rows.label("praise", "billing", "praise"));
            request.addInstances(Rows.label("billing", "billing", "billing"));
        }
        PairedResult one = client.compare(request.build()).getComparisons(0);
        assertEquals(0.5, one.getDifference().getValue());
        assertEquals(Decision.DECISION_IMPROVED, one.getDecision());
    }

    @Test
    void predictAsksAModel() {
        PredictRequest.Builder request = PredictRequest.newBuilder().setAlias("support-tuned");
        request.addInstancesBuilder().putInputs("text", "cancel my plan");
        assertEquals(1, client.predict(request.build()).getPredictionsCount());
    }

    @Test
    void wrongFieldsAreNamed() {
        EvaldException failure = failureOf(() -> client.evaluate(evaluation("blue")));
        assertEquals(Status.Code.INVALID_ARGUMENT, failure.code());
        assertEquals("UNKNOWN_METRIC", failure.reason());
        assertEquals(EvaldException.DOMAIN, failure.domain());
        assertEquals("bleu", failure.metadata().get("nearest"));
        assertEquals("spec.metrics[0].name", failure.violations().get(0).field());
        assertTrue(failure.getMessage().startsWith("INVALID_ARGUMENT (UNKNOWN_METRIC): spec.metrics[0].name: "));
        assertTrue(failureOf(() -> client.plan(PlanRequest.getDefaultInstance())).code() == Status.Code.INVALID_ARGUMENT);
    }

    @Test
    void unknownModelIsNotFound() {
        GetModelRequest request = GetModelRequest.newBuilder().setAlias("nobody").build();
        assertEquals(
                Status.Code.NOT_FOUND,
                failureOf(() -> client.call(ModelServiceGrpc.getGetModelMethod(), request)).code());
    }

    @Test
    void aDeadlineIsTyped() {
        EvaldException failure = failureOf(() -> client.call(
                EvaluationServiceGrpc.getEvaluateMethod(), evaluation("bleu"), Duration.ofNanos(1000)));
        assertEquals(Status.Code.DEADLINE_EXCEEDED, failure.code());
    }

    @Test
    void anyMethodCanBeCalled() {
        client.waitReady(Duration.ofSeconds(60));
        String version = client.call(CatalogServiceGrpc.getGetServerInfoMethod(), GetServerInfoRequest.getDefaultInstance())
                .getEvaldVersion();
        assertTrue(version.matches("\\d+\\.\\d+\\.\\d+.*"), version);
    }
}
