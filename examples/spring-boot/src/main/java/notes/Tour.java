package notes;

import static notes.NotesApplication.EXPORTS;

import io.plg.Plg;
import io.plg.Workspace;
import io.plg.gate.LimitReached;
import io.plg.referral.ReferralLink;
import io.plg.referral.User;
import io.plg.reward.Redemption;
import io.plg.reward.Reward;
import org.springframework.boot.CommandLineRunner;
import org.springframework.stereotype.Component;

/** Shows it from the first sign-up to K. */
@Component
class Tour implements CommandLineRunner {
    private final Accounts accounts;
    private final Exports exports;
    private final Redemptions redemptions;
    private final Plg plg;

    Tour(Accounts accounts, Exports exports, Redemptions redemptions, Plg plg) {
        this.accounts = accounts;
        this.exports = exports;
        this.redemptions = redemptions;
        this.plg = plg;
    }

    @Override
    public void run(String... args) {
        Workspace acme = plg.workspace("acme");
        accounts.signUp("acme", "ada", "ada@example.org", "");
        try {
            for (int i = 1; i <= 6; i++) {
                exports.export("acme", "ada", "note " + i);
            }
        } catch (LimitReached e) {
            System.out.println(
                    e.decision().message() + " " + e.decision().upgrade().message());
        }

        ReferralLink link = acme.referrals().linkOf(User.of("ada").email("ada@example.org"));
        System.out.println(link.uri());
        accounts.signUp("globex", "lin", "lin@example.org", link.code());
        exports.export("globex", "lin", "hello");

        Reward reward = acme.rewards().of("ada").get(0);
        for (int i = 0; i < 2; i++) {
            Redemption redemption = redemptions
                    .redeem("acme", "ada", reward.id(), "8e03978e-40d5-43e8")
                    .orThrow();
            System.out.println(redemption.status() + ": " + redemption.message());
        }
        System.out.println(acme.gates().check(EXPORTS).message());
        acme.virality()
                .kOfGraph()
                .ifPresent(k -> System.out.printf(
                        "K = %.2f (95 %% interval %.2f to %.2f, n = %d), %s%n",
                        k.value(), k.low(), k.high(), k.n(), k.verdict()));
    }
}
