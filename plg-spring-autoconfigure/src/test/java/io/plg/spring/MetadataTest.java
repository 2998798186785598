package io.plg.spring;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;

@DisplayName("The configuration metadata")
class MetadataTest {
    private final Map<String, Map<String, Object>> properties = new HashMap<>();

    MetadataTest() throws URISyntaxException {
        // Beside our own classes, because the jars of Spring Boot have files of that name too.
        var classes = Path.of(PlgProperties.class
                .getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .toURI());
        Path file = classes.resolve("META-INF/spring-configuration-metadata.json");
        for (Object each :
                (List<?>) JsonMapper.shared().readValue(file, Map.class).get("properties")) {
            @SuppressWarnings("unchecked")
            var property = (Map<String, Object>) each;
            String name = (String) property.get("name");
            if (name.startsWith("plg.")) { // Spring Boot adds those of every endpoint
                properties.put(name, property);
            }
        }
    }

    @Test
    void describesEveryPropertyInPlainText() {
        assertThat(properties)
                .containsOnlyKeys(
                        "plg.store",
                        "plg.data-source",
                        "plg.schema.migrate",
                        "plg.isolation.audit",
                        "plg.isolation.probe",
                        "plg.isolation.watch",
                        "plg.isolation.tables",
                        "plg.isolation.schemas",
                        "plg.isolation.shared",
                        "plg.operator.data-source",
                        "plg.remove-expired-every",
                        "plg.settle-rewards-every");
        assertThat(properties.values())
                .allSatisfy(property -> assertThat((String) property.get("description"))
                        .isNotBlank()
                        .endsWith(".")
                        .doesNotContain("<", "{@"));
    }

    @Test
    void tellsTheDefaults() {
        assertThat(properties.get("plg.store")).containsEntry("defaultValue", "auto");
        assertThat(properties.get("plg.schema.migrate")).containsEntry("defaultValue", false);
        assertThat(properties.get("plg.isolation.audit")).containsEntry("defaultValue", "warn");
        assertThat(properties.get("plg.isolation.probe")).containsEntry("defaultValue", true);
        assertThat(properties.get("plg.isolation.watch")).doesNotContainKey("defaultValue");
        assertThat(properties.get("plg.data-source")).doesNotContainKey("defaultValue");
    }
}
