package io.plg;

/** The user was erased, for good: nothing can be read about or stored for that id. Nothing of the call that threw this is stored. */
public class UserErased extends PlgException {
    private static final long serialVersionUID = 1L;

    private final String user;

    /**
     * Creates the error.
     *
     * @param user the erased user
     */
    public UserErased(UserId user) {
        super("user \"" + user + "\" was erased; an erased id cannot be used again");
        this.user = user.value();
    }

    /**
     * Returns the user.
     *
     * @return the id of the erased user
     */
    public UserId user() {
        return UserId.of(user);
    }
}
