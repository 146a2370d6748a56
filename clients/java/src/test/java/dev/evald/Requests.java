package dev.evald;

import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.evald.v1.EvaluateRequest;
import dev.evald.v1.Instance;
import org.junit.jupiter.api.function.Executable;

/** What tests ask and how it fails. */
final class Requests {
    private Requests() {}

    static EvaluateRequest evaluation(String... metrics) {
        return EvaluateRequest.newBuilder()
                .setSpec(dev.evald.v1.EvaluationSpec.newBuilder().addAllMetrics(Rows.metrics(metrics)))
                .addInstances(Rows.text("the cat sat", "the cat sat"))
                .addInstances(Rows.text("a dog", "a cat"))
                .build();
    }

    /** The same with one more row of a text of so many bytes. */
    static EvaluateRequest large(int bytes) {
        Instance row = Rows.text("x".repeat(bytes), "");
        return evaluation("bleu").toBuilder().addInstances(row).build();
    }

    static EvaldException failureOf(Executable call) {
        return assertThrows(EvaldException.class, call);
    }
}
