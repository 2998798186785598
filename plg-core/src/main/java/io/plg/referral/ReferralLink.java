package io.plg.referral;

import io.plg.UserId;
import io.plg.internal.SafePath;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.Optional;

/**
 * By what a user refers others: a code, and a link with it if the program says where links lead.
 *
 * @param program in which program
 * @param user whose
 * @param code 8 characters without those that look alike; case does not matter when it is entered
 * @param artefact what it shares; empty for nothing in particular
 * @param active whether people may still be referred by it
 * @param base where links of the program lead
 */
public record ReferralLink(
        String program, UserId user, String code, Optional<String> artefact, boolean active, Optional<URI> base) {

    /** Checks that nothing is null. */
    public ReferralLink {
        Objects.requireNonNull(program, "program");
        Objects.requireNonNull(user, "user");
        Objects.requireNonNull(code, "code");
        Objects.requireNonNull(artefact, "artefact");
        Objects.requireNonNull(base, "base");
    }

    /**
     * Returns the link to hand on.
     *
     * @return the program's link with {@code ref=} and the code
     * @throws IllegalStateException if the program does not say where its links lead
     */
    public URI uri() {
        return link("");
    }

    /**
     * Returns the link to hand on, which leads on to a page of the host.
     *
     * @param next a path on the host's own site, such as {@code /templates/42?tab=preview}
     * @return the program's link with {@code ref=} and {@code next=}
     * @throws IllegalArgumentException if it is anything else than a path, because it could lead visitors off the site
     * @throws IllegalStateException if the program does not say where its links lead
     */
    public URI uri(String next) {
        return link("&next=" + URLEncoder.encode(SafePath.require(next), StandardCharsets.UTF_8));
    }

    private URI link(String more) {
        URI to = base.orElseThrow(() -> new IllegalStateException("program \"" + program
                + "\" does not say where its links lead; say so with link(…) where it is described"));
        String text = to.toString();
        int fragment = text.indexOf('#');
        String before = fragment < 0 ? text : text.substring(0, fragment);
        String after = fragment < 0 ? "" : text.substring(fragment);
        return URI.create(before + (to.getRawQuery() == null ? "?" : "&") + "ref=" + code + more + after);
    }

    /**
     * Returns where to send a visitor who brings {@code next=} along: the value if it is a path on the host's own site, else the fallback. For pages that
     * redirect.
     *
     * @param next what the visitor brought, as the server decoded it; {@code null} for nothing
     * @param fallback where to go otherwise
     * @return a path that stays on the site
     */
    public static String safeNext(@org.jspecify.annotations.Nullable String next, String fallback) {
        return next != null && SafePath.isSafe(next) ? next : fallback;
    }
}
