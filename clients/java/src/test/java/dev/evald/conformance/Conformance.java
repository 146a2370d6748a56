package dev.evald.conformance;

import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.ListValue;
import com.google.protobuf.Message;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import com.google.protobuf.util.JsonFormat;
import dev.evald.EvaldClient;
import dev.evald.EvaldException;
import dev.evald.v1.CalibrationServiceGrpc;
import dev.evald.v1.CatalogServiceGrpc;
import dev.evald.v1.EvaluationServiceGrpc;
import dev.evald.v1.ModelServiceGrpc;
import dev.evald.v1.TemplateServiceGrpc;
import io.grpc.CallOptions;
import io.grpc.MethodDescriptor;
import io.grpc.ServiceDescriptor;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.ProtoMethodDescriptorSupplier;
import io.grpc.stub.BlockingClientCall;
import io.grpc.stub.ClientCalls;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Sends the requests of a file to a server and writes down what this client was answered, so that it can be compared bit for
 * bit with the clients of other languages. Arguments: address, file of cases (tests/clients/cases.py), file of answers.
 */
public final class Conformance {
    private static final Map<String, MethodDescriptor<?, ?>> METHODS = Stream.of(
                    EvaluationServiceGrpc.getServiceDescriptor(),
                    ModelServiceGrpc.getServiceDescriptor(),
                    CatalogServiceGrpc.getServiceDescriptor(),
                    TemplateServiceGrpc.getServiceDescriptor(),
                    CalibrationServiceGrpc.getServiceDescriptor())
            .map(ServiceDescriptor::getMethods)
            .flatMap(java.util.Collection::stream)
            .collect(Collectors.toMap(MethodDescriptor::getFullMethodName, method -> method));

    private final EvaldClient client;

    private Conformance(EvaldClient client) {
        this.client = client;
    }

    /** Asks and writes. */
    public static void main(String[] arguments) throws Exception {
        Value.Builder cases = Value.newBuilder();
        JsonFormat.parser().merge(Files.readString(Path.of(arguments[1])), cases);
        Struct.Builder answers = Struct.newBuilder();
        try (EvaldClient client = EvaldClient.builder(arguments[0]).build()) {
            client.waitReady(Duration.ofMinutes(2));
            Conformance conformance = new Conformance(client);
            for (Value one : cases.getListValue().getValuesList()) {
                Map<String, Value> fields = one.getStructValue().getFieldsMap();
                answers.putFields(fields.get("name").getStringValue(), struct(conformance.ask(fields)));
            }
        }
        Files.writeString(Path.of(arguments[2]), JsonFormat.printer().print(answers));
    }

    private Struct.Builder ask(Map<String, Value> one) throws Exception {
        MethodDescriptor<?, ?> method =
                METHODS.get(one.get("service").getStringValue() + "/" + one.get("method").getStringValue());
        return ask(method, one);
    }

    private <Q, A> Struct.Builder ask(MethodDescriptor<Q, A> method, Map<String, Value> one) throws Exception {
        List<Q> requests = new ArrayList<>();
        for (Value text : one.get("requests").getListValue().getValuesList()) {
            requests.add(parse(method, text.getStringValue()));
        }
        double seconds = one.get("deadline_seconds").getNumberValue();
        List<A> answers = new ArrayList<>();
        Struct.Builder told = Struct.newBuilder();
        try {
            call(method, requests, seconds, answers);
        } catch (EvaldException failure) {
            told.putFields("failure", struct(failure(failure)));
        }
        ListValue.Builder messages = ListValue.newBuilder();
        answers.forEach(answer -> messages.addValues(struct(message((Message) answer))));
        return told.putFields("messages", Value.newBuilder().setListValue(messages).build());
    }

    private <Q, A> void call(MethodDescriptor<Q, A> method, List<Q> requests, double seconds, List<A> answers)
            throws Exception {
        if (method.getType() == MethodDescriptor.MethodType.UNARY) {
            Q request = requests.get(0);
            answers.add(
                    seconds > 0
                            ? client.call(method, request, Duration.ofNanos((long) (seconds * 1e9)))
                            : client.call(method, request));
            return;
        }
        try {
            BlockingClientCall<Q, A> stream =
                    ClientCalls.blockingBidiStreamingCall(client.channel(), method, CallOptions.DEFAULT);
            for (Q request : requests) {
                // False once the call has ended; why is told by reading.
                stream.write(request);
            }
            stream.halfClose();
            for (A answer = stream.read(); answer != null; answer = stream.read()) {
                answers.add(answer);
            }
        } catch (io.grpc.StatusException failure) {
            throw EvaldException.of(failure);
        } catch (StatusRuntimeException failure) {
            throw EvaldException.of(failure);
        }
    }

    /** A message of the generated type, as programs use it. */
    private static <Q> Q parse(MethodDescriptor<Q, ?> method, String text) throws Exception {
        Descriptor input = ((ProtoMethodDescriptorSupplier) method.getSchemaDescriptor())
                .getMethodDescriptor()
                .getInputType();
        Message empty = (Message) method.parseRequest(ByteString.EMPTY.newInput());
        if (!empty.getDescriptorForType().equals(input)) {
            throw new IllegalStateException("the request of " + method.getFullMethodName() + " is another type");
        }
        Message.Builder request = empty.newBuilderForType();
        JsonFormat.parser().merge(text, request);
        return method.parseRequest(request.build().toByteString().newInput());
    }

    private static Struct.Builder message(Message message) {
        ListValue.Builder doubles = ListValue.newBuilder();
        Doubles.of(message).forEach(text -> doubles.addValues(string(text)));
        return Struct.newBuilder()
                .putFields("wire", string(Base64.getEncoder().encodeToString(message.toByteArray())))
                .putFields("doubles", Value.newBuilder().setListValue(doubles).build());
    }

    private static Struct.Builder failure(EvaldException failure) {
        Struct.Builder metadata = Struct.newBuilder();
        failure.metadata().forEach((key, value) -> metadata.putFields(key, string(value)));
        ListValue.Builder violations = ListValue.newBuilder();
        for (EvaldException.Violation one : failure.violations()) {
            ListValue.Builder pair =
                    ListValue.newBuilder().addValues(string(one.field())).addValues(string(one.description()));
            violations.addValues(Value.newBuilder().setListValue(pair));
        }
        return Struct.newBuilder()
                .putFields("code", string(failure.code().name()))
                .putFields("reason", string(failure.reason()))
                .putFields("domain", string(failure.domain()))
                .putFields("message", string(failure.description()))
                .putFields("metadata", struct(metadata))
                .putFields("violations", Value.newBuilder().setListValue(violations).build());
    }

    private static Value string(String text) {
        return Value.newBuilder().setStringValue(text).build();
    }

    private static Value struct(Struct.Builder fields) {
        return Value.newBuilder().setStructValue(fields).build();
    }
}
