package io.plg.examples.replay;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import java.util.function.ToDoubleFunction;

/**
 * A made-up SaaS product whose true rates are known, so that what the library reports can be compared with the truth.
 *
 * <p>People sign up, create a project, share a report (that activates them) and subscribe; each step happens with a probability
 * that depends on where they come from, after a delay that is exponential but never longer than a cap. The caps add up to less
 * than the 14 days of the default window. Some take the product tour within minutes, and those share a report more often. Who
 * was activated invites colleagues, and some of those sign up. Subscribers change plans and leave.
 *
 * @param seed the same seed makes the same product
 * @param visitors how many sign up without an invitation
 * @param signUpTime for how long people sign up
 * @param tail for how long the log goes on after the last sign-up without an invitation
 */
record SimulatedProduct(long seed, int visitors, Duration signUpTime, Duration tail) {

    static final List<String> STEPS = List.of("signed_up", "project_created", "report_shared", "subscribed");
    static final String TOUR = "tour_finished";
    static final double TOUR_TAKERS = 0.4;

    /** All steps together never take longer. */
    static final Duration LONGEST_WAY = Duration.ofDays(13);

    private static final Instant START = Instant.parse("2026-01-05T00:00:00Z");
    private static final Delay TO_TOUR = new Delay(Duration.ofMinutes(3), Duration.ofMinutes(9));
    private static final Delay TO_PROJECT = new Delay(Duration.ofHours(5), Duration.ofDays(2));
    private static final Delay TO_REPORT = new Delay(Duration.ofHours(30), Duration.ofDays(5));
    private static final Delay TO_SUBSCRIPTION =
            new Delay(Duration.ofDays(3), Duration.ofDays(6).minusHours(1));
    private static final Delay TO_INVITE = new Delay(Duration.ofHours(20), Duration.ofDays(6));
    private static final Delay TO_ACCEPTANCE = new Delay(Duration.ofHours(12), Duration.ofDays(4));
    private static final Duration BREATH = Duration.ofMinutes(10);

    SimulatedProduct {
        if (visitors < 1) {
            throw new BadInput("--users must be at least 1, was " + visitors);
        }
    }

    /** The one that is shown when the program is started without a command. */
    static SimulatedProduct example(long seed, int visitors) {
        return new SimulatedProduct(seed, visitors, Duration.ofDays(84), Duration.ofDays(5));
    }

    /** Where a user comes from, with the true probabilities of what the user does. */
    enum Source {
        ORGANIC(0.50, 0.72, 0.55, 0.30),
        ADS(0.30, 0.55, 0.38, 0.18),
        PARTNER(0.20, 0.81, 0.62, 0.41),
        INVITE(0, 0.88, 0.70, 0.35);

        private final double weight;
        private final double project;
        private final double report;
        private final double subscription;

        Source(double weight, double project, double report, double subscription) {
            this.weight = weight;
            this.project = project;
            this.report = report;
            this.subscription = subscription;
        }

        /** The probability to share a report after creating a project. */
        double report(boolean tour) {
            return tour ? report + 0.2 : report - 0.2 * TOUR_TAKERS / (1 - TOUR_TAKERS);
        }

        String label() {
            return name().toLowerCase(Locale.ROOT);
        }

        /** The true share of this source's users who reach a step, counted from 1. */
        double truth(int step) {
            return switch (step) {
                case 1 -> 1;
                case 2 -> project;
                case 3 -> project * report;
                default -> project * report * subscription;
            };
        }

        /** The true share that reaches the last step, of those who took the tour or did not. */
        double truth(boolean tour) {
            return project * report(tour) * subscription;
        }
    }

    /** The true share of everybody who was not invited, of the given figure of each source. */
    static double truth(ToDoubleFunction<Source> figure) {
        double share = 0;
        for (Source source : Source.values()) {
            share += source.weight * figure.applyAsDouble(source);
        }
        return share;
    }

    /**
     * Something a user did.
     *
     * @param user who
     * @param name what
     * @param micros when, in microseconds since 1970
     * @param source where the user came from
     * @param plan the plan the user was on
     */
    record Happening(String user, String name, long micros, Source source, String plan) {}

    /**
     * A user.
     *
     * @param id who
     * @param source where the user came from
     * @param signedUpAt when the user signed up, in microseconds since 1970
     * @param activatedAt when the user was activated, if so
     */
    record Member(String id, Source source, long signedUpAt, OptionalLong activatedAt) {}

    /**
     * All that happened.
     *
     * @param events in order of time
     * @param users in order of their sign-up
     */
    record History(List<Happening> events, List<Member> users) {}

    History run() {
        return new Run(this).history();
    }

    /** An exponential delay with the given mean, of which only what is below the cap happens. */
    private record Delay(Duration mean, Duration cap) {

        long micros(SplittableRandom random) {
            double scale = mean.toNanos() / 1e3;
            double reach = 1 - Math.exp(-(cap.toNanos() / 1e3) / scale);
            return (long) (-scale * Math.log(1 - random.nextDouble() * reach));
        }
    }

    private static final class Run {
        private final SimulatedProduct product;
        private final SplittableRandom random;
        private final List<Happening> events = new ArrayList<>();
        private final List<Member> users = new ArrayList<>();
        private final long end;

        Run(SimulatedProduct product) {
            this.product = product;
            this.random = new SplittableRandom(product.seed());
            this.end = micros(START.plus(product.signUpTime()).plus(product.tail()));
        }

        History history() {
            long first = micros(START);
            long length = product.signUpTime().toNanos() / 1_000;
            for (int i = 0; i < product.visitors(); i++) {
                signUp(first + (long) (length * growing(random.nextDouble())), visitor());
            }
            events.sort(Comparator.comparingLong(Happening::micros));
            users.sort(Comparator.comparingLong(Member::signedUpAt));
            return new History(events, users);
        }

        /** Makes times that are spread evenly from 0 to 1 denser towards the end: more people sign up every week. */
        private static double growing(double even) {
            return (Math.sqrt(0.16 + 0.84 * even) - 0.4) / 0.6;
        }

        private Source visitor() {
            double at = random.nextDouble();
            for (Source source : Source.values()) {
                at -= source.weight;
                if (at < 0) {
                    return source;
                }
            }
            return Source.ORGANIC;
        }

        private void signUp(long at, Source source) {
            if (at > end) {
                return;
            }
            String id = "user-" + (users.size() + 1);
            int place = users.size();
            users.add(new Member(id, source, at, OptionalLong.empty()));
            add(id, "signed_up", at, source, "free");
            boolean tour = random.nextDouble() < TOUR_TAKERS;
            if (tour) {
                add(id, TOUR, at + TO_TOUR.micros(random), source, "free");
            }
            logIns(id, at, source);
            if (random.nextDouble() >= source.project) {
                return;
            }
            long project = at + BREATH.toNanos() / 1_000 + TO_PROJECT.micros(random);
            add(id, "project_created", project, source, "free");
            if (random.nextDouble() >= source.report(tour)) {
                return;
            }
            long report = project + TO_REPORT.micros(random);
            add(id, "report_shared", report, source, "free");
            if (report <= end) {
                users.set(place, new Member(id, source, at, OptionalLong.of(report)));
            }
            invite(id, report, source);
            if (random.nextDouble() < source.subscription) {
                subscribe(id, report + TO_SUBSCRIPTION.micros(random), source);
            }
        }

        private void logIns(String id, long from, Source source) {
            long at = from;
            for (int i = random.nextInt(5); i > 0; i--) {
                at += TO_REPORT.micros(random);
                add(id, "logged_in", at, source, "free");
            }
        }

        private void invite(String id, long activated, Source source) {
            for (int i = random.nextInt(4); i > 0; i--) {
                long invited = activated + TO_INVITE.micros(random);
                add(id, "colleague_invited", invited, source, "free");
                if (random.nextDouble() < 0.25) {
                    signUp(invited + TO_ACCEPTANCE.micros(random), Source.INVITE);
                }
            }
        }

        private void subscribe(String id, long at, Source source) {
            String plan = random.nextDouble() < 0.75 ? "starter" : "growth";
            add(id, "subscribed", at, source, plan);
            long month = Duration.ofDays(30).toNanos() / 1_000;
            for (long renewal = at + month; renewal <= end; renewal += month) {
                double fate = random.nextDouble();
                if (fate < 0.06) {
                    add(id, "churned", renewal, source, plan);
                    return;
                }
                if (fate < 0.18) {
                    plan = plan.equals("starter") ? "growth" : "starter";
                    add(id, "plan_changed", renewal, source, plan);
                }
            }
        }

        private void add(String user, String name, long at, Source source, String plan) {
            if (at <= end) {
                events.add(new Happening(user, name, at, source, plan));
            }
        }

        private static long micros(Instant instant) {
            return instant.getEpochSecond() * 1_000_000;
        }
    }
}
