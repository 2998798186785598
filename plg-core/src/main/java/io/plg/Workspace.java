package io.plg;

import io.plg.activation.Activation;
import io.plg.activation.ActivationFunnel;
import io.plg.gate.Entitlements;
import io.plg.gate.Gates;
import io.plg.idempotency.Idempotency;
import io.plg.prompt.UpgradePrompts;
import io.plg.referral.Referrals;
import io.plg.reward.RewardLedger;
import io.plg.virality.Virality;

/**
 * The view on one workspace, through which every operation on its data goes: there is no method that forgets the tenant. A view
 * is cheap, holds no resource and may be kept or made anew for each call.
 *
 * <p>A view made by a {@link Plg} that is bound to a transaction ends with that transaction.
 */
public interface Workspace {

    /**
     * Returns the workspace that this view is on.
     *
     * @return its id
     */
    WorkspaceId id();

    /**
     * Returns the activation of this workspace's users along a funnel.
     *
     * @param funnel one of the funnels that {@link Plg} was built with
     * @return the view on the users of this workspace in that funnel
     * @throws io.plg.activation.UnknownFunnel if {@code Plg} was not built with it
     */
    Activation activation(ActivationFunnel funnel);

    /**
     * Returns the activation of this workspace's users along a funnel, by the funnel's name.
     *
     * @param funnelName the name of one of the funnels that {@link Plg} was built with
     * @return the view on the users of this workspace in that funnel
     * @throws io.plg.activation.UnknownFunnel if no funnel has that name
     */
    Activation activation(String funnelName);

    /**
     * Returns the gates of this workspace: what it may do, and the counting of what it does.
     *
     * @return the view on its gates
     * @throws IllegalStateException if {@code Plg} was built without plans
     */
    Gates gates();

    /**
     * Returns what this workspace has: its plan, add-ons, overrides and grants.
     *
     * @return the view on what it has
     * @throws IllegalStateException if {@code Plg} was built without plans
     */
    Entitlements entitlements();

    /**
     * Returns what makes an effect happen once in this workspace, however often it is asked for.
     *
     * @return the view on the keys of this workspace
     */
    Idempotency<Execution> idempotency();

    /**
     * Returns what decides whether a user of this workspace is shown what a gate offers, and notes what came of it.
     *
     * @return the view on the prompts of this workspace
     */
    UpgradePrompts prompts();

    /**
     * Returns the referrals of this workspace in the product's first program.
     *
     * @return the view on them
     * @throws IllegalStateException if {@code Plg} was built without programs
     */
    Referrals referrals();

    /**
     * Returns the referrals of this workspace in a program.
     *
     * @param program the name of the program
     * @return the view on them
     * @throws IllegalArgumentException if there is no such program
     * @throws IllegalStateException if {@code Plg} was built without programs
     */
    Referrals referrals(String program);

    /**
     * Returns the rewards of this workspace's users.
     *
     * @return the view on them
     */
    RewardLedger rewards();

    /**
     * Returns how fast the users of this workspace bring users in the product's first program.
     *
     * @return the view on it
     * @throws IllegalStateException if {@code Plg} was built without programs
     */
    Virality virality();

    /**
     * Returns how fast the users of this workspace bring users in a program.
     *
     * @param program the name of the program
     * @return the view on it
     * @throws IllegalArgumentException if there is no such program
     * @throws IllegalStateException if {@code Plg} was built without programs
     */
    Virality virality(String program);
}
