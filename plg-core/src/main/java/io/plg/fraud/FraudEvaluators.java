package io.plg.fraud;

import io.plg.fraud.FraudSignal.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * The evaluators that come with plg. They ask nobody but the case and their lists. One whose list is being read for the first time answers when it is there.
 */
public final class FraudEvaluators {
    private FraudEvaluators() {}

    /**
     * Notices that referrer and newcomer are one person: the same user, canonically equal e-mail addresses, or one device. Named {@code self-referral}.
     *
     * @return the evaluator of {@link Kind#SELF_REFERRAL}
     */
    public static FraudEvaluator selfReferral() {
        return one("self-referral", Kind.SELF_REFERRAL, fraudCase -> {
            FraudHistory history = fraudCase.history();
            List<String> same = new ArrayList<>();
            if (history.sameUser() || fraudCase.referrer().equals(fraudCase.newcomer())) {
                same.add("are one user");
            }
            if (history.sameEmail()) {
                same.add("have one mailbox");
            }
            if (history.sameDevice()) {
                same.add("use one device");
            }
            return same.isEmpty()
                    ? Optional.empty()
                    : Optional.of("referrer and newcomer " + String.join(" and ", same));
        });
    }

    /**
     * Notices that what the newcomer gave is no e-mail address. None at all is not noticed. Named {@code valid-email}.
     *
     * @return the evaluator of {@link Kind#INVALID_EMAIL}
     */
    public static FraudEvaluator validEmail() {
        return one(
                "valid-email",
                Kind.INVALID_EMAIL,
                fraudCase ->
                        fraudCase.email().isPresent() && fraudCase.address().isEmpty()
                                ? Optional.of("what was given as e-mail address is none")
                                : Optional.empty());
    }

    /**
     * Notices that the newcomer's e-mail address is at a host of throw-away addresses. Named {@code disposable-domain}.
     *
     * @param hosts the hosts
     * @return the evaluator of {@link Kind#DISPOSABLE_DOMAIN}
     */
    public static FraudEvaluator disposableDomain(DomainList hosts) {
        return listed("disposable-domain", Kind.DISPOSABLE_DOMAIN, hosts, "gives out throw-away addresses");
    }

    /**
     * Notices that the newcomer's e-mail address is at a host that gives everybody one. Named {@code free-domain}.
     *
     * @param hosts the hosts
     * @return the evaluator of {@link Kind#FREE_DOMAIN}
     */
    public static FraudEvaluator freeDomain(DomainList hosts) {
        return listed("free-domain", Kind.FREE_DOMAIN, hosts, "gives everybody an address for nothing");
    }

    /**
     * Notices that referrer and newcomer have e-mail addresses at one domain. Named {@code same-domain}.
     *
     * @param except domains that strangers share, such as {@link DomainList#free()}
     * @return the evaluator of {@link Kind#SAME_DOMAIN}
     */
    public static FraudEvaluator sameDomain(DomainList except) {
        Objects.requireNonNull(except, "except");
        return make("same-domain", fraudCase -> {
            if (!fraudCase.history().sameDomain()) {
                return nothing();
            }
            List<FraudSignal> noticed = List.of(new FraudSignal(
                    Kind.SAME_DOMAIN, "same-domain", "referrer and newcomer have e-mail addresses at one domain"));
            return fraudCase
                    .address()
                    .map(address ->
                            ready(except).thenApply(list -> isAt(address, list) ? List.<FraudSignal>of() : noticed))
                    .orElseGet(() -> CompletableFuture.completedFuture(noticed));
        });
    }

    /**
     * Notices that the newcomer's e-mail address is at none of the given domains, or that there is no valid one. Named {@code required-domains}.
     *
     * @param domains the domains that are right
     * @return the evaluator of {@link Kind#OTHER_DOMAIN}
     */
    public static FraudEvaluator requiredDomains(DomainList domains) {
        Objects.requireNonNull(domains, "domains");
        return make("required-domains", fraudCase -> {
            Optional<EmailAddress> address = fraudCase.address();
            if (address.isEmpty()) {
                return CompletableFuture.completedFuture(List.of(
                        new FraudSignal(Kind.OTHER_DOMAIN, "required-domains", "there is no valid e-mail address")));
            }
            return ready(domains)
                    .thenApply(list -> list.test(address.get().domain())
                            ? List.of()
                            : List.of(new FraudSignal(
                                    Kind.OTHER_DOMAIN,
                                    "required-domains",
                                    "the e-mail address is at none of the required domains")));
        });
    }

    /**
     * Notices more than so many other accounts on the newcomer's device. Named {@code shared-device}.
     *
     * @param max how many others may be there, 0 or more
     * @return the evaluator of {@link Kind#SHARED_DEVICE}
     * @throws IllegalArgumentException if the number is negative
     */
    public static FraudEvaluator sharedDevice(long max) {
        notNegative("max", max);
        return one(
                "shared-device",
                Kind.SHARED_DEVICE,
                fraudCase -> above(fraudCase.history().accountsOnDevice(), max, "other accounts on the device"));
    }

    /**
     * Notices more than so many other accounts on the newcomer's network address. Named {@code shared-ip}.
     *
     * @param max how many others may be there, 0 or more; an office or a mobile network has many
     * @return the evaluator of {@link Kind#SHARED_IP}
     * @throws IllegalArgumentException if the number is negative
     */
    public static FraudEvaluator sharedIp(long max) {
        notNegative("max", max);
        return one(
                "shared-ip",
                Kind.SHARED_IP,
                fraudCase -> above(fraudCase.history().accountsOnIp(), max, "other accounts on the network address")
                        .map(detail -> fraudCase.history().sameIp() ? detail + ", also the referrer's" : detail));
    }

    /**
     * Notices that the referrer brings too many in a short time. Named {@code inviter-velocity}.
     *
     * @param perHour how many may come within an hour, this one included, 1 or more
     * @param perDay how many may come within 24 hours, this one included, at least {@code perHour}
     * @return the evaluator of {@link Kind#INVITER_VELOCITY}; one signal for each of the two
     * @throws IllegalArgumentException if a number is out of its range
     */
    public static FraudEvaluator inviterVelocity(long perHour, long perDay) {
        positive("perHour", perHour);
        if (perDay < perHour) {
            throw new IllegalArgumentException(
                    "perDay must be at least perHour, which is " + perHour + ", was " + perDay);
        }
        return make("inviter-velocity", fraudCase -> {
            List<FraudSignal> noticed = new ArrayList<>();
            // The counts are without this one, so a full count is already too many.
            above(fraudCase.history().byReferrerLastHour(), perHour - 1, "earlier referrals in an hour")
                    .ifPresent(
                            detail -> noticed.add(new FraudSignal(Kind.INVITER_VELOCITY, "inviter-velocity", detail)));
            above(fraudCase.history().byReferrerLastDay(), perDay - 1, "earlier referrals in a day")
                    .ifPresent(
                            detail -> noticed.add(new FraudSignal(Kind.INVITER_VELOCITY, "inviter-velocity", detail)));
            return CompletableFuture.completedFuture(noticed);
        });
    }

    /**
     * Notices too many newcomers in a short time on one device. Named {@code device-velocity}.
     *
     * @param perDay how many may come within 24 hours, this one included, 1 or more
     * @return the evaluator of {@link Kind#DEVICE_VELOCITY}
     * @throws IllegalArgumentException if the number is not positive
     */
    public static FraudEvaluator deviceVelocity(long perDay) {
        positive("perDay", perDay);
        return one(
                "device-velocity",
                Kind.DEVICE_VELOCITY,
                fraudCase -> above(
                        fraudCase.history().byDeviceLastDay(), perDay - 1, "earlier newcomers on the device in a day"));
    }

    /**
     * Notices that the people around the referrer (ancestors, other invitees, the referrer) are too often on the newcomer's device or network address. Named
     * {@code ring}.
     *
     * @param max how many of them may be there, 0 or more; the same for devices and network addresses
     * @return the evaluator of {@link Kind#RING}; one signal for each of the two
     * @throws IllegalArgumentException if the number is negative
     */
    public static FraudEvaluator ring(long max) {
        return ring(max, max);
    }

    /**
     * Notices that the people around the referrer (ancestors, other invitees, the referrer) are too often on the newcomer's device or network address. Named
     * {@code ring}.
     *
     * @param onDevice how many of them may be on the device, 0 or more
     * @param onIp how many of them may be on the network address, 0 or more; colleagues who invite each other share one
     * @return the evaluator of {@link Kind#RING}; one signal for each of the two
     * @throws IllegalArgumentException if a number is negative
     */
    public static FraudEvaluator ring(long onDevice, long onIp) {
        notNegative("onDevice", onDevice);
        notNegative("onIp", onIp);
        return make("ring", fraudCase -> {
            List<FraudSignal> noticed = new ArrayList<>();
            above(fraudCase.history().chainOnDevice(), onDevice, "people around the referrer on the device")
                    .ifPresent(detail -> noticed.add(new FraudSignal(Kind.RING, "ring", detail)));
            above(fraudCase.history().chainOnIp(), onIp, "people around the referrer on the network address")
                    .ifPresent(detail -> noticed.add(new FraudSignal(Kind.RING, "ring", detail)));
            return CompletableFuture.completedFuture(noticed);
        });
    }

    private static Optional<String> above(long count, long max, String what) {
        return count > max ? Optional.of(count + " " + what + ", at most " + max + " allowed") : Optional.empty();
    }

    private static FraudEvaluator listed(String name, Kind kind, DomainList hosts, String text) {
        Objects.requireNonNull(hosts, "hosts");
        return make(
                name,
                fraudCase -> fraudCase
                        .address()
                        .map(address -> ready(hosts)
                                .thenApply(list -> isAt(address, list)
                                        ? List.of(new FraudSignal(kind, name, address.domain() + " " + text))
                                        : List.<FraudSignal>of()))
                        .orElseGet(FraudEvaluators::nothing));
    }

    /** A host is known by what it calls itself, and its other names need not be in the list. */
    private static boolean isAt(EmailAddress address, Predicate<String> list) {
        return list.test(address.domain()) || list.test(address.mailboxDomain());
    }

    /** The list when it can be asked without waiting. */
    private static CompletionStage<Predicate<String>> ready(DomainList list) {
        return list instanceof RefreshedDomains refreshed
                ? refreshed.latest().thenApply(domains -> domains::contains)
                : CompletableFuture.completedFuture(list::contains);
    }

    private static CompletionStage<List<FraudSignal>> nothing() {
        return CompletableFuture.completedFuture(List.of());
    }

    private static FraudEvaluator one(String name, Kind kind, Function<FraudCase, Optional<String>> detail) {
        return FraudEvaluator.of(
                name,
                fraudCase -> detail.apply(fraudCase).map(text -> new FraudSignal(kind, name, text)).stream()
                        .toList());
    }

    private static FraudEvaluator make(String name, Function<FraudCase, CompletionStage<List<FraudSignal>>> function) {
        return new FraudEvaluator() {
            @Override
            public String name() {
                return name;
            }

            @Override
            public CompletionStage<List<FraudSignal>> evaluate(FraudCase fraudCase) {
                return function.apply(fraudCase);
            }

            @Override
            public String toString() {
                return name;
            }
        };
    }

    private static void notNegative(String field, long value) {
        if (value < 0) {
            throw new IllegalArgumentException(field + " must not be negative, was " + value);
        }
    }

    private static void positive(String field, long value) {
        if (value <= 0) {
            throw new IllegalArgumentException(field + " must be positive, was " + value);
        }
    }
}
