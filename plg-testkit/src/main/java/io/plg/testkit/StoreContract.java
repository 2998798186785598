package io.plg.testkit;

import io.plg.Plg;
import io.plg.PlgBuilder;
import io.plg.PlgListener;
import io.plg.PlgStores;
import io.plg.SettableClock;
import io.plg.UserId;
import io.plg.WorkspaceId;
import io.plg.activation.ActivationFunnel;
import io.plg.activation.Step;
import io.plg.prompt.PromptPolicy;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;

/**
 * What all contracts have in common: an adapter's test extends a contract, hands over its stores in {@link #newStores()}, and has
 * nothing else to do.
 *
 * <p>Each test works in workspaces of its own, so that the stores of several tests may lie on one database and nothing has to be
 * cleaned up. Business time comes from a clock that the contract sets; no test sleeps, save for leases, which a database
 * measures by its own clock. A test that needs what an adapter does not offer
 * is reported as skipped.
 */
public abstract class StoreContract {
    static final Step CREATED = Step.of("account_created");
    static final Step PROJECT = Step.of("first_project_created");
    static final Step INVITED = Step.of("first_collaborator_invited");
    static final Step EXPORTED = Step.of("first_export_completed");
    static final ActivationFunnel ONBOARDING = ActivationFunnel.named("onboarding")
            .step(CREATED)
            .step(PROJECT)
            .step(INVITED)
            .aha(EXPORTED)
            .build();

    private final List<Plg> plgs = new ArrayList<>();
    private SettableClock clock = SettableClock.at("2026-04-12T08:00:00Z");
    private String suffix = "";
    private PlgStores stores;
    private HeardEvents heard = new HeardEvents();

    /** For the contracts of this package. */
    @SuppressWarnings("NullAway.Init") // JUnit calls open() before each test
    StoreContract() {}

    /**
     * Returns new root stores. Called once for each test; the contract closes them. The clock that business time comes from is the
     * contract's.
     *
     * @return stores that hold nothing, or nothing but what other tests left in workspaces of their own
     */
    protected abstract PlgStores newStores();

    /**
     * Returns a look behind the stores that {@link #newStores()} returned last.
     *
     * @return the look, or empty if the adapter keeps nothing beside the facts; the tests that need it are then skipped
     */
    protected Optional<StoreInspection> inspection() {
        return Optional.empty();
    }

    @BeforeEach
    void open() {
        clock = SettableClock.at("2026-04-12T08:00:00Z");
        suffix = "-" + UUID.randomUUID();
        heard = new HeardEvents();
        stores = newStores();
    }

    @AfterEach
    void close() {
        plgs.forEach(Plg::close);
        plgs.clear();
        stores.close();
    }

    final PlgStores stores() {
        return stores;
    }

    final SettableClock clock() {
        return clock;
    }

    /** The events that the listener of {@link #plg} heard. */
    final HeardEvents heard() {
        return heard;
    }

    /** A workspace that no other test knows. */
    final WorkspaceId workspace(String name) {
        return WorkspaceId.of(name + suffix);
    }

    /** A user whom no other test knows: to erase one is for good. */
    final UserId user(String name) {
        return UserId.of(name + suffix);
    }

    /** A {@code Plg} over the stores, one for each test, because there is one reader of their feed of changes. */
    final Plg plg(ActivationFunnel... funnels) {
        return plg(List.of(funnels), List.of(heard));
    }

    final Plg plg(List<ActivationFunnel> funnels, List<PlgListener> listeners) {
        return plg(funnels, listeners, PromptPolicy.standard());
    }

    final Plg plg(PromptPolicy prompts) {
        return plg(List.of(), List.of(), prompts);
    }

    private Plg plg(List<ActivationFunnel> funnels, List<PlgListener> listeners, PromptPolicy prompts) {
        return plg(builder -> {
            builder.prompts(prompts).plans(GateContract.PLANS);
            funnels.forEach(builder::funnel);
            listeners.forEach(builder::listener);
        });
    }

    final Plg plg(Consumer<PlgBuilder<?>> settings) {
        if (!plgs.isEmpty()) {
            throw new IllegalStateException("this test has built its Plg");
        }
        var builder = new PlgOverStores().clock(clock);
        settings.accept(builder);
        Plg plg = builder.over(stores);
        plgs.add(plg);
        return plg;
    }

    /** The look behind the stores; without it the test is skipped. */
    final StoreInspection inspectionOrSkip() {
        Optional<StoreInspection> inspection = inspection();
        Assumptions.assumeTrue(inspection.isPresent(), "this adapter offers no look at what it keeps beside the facts");
        return inspection.orElseThrow();
    }

    private static final class PlgOverStores extends PlgBuilder<PlgOverStores> {

        @Override
        protected PlgOverStores self() {
            return this;
        }

        Plg over(PlgStores stores) {
            return assemble(stores);
        }
    }
}
