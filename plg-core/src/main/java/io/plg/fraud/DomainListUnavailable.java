package io.plg.fraud;

import io.plg.PlgException;
import org.jspecify.annotations.Nullable;

/** A {@link DomainList} could not be read, and it never could before. It may be there the next time. */
public final class DomainListUnavailable extends PlgException {
    private static final long serialVersionUID = 1L;

    private final String list;

    /**
     * Creates the error.
     *
     * @param list where the list should be
     * @param cause why it could not be read, or {@code null} if that is not known
     */
    public DomainListUnavailable(String list, @Nullable Throwable cause) {
        super(
                "the domain list " + list + " could not be read, and there is no earlier one; check that it is there",
                cause);
        this.list = list;
    }

    /**
     * Returns where the list should be.
     *
     * @return the file, or the address without user and query
     */
    public String list() {
        return list;
    }

    @Override
    public boolean isRetryable() {
        return true;
    }
}
