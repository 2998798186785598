package io.plg.audit;

import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** The policies, other than the canonical one, that the audited role comes under when functions and views lend it the rights of their owners. */
record Lent(List<Catalog.Opened> opened) {
    Lent {
        opened = List.copyOf(opened);
    }

    /** The names of those of one table. */
    Set<String> policies(long table) {
        return opened.stream()
                .filter(each -> each.table() == table)
                .map(Catalog.Opened::policy)
                .collect(Collectors.toSet());
    }

    /** Whether an owner comes under one, of whichever table. */
    boolean reads(long owner) {
        return opened.stream().anyMatch(each -> each.role() == owner);
    }

    boolean reads(long owner, Collection<Long> tables) {
        return opened.stream().anyMatch(each -> each.role() == owner && tables.contains(each.table()));
    }
}
