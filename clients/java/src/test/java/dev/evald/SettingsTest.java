package dev.evald;

import static dev.evald.Requests.evaluation;
import static dev.evald.Requests.failureOf;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.grpc.Status;
import io.grpc.TlsChannelCredentials;
import io.grpc.TlsServerCredentials;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

@Timeout(120)
class SettingsTest {
    private static final String PASSWORD = "password";

    static Stream<Arguments> wrong() {
        return Stream.of(
                Arguments.of("target", EvaldClient.builder("")),
                Arguments.of("target", EvaldClient.builder("unknown-scheme://a b")),
                Arguments.of("deadline", EvaldClient.builder("a:1").deadline(Duration.ZERO)),
                Arguments.of("messageBytes", EvaldClient.builder("a:1").messageBytes(-1)),
                Arguments.of("tenant", EvaldClient.builder("a:1").tenant("ü")),
                Arguments.of("token", EvaldClient.builder("a:1").plaintextToken("top-secret\n")),
                Arguments.of("token", EvaldClient.builder("localhost:1").token("top-secret")));
    }

    @ParameterizedTest
    @MethodSource("wrong")
    void wrongSettingsAreRefused(String field, EvaldClient.Builder builder) {
        EvaldException failure = failureOf(builder::build);
        assertEquals(Status.Code.INVALID_ARGUMENT, failure.code());
        assertEquals(EvaldException.BAD_SETTING, failure.reason());
        assertEquals(field, failure.violations().get(0).field());
        assertFalse(failure.getMessage().contains("top-secret"), "the token is in the message");
    }

    @Test
    void aTokenTravelsEncrypted(@TempDir Path folder) throws Exception {
        KeyStore keys = certificate(folder);
        try (Recorder recorder = new Recorder(Recorder.FINE, server(keys));
                EvaldClient client = EvaldClient.builder(recorder.address())
                        .tls(trusting(keys))
                        .token("secret-2")
                        .build()) {
            client.evaluate(evaluation("bleu"));
            assertEquals("Bearer secret-2", recorder.header("authorization"));
        }
    }

    @Test
    void anUnknownCertificateIsRefused(@TempDir Path folder) throws Exception {
        try (Recorder recorder = new Recorder(Recorder.FINE, server(certificate(folder)));
                EvaldClient client =
                        EvaldClient.builder(recorder.address()).tls().build()) {
            EvaldException failure = failureOf(() -> client.evaluate(evaluation("bleu")));
            assertEquals(Status.Code.UNAVAILABLE, failure.code());
            assertEquals(0, recorder.calls.get());
        }
    }

    private static KeyStore certificate(Path folder) throws Exception {
        Path file = folder.resolve("keys.p12");
        List<String> command = List.of(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair", "-alias", "server", "-keyalg", "EC", "-dname", "CN=localhost",
                "-ext", "SAN=IP:127.0.0.1", "-storetype", "PKCS12", "-keystore", file.toString(),
                "-storepass", PASSWORD);
        assertEquals(0, new ProcessBuilder(command).inheritIO().start().waitFor());
        KeyStore keys = KeyStore.getInstance("PKCS12");
        try (InputStream stream = Files.newInputStream(file)) {
            keys.load(stream, PASSWORD.toCharArray());
        }
        return keys;
    }

    private static io.grpc.ServerCredentials server(KeyStore keys) throws Exception {
        KeyManagerFactory factory = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        factory.init(keys, PASSWORD.toCharArray());
        return TlsServerCredentials.newBuilder().keyManager(factory.getKeyManagers()).build();
    }

    private static io.grpc.ChannelCredentials trusting(KeyStore keys) throws Exception {
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, null);
        trusted.setCertificateEntry("server", keys.getCertificate("server"));
        TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(trusted);
        return TlsChannelCredentials.newBuilder().trustManager(factory.getTrustManagers()).build();
    }
}
