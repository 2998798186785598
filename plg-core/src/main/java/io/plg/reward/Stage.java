package io.plg.reward;

import io.plg.internal.Text;

/**
 * How far a referred user has come: the event at which a {@link RewardRule} rewards. Three are known to the library; the host may name others and
 * report them itself.
 *
 * @param name its name, 1 to 128 characters, under which it is stored
 */
public record Stage(String name) {

    /** The referred user has signed up and is attributed to the referrer. */
    public static final Stage SIGN_UP = new Stage("sign_up");

    /** The referred user is activated. */
    public static final Stage ACTIVATION = new Stage("activation");

    /** The referred user has paid for the first time. */
    public static final Stage FIRST_PAYMENT = new Stage("first_payment");

    /**
     * Checks the name.
     *
     * @throws IllegalArgumentException if the name is blank, longer than 128 characters, or cannot be stored
     */
    public Stage {
        Text.checkName("stage", name);
    }

    /**
     * Returns a stage.
     *
     * @param name its name, 1 to 128 characters; equal to one of the constants if it has the name of that
     * @return the stage
     * @throws IllegalArgumentException if the name is blank, longer than 128 characters, or cannot be stored
     */
    public static Stage of(String name) {
        return new Stage(name);
    }

    /** Returns the name. */
    @Override
    public String toString() {
        return name;
    }
}
