package dev.evald.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.evald.EvaldClient;
import dev.evald.EvaldException;
import dev.evald.Rows;
import dev.evald.v1.EvaluateRequest;
import dev.evald.v1.EvaluateResponse;
import dev.evald.v1.EvaluationServiceGrpc;
import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What stands in pages; tests/clients/test_pages.py compares. Needs a server, which EVALD_ADDRESS names. */
@Timeout(120)
class PagesTest {
    private final String address = System.getenv("EVALD_ADDRESS");

    @BeforeEach
    void needsServer() {
        assumeTrue(address != null, "SKIPPED: set EVALD_ADDRESS to a server started by `make serve`");
    }

    @Test
    void evaluates() {
        try (EvaldClient client = EvaldClient.builder(address).build()) {
            EvaluateRequest.Builder request = EvaluateRequest.newBuilder();
            request.getSpecBuilder().addAllMetrics(Rows.metrics("exact_match", "rouge_1"));
            request.addInstances(Rows.text("the cat sat", "the cat sat")).addInstances(Rows.text("a dog", "a cat"));
            EvaluateResponse answer = client.evaluate(request.build());
            System.out.println(answer.getSystems(0).getMetrics(0).getEstimate().getValue());
        }
    }

    @Test
    void tellsErrors() {
        EvaluateRequest request = EvaluateRequest.newBuilder()
                .setSpec(dev.evald.v1.EvaluationSpec.newBuilder().addAllMetrics(Rows.metrics("blue")))
                .build();
        try (EvaldClient client = EvaldClient.builder(address).build()) {
            EvaldException thrown = assertThrows(EvaldException.class, () -> {
                try {
                    client.call(EvaluationServiceGrpc.getEvaluateMethod(), request, Duration.ofSeconds(30));
                } catch (EvaldException error) {
                    if (error.reason().equals("UNKNOWN_METRIC")) {
                        System.out.println(
                                error.violations().get(0).field() + " could be " + error.metadata().get("nearest"));
                    }
                    throw error;
                }
            });
            assertEquals("bleu", thrown.metadata().get("nearest"));
        }
    }
}
