package dev.evald;

import dev.evald.v1.Instance;
import dev.evald.v1.MetricSpec;
import dev.evald.v1.ModelSource;
import dev.evald.v1.Prediction;
import dev.evald.v1.System;
import java.util.Arrays;
import java.util.List;

/** Shorter ways to say what most requests say. */
public final class Rows {
    private Rows() {}

    /** Names metrics by their text forms, for example "bleu" and "rouge_l(stemmer=true)". */
    public static List<MetricSpec> metrics(String... forms) {
        return Arrays.stream(forms)
                .map(form -> MetricSpec.newBuilder().setName(form).build())
                .toList();
    }

    /** Names systems whose predictions are in the rows, in this order. */
    public static List<System> inline(String... names) {
        return Arrays.stream(names)
                .map(name -> System.newBuilder().setName(name).build())
                .toList();
    }

    /** A system that the server answers for with one of its models, which reads the rows' input "text". */
    public static System model(String name, String alias) {
        return System.newBuilder()
                .setName(name)
                .setModel(ModelSource.newBuilder().setAlias(alias))
                .build();
    }

    /** A row of texts: its reference, and what each system wrote. Empty texts are real, empty answers. */
    public static Instance text(String reference, String... predictions) {
        Instance.Builder row = Instance.newBuilder().addReferences(reference);
        for (String prediction : predictions) {
            row.addPredictions(Prediction.newBuilder().setText(prediction));
        }
        return row.build();
    }

    /** A row of a classification: its gold label, and the label that each system gave. */
    public static Instance label(String gold, String... predictions) {
        Instance.Builder row = Instance.newBuilder().addLabels(gold);
        for (String prediction : predictions) {
            row.addPredictions(Prediction.newBuilder().addLabels(prediction));
        }
        return row.build();
    }

    /** A row for models of the server: the text that they read, and the gold label. */
    public static Instance input(String text, String gold) {
        return Instance.newBuilder().putInputs("text", text).addLabels(gold).build();
    }
}
