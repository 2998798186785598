package shop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plg.Plg;
import io.plg.activation.Step;
import io.plg.jdbi.JdbiPlg;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.SpringBootVersion;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ConfigurableApplicationContext;

@DisplayName("A Spring Boot application")
@ExtendWith(OutputCaptureExtension.class)
class ShopApplicationTest {
    private static ConfigurableApplicationContext application;

    private Projects projects;
    private List<String> heard;

    @BeforeAll
    static void start() {
        application = SpringApplication.run(ShopApplication.class);
    }

    @AfterAll
    static void stop() {
        application.close();
    }

    @BeforeEach
    void forget() {
        projects = application.getBean(Projects.class);
        heard = application.getBean(ShopApplication.News.class).heard;
        heard.clear();
    }

    @Test
    void runsOnTheSpringBootThisModuleIsNamedAfter() {
        assertThat(SpringBootVersion.getVersion()).startsWith(System.getProperty("plg.test.boot") + ".");
    }

    @Test
    void keepsEverythingInItsDatabase() {
        assertThat(application.getBean(Plg.class)).isInstanceOf(JdbiPlg.class);
    }

    @Test
    void commitsItsRowsAndPlgsTogether() {
        long before = projects.count();

        var seenInside = projects.create("ada", "p1");

        assertThat(seenInside.completed()).containsOnlyKeys(Step.of("first_project_created"));
        assertThat(projects.count()).isEqualTo(before + 1);
        assertThat(projects.acme().state("ada").completed())
                .containsOnlyKeys(Step.of("first_project_created"), Step.of("thanked"), Step.of("welcomed"));
        assertThat(heard)
                .allMatch(news -> news.endsWith(", projects: " + (before + 1)))
                .extracting(news -> news.substring(0, news.indexOf(',')))
                .containsExactlyInAnyOrder("ada first_project_created", "ada thanked", "ada welcomed");
    }

    @Test
    void completesAStepWithTheRowThatEarnsIt() {
        application.getBean(Exports.class).save("acme", "mae", "an export");

        assertThat(projects.acme().state("mae").activated()).isTrue();
    }

    @Test
    void rollsItsRowsAndPlgsBackTogether() {
        long before = projects.count();

        assertThatThrownBy(() -> projects.createAndFail("bob", "p2")).hasMessage("meant to fail");

        assertThat(projects.count()).isEqualTo(before);
        assertThat(projects.acme().state("bob").completed()).isEmpty();
        assertThat(heard).isEmpty();
    }

    @Test
    void rollsPlgsRowsBackIfItsOwnCannotBeCommitted() {
        projects.create("eve", "taken");
        heard.clear();

        assertThatThrownBy(() -> projects.create("mallory", "taken")).isInstanceOf(RuntimeException.class);

        assertThat(projects.acme().state("mallory").completed()).isEmpty();
        assertThat(heard).isEmpty();
    }

    @Test
    void mayWriteToItsDatabaseFromAListener() {
        long before = projects.count();

        projects.acme().complete("lin", "first_export_completed");

        assertThat(projects.count()).isEqualTo(before + 1);
    }

    @Test
    void worksWithAPoolWithoutAutocommit() {
        try (var other = SpringApplication.run(
                ShopApplication.class,
                "--spring.datasource.url=jdbc:h2:mem:other",
                "--spring.datasource.hikari.auto-commit=false",
                "--spring.jpa.properties.hibernate.connection.provider_disables_autocommit=true")) {
            var projects = other.getBean(Projects.class);

            projects.create("ada", "p1");
            assertThatThrownBy(() -> projects.createAndFail("bob", "p2")).hasMessage("meant to fail");
            projects.acme().complete("ada", "first_export_completed");

            assertThat(projects.acme().state("ada").completed())
                    .containsOnlyKeys(
                            Step.of("first_project_created"),
                            Step.of("thanked"),
                            Step.of("welcomed"),
                            Step.of("first_export_completed"));
            assertThat(projects.acme().state("bob").completed()).isEmpty();
            assertThat(projects.count()).isEqualTo(2);
            assertThat(other.getBean(ShopApplication.News.class).heard).hasSize(5);
        }
    }

    @Test
    void showsHowPlgIsSetUp() throws Exception {
        assertThat(get("/actuator/plg"))
                .contains("\"store\":\"jdbc\"")
                .contains("\"name\":\"onboarding\"")
                .contains("\"aha\":\"first_export_completed\"")
                .containsPattern("\"version\":\"\\d+\\.\\d+\\.\\d+[^\"]*\"");
    }

    @Test
    void countsEvents() throws Exception {
        projects.acme().complete("kim", "account_created");

        assertThat(get("/actuator/metrics/plg.events?tag=type:plg.activation.step_completed"))
                .contains("\"statistic\":\"COUNT\"")
                .containsPattern("\"value\":[1-9]");
        assertThat(get("/actuator/metrics/plg.events")).doesNotContain("kim", "acme");
    }

    @Test
    void saysWhatIsWrongIfItCannotStart(CapturedOutput output) {
        assertThatThrownBy(() -> SpringApplication.run(ShopApplication.class, "--plg.data-source=orders"))
                .isInstanceOf(RuntimeException.class);

        assertThat(output)
                .contains("APPLICATION FAILED TO START")
                .contains("plg.data-source is \"orders\", but the DataSource beans are [dataSource].");
    }

    private static String get(String path) throws IOException, InterruptedException {
        var uri =
                URI.create("http://127.0.0.1:" + application.getEnvironment().getProperty("local.server.port") + path);
        var response = HttpClient.newHttpClient()
                .send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
        assertThat(response.statusCode()).isEqualTo(200);
        return response.body();
    }
}
