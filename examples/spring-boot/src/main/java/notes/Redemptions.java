package notes;

import static io.plg.idempotency.Principal.by;

import io.plg.Plg;
import io.plg.idempotency.Fingerprint;
import io.plg.idempotency.IdempotencyKey;
import io.plg.idempotency.Operation;
import io.plg.idempotency.Outcome;
import io.plg.reward.Redemption;
import java.util.UUID;
import org.springframework.stereotype.Service;

/** Where users redeem what they have earned. */
@Service
class Redemptions {
    private static final Operation<Redemption> REDEEM =
            Operation.financial("redeem-reward", Redemption.class).retryableWhen(Redemption::mayComeLater);

    private final Plg plg;

    Redemptions(Plg plg) {
        this.plg = plg;
    }

    /** Once, however often the same is asked for; the second answer is the first one again. */
    Outcome<Redemption> redeem(String workspace, String user, UUID reward, String key) {
        return plg.workspace(workspace)
                .idempotency()
                .execute(
                        REDEEM,
                        by(user),
                        IdempotencyKey.of(key),
                        Fingerprint.of(reward),
                        tx -> tx.rewards().redeem(reward));
    }
}
