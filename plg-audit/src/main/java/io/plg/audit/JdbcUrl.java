package io.plg.audit;

import java.io.PrintWriter;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.Properties;
import java.util.Set;
import java.util.logging.Logger;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** New connections to a JDBC URL, which may have a password in it. */
final class JdbcUrl implements DataSource {
    private static final Pattern SECRET = Pattern.compile("(?i)(?:password|pwd)=([^&;]*)|//[^/@:]*:([^/@]*)@");

    private final String url;
    private final @Nullable String user;
    private final @Nullable String password;

    JdbcUrl(String url, @Nullable String user, @Nullable String password) {
        this.url = url;
        this.user = user;
        this.password = password;
    }

    /** Drivers put the URL into their messages. */
    String withoutSecrets(String message) {
        Set<String> secrets = new LinkedHashSet<>();
        if (password != null) {
            secrets.add(password);
        }
        Matcher found = SECRET.matcher(url);
        while (found.find()) {
            String secret = found.group(1) == null ? found.group(2) : found.group(1);
            secrets.add(secret);
            secrets.add(decoded(secret));
        }
        String masked = message.replace(url, SECRET.matcher(url).replaceAll(JdbcUrl::masked));
        // The longest first, so that none is left half.
        for (String each : secrets.stream()
                .filter(each -> !each.isBlank())
                .sorted(Comparator.comparing(String::length).reversed())
                .toList()) {
            masked = masked.replace(each, "…");
        }
        return masked;
    }

    private static String masked(MatchResult found) {
        int group = found.group(1) == null ? 2 : 1;
        String whole = found.group();
        int from = found.start(group) - found.start();
        int to = found.end(group) - found.start();
        return Matcher.quoteReplacement(whole.substring(0, from) + "…" + whole.substring(to));
    }

    private static String decoded(String text) {
        try {
            return URLDecoder.decode(text, StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            return text;
        }
    }

    @Override
    public Connection getConnection() throws SQLException {
        var properties = new Properties();
        if (user != null) {
            properties.setProperty("user", user);
        }
        if (password != null) {
            properties.setProperty("password", password);
        }
        return DriverManager.getConnection(url, properties);
    }

    @Override
    public Connection getConnection(String username, String password) throws SQLException {
        return new JdbcUrl(url, username, password).getConnection();
    }

    @Override
    public @Nullable PrintWriter getLogWriter() {
        return null;
    }

    @Override
    public void setLogWriter(@Nullable PrintWriter out) {}

    @Override
    public void setLoginTimeout(int seconds) throws SQLException {
        throw new SQLFeatureNotSupportedException("the URL says how long to wait");
    }

    @Override
    public int getLoginTimeout() {
        return 0;
    }

    @Override
    public Logger getParentLogger() throws SQLFeatureNotSupportedException {
        throw new SQLFeatureNotSupportedException("there is no logger");
    }

    @Override
    public <T> T unwrap(Class<T> type) throws SQLException {
        throw new SQLException("not a wrapper for " + type);
    }

    @Override
    public boolean isWrapperFor(Class<?> type) {
        return false;
    }
}
