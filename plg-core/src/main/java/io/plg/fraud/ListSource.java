package io.plg.fraud;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Where the text of a list comes from. Reading it never keeps the caller. */
@FunctionalInterface
interface ListSource {
    int MAX_BYTES = 16 << 20;

    CompletableFuture<byte[]> read();

    private static IOException tooLarge() {
        return new IOException("a domain list must have at most " + MAX_BYTES + " bytes");
    }

    record OfFile(Path path) implements ListSource {
        public OfFile {
            Objects.requireNonNull(path, "path");
        }

        @Override
        public CompletableFuture<byte[]> read() {
            return CompletableFuture.supplyAsync(() -> {
                try (InputStream in = Files.newInputStream(path)) {
                    byte[] bytes = in.readNBytes(MAX_BYTES + 1);
                    if (bytes.length > MAX_BYTES) {
                        throw tooLarge();
                    }
                    return bytes;
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        }
    }

    record OfUrl(URI uri) implements ListSource {
        private static final Duration LONGEST = Duration.ofSeconds(10);

        public OfUrl {
            nameOf(uri);
        }

        /** The address without what may be secret. */
        static String nameOf(URI uri) {
            String scheme = uri.getScheme() == null ? "" : uri.getScheme().toLowerCase(Locale.ROOT);
            if (!scheme.equals("http") && !scheme.equals("https")) {
                throw new IllegalArgumentException("uri must be http or https, was \"" + scheme + "\"");
            }
            if (uri.getHost() == null) {
                throw new IllegalArgumentException("uri must have a host, has none");
            }
            return scheme + "://" + uri.getHost() + (uri.getPort() < 0 ? "" : ":" + uri.getPort()) + uri.getRawPath();
        }

        @Override
        public CompletableFuture<byte[]> read() {
            CompletableFuture<HttpResponse<byte[]>> answer = Client.SHARED.sendAsync(
                    HttpRequest.newBuilder(uri).timeout(LONGEST).build(), head -> new Limited(head.statusCode()));
            // The request's own timeout ends with the head of the answer.
            return answer.thenApply(HttpResponse::body)
                    .orTimeout(LONGEST.toMillis(), TimeUnit.MILLISECONDS)
                    .whenComplete((body, failure) -> answer.cancel(true));
        }
    }

    /** Made when the first list is downloaded. */
    final class Client {
        static final HttpClient SHARED = HttpClient.newBuilder()
                .followRedirects(HttpClient.Redirect.NORMAL)
                .connectTimeout(Duration.ofSeconds(5))
                .build();

        private Client() {}
    }

    /** A body of status 200 that is not too large. */
    final class Limited implements HttpResponse.BodySubscriber<byte[]> {
        private final int status;
        private final CompletableFuture<byte[]> body = new CompletableFuture<>();
        private byte[] bytes = new byte[1 << 14];
        private int length;
        private Flow.@Nullable Subscription subscription;

        Limited(int status) {
            this.status = status;
        }

        @Override
        public CompletionStage<byte[]> getBody() {
            return body;
        }

        @Override
        public void onSubscribe(Flow.Subscription subscription) {
            this.subscription = subscription;
            if (status == 200) {
                subscription.request(Long.MAX_VALUE);
            } else {
                fail(new IOException("the answer must have status 200, had " + status));
            }
        }

        @Override
        public void onNext(List<ByteBuffer> items) {
            for (ByteBuffer item : items) {
                int more = item.remaining();
                if (more > MAX_BYTES - length) {
                    fail(tooLarge());
                    return;
                }
                if (more > bytes.length - length) {
                    bytes = Arrays.copyOf(bytes, Math.min(MAX_BYTES, Math.max(2 * bytes.length, length + more)));
                }
                item.get(bytes, length, more);
                length += more;
            }
        }

        @Override
        public void onError(Throwable failure) {
            body.completeExceptionally(failure);
        }

        @Override
        public void onComplete() {
            body.complete(Arrays.copyOf(bytes, length));
        }

        private void fail(IOException failure) {
            if (subscription != null) {
                subscription.cancel();
            }
            body.completeExceptionally(failure);
        }
    }
}
