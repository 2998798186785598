package io.plg.fraud;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Objects;
import java.util.Set;

/** Domains that do not change. */
record FixedDomains(Set<String> domains) implements DomainList {

    @Override
    public boolean contains(String domain) {
        String wanted = Domains.normalize(Objects.requireNonNull(domain, "domain"));
        return wanted != null && domains.contains(wanted);
    }

    @Override
    public String toString() {
        return domains.size() + " domains";
    }

    /** Read when first needed. */
    static final class BuiltIn {
        static final DomainList DISPOSABLE = read("disposable-domains.txt");
        static final DomainList FREE = read("free-domains.txt");

        private BuiltIn() {}

        private static DomainList read(String resource) {
            try (InputStream in = Objects.requireNonNull(FixedDomains.class.getResourceAsStream(resource), resource)) {
                return new FixedDomains(DomainText.read(in.readAllBytes()).domains());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
