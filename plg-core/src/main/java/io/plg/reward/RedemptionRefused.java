package io.plg.reward;

import io.plg.PlgException;

/** A reward was not given. */
public final class RedemptionRefused extends PlgException {
    private static final long serialVersionUID = 1L;

    private final transient Redemption redemption;

    RedemptionRefused(Redemption redemption) {
        super(redemption.message());
        this.redemption = redemption;
    }

    /**
     * Returns why.
     *
     * @return what came of redeeming it
     */
    public Redemption redemption() {
        return redemption;
    }
}
