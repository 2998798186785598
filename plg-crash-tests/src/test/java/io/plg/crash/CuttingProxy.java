package io.plg.crash;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Stands between a client and PostgreSQL and understands as much of their protocol as it takes to cut a connection at a commit, or at a statement that commits by
 * itself: before the server has heard of it, or after it has said that it is done, which the client then does not hear.
 */
final class CuttingProxy implements AutoCloseable {
    private static final String COMMIT = "commit";

    private final ServerSocket listening;
    private final Set<Closeable> open = ConcurrentHashMap.newKeySet();
    private final AtomicReference<Cut> next = new AtomicReference<>();
    private volatile String statement = COMMIT;
    private volatile boolean committed;

    CuttingProxy() throws IOException {
        listening = new ServerSocket(0, 50, InetAddress.getByName("localhost"));
        run(listening, this::accept);
    }

    /** Where a connection is cut. */
    enum Cut {
        BEFORE_COMMIT,
        AFTER_COMMIT
    }

    int port() {
        return listening.getLocalPort();
    }

    /** The connection on which the next commit comes is cut there. */
    void cutNextCommit(Cut where) {
        cutNext(COMMIT, where);
    }

    /** The connection on which the next statement with this text comes, which commits by itself, is cut there. */
    void cutNextAlone(String text, Cut where) {
        cutNext(text, where);
    }

    private void cutNext(String text, Cut where) {
        committed = false;
        statement = text;
        next.set(where);
    }

    /** Whether there was a cut, and the server had said before it that the transaction is committed. */
    boolean cutAfterCommit() {
        return next.get() == null && committed;
    }

    boolean hasCut() {
        return next.get() == null;
    }

    @Override
    public void close() throws IOException {
        listening.close();
        for (Closeable each : open) {
            each.close();
        }
    }

    private void accept() throws IOException {
        while (true) {
            var link = new Link(listening.accept());
            open.add(link);
            run(link, link::up);
            run(link, link::down);
        }
    }

    private final class Link implements Closeable {
        private final Socket client;
        private final Socket server;
        private final Map<String, String> prepared = new ConcurrentHashMap<>();
        private volatile boolean swallowing;
        private boolean failed;

        Link(Socket client) throws IOException {
            this.client = client;
            this.server = new Socket("localhost", CrashServer.port());
            client.setTcpNoDelay(true);
            server.setTcpNoDelay(true);
        }

        /** From the client to the server. */
        void up() throws IOException {
            var in = new DataInputStream(new BufferedInputStream(client.getInputStream()));
            var out = new DataOutputStream(new BufferedOutputStream(server.getOutputStream()));
            byte[] startup = new byte[in.readInt() - 4];
            in.readFully(startup);
            out.writeInt(startup.length + 4);
            out.write(startup);
            out.flush();
            while (true) {
                int type = in.readUnsignedByte();
                byte[] body = new byte[in.readInt() - 4];
                in.readFully(body);
                if (isCommit(type, body)) {
                    Cut cut = next.getAndSet(null);
                    if (cut == Cut.BEFORE_COMMIT) {
                        close();
                        return;
                    }
                    swallowing = cut != null;
                }
                write(out, type, body);
                if (in.available() == 0) {
                    out.flush();
                }
            }
        }

        /** From the server to the client. */
        void down() throws IOException {
            var in = new DataInputStream(new BufferedInputStream(server.getInputStream()));
            var out = new DataOutputStream(new BufferedOutputStream(client.getOutputStream()));
            while (true) {
                int type = in.readUnsignedByte();
                byte[] body = new byte[in.readInt() - 4];
                in.readFully(body);
                if (!swallowing) {
                    write(out, type, body);
                    if (in.available() == 0) {
                        out.flush();
                    }
                } else if (type == 'E') {
                    failed = true;
                } else if (type == 'Z') { // it is ready for the next, so what it has answered is done
                    committed = !failed && body[0] == 'I';
                    close();
                    return;
                }
            }
        }

        /** Whether a message asks for what is cut: as text, or as a statement that was prepared before. */
        private boolean isCommit(int type, byte[] body) {
            switch (type) {
                case 'Q' -> {
                    return isMeant(text(body, 0));
                }
                case 'P' -> {
                    String name = text(body, 0);
                    prepared.put(name, text(body, name.length() + 1));
                    return false;
                }
                case 'B' -> {
                    return isMeant(prepared.getOrDefault(
                            text(body, text(body, 0).length() + 1), ""));
                }
                default -> {
                    return false;
                }
            }
        }

        private boolean isMeant(String text) {
            String meant = statement;
            String said = text.strip().toLowerCase(Locale.ROOT);
            return meant.equals(COMMIT) ? said.equals(COMMIT) : said.contains(meant);
        }

        @Override
        public void close() throws IOException {
            open.remove(this);
            client.close();
            server.close();
        }
    }

    private static void write(DataOutputStream out, int type, byte[] body) throws IOException {
        out.writeByte(type);
        out.writeInt(body.length + 4);
        out.write(body);
    }

    /** Up to the next zero. */
    private static String text(byte[] body, int from) {
        var text = new ByteArrayOutputStream();
        for (int i = from; i < body.length && body[i] != 0; i++) {
            text.write(body[i]);
        }
        return text.toString(StandardCharsets.ISO_8859_1);
    }

    /** If one direction has ended, the other has too. */
    private static void run(Closeable closed, Work work) {
        var thread = new Thread(() -> {
            try (closed) {
                work.run();
            } catch (IOException e) {
                // It was cut, or one of the two has gone.
            }
        });
        thread.setDaemon(true);
        thread.start();
    }

    private interface Work {
        void run() throws IOException;
    }
}
