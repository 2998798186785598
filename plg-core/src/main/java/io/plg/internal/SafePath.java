package io.plg.internal;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.text.Normalizer;
import java.util.regex.Pattern;

/** A path on the host's own site, whatever a browser makes of it. */
public final class SafePath {
    private static final int MOST = 2_000;
    private static final int MOST_DECODED = 5;

    // What RFC 3986 allows in a path, a query and a fragment, and nothing else: no backslash, no space, no control
    // character.
    private static final String CHARACTER = "[A-Za-z0-9\\-._~!$&'()*+,;=:@/]|%[0-9A-Fa-f]{2}";
    private static final Pattern PATH =
            Pattern.compile("(/(?:" + CHARACTER + ")*+)(?:[?#](?:" + CHARACTER + "|[?#\\[\\]])*+)?");

    // A segment that is empty or made of dots, before parameters that some servers cut off; only the last one may be
    // empty.
    private static final Pattern ODD_SEGMENT =
            Pattern.compile("/(?:\\.{0,2})(?:;[^/]*)?/|/\\.{1,2}(?:;[^/]*)?$|/;[^/]*$");

    private static final Pattern LONE_PERCENT = Pattern.compile("%(?![0-9A-Fa-f]{2})");

    private SafePath() {}

    /**
     * Tells whether a browser that is sent there stays on the site.
     *
     * @param path what is to follow the site's name
     * @return {@code true} for a path that begins with one slash and is not read differently by anybody
     */
    public static boolean isSafe(String path) {
        if (path.length() > MOST) {
            return false;
        }
        var parts = PATH.matcher(path);
        if (!parts.matches()) {
            return false;
        }
        // Proxies and servers decode, some of them more than once; what any of them may see has to be as plain.
        String seen = parts.group(1);
        for (int i = 0; i < MOST_DECODED; i++) {
            if (!isPlain(seen)) {
                return false;
            }
            String escaped = LONE_PERCENT.matcher(seen).replaceAll("%25").replace("+", "%2B");
            String next =
                    Normalizer.normalize(URLDecoder.decode(escaped, StandardCharsets.UTF_8), Normalizer.Form.NFKC);
            if (next.equals(seen)) {
                return true;
            }
            seen = next;
        }
        return false;
    }

    private static boolean isPlain(String path) {
        return path.startsWith("/")
                && path.indexOf('\\') < 0
                && path.chars().noneMatch(Character::isISOControl)
                && !ODD_SEGMENT.matcher(path).find();
    }

    /**
     * Returns a path if it is one.
     *
     * @param path what is to be one
     * @return the path
     * @throws IllegalArgumentException if it is not
     */
    public static String require(String path) {
        if (!isSafe(path)) {
            throw new IllegalArgumentException(
                    "next must be a path on the site, such as /welcome: one slash first, no host, no backslash, no double slash, no dots as a segment, percent-encoded, at most "
                            + MOST + " characters; was \"" + path + "\"");
        }
        return path;
    }
}
