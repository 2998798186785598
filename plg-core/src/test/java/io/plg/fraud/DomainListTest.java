package io.plg.fraud;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.net.httpserver.HttpServer;
import io.plg.SettableClock;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class DomainListTest {
    private static final Duration HOUR = Duration.ofHours(1);

    private final SettableClock clock = SettableClock.at("2026-03-01T00:00:00Z");

    private static Set<String> read(String text) {
        return DomainText.read(text.getBytes(StandardCharsets.UTF_8)).domains();
    }

    @Test
    void domainsAreComparedWholeWithoutCaseAndInALabels() {
        DomainList list = DomainList.of(
                List.of("Example.com", "bücher.example", "xn--mnchen-3ya.example", "@at.example", "*.star.example"));
        assertThat(List.of(
                        "example.com",
                        "EXAMPLE.COM",
                        " example.com ",
                        "example.com.",
                        "xn--bcher-kva.example",
                        "BÜCHER.example",
                        "münchen.example",
                        "bücher。example",
                        "at.example",
                        "star.example"))
                .allMatch(list::contains);
        assertThat(List.of(
                        "sub.example.com",
                        "ample.com",
                        "com",
                        "",
                        "bucher.example",
                        "not a domain",
                        "jo@example.com",
                        "a.star.example"))
                .noneMatch(list::contains);
    }

    @Test
    void whatIsNoDomainIsRefusedByName() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> DomainList.of(List.of("example.com", "no domain")))
                .withMessage("domain must be a host name with a dot, was \"no domain\"");
    }

    @Test
    void linesMayHaveWhatPeoplePutThere() {
        assertThat(read("\ufeff# hosts\r\n\r\n  A.example  \r\n*.b.example # why\n@c.example\rd.example"))
                .containsExactlyInAnyOrder("a.example", "b.example", "c.example", "d.example");
    }

    @Test
    void aJsonArrayIsAListToo() {
        assertThat(read(" [\n\"a.example\",\"B.example\"]")).containsExactlyInAnyOrder("a.example", "b.example");
        assertThatIllegalArgumentException().isThrownBy(() -> read("[\"a.example\""));
    }

    @Test
    void aLineThatIsNoDomainIsCountedAndSkipped() {
        DomainText text =
                DomainText.read("a.example\n\n<html>\nlocalhost\n10.0.0.1\n".getBytes(StandardCharsets.UTF_8));
        assertThat(text).isEqualTo(new DomainText(Set.of("a.example"), 3, 3));
        assertThat(DomainText.read("[\"a.example\", 7]".getBytes(StandardCharsets.UTF_8))
                        .skipped())
                .isOne();
    }

    @Test
    void aTextWithoutAnyDomainIsNoList() {
        assertThatIllegalArgumentException().isThrownBy(() -> read("<html>\n<body>down for maintenance</body>"));
        assertThatIllegalArgumentException().isThrownBy(() -> read(""));
        assertThatIllegalArgumentException().isThrownBy(() -> read("[]"));
    }

    @Test
    void theStarterListsAreCleanAndDoNotOverlap() throws IOException {
        for (String name : List.of("disposable-domains.txt", "free-domains.txt")) {
            try (var in = DomainList.class.getResourceAsStream(name)) {
                assertThat(DomainText.read(in.readAllBytes()).skipped()).isZero();
            }
        }
        var disposable = (FixedDomains) DomainList.disposable();
        var free = (FixedDomains) DomainList.free();
        assertThat(disposable.domains()).hasSizeGreaterThanOrEqualTo(40).contains("mailinator.com", "yopmail.com");
        assertThat(free.domains()).hasSizeGreaterThanOrEqualTo(30).contains("gmail.com", "outlook.com");
        assertThat(disposable.domains()).doesNotContainAnyElementsOf(free.domains());
    }

    @Test
    void aFileIsReadAgainWhenItIsDue(@TempDir Path directory) throws IOException {
        Path file = Files.writeString(directory.resolve("list"), "a.example");
        DomainList list = DomainList.file(file, HOUR, clock);
        assertThat(list.contains("a.example")).isTrue();
        Files.writeString(file, "b.example");
        clock.advance(HOUR.minusNanos(1_000));
        assertThat(list.contains("b.example")).isFalse();
        clock.advance(Duration.ofNanos(1_000));
        assertThat(list.contains("b.example")).isTrue();
        assertThat(list.contains("a.example")).isFalse();
    }

    @Test
    void theLastGoodListStaysWhenItCannotBeReadAgain(@TempDir Path directory) throws IOException {
        Path file = Files.writeString(directory.resolve("list"), "a.example");
        DomainList list = DomainList.file(file, HOUR, clock);
        assertThat(list.contains("a.example")).isTrue();
        Files.delete(file);
        clock.advance(HOUR);
        assertThat(list.contains("a.example")).isTrue();
        Files.writeString(file, "b.example");
        assertThat(list.contains("b.example")).isFalse();
        clock.advance(Duration.ofMinutes(1));
        assertThat(list.contains("b.example")).isTrue();
    }

    @Test
    void aListThatNeverWasThereIsAnErrorUntilItIs(@TempDir Path directory) throws IOException {
        Path file = directory.resolve("list");
        DomainList list = DomainList.file(file, HOUR, clock);
        assertThatThrownBy(() -> list.contains("a.example")).isInstanceOfSatisfying(DomainListUnavailable.class, e -> {
            assertThat(e.list()).isEqualTo(file.toString());
            assertThat(e.isRetryable()).isTrue();
            assertThat(e).hasRootCauseInstanceOf(IOException.class);
        });
        Files.writeString(file, "a.example");
        assertThat(list.contains("a.example")).isTrue();
    }

    @Test
    void aFileThatIsTooLargeIsNoList(@TempDir Path directory) throws IOException {
        Path file = directory.resolve("list");
        byte[] text = new byte[ListSource.MAX_BYTES + 1];
        java.util.Arrays.fill(text, (byte) '\n');
        byte[] domain = "a.example\n".getBytes(StandardCharsets.UTF_8);
        System.arraycopy(domain, 0, text, 0, domain.length);
        Files.write(file, text);
        assertThatThrownBy(() -> DomainList.file(file, HOUR, clock).contains("a.example"))
                .isInstanceOf(DomainListUnavailable.class);
        Files.write(file, java.util.Arrays.copyOf(text, ListSource.MAX_BYTES));
        assertThat(DomainList.file(file, HOUR, clock).contains("a.example")).isTrue();
    }

    @Test
    @Timeout(60)
    void whileOneReadsTheOthersUseTheOldList() throws Exception {
        var reads = new AtomicInteger();
        var texts =
                new AtomicReference<>(CompletableFuture.completedFuture("a.example".getBytes(StandardCharsets.UTF_8)));
        var list = new RefreshedDomains(
                "test",
                () -> {
                    reads.incrementAndGet();
                    return texts.get();
                },
                HOUR,
                clock);
        assertThat(list.contains("a.example")).isTrue();
        var slow = new CompletableFuture<byte[]>();
        texts.set(slow);
        clock.advance(HOUR);
        CompletableFuture<Boolean> reader = CompletableFuture.supplyAsync(() -> list.contains("b.example"));
        while (reads.get() < 2) {
            Thread.sleep(1);
        }
        for (int i = 0; i < 100; i++) {
            assertThat(list.contains("a.example")).isTrue();
        }
        assertThat(reader).isNotDone();
        slow.complete("b.example".getBytes(StandardCharsets.UTF_8));
        assertThat(reader.get(10, TimeUnit.SECONDS)).isTrue();
        assertThat(reads).hasValue(2);
    }

    @Test
    void manyThatAskAtFirstReadItOnce() {
        var reads = new AtomicInteger();
        var text = new CompletableFuture<byte[]>();
        var list = new RefreshedDomains(
                "test",
                () -> {
                    reads.incrementAndGet();
                    return text;
                },
                HOUR,
                clock);
        var answers = java.util.stream.Stream.generate(() -> list.latest().toCompletableFuture())
                .limit(50)
                .toList();
        assertThat(answers).noneMatch(CompletableFuture::isDone);
        text.complete("a.example".getBytes(StandardCharsets.UTF_8));
        assertThat(answers).allSatisfy(answer -> assertThat(answer).isCompletedWithValue(Set.of("a.example")));
        assertThat(reads).hasValue(1);
    }

    @Test
    void aWebAddressIsDownloadedAndRedirectsAreFollowed() throws IOException {
        var status = new AtomicInteger(200);
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/list", exchange -> {
            byte[] body = (status.get() == 200 ? "a.example\n" : "b.example").getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(status.get(), body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.createContext("/moved", exchange -> {
            exchange.getResponseHeaders().set("Location", "/list");
            exchange.sendResponseHeaders(302, -1);
            exchange.close();
        });
        server.createContext("/large", exchange -> {
            exchange.sendResponseHeaders(200, 0);
            try (var out = exchange.getResponseBody()) {
                byte[] line = "a.example\n".repeat(10_000).getBytes(StandardCharsets.UTF_8);
                for (int sent = 0; sent <= ListSource.MAX_BYTES; sent += line.length) {
                    out.write(line);
                }
            } catch (IOException e) {
                // the reader has had enough
            }
        });
        server.start();
        try {
            URI root = URI.create("http://127.0.0.1:" + server.getAddress().getPort());
            DomainList list = DomainList.url(root.resolve("/moved?key=secret"), HOUR, clock);
            assertThat(list.contains("a.example")).isTrue();
            status.set(503);
            clock.advance(HOUR);
            assertThat(list.contains("a.example")).isTrue();
            assertThat(list.contains("b.example")).isFalse();
            assertThatThrownBy(() -> DomainList.url(root.resolve("/list?key=secret"), HOUR, clock)
                            .contains("b.example"))
                    .isInstanceOf(DomainListUnavailable.class)
                    .hasRootCauseMessage("the answer must have status 200, had 503")
                    .hasMessageNotContaining("secret");
            assertThatThrownBy(() ->
                            DomainList.url(root.resolve("/large"), HOUR, clock).contains("a.example"))
                    .isInstanceOf(DomainListUnavailable.class)
                    .hasRootCauseMessage("a domain list must have at most 16777216 bytes");
        } finally {
            server.stop(0);
        }
        assertThatThrownBy(() -> DomainList.url(
                                URI.create("http://127.0.0.1:"
                                        + server.getAddress().getPort()),
                                HOUR,
                                clock)
                        .contains("a.example"))
                .isInstanceOf(DomainListUnavailable.class);
    }

    @Test
    void onlyTheWebAndSensibleIntervalsAreAccepted() {
        for (String uri : List.of("file:///etc/hosts", "ftp://example.com/list", "list.txt", "http:list")) {
            assertThatIllegalArgumentException().isThrownBy(() -> DomainList.url(URI.create(uri), HOUR, clock));
        }
        for (Duration interval : List.of(Duration.ZERO, Duration.ofSeconds(-1), Duration.ofDays(366))) {
            assertThatIllegalArgumentException().isThrownBy(() -> DomainList.file(Path.of("list"), interval, clock));
        }
    }

    @Test
    void thePublishedListsReadAsExpected() {
        String data = System.getProperty("plg.data");
        assumeTrue(data != null, "no -Dplg.data: the published lists are not checked");
        Path directory = Path.of(data, "email-domains");
        DomainList disposable = DomainList.file(directory.resolve("disposable_email_blocklist.conf"), HOUR, clock);
        DomainList free = DomainList.file(directory.resolve("free-email-domains.json"), HOUR, clock);
        var expected = (java.util.Map<?, ?>)
                ((java.util.Map<?, ?>) io.plg.internal.Json.readAny(readString(Path.of(data, "expected.json"))))
                        .get("disposable-domains");
        ((java.util.Map<?, ?>) expected.get("contains")).forEach((domain, lists) -> {
            assertThat(List.of(disposable.contains((String) domain), free.contains((String) domain)))
                    .as("%s", domain)
                    .isEqualTo(lists);
        });
        assertThat(disposable.contains((String) expected.get("longest"))).isTrue();
        Set<String> disposables =
                ((RefreshedDomains) disposable).latest().toCompletableFuture().join();
        Set<String> frees =
                ((RefreshedDomains) free).latest().toCompletableFuture().join();
        assertThat(disposables).hasSize(((Number) expected.get("disposable")).intValue());
        assertThat(frees).hasSize(((Number) expected.get("free_unique")).intValue());
        assertThat(disposables.stream().filter(frees::contains)).hasSize(((Number) expected.get("in_both")).intValue());
    }

    private static String readString(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
