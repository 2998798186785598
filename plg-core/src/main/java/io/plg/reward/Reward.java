package io.plg.reward;

import io.plg.UserId;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;

/**
 * What somebody gets for something that happened.
 *
 * @param id of the reward: of one party's, not of both
 * @param program the program or the campaign that gives it
 * @param rule the name of the rule; of a campaign its own
 * @param party as what the user gets it
 * @param user who gets it; empty if erased
 * @param state where it stands
 * @param benefit what it gives
 * @param decidedAt when it was decided
 * @param dueAt when it goes on by itself: when its hold ends, or until when it has to be redeemed; empty for never
 * @param issuedAt when it was given; empty if it was not
 * @param refunded which part of what earned it was taken back, 0 to 1; of account credit that part is not the user's
 * @param reason why it stands where it does; empty for nothing in particular
 */
public record Reward(
        UUID id,
        String program,
        String rule,
        Party party,
        Optional<UserId> user,
        RewardState state,
        Benefit benefit,
        Instant decidedAt,
        Optional<Instant> dueAt,
        Optional<Instant> issuedAt,
        BigDecimal refunded,
        String reason) {

    /** Checks that nothing is null. */
    public Reward {
        Objects.requireNonNull(id, "id");
        Objects.requireNonNull(program, "program");
        Objects.requireNonNull(rule, "rule");
        Objects.requireNonNull(party, "party");
        Objects.requireNonNull(user, "user");
        Objects.requireNonNull(state, "state");
        Objects.requireNonNull(benefit, "benefit");
        Objects.requireNonNull(decidedAt, "decidedAt");
        Objects.requireNonNull(dueAt, "dueAt");
        Objects.requireNonNull(issuedAt, "issuedAt");
        Objects.requireNonNull(refunded, "refunded");
        Objects.requireNonNull(reason, "reason");
    }
}
