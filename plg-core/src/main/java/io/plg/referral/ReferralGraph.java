package io.plg.referral;

import io.plg.UserId;
import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * Who referred whom in one workspace and program: a forest. Members are those who were referred by somebody of the workspace and those who have referred somebody; a root was not
 * referred within it. It holds what is committed, and what the caller's transaction has done.
 *
 * <p>{@link #depthOf}, {@link #subtreeSizeOf} and {@link #ancestorsOf} cost about the same in a graph of a million people as in a small one. {@link #figures}, {@link #generations} and
 * {@link #largestSubtrees} read all of it and are for reports.
 *
 * <p>Every method throws {@code WorkspaceDeleted} after the workspace's deletion, and those about a user {@code UserErased} after the user's erasure. Who was erased keeps a nameless place, so that
 * the figures stay as they were.
 */
public interface ReferralGraph {

    /**
     * Counts the referrals that lead to a user within the workspace.
     *
     * @param user who
     * @return 0 for a root; empty for somebody who is not a member
     */
    OptionalInt depthOf(UserId user);

    /**
     * Counts the referrals that lead to a user, whatever workspaces they belong to.
     *
     * @param user who
     * @return 0 for somebody who was not referred
     */
    int depthOverallOf(UserId user);

    /**
     * Counts who is there because of a user, the user included.
     *
     * @param user who
     * @return at least 1; empty for somebody who is not a member
     */
    OptionalLong subtreeSizeOf(UserId user);

    /**
     * Finds by whom a user was referred, and by whom that one, and so on.
     *
     * @param user who
     * @return the nearest first, at most 1,000, without erased users
     */
    List<UserId> ancestorsOf(UserId user);

    /**
     * Counts the graph.
     *
     * @return its figures
     */
    Figures figures();

    /**
     * Counts each generation.
     *
     * @return the roots first; empty if there are no members
     */
    List<Generation> generations();

    /**
     * Finds the members with the largest subtrees.
     *
     * @param most how many, 1 to 10,000
     * @return the largest first, equal ones in the order of their ids, without erased users
     * @throws IllegalArgumentException if {@code most} is out of range
     */
    List<Subtree> largestSubtrees(int most);

    /**
     * The figures of a graph.
     *
     * @param members how many people
     * @param roots how many of them were not referred
     * @param referrals how many were
     * @param maxDepth the depth of the deepest; 0 if there is nobody
     */
    record Figures(long members, long roots, long referrals, int maxDepth) {}

    /**
     * A generation.
     *
     * @param depth 0 for the roots
     * @param members how many people
     * @param referrers how many of them have referred somebody
     * @param branchingFactor how many each has referred on average: members of the next generation by members of this one
     */
    record Generation(int depth, long members, long referrers, double branchingFactor) {}

    /**
     * A member and who is there because of it.
     *
     * @param user the member
     * @param size how many people, the member included
     */
    record Subtree(UserId user, long size) {}
}
