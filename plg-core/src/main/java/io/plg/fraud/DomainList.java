package io.plg.fraud;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Collection;
import java.util.HashSet;
import java.util.Objects;
import java.util.Set;

/**
 * A set of domains that have something in common: throw-away hosts, free-mail hosts, the companies of a programme.
 *
 * <p>Domains are compared whole (a subdomain of a listed domain is another domain), without case, and international names equal their A-labels, by the
 * rules of {@link java.net.IDN}. Safe for use by many threads, and so must be every implementation.
 *
 * <p>The text of a list is UTF-8 of at most 16 MiB: one domain on each line, or a JSON array of strings. Spaces, blank lines, what follows a
 * {@code #}, a byte order mark, and a leading {@code *.} or {@code @} are ignored. A line that is no domain is skipped; how many there were, and the first, is logged
 * once. A text without any domain counts as unreadable.
 */
@FunctionalInterface
public interface DomainList {

    /**
     * Tells whether the domain is in the list.
     *
     * @param domain a domain; what is none is in no list
     * @return whether it is listed
     * @throws DomainListUnavailable if the list could not be read and never could before
     */
    boolean contains(String domain);

    /**
     * Returns a list of the given domains.
     *
     * @param domains the domains; a leading {@code *.} or {@code @} is ignored
     * @return the list; it does not change
     * @throws IllegalArgumentException if one of them is not a domain with a dot
     */
    static DomainList of(Collection<String> domains) {
        Set<String> set = new HashSet<>();
        for (String each : domains) {
            String domain = DomainText.entry(Objects.requireNonNull(each, "domain"));
            if (domain == null) {
                throw new IllegalArgumentException("domain must be a host name with a dot, was \"" + each + "\"");
            }
            set.add(domain);
        }
        return new FixedDomains(Set.copyOf(set));
    }

    /**
     * Returns the list in a file. It is read at the first question and again at the first question after each {@code refreshEvery}: whoever asks
     * that question waits for it, the others meanwhile get answers from the list as it was. If it cannot be read again, the last good list stays and a
     * warning is logged; the next attempt is after {@code refreshEvery} or a minute, whichever is less.
     *
     * @param path the file
     * @param refreshEvery how long the list is good, 1 second to 365 days
     * @param clock tells when that is over
     * @return the list
     * @throws IllegalArgumentException if the duration is out of that range
     */
    static DomainList file(Path path, Duration refreshEvery, InstantSource clock) {
        return new RefreshedDomains(path.toString(), new ListSource.OfFile(path), refreshEvery, clock);
    }

    /**
     * Returns the list at a web address. It is refreshed like a {@linkplain #file file}. Redirects are followed, but never from https to http. An answer
     * other than 200, one that takes longer than 10 seconds and one that is too large are failures.
     *
     * @param uri the address, http or https
     * @param refreshEvery how long the list is good, 1 second to 365 days
     * @param clock tells when that is over
     * @return the list
     * @throws IllegalArgumentException if it is another kind of address, has no host, or the duration is out of that range
     */
    static DomainList url(URI uri, Duration refreshEvery, InstantSource clock) {
        return new RefreshedDomains(ListSource.OfUrl.nameOf(uri), new ListSource.OfUrl(uri), refreshEvery, clock);
    }

    /**
     * Returns a small starter list of hosts of throw-away addresses. It knows the best-known ones only; there are maintained lists of many thousands
     * for {@link #url} and {@link #file}.
     *
     * @return the list
     */
    static DomainList disposable() {
        return FixedDomains.BuiltIn.DISPOSABLE;
    }

    /**
     * Returns a small starter list of hosts that give everybody an address for nothing.
     *
     * @return the list
     */
    static DomainList free() {
        return FixedDomains.BuiltIn.FREE;
    }
}
