package io.plg.referral;

import io.plg.UserId;
import io.plg.reward.Stage;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/**
 * Somebody who was referred.
 *
 * @param id its id
 * @param program in which program
 * @param programVersion the version of the program when it was bound
 * @param referrer by whom; empty if erased
 * @param user who; empty if erased
 * @param code by which code
 * @param artefact what the code shares; empty for nothing in particular
 * @param signedUpAt when the user signed up
 * @param boundAt when the user was bound to the referrer
 * @param stages when the user reached which stage
 * @param held whether somebody is to look at it before it earns anything
 * @param rejected whether it earns nothing
 * @param verdict why, in words
 */
public record Referral(
        UUID id,
        String program,
        int programVersion,
        Optional<UserId> referrer,
        Optional<UserId> user,
        String code,
        Optional<String> artefact,
        Instant signedUpAt,
        Instant boundAt,
        Map<Stage, Instant> stages,
        boolean held,
        boolean rejected,
        String verdict) {

    /** Copies the stages. */
    public Referral {
        stages = Map.copyOf(stages);
    }
}
