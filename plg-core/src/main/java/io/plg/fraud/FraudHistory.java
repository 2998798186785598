package io.plg.fraud;

/**
 * The facts about a referral that the store found in one look, before anything was written. Devices and network addresses are compared by their keyed
 * hashes; what is not known about somebody equals nothing, so it is {@code false} or 0 here.
 *
 * @param sameUser whether referrer and newcomer are one user
 * @param sameEmail whether their e-mail addresses are {@linkplain EmailAddress#canonical() canonically} equal
 * @param sameDevice whether they were seen on one device
 * @param sameIp whether they were seen on one network address
 * @param sameDomain whether their e-mail addresses are at one domain
 * @param accountsOnDevice how many others in this workspace are bound with the newcomer's device
 * @param accountsOnIp how many others in this workspace are bound with the newcomer's network address
 * @param byReferrerLastHour how many the referrer brought in the last hour, without this one
 * @param byReferrerLastDay how many the referrer brought in the last 24 hours, without this one
 * @param byDeviceLastDay how many were bound with the newcomer's device in the last 24 hours, without this one
 * @param chainOnDevice how many of the referrer, the referrer's ancestors (16 generations at most) and the referrer's other invitees have the newcomer's device
 * @param chainOnIp how many of the same people have the newcomer's network address
 */
public record FraudHistory(
        boolean sameUser,
        boolean sameEmail,
        boolean sameDevice,
        boolean sameIp,
        boolean sameDomain,
        long accountsOnDevice,
        long accountsOnIp,
        long byReferrerLastHour,
        long byReferrerLastDay,
        long byDeviceLastDay,
        long chainOnDevice,
        long chainOnIp) {
    private static final FraudHistory NONE = builder().build();

    /**
     * Checks the counts.
     *
     * @throws IllegalArgumentException if one is negative
     */
    public FraudHistory {
        notNegative("accountsOnDevice", accountsOnDevice);
        notNegative("accountsOnIp", accountsOnIp);
        notNegative("byReferrerLastHour", byReferrerLastHour);
        notNegative("byReferrerLastDay", byReferrerLastDay);
        notNegative("byDeviceLastDay", byDeviceLastDay);
        notNegative("chainOnDevice", chainOnDevice);
        notNegative("chainOnIp", chainOnIp);
    }

    /**
     * Returns the history of somebody about whom nothing is known.
     *
     * @return all {@code false} and 0
     */
    public static FraudHistory none() {
        return NONE;
    }

    /**
     * Returns a builder that starts with {@link #none()}.
     *
     * @return the builder
     */
    public static Builder builder() {
        return new Builder();
    }

    private static long notNegative(String field, long value) {
        if (value < 0) {
            throw new IllegalArgumentException(field + " must not be negative, was " + value);
        }
        return value;
    }

    /** Collects the facts. Not for use by several threads. */
    public static final class Builder {
        private boolean sameUser;
        private boolean sameEmail;
        private boolean sameDevice;
        private boolean sameIp;
        private boolean sameDomain;
        private long accountsOnDevice;
        private long accountsOnIp;
        private long byReferrerLastHour;
        private long byReferrerLastDay;
        private long byDeviceLastDay;
        private long chainOnDevice;
        private long chainOnIp;

        private Builder() {}

        /**
         * Says whether referrer and newcomer are one user.
         *
         * @param sameUser whether it is so
         * @return this
         */
        public Builder sameUser(boolean sameUser) {
            this.sameUser = sameUser;
            return this;
        }

        /**
         * Says whether their e-mail addresses are {@linkplain EmailAddress#canonical() canonically} equal.
         *
         * @param sameEmail whether it is so
         * @return this
         */
        public Builder sameEmail(boolean sameEmail) {
            this.sameEmail = sameEmail;
            return this;
        }

        /**
         * Says whether they were seen on one device.
         *
         * @param sameDevice whether it is so
         * @return this
         */
        public Builder sameDevice(boolean sameDevice) {
            this.sameDevice = sameDevice;
            return this;
        }

        /**
         * Says whether they were seen on one network address.
         *
         * @param sameIp whether it is so
         * @return this
         */
        public Builder sameIp(boolean sameIp) {
            this.sameIp = sameIp;
            return this;
        }

        /**
         * Says whether their e-mail addresses are at one domain.
         *
         * @param sameDomain whether it is so
         * @return this
         */
        public Builder sameDomain(boolean sameDomain) {
            this.sameDomain = sameDomain;
            return this;
        }

        /**
         * Says how many others in this workspace are bound with the newcomer's device.
         *
         * @param count how many
         * @return this
         * @throws IllegalArgumentException if it is negative
         */
        public Builder accountsOnDevice(long count) {
            this.accountsOnDevice = notNegative("accountsOnDevice", count);
            return this;
        }

        /**
         * Says how many others in this workspace are bound with the newcomer's network address.
         *
         * @param count how many
         * @return this
         * @throws IllegalArgumentException if it is negative
         */
        public Builder accountsOnIp(long count) {
            this.accountsOnIp = notNegative("accountsOnIp", count);
            return this;
        }

        /**
         * Says how many the referrer brought in the last hour, without this one.
         *
         * @param count how many
         * @return this
         * @throws IllegalArgumentException if it is negative
         */
        public Builder byReferrerLastHour(long count) {
            this.byReferrerLastHour = notNegative("byReferrerLastHour", count);
            return this;
        }

        /**
         * Says how many the referrer brought in the last 24 hours, without this one.
         *
         * @param count how many
         * @return this
         * @throws IllegalArgumentException if it is negative
         */
        public Builder byReferrerLastDay(long count) {
            this.byReferrerLastDay = notNegative("byReferrerLastDay", count);
            return this;
        }

        /**
         * Says how many were bound with the newcomer's device in the last 24 hours, without this one.
         *
         * @param count how many
         * @return this
         * @throws IllegalArgumentException if it is negative
         */
        public Builder byDeviceLastDay(long count) {
            this.byDeviceLastDay = notNegative("byDeviceLastDay", count);
            return this;
        }

        /**
         * Says how many of the referrer, the referrer's ancestors (16 generations at most) and the referrer's other invitees have the newcomer's device.
         *
         * @param count how many
         * @return this
         * @throws IllegalArgumentException if it is negative
         */
        public Builder chainOnDevice(long count) {
            this.chainOnDevice = notNegative("chainOnDevice", count);
            return this;
        }

        /**
         * Says how many of the same people have the newcomer's network address.
         *
         * @param count how many
         * @return this
         * @throws IllegalArgumentException if it is negative
         */
        public Builder chainOnIp(long count) {
            this.chainOnIp = notNegative("chainOnIp", count);
            return this;
        }

        /**
         * Returns the facts.
         *
         * @return the history
         */
        public FraudHistory build() {
            return new FraudHistory(
                    sameUser,
                    sameEmail,
                    sameDevice,
                    sameIp,
                    sameDomain,
                    accountsOnDevice,
                    accountsOnIp,
                    byReferrerLastHour,
                    byReferrerLastDay,
                    byDeviceLastDay,
                    chainOnDevice,
                    chainOnIp);
        }
    }
}
