package io.plg.internal;

import io.plg.PlgStores;
import io.plg.StoreFailure;
import io.plg.UserId;
import io.plg.WorkspaceDeleted;
import io.plg.WorkspaceId;
import io.plg.idempotency.Fingerprint;
import io.plg.idempotency.IdempotencyKey;
import io.plg.idempotency.Operation;
import io.plg.idempotency.Outcome;
import io.plg.idempotency.Principal;
import io.plg.reward.Money;
import io.plg.reward.Redemption;
import io.plg.reward.Redemption.Status;
import io.plg.reward.Reward;
import io.plg.reward.RewardBalance;
import io.plg.reward.RewardCampaign;
import io.plg.reward.RewardFulfilment;
import io.plg.reward.RewardLedger;
import io.plg.reward.RewardState;
import io.plg.reward.RewardStore;
import io.plg.reward.RewardStore.Decided;
import io.plg.reward.RewardStore.Fulfilment;
import io.plg.reward.RewardStore.Row;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.function.BiFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The rewards of one workspace. */
final class RewardsView implements RewardLedger {
    private static final Logger LOG = LoggerFactory.getLogger(RewardLedger.class);
    private static final Operation<String> FULFIL =
            Operation.of("plg.fulfil-reward", String.class).failFast();
    private static final Operation<String> TAKE_BACK =
            Operation.of("plg.take-reward-back", String.class).failFast();
    private static final Duration TRY_AGAIN_AFTER = Duration.ofMinutes(1);
    private static final String GIVE_KEY = "plg-give-";
    private static final int MOST = 1_000;
    private static final int MOST_ASKED_FOR = 10_000;
    private static final int AT_ONCE = 100;
    private static final int MOST_REASON = 200;

    private final PlgRuntime plg;
    private final WorkspaceId workspace;

    RewardsView(PlgRuntime plg, WorkspaceId workspace) {
        this.plg = plg;
        this.workspace = workspace;
    }

    @Override
    public RewardBalance balanceOf(UserId user) {
        Objects.requireNonNull(user, "user");
        goOnFirst();
        return new RewardBalance(store().balances(workspace, user));
    }

    @Override
    public List<Reward> of(UserId user) {
        Objects.requireNonNull(user, "user");
        goOnFirst();
        return views(store().of(workspace, user, MOST));
    }

    @Override
    public Optional<Reward> find(UUID reward) {
        Objects.requireNonNull(reward, "reward");
        goOnFirst();
        return store().find(workspace, reward).map(RewardsView::view);
    }

    @Override
    public List<Entry> entriesOf(UserId user) {
        Objects.requireNonNull(user, "user");
        goOnFirst();
        return store().entries(workspace, user).stream()
                .map(entry -> new Entry(
                        Optional.ofNullable(entry.reward()), entry.unit(), entry.amount(), entry.kind(), entry.at()))
                .toList();
    }

    @Override
    public Redemption redeem(UUID reward) {
        Objects.requireNonNull(reward, "reward");
        return plg.atomically(tx -> {
            Optional<Row> locked = tx.stores().rewards().lock(workspace, reward);
            if (locked.isEmpty()) {
                return new Redemption(Status.UNKNOWN, null, "there is no reward " + reward + " in this workspace");
            }
            var rewarding = new Rewarding(tx);
            Row row = rewarding.advance(workspace, locked.get());
            if (row.state() == RewardState.APPROVED) {
                row = rewarding.issue(workspace, row);
                if (row.state() == RewardState.ISSUED) {
                    return new Redemption(Status.REDEEMED, reward, "you have it now");
                }
            }
            return refused(row);
        });
    }

    private static Redemption refused(Row row) {
        return switch (row.state()) {
            case ISSUED -> new Redemption(Status.ALREADY_REDEEMED, row.id(), "it was given at " + row.issuedAt());
            case PENDING -> new Redemption(Status.NOT_YET, row.id(), "it can be redeemed from " + row.dueAt() + " on");
            case FLAGGED, APPROVED -> new Redemption(Status.NOT_YET, row.id(), "it is being looked at");
            case CANCELED ->
                row.dueAt() == null && row.reason().equals("not redeemed in time")
                        ? new Redemption(Status.EXPIRED, row.id(), "it was to be redeemed before")
                        : new Redemption(Status.WITHDRAWN, row.id(), "it was canceled");
            case REJECTED -> new Redemption(Status.WITHDRAWN, row.id(), "it was refused");
            case CLAWED_BACK -> new Redemption(Status.WITHDRAWN, row.id(), "it was taken back");
        };
    }

    @Override
    public Redemption claim(String campaign, UserId user) {
        Objects.requireNonNull(user, "user");
        RewardCampaign known = plg.programs()
                .campaign(Objects.requireNonNull(campaign, "campaign"))
                .orElseThrow(() -> new IllegalArgumentException("there is no campaign \"" + campaign + "\"; known are "
                        + plg.programs().campaigns().stream()
                                .map(RewardCampaign::name)
                                .toList()));
        if (!known.isOpenAt(plg.now())) {
            return new Redemption(Status.EXPIRED, null, "campaign \"" + campaign + "\" is not open now");
        }
        return plg.atomically(tx -> {
            Decided decided = new Rewarding(tx).claim(workspace, known, user);
            return switch (decided.outcome()) {
                case STORED, ALREADY -> {
                    Row row =
                            tx.stores().rewards().find(workspace, decided.id()).orElseThrow();
                    yield row.state() == RewardState.ISSUED && decided.outcome() == Decided.Outcome.STORED
                            ? new Redemption(Status.REDEEMED, row.id(), "you have it now")
                            : refused(row);
                }
                case CAPPED ->
                    new Redemption(Status.LIMIT_REACHED, null, "nothing is left of campaign \"" + campaign + "\"");
            };
        });
    }

    @Override
    public boolean spend(UserId user, Money amount) {
        Objects.requireNonNull(user, "user");
        if (amount.signum() <= 0) {
            throw new IllegalArgumentException("amount to spend must be positive, was " + amount);
        }
        goOnFirst();
        return plg.atomically(tx -> new Rewarding(tx).spend(workspace, user, amount));
    }

    @Override
    public List<Reward> flagged(int most) {
        goOnFirst();
        return views(store().in(workspace, RewardState.FLAGGED, checkMost(most)));
    }

    @Override
    public Optional<Reward> approve(UUID reward) {
        return change(
                reward,
                (rewarding, row) -> row.state() == RewardState.FLAGGED
                        ? Optional.of(rewarding.approve(workspace, row))
                        : Optional.empty());
    }

    @Override
    public Optional<Reward> reject(UUID reward, String why) {
        checkReason(why);
        return change(
                reward,
                (rewarding, row) -> row.state() == RewardState.FLAGGED
                        ? Optional.of(rewarding.reject(workspace, row, why))
                        : Optional.empty());
    }

    @Override
    public Optional<Reward> flag(UUID reward, String why) {
        checkReason(why);
        return change(
                reward,
                (rewarding, row) -> row.state() == RewardState.PENDING
                        ? Optional.of(rewarding.flag(workspace, row, why))
                        : Optional.empty());
    }

    @Override
    public Optional<Reward> takeBack(UUID reward, String why) {
        checkReason(why);
        return change(reward, (rewarding, row) -> rewarding.takeBack(workspace, row, BigDecimal.ONE, why));
    }

    private Optional<Reward> change(UUID reward, BiFunction<Rewarding, Row, Optional<Row>> what) {
        Objects.requireNonNull(reward, "reward");
        return plg.atomically(tx -> tx.stores()
                .rewards()
                .lock(workspace, reward)
                .flatMap(row -> {
                    var rewarding = new Rewarding(tx);
                    return what.apply(rewarding, rewarding.advance(workspace, row))
                            .map(RewardsView::view);
                }));
    }

    @Override
    public int settle() {
        int moved = goOn();
        PlgStores stores = plg.stores();
        if (stores.inTransaction()) {
            return moved;
        }
        Instant now = plg.now();
        List<Row> due = store().due(workspace, now, AT_ONCE);
        for (boolean told = true; told && !due.isEmpty(); due = store().due(workspace, now, AT_ONCE)) {
            told = false;
            for (Row row : due) {
                if (isForOutside(row) && fulfil(row)) {
                    told = true;
                    moved++;
                }
            }
        }
        if (due.isEmpty()) {
            store().lookedAt(workspace, now);
        }
        return moved;
    }

    private static boolean isForOutside(Row row) {
        return row.fulfilment() == Fulfilment.TO_FULFIL || row.fulfilment() == Fulfilment.TO_REVOKE;
    }

    /** Before an answer; not in a transaction of the host, which may only want to read, and which others are not to wait for. */
    private void goOnFirst() {
        if (!plg.stores().inTransaction()) {
            goOn();
        }
    }

    /** Lets everything go on that is due; what is to be told outside waits. */
    private int goOn() {
        int moved = 0;
        int most = AT_ONCE;
        var failed = new HashSet<UUID>();
        while (true) {
            List<Row> all = store().due(workspace, plg.now(), most);
            List<Row> due = all.stream()
                    .filter(row -> row.state() == RewardState.PENDING || row.state() == RewardState.APPROVED)
                    .filter(row -> !failed.contains(row.id()))
                    .toList();
            if (due.isEmpty()) {
                if (all.size() < most) {
                    return moved;
                }
                // What waits for somebody outside, or cannot be given, must not hide what is due after it.
                most *= 2;
            }
            for (Row row : due) {
                try {
                    moved += plg.<Integer>atomically(tx -> tx.stores()
                            .rewards()
                            .lock(workspace, row.id())
                            .map(locked -> new Rewarding(tx).advance(workspace, locked) == locked ? 0 : 1)
                            .orElse(0));
                } catch (StoreFailure | WorkspaceDeleted e) {
                    throw e;
                } catch (RuntimeException e) {
                    // A provider of the host refused it: neither the others nor a question may suffer from that.
                    LOG.warn("reward {} of workspace {} could not be given; it stays due", row.id(), workspace, e);
                    failed.add(row.id());
                }
            }
        }
    }

    /** Tells somebody outside, outside of any transaction. */
    private boolean fulfil(Row row) {
        RewardFulfilment fulfilment = plg.rewardSettings().fulfilment();
        if (fulfilment == null) {
            later(row);
            return false;
        }
        boolean gives = row.fulfilment() == Fulfilment.TO_FULFIL;
        String key = (gives ? GIVE_KEY : "plg-take-back-") + row.id();
        try {
            if (!gives && isBeingGiven(row)) {
                return false; // it stays due
            }
            Outcome<String> outcome = plg.workspace(workspace)
                    .idempotency()
                    .<String, String, Exception>executeLeased(
                            gives ? FULFIL : TAKE_BACK,
                            Principal.service("plg"),
                            IdempotencyKey.of(key),
                            Fingerprint.of(key),
                            lease -> {
                                if (gives) {
                                    fulfilment.fulfil(view(row), key);
                                } else {
                                    fulfilment.takeBack(view(row), key);
                                }
                                return key;
                            },
                            (tx, answer) -> {
                                store().lock(workspace, row.id())
                                        .filter(locked -> locked.fulfilment() == row.fulfilment())
                                        .ifPresent(locked -> new Rewarding(plg).told(workspace, locked));
                                return answer;
                            });
            return outcome.fold(executed -> true, replayed -> false, inFlight -> false, mismatch -> false);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } catch (Exception e) {
            LOG.warn(
                    "reward {} of workspace {} could not be {} outside; it is tried again",
                    row.id(),
                    workspace,
                    gives ? "given" : "taken back",
                    e);
            later(row);
            return false;
        }
    }

    /** Whether somebody is giving a reward now. If nobody is, nobody will: the key is used up by this. */
    private boolean isBeingGiven(Row row) {
        String key = GIVE_KEY + row.id();
        Outcome<String> outcome = plg.workspace(workspace)
                .idempotency()
                .<String, String, RuntimeException>executeLeased(
                        FULFIL,
                        Principal.service("plg"),
                        IdempotencyKey.of(key),
                        Fingerprint.of(key),
                        lease -> key,
                        (tx, answer) -> answer);
        return outcome.fold(executed -> false, replayed -> false, inFlight -> true, mismatch -> false);
    }

    private void later(Row row) {
        try {
            plg.atomically(tx -> {
                tx.stores()
                        .rewards()
                        .lock(workspace, row.id())
                        .filter(locked -> locked.fulfilment() == row.fulfilment())
                        .ifPresent(locked -> new Rewarding(tx)
                                .tellLater(workspace, locked, tx.now().plus(TRY_AGAIN_AFTER)));
                return Boolean.TRUE;
            });
        } catch (StoreFailure e) {
            LOG.debug("reward {} stays due", row.id(), e);
        }
    }

    private RewardStore store() {
        return plg.stores().rewards();
    }

    static Reward view(Row row) {
        return new Reward(
                row.id(),
                row.key().program(),
                row.key().rule(),
                row.key().party(),
                Optional.ofNullable(row.user()),
                row.state(),
                row.benefit(),
                row.decidedAt(),
                row.state().isFinal() || row.state() == RewardState.ISSUED
                        ? Optional.empty()
                        : Optional.ofNullable(row.dueAt()),
                Optional.ofNullable(row.issuedAt()),
                row.refunded(),
                row.reason());
    }

    private static List<Reward> views(List<Row> rows) {
        return rows.stream().map(RewardsView::view).toList();
    }

    static int checkMost(int most) {
        if (most < 1 || most > MOST_ASKED_FOR) {
            throw new IllegalArgumentException("most must be 1 to " + MOST_ASKED_FOR + ", was " + most);
        }
        return most;
    }

    static void checkReason(String why) {
        Text.checkStorable("why", why);
        if (why.length() > MOST_REASON) {
            throw new IllegalArgumentException(
                    "why must have at most " + MOST_REASON + " characters, had " + why.length());
        }
    }

    @Override
    public String toString() {
        return "rewards of workspace " + workspace;
    }
}
