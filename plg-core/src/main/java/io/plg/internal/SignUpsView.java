package io.plg.internal;

import io.plg.UserErased;
import io.plg.UserId;
import io.plg.WorkspaceDeleted;
import io.plg.WorkspaceId;
import io.plg.activation.ActivationFunnel;
import io.plg.activation.CompletedStep;
import io.plg.event.GrowthEvent;
import io.plg.fraud.FraudCase;
import io.plg.fraud.FraudHistory;
import io.plg.fraud.FraudJudgement;
import io.plg.fraud.FraudSignal;
import io.plg.fraud.FraudVerdict;
import io.plg.referral.Attribution;
import io.plg.referral.Attribution.NotAttributed;
import io.plg.referral.Attribution.Reason;
import io.plg.referral.NewUser;
import io.plg.referral.ReferralProgram;
import io.plg.referral.ReferralStore;
import io.plg.referral.ReferralStore.Bound;
import io.plg.referral.ReferralStore.Found;
import io.plg.referral.ReferralStore.Standing;
import io.plg.referral.ReferralStore.Traces;
import io.plg.referral.SignUps;
import io.plg.referral.Touch;
import io.plg.referral.Visit;
import io.plg.referral.Visitor;
import io.plg.reward.Stage;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Where somebody who is new meets the code of a referrer. */
final class SignUpsView implements SignUps {
    private static final Logger LOG = LoggerFactory.getLogger(SignUps.class);

    private final PlgRuntime plg;

    SignUpsView(PlgRuntime plg) {
        this.plg = plg;
    }

    @Override
    public Attribution attribute(String code, NewUser user) {
        Objects.requireNonNull(user, "user");
        Instant now = plg.now();
        Instant signedUpAt = signedUpAt(user, now);
        String source = Guesses.source(user.user().ip(), user.user().device());
        if (plg.guesses().tooMany(source)) {
            return not(Reason.RATE_LIMITED, "too many codes were tried from there that do not exist");
        }
        Optional<Found> found = find(code, false, source);
        return found.isEmpty()
                ? not(Reason.UNKNOWN_CODE, "there is no code like that")
                : attribute(found.get(), user, signedUpAt, now);
    }

    @Override
    public Attribution attributeTouch(String touch, NewUser user) {
        Objects.requireNonNull(user, "user");
        Instant now = plg.now();
        Instant signedUpAt = signedUpAt(user, now);
        if (touch.isBlank()) {
            return not(Reason.UNKNOWN_CODE, "no code was followed");
        }
        String source = Guesses.source(user.user().ip(), user.user().device());
        if (plg.guesses().tooMany(source)) {
            return not(Reason.RATE_LIMITED, "too many codes were tried from there that do not exist");
        }
        Optional<Touches> claimed = Touches.claimed(Objects.requireNonNull(touch, "touch"));
        Optional<Found> first = claimed.flatMap(each -> find(each.first(), false, source));
        if (claimed.isEmpty()) {
            plg.guesses().missed(source);
            return not(Reason.FORGED, "the value was not given out by visit(…)");
        }
        if (first.isEmpty()) {
            // Without the secret of the first code's workspace nothing of the value can be believed.
            return not(Reason.UNKNOWN_CODE, "there is no such code any more");
        }
        if (!claimed.get().isTrue(touch, plg.pepper(first.get().workspace()))) {
            plg.guesses().missed(source);
            return not(Reason.FORGED, "the value was not given out by visit(…), or was changed");
        }
        return attribute(claimed.get(), first.get(), source, user, signedUpAt, now);
    }

    /** By the first or the last touch within the window, as the program says. */
    private Attribution attribute(
            Touches touches, Found first, String source, NewUser user, Instant signedUpAt, Instant now) {
        ReferralProgram program = plg.programs().program(first.program()).orElse(null);
        if (program == null) {
            return not(Reason.PROGRAM_NOT_RUNNING, "program \"" + first.program() + "\" is not there any more");
        }
        Instant oldest = signedUpAt.minus(program.window()).truncatedTo(ChronoUnit.SECONDS);
        boolean firstCounts = !touches.firstAt().isBefore(oldest);
        boolean lastCounts = !touches.lastAt().isBefore(oldest);
        if (!lastCounts) {
            return not(Reason.OUTSIDE_WINDOW, "the code was followed more than " + program.window() + " before");
        }
        boolean byFirst = program.touch() == Touch.FIRST && firstCounts && isOfUse(first, now)
                || touches.last().equals(touches.first());
        if (byFirst) {
            return attribute(first, user, signedUpAt, now);
        }
        return find(touches.last(), false, source)
                .map(last -> attribute(last, user, signedUpAt, now))
                .orElseGet(() -> not(Reason.UNKNOWN_CODE, "there is no such code any more"));
    }

    private Attribution attribute(Found found, NewUser user, Instant signedUpAt, Instant now) {
        try {
            return decide(found, user, signedUpAt, now);
        } catch (WorkspaceDeleted e) {
            if (user.workspace().filter(e.workspace()::equals).isPresent()) {
                throw e;
            }
            return not(Reason.UNKNOWN_CODE, "the workspace of the referrer was just deleted");
        } catch (UserErased e) {
            if (e.user().equals(user.id())) {
                throw e;
            }
            return not(Reason.UNKNOWN_CODE, "the referrer was just erased");
        }
    }

    private Attribution decide(Found found, NewUser user, Instant signedUpAt, Instant now) {
        ReferralProgram program = plg.programs().program(found.program()).orElse(null);
        if (program == null || !program.isRunningAt(now)) {
            return not(Reason.PROGRAM_NOT_RUNNING, "program \"" + found.program() + "\" does not run now");
        }
        if (!found.code().active()) {
            return not(Reason.INACTIVE_CODE, "the code was ended");
        }
        if (isExpired(program, found, now)) {
            return not(
                    Reason.EXPIRED_CODE,
                    "the code was made at " + found.code().createdAt() + ", and codes expire after "
                            + program.codesExpireAfter().orElseThrow());
        }
        if (program.startsAt().filter(signedUpAt::isBefore).isPresent()) {
            return not(
                    Reason.OLDER_THAN_PROGRAM,
                    "the user signed up at " + signedUpAt + ", before the program began at "
                            + program.startsAt().get());
        }
        if (signedUpAt.plus(program.window()).isBefore(now)) {
            return not(
                    Reason.OUTSIDE_WINDOW,
                    "the user signed up at " + signedUpAt + ", more than " + program.window() + " ago");
        }
        UserId referrer = found.user();
        if (referrer.equals(user.id())) {
            return not(Reason.SELF_REFERRAL, "it is the user's own code");
        }
        Traces traces = ReferralsView.traces(plg.pepper(found.workspace()), user.user());
        FraudHistory history = plg.stores()
                .referrals()
                .history(
                        found.workspace(),
                        new ReferralStore.Question(found.program(), referrer, user.id(), traces, now));
        FraudJudgement judgement = plg.rewardSettings()
                .fraud()
                .judge(new FraudCase(
                        found.program(), referrer, user.id(), user.user().email(), history, now));
        FraudVerdict verdict = judgement.verdict();
        if (verdict.action() == FraudVerdict.Action.REJECT) {
            return not(
                    verdict.signals().stream().anyMatch(signal -> signal.kind() == FraudSignal.Kind.SELF_REFERRAL)
                            ? Reason.SELF_REFERRAL
                            : Reason.FRAUD,
                    verdict.explain());
        }
        return bind(found, program, user, traces, signedUpAt, now, judgement);
    }

    private Attribution bind(
            Found found,
            ReferralProgram program,
            NewUser user,
            Traces traces,
            Instant signedUpAt,
            Instant now,
            FraudJudgement judgement) {
        FraudVerdict verdict = judgement.verdict();
        boolean held = verdict.action() == FraudVerdict.Action.HOLD;
        UUID id = plg.newId();
        var referral = new ReferralStore.NewReferral(
                id,
                plg.newId(),
                found.program(),
                program.version(),
                found.user(),
                user.id(),
                found.code().code(),
                found.artefact(),
                signedUpAt,
                now,
                held ? Standing.HELD : Standing.FINE,
                verdict.signals().isEmpty() ? "" : verdict.toText(),
                traces);
        var event = new GrowthEvent.ReferralAttributed(
                plg.newId(), now, found.workspace(), found.user(), found.program(), id);
        Bound bound = plg.atomically(tx -> {
            Bound outcome = tx.stores().referrals().bind(found.workspace(), referral, List.of(event));
            if (outcome == Bound.BOUND) {
                var rewarding = new Rewarding(tx);
                List<String> only = List.of(program.name());
                WorkspaceId in = user.workspace().orElse(null);
                if (program.rewards().stream().anyMatch(rule -> rule.stage().equals(Stage.SIGN_UP))) {
                    rewarding.reached(only, user.id(), in, Stage.SIGN_UP, signedUpAt);
                }
                if (in != null) {
                    // Who is bound late may have been activated before.
                    activatedAt(tx, program, in, user.id())
                            .ifPresent(at -> rewarding.reached(only, user.id(), in, Stage.ACTIVATION, at));
                }
                tx.stores().afterCommit(() -> committed(found, id, event, judgement));
            }
            return outcome;
        });
        return switch (bound) {
            case BOUND -> new Attribution.Attributed(id, found.program(), held);
            case ALREADY -> not(Reason.ALREADY_ATTRIBUTED, "the user was bound before");
            case LOOP -> not(Reason.LOOP, "the user has, perhaps by others, referred the referrer");
        };
    }

    private static Optional<Instant> activatedAt(
            PlgRuntime tx, ReferralProgram program, WorkspaceId workspace, UserId user) {
        Optional<ActivationFunnel> funnel = tx.funnelOf(program);
        return funnel.flatMap(each -> Optional.ofNullable(tx.stores()
                        .activation()
                        .find(workspace, each, user)
                        .completed()
                        .get(each.aha()))
                .map(CompletedStep::at));
    }

    private void committed(Found found, UUID id, GrowthEvent event, FraudJudgement judgement) {
        PlgRuntime root = plg.root();
        root.publish(List.of(event));
        root.seldom("count " + found.workspace() + " " + found.program(), later -> {
            int counted = 1;
            while (counted > 0) {
                counted = later.stores().referrals().tidy(found.workspace(), found.program());
            }
        });
        // What came too late for the sign-up decides about what is held.
        judgement
                .pending()
                .ifPresent(stage -> stage.thenAccept(late -> {
                    if (late.action() != FraudVerdict.Action.HOLD) {
                        try {
                            ReferralsView.judge(
                                    root,
                                    found.workspace(),
                                    found.program(),
                                    id,
                                    late.action() == FraudVerdict.Action.ALLOW ? Standing.FINE : Standing.REJECTED,
                                    late.toText());
                        } catch (RuntimeException e) {
                            LOG.warn("what was found about referral {} could not be stored; it stays held", id, e);
                        }
                    }
                }));
    }

    @Override
    public Visit visit(String code, Visitor visitor) {
        Objects.requireNonNull(visitor, "visitor");
        String source = Guesses.source(visitor.ip(), Optional.empty());
        Instant now = plg.now().truncatedTo(ChronoUnit.SECONDS);
        Optional<Found> found = plg.guesses().tooMany(source)
                ? Optional.empty()
                : find(code, true, source).filter(each -> isOfUse(each, now));
        if (found.isEmpty()) {
            return new Visit(visitor.touch(), Optional.empty(), Optional.empty());
        }
        Found known = found.get();
        Optional<Found> first = Optional.empty();
        Optional<Touches> before = visitor.touch().flatMap(Touches::claimed);
        if (before.isPresent()) {
            first = find(before.get().first(), false, source)
                    .filter(each -> before.get().isTrue(visitor.touch().orElseThrow(), plg.pepper(each.workspace())))
                    .filter(each -> plg.programs()
                            .program(each.program())
                            .filter(program -> !before.get()
                                    .firstAt()
                                    .plus(program.window())
                                    .isBefore(now))
                            .isPresent());
        }
        Touches touches = first.isPresent()
                ? before.orElseThrow().then(known.code().code(), now)
                : Touches.of(known.code().code(), now);
        return new Visit(
                Optional.of(touches.signed(plg.pepper(first.orElse(known).workspace()))),
                Optional.of(known.program()),
                Optional.of(known.artefact()).filter(text -> !text.isEmpty()));
    }

    private boolean isOfUse(Found found, Instant now) {
        return found.code().active()
                && plg.programs()
                        .program(found.program())
                        .filter(program -> program.isRunningAt(now) && !isExpired(program, found, now))
                        .isPresent();
    }

    private static boolean isExpired(ReferralProgram program, Found found, Instant now) {
        return program.codesExpireAfter()
                .filter(length -> !found.code().createdAt().plus(length).isAfter(now))
                .isPresent();
    }

    private Optional<Found> find(String code, boolean viewed, String source) {
        Optional<String> normal = ReferralCodes.normalize(Objects.requireNonNull(code, "code"));
        Optional<Found> found = normal.flatMap(each -> plg.stores().referrals().find(each, viewed));
        if (normal.isPresent() && found.isEmpty()) {
            plg.guesses().missed(source); // what cannot be a code is no guess: forms are sent without one
        }
        return found;
    }

    private static Instant signedUpAt(NewUser user, Instant now) {
        Instant at = user.signedUpAt()
                .map(time -> time.truncatedTo(ChronoUnit.MICROS))
                .orElse(now);
        if (at.isAfter(now)) {
            throw new IllegalArgumentException("a sign-up cannot be in the future, was at " + at + ", and now is " + now
                    + "; is it in milliseconds instead of seconds?");
        }
        return at;
    }

    private static Attribution not(Reason why, String explanation) {
        return new NotAttributed(why, explanation);
    }

    @Override
    public String toString() {
        return "sign-ups";
    }
}
