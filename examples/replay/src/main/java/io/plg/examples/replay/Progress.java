package io.plg.examples.replay;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.concurrent.TimeUnit;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import org.jspecify.annotations.Nullable;

/** How much of the files has been read: a bar on the terminal once it takes longer than a second, and nothing elsewhere. */
final class Progress implements AutoCloseable {
    private static final long PATIENCE = TimeUnit.SECONDS.toNanos(1);

    private final boolean visible;
    private final long total;
    private final long start = System.nanoTime();
    private long done;
    private @Nullable ProgressBar bar;

    private Progress(boolean visible, long total) {
        this.visible = visible;
        this.total = total;
    }

    static Progress over(Collection<Path> files, boolean visible) {
        return new Progress(
                visible,
                files.stream().mapToLong(file -> file.toFile().length()).sum());
    }

    /** Whether the standard error stream is a terminal; Java itself only knows about input and output together. */
    static boolean onTerminal() {
        Path stderr = Path.of("/proc/self/fd/2");
        try {
            if (Files.isSymbolicLink(stderr)) {
                String target = Files.readSymbolicLink(stderr).toString();
                return target.startsWith("/dev/pts/") || target.startsWith("/dev/tty");
            }
        } catch (IOException e) {
            return false;
        }
        return System.console() != null;
    }

    InputStream watch(InputStream in) {
        return new FilterInputStream(in) {
            @Override
            public int read() throws IOException {
                int read = super.read();
                advance(read < 0 ? 0 : 1);
                return read;
            }

            @Override
            public int read(byte[] bytes, int offset, int length) throws IOException {
                int read = super.read(bytes, offset, length);
                advance(Math.max(0, read));
                return read;
            }
        };
    }

    private void advance(int bytes) {
        done += bytes;
        if (!visible) {
            return;
        }
        if (bar == null && System.nanoTime() - start > PATIENCE) {
            bar = new ProgressBarBuilder()
                    .setTaskName("reading")
                    .setInitialMax(total)
                    .setUnit(" MB", 1 << 20)
                    .setUpdateIntervalMillis(100)
                    .clearDisplayOnFinish()
                    .build();
        }
        if (bar != null) {
            bar.stepTo(done);
        }
    }

    @Override
    public void close() {
        if (bar != null) {
            bar.close();
        }
    }
}
