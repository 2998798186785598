package io.plg.spring;

import io.plg.Plg;
import io.plg.activation.ActivationFunnel;
import io.plg.activation.Step;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Properties;
import org.springframework.boot.actuate.endpoint.OperationResponseBody;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;

/** Shows how plg is set up: names only, nothing about users or workspaces. */
@Endpoint(id = "plg")
final class PlgEndpoint {
    private final Setup setup;

    PlgEndpoint(Plg plg, String store) {
        this.setup = new Setup(
                version(), store, plg.funnels().stream().map(Funnel::of).toList());
    }

    @ReadOperation
    Setup setup() {
        return setup;
    }

    private static String version() {
        var properties = new Properties();
        try (InputStream in = PlgEndpoint.class.getResourceAsStream("plg-version.properties")) {
            properties.load(in);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return properties.getProperty("version");
    }

    record Setup(String version, String store, List<Funnel> funnels) implements OperationResponseBody {}

    record Funnel(String name, List<String> steps, String aha) {
        static Funnel of(ActivationFunnel funnel) {
            return new Funnel(
                    funnel.name(),
                    funnel.steps().stream().map(Step::name).toList(),
                    funnel.aha().name());
        }
    }
}
