package io.plg.internal;

import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;

/** A path on the host's own site, whatever a browser makes of it. */
public final class SafePath {
    private static final int MOST = 2_000;
    private static final Pattern PLAIN = Pattern.compile("/(?![/\\\\])[\\x21-\\x7e&&[^\\\\]]*");

    private SafePath() {}

    /**
     * Tells whether a browser that is sent there stays on the site.
     *
     * @param path what is to follow the site's name
     * @return {@code true} for a path that begins with one slash and is not read differently by anybody
     */
    public static boolean isSafe(String path) {
        if (path.length() > MOST || !PLAIN.matcher(path).matches()) {
            return false;
        }
        try {
            URI uri = new URI(path);
            if (uri.isAbsolute()
                    || uri.getRawAuthority() != null
                    || uri.getRawPath().startsWith("//")) {
                return false;
            }
            String directory = uri.getRawPath();
            for (int i = 0; i < 3; i++) {
                String decoded = URLDecoder.decode(directory.replace("+", "%2B"), StandardCharsets.UTF_8);
                if (decoded.startsWith("//")
                        || decoded.indexOf('\\') >= 0
                        || decoded.chars().anyMatch(c -> c < ' ' || c == 0x7f)
                        || URI.create("http://site.invalid/").resolve(path).getHost() == null
                        || !"site.invalid"
                                .equals(URI.create("http://site.invalid/")
                                        .resolve(path)
                                        .getHost())) {
                    return false;
                }
                if (decoded.equals(directory)) {
                    break;
                }
                directory = decoded;
            }
            // "/.//host" and "/x/..//host" become "//host" when a browser takes the dots out.
            return !uri.normalize().toString().startsWith("//") && !directory.matches("(?s).*/\\.{0,2}/+/.*|.*//.*");
        } catch (URISyntaxException | IllegalArgumentException e) {
            return false;
        }
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
                    "next must be a path on the site, such as /welcome: one slash first, no host, no backslash, no double slash, percent-encoded, at most "
                            + MOST + " characters; was \"" + path + "\"");
        }
        return path;
    }
}
