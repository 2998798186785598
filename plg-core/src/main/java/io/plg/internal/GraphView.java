package io.plg.internal;

import io.plg.UserId;
import io.plg.WorkspaceId;
import io.plg.referral.ReferralGraph;
import io.plg.referral.ReferralStore;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/** Who referred whom in one workspace and program. */
final class GraphView implements ReferralGraph {
    private static final int MOST_ANCESTORS = 1_000;

    private final PlgRuntime plg;
    private final WorkspaceId workspace;
    private final String program;

    GraphView(PlgRuntime plg, WorkspaceId workspace, String program) {
        this.plg = plg;
        this.workspace = workspace;
        this.program = program;
    }

    @Override
    public OptionalInt depthOf(UserId user) {
        return position(user).map(position -> OptionalInt.of(position.depth())).orElse(OptionalInt.empty());
    }

    @Override
    public int depthOverallOf(UserId user) {
        return store().depthOverall(program, Objects.requireNonNull(user, "user"));
    }

    @Override
    public OptionalLong subtreeSizeOf(UserId user) {
        return position(user).map(position -> OptionalLong.of(position.size())).orElse(OptionalLong.empty());
    }

    private Optional<ReferralStore.Position> position(UserId user) {
        return store().position(workspace, program, Objects.requireNonNull(user, "user"));
    }

    @Override
    public List<UserId> ancestorsOf(UserId user) {
        return store().ancestors(workspace, program, Objects.requireNonNull(user, "user"), MOST_ANCESTORS).stream()
                .flatMap(Optional::stream)
                .toList();
    }

    @Override
    public Figures figures() {
        List<ReferralStore.Generation> generations = store().generations(workspace, program);
        long members = generations.stream()
                .mapToLong(ReferralStore.Generation::members)
                .sum();
        long roots = generations.isEmpty() ? 0 : generations.get(0).members();
        return new Figures(members, roots, members - roots, Math.max(0, generations.size() - 1));
    }

    @Override
    public List<Generation> generations() {
        List<ReferralStore.Generation> stored = store().generations(workspace, program);
        var generations = new ArrayList<Generation>(stored.size());
        for (int depth = 0; depth < stored.size(); depth++) {
            ReferralStore.Generation each = stored.get(depth);
            long next = depth + 1 < stored.size() ? stored.get(depth + 1).members() : 0;
            generations.add(new Generation(depth, each.members(), each.referrers(), (double) next / each.members()));
        }
        return List.copyOf(generations);
    }

    @Override
    public List<Subtree> largestSubtrees(int most) {
        return store().largest(workspace, program, RewardsView.checkMost(most)).stream()
                .map(subtree -> new Subtree(subtree.user(), subtree.size()))
                .toList();
    }

    private ReferralStore store() {
        return plg.stores().referrals();
    }

    @Override
    public String toString() {
        return "referral graph of workspace " + workspace + " in program " + program;
    }
}
