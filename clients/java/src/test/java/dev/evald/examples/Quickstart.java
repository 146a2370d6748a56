package dev.evald.examples;

import dev.evald.EvaldClient;
import dev.evald.EvaldException;
import dev.evald.Rows;
import dev.evald.v1.CompareRequest;
import dev.evald.v1.Estimate;
import dev.evald.v1.EvaluateRequest;
import dev.evald.v1.EvaluationSpec;
import dev.evald.v1.Instance;
import dev.evald.v1.MetricResult;
import dev.evald.v1.PairedResult;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** Asks an evald server whether a new system is better; its only argument is the server's address. */
public final class Quickstart {
    /** Reference and what a system wrote. */
    private static final List<List<String>> TEXTS = List.of(
            List.of("the cat sat on the mat", "the cat is on the mat"),
            List.of("there is a dog in the garden", "there is a dog in the garden"),
            List.of("rain is likely today", "it may rain today"),
            List.of("the train leaves at nine", "the train leaves at ten"));

    /** Right answer, baseline's, candidate's. */
    private static final List<List<String>> LABELS = List.of(
            List.of("cancel", "cancel", "cancel"),
            List.of("billing", "technical", "billing"),
            List.of("technical", "technical", "technical"),
            List.of("billing", "praise", "praise"),
            List.of("praise", "praise", "praise"));

    /** Text and right answer; the answers of both models come from the server. */
    private static final List<List<String>> TICKETS = List.of(
            List.of(
                    "The price was fair, but I tried to unsubscribe on Friday and the family plan is still running!",
                    "cancel"),
            List.of("I need a corrected invoice with our company address", "billing"),
            List.of("The firmware of the doorbell is stuck at 99 percent", "technical"),
            List.of("Just wanted to say that the lamp works like a charm", "praise"),
            List.of("Which speaker would you pick for a small hallway?", "question"),
            List.of("I was charged twice for the yearly plan", "billing"));

    private Quickstart() {}

    /** Evaluates, compares, and is refused. */
    public static void main(String[] arguments) {
        String address = arguments.length > 0 ? arguments[0] : "localhost:50051";
        try (EvaldClient client = EvaldClient.builder(address).build()) {
            client.waitReady(Duration.ofSeconds(60));
            evaluate(client);
            compareLabels(client);
            compareModels(client);
            refused(client);
        }
    }

    private static List<Instance> textRows() {
        List<Instance> rows = new ArrayList<>();
        for (int round = 0; round < 10; round++) {
            TEXTS.forEach(text -> rows.add(Rows.text(text.get(0), text.get(1))));
        }
        return rows;
    }

    private static EvaluateRequest evaluation(String... metrics) {
        return EvaluateRequest.newBuilder()
                .setSpec(EvaluationSpec.newBuilder().addAllMetrics(Rows.metrics(metrics)))
                .addAllInstances(textRows())
                .build();
    }

    private static void evaluate(EvaldClient client) {
        for (MetricResult metric :
                client.evaluate(evaluation("bleu", "rouge_l")).getSystems(0).getMetricsList()) {
            Estimate one = metric.getEstimate();
            print("%s: %.4f [%.4f, %.4f]", metric.getMetric(), one.getValue(), one.getLow(), one.getHigh());
        }
    }

    private static void compareLabels(EvaldClient client) {
        CompareRequest.Builder request = CompareRequest.newBuilder();
        request.getSpecBuilder()
                .addAllSystems(Rows.inline("baseline", "candidate"))
                .addAllMetrics(Rows.metrics("accuracy", "f1(average=macro)"));
        for (int round = 0; round < 20; round++) {
            LABELS.forEach(label -> request.addInstances(Rows.label(label.get(0), label.get(1), label.get(2))));
        }
        compare(client, "labels", request.build());
    }

    private static void compareModels(EvaldClient client) {
        CompareRequest.Builder request = CompareRequest.newBuilder();
        request.getSpecBuilder()
                .addAllSystems(Arrays.asList(
                        Rows.model("base", "support-base"), Rows.model("tuned", "support-tuned")))
                .addAllMetrics(Rows.metrics("accuracy"));
        TICKETS.forEach(ticket -> request.addInstances(Rows.input(ticket.get(0), ticket.get(1))));
        compare(client, "models", request.build());
    }

    /** Prints one line a metric: difference, interval, p-value after the correction, verdict. */
    private static void compare(EvaldClient client, String what, CompareRequest request) {
        for (PairedResult one : client.compare(request).getComparisonsList()) {
            Estimate difference = one.getDifference();
            print(
                    "%s, %s: %.4f -> %.4f, %+.4f [%+.4f, %+.4f], p %.2e, %s",
                    what,
                    one.getMetric(),
                    one.getBaselineValue(),
                    one.getCandidateValue(),
                    difference.getValue(),
                    difference.getLow(),
                    difference.getHigh(),
                    one.getPAdjusted(),
                    one.getDecision().name().replace("DECISION_", "").toLowerCase(Locale.ROOT));
        }
    }

    /** Shows an error that a program can act on. */
    private static void refused(EvaldClient client) {
        try {
            client.evaluate(evaluation("blue"));
        } catch (EvaldException error) {
            print(
                    "refused: %s %s, %s, nearest %s",
                    error.code(),
                    error.reason(),
                    error.violations().get(0).field(),
                    error.metadata().get("nearest"));
        }
    }

    private static void print(String format, Object... values) {
        System.out.println(String.format(Locale.ROOT, format, values));
    }
}
