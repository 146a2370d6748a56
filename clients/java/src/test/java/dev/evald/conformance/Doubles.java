package dev.evald.conformance;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.MapEntry;
import com.google.protobuf.Message;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The bits of every floating-point number of a message. */
final class Doubles {
    private Doubles() {}

    /** Those that are set, as "path=hexadecimal digits", sorted by their UTF-16 text. */
    static List<String> of(Message message) {
        List<String> found = new ArrayList<>();
        walk("", message, found);
        found.sort(null);
        return found;
    }

    private static void walk(String path, Message message, List<String> found) {
        for (Map.Entry<FieldDescriptor, Object> entry : message.getAllFields().entrySet()) {
            FieldDescriptor field = entry.getKey();
            String here = path + "." + field.getNumber();
            if (!field.isRepeated()) {
                one(here, entry.getValue(), found);
                continue;
            }
            List<?> values = (List<?>) entry.getValue();
            for (int at = 0; at < values.size(); at++) {
                if (values.get(at) instanceof MapEntry<?, ?> pair) {
                    one(here + "{" + pair.getKey() + "}", pair.getValue(), found);
                } else {
                    one(here + "[" + at + "]", values.get(at), found);
                }
            }
        }
    }

    private static void one(String path, Object value, List<String> found) {
        if (value instanceof Message message) {
            walk(path, message, found);
        } else if (value instanceof Double number) {
            found.add(path + String.format("=%016x", Double.doubleToRawLongBits(number)));
        } else if (value instanceof Float number) {
            found.add(path + String.format("=%08x", Float.floatToRawIntBits(number)));
        }
    }
}
