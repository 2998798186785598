package io.plg.jdbi;

import java.sql.Connection;
import java.sql.SQLException;
import org.jdbi.v3.core.Handle;

/** A transaction of the host that plg was handed: whether it is still open, and whether its end will be told. */
interface Joined {

    boolean open() throws SQLException;

    /** Whether the end is told if the host ends the transaction by the object that it handed over. */
    boolean tells();

    /** Asks to be told of the end; it may never come, if somebody else ends the transaction. */
    void onEnd(Runnable committed, Runnable rolledBack);

    static Joined of(Connection connection) {
        return new Joined() {
            @Override
            public boolean open() throws SQLException {
                return !connection.isClosed() && !connection.getAutoCommit();
            }

            @Override
            public boolean tells() {
                return false;
            }

            @Override
            public void onEnd(Runnable committed, Runnable rolledBack) {
                // A connection does not tell.
            }
        };
    }

    static Joined of(Handle handle) {
        return new Joined() {
            @Override
            public boolean open() {
                return !handle.isClosed() && handle.isInTransaction();
            }

            @Override
            public boolean tells() {
                return true;
            }

            @Override
            public void onEnd(Runnable committed, Runnable rolledBack) {
                handle.afterCommit(committed);
                handle.afterRollback(rolledBack);
            }
        };
    }
}
