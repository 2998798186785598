package io.plg.benchmarks;

import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulRedisConnection;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import redis.embedded.RedisServer;

/**
 * A Redis server of our own on the loopback interface, and one connection to it that all threads share, as Lettuce recommends. It keeps
 * nothing on disk, which is the fastest that it can be.
 */
final class RedisProcess implements AutoCloseable {
    private static final String HOST = "127.0.0.1";

    private final RedisServer server;
    private final RedisClient client;
    private final StatefulRedisConnection<String, String> connection;

    private RedisProcess(RedisServer server, RedisClient client, StatefulRedisConnection<String, String> connection) {
        this.server = server;
        this.client = client;
        this.connection = connection;
    }

    static RedisProcess start() throws IOException {
        int port = freePort();
        RedisServer server = RedisServer.newRedisServer()
                .port(port)
                .bind(HOST)
                .setting("save \"\"")
                .setting("appendonly no")
                .build();
        server.start();
        RedisClient client = RedisClient.create(RedisURI.create(HOST, port));
        try {
            return new RedisProcess(server, client, client.connect());
        } catch (RuntimeException e) {
            client.shutdown();
            server.stop();
            throw e;
        }
    }

    StatefulRedisConnection<String, String> connection() {
        return connection;
    }

    String version() {
        return connection
                .sync()
                .info("server")
                .lines()
                .filter(line -> line.startsWith("redis_version:"))
                .map(line -> "Redis " + line.substring(line.indexOf(':') + 1))
                .findFirst()
                .orElse("Redis of unknown version");
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByName(HOST))) {
            return socket.getLocalPort();
        }
    }

    @Override
    public void close() throws IOException {
        connection.close();
        client.shutdown();
        server.stop();
    }
}
