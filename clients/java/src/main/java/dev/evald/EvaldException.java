package dev.evald;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import io.grpc.Status;
import io.grpc.protobuf.StatusProto;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** Why a call failed. Messages and metadata hold no text of a row. */
public final class EvaldException extends RuntimeException {
    /** Marks the reasons that evald gives. */
    public static final String DOMAIN = "evald";

    /** A message is larger than the client or the server allows: send fewer rows a call. */
    public static final String MESSAGE_TOO_LARGE = "MESSAGE_TOO_LARGE";

    /** The server was not ready when {@link EvaldClient#waitReady} ended. */
    public static final String NOT_READY = "NOT_READY";

    /** The builder was given what it cannot use; the violation names it. */
    public static final String BAD_SETTING = "BAD_SETTING";

    private static final long serialVersionUID = 1L;

    /**
     * One wrong field.
     *
     * @param field its indexed path, such as "instances[17].references"
     * @param description what to do about it
     */
    public record Violation(String field, String description) implements java.io.Serializable {}

    private final Status.Code code;
    private final Details details;
    private final String description;

    private EvaldException(Status.Code code, String description, Details details, Throwable cause) {
        super(text(code, description, details), cause);
        this.code = code;
        this.description = description;
        this.details = details;
    }

    /** What a status says beyond its code and message. */
    private record Details(
            String reason,
            String domain,
            Map<String, String> metadata,
            List<Violation> violations,
            Duration retryAfter)
            implements java.io.Serializable {
        static Details ofReason(String reason) {
            return new Details(reason, "", Map.of(), List.of(), null);
        }
    }

    /** The exception of a failed call: of a StatusRuntimeException, a StatusException or what they caused. */
    public static EvaldException of(Throwable failure) {
        if (failure instanceof EvaldException known) {
            return known;
        }
        Status status = Status.fromThrowable(failure);
        String message = status.getDescription() == null ? "" : status.getDescription();
        Details details = details(StatusProto.fromThrowable(failure));
        // gRPC itself refuses oversized messages before any handler runs, with the code of an overload.
        if (details.reason().isEmpty() && status.getCode() == Status.Code.RESOURCE_EXHAUSTED && oversized(message)) {
            String advice = "a message is larger than the limit; send fewer rows a call or ask for no row scores (";
            return new EvaldException(
                    Status.Code.INVALID_ARGUMENT, advice + message + ")", Details.ofReason(MESSAGE_TOO_LARGE), failure);
        }
        return new EvaldException(status.getCode(), message, details, failure);
    }

    static EvaldException notReady(String problem) {
        return new EvaldException(Status.Code.DEADLINE_EXCEEDED, problem, Details.ofReason(NOT_READY), null);
    }

    static EvaldException ofSetting(String field, String description) {
        Details details = new Details(BAD_SETTING, "", Map.of(), List.of(new Violation(field, description)), null);
        return new EvaldException(Status.Code.INVALID_ARGUMENT, field + ": " + description, details, null);
    }

    private static boolean oversized(String message) {
        return message.contains("larger than max") // servers of gRPC's C++ core
                || message.contains("message too large") // this side, sending
                || message.contains("exceeds maximum size"); // this side, receiving
    }

    private static Details details(com.google.rpc.Status status) {
        String reason = "";
        String domain = "";
        Map<String, String> metadata = Map.of();
        List<Violation> violations = new ArrayList<>();
        Duration retryAfter = null;
        try {
            for (Any detail : status == null ? List.<Any>of() : status.getDetailsList()) {
                if (detail.is(ErrorInfo.class)) {
                    ErrorInfo info = detail.unpack(ErrorInfo.class);
                    if (info.getDomain().equals(DOMAIN)) {
                        reason = info.getReason();
                        domain = info.getDomain();
                        metadata = Map.copyOf(info.getMetadataMap());
                    }
                } else if (detail.is(BadRequest.class)) {
                    for (BadRequest.FieldViolation one : detail.unpack(BadRequest.class).getFieldViolationsList()) {
                        violations.add(new Violation(one.getField(), one.getDescription()));
                    }
                } else if (detail.is(RetryInfo.class)) {
                    com.google.protobuf.Duration delay = detail.unpack(RetryInfo.class).getRetryDelay();
                    retryAfter = Duration.ofSeconds(delay.getSeconds(), delay.getNanos());
                }
            }
        } catch (InvalidProtocolBufferException damaged) {
            // Damaged details are no reason to hide the error itself: what was read before stands.
        }
        return new Details(reason, domain, metadata, List.copyOf(violations), retryAfter);
    }

    private static String text(Status.Code code, String description, Details details) {
        String reason = details.reason().isEmpty() ? "" : " (" + details.reason() + ")";
        String fields = details.violations().stream()
                .map(one -> one.field() + ": " + one.description())
                .filter(line -> !line.equals(description))
                .map(line -> "; " + line)
                .collect(Collectors.joining());
        return code + reason + ": " + description + fields;
    }

    /** What kind of failure it is, and so whether trying again can help: UNAVAILABLE and RESOURCE_EXHAUSTED. */
    public Status.Code code() {
        return code;
    }

    /**
     * The cause, for programs, for example "UNKNOWN_METRIC". Empty if the failure is not one that evald describes: no server
     * answered, or a deadline passed before one did.
     */
    public String reason() {
        return details.reason();
    }

    /** {@link #DOMAIN} where the server gave the reason, else empty. */
    public String domain() {
        return details.domain();
    }

    /** The cause, for people; {@link #getMessage} has code, reason and violations as well. */
    public String description() {
        return description;
    }

    /** The variables of the description by name. */
    public Map<String, String> metadata() {
        return details.metadata();
    }

    /** The wrong fields of the request. */
    public List<Violation> violations() {
        return details.violations();
    }

    /** When an overloaded server wants to be asked again. */
    public Optional<Duration> retryAfter() {
        return Optional.ofNullable(details.retryAfter());
    }
}
