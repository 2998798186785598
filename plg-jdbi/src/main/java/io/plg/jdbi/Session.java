package io.plg.jdbi;

import io.plg.WorkspaceId;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/** Where the statements of a store run: each call on a connection of its own, or all of them in one transaction. */
interface Session {

    /**
     * Runs one statement.
     *
     * @param what completes the sentence "could not …"
     */
    <T extends @Nullable Object> T call(String what, Call<T> call);

    /** Runs one statement that changes nothing: if the connection breaks, nothing is unknown. */
    <T extends @Nullable Object> T read(String what, Call<T> call);

    /**
     * Runs one statement that returns nothing. If the transaction is plg's own it may be put off until the next call, or until the commit, to go
     * there in one round trip: what it throws is then thrown there.
     *
     * @param what completes the sentence "could not …"
     */
    void store(String what, Write write);

    /** Runs several statements, all or none. */
    <T extends @Nullable Object> T atomically(String what, Call<T> call);

    /** Notes what a call stored, for the {@link io.plg.PlgStores#afterCommit} task that belongs to it. */
    void stored(Stored stored);

    /** Whether the calls run in a transaction that plg itself began. */
    boolean isOwn();

    /** Notes that a call has bound such a transaction to a workspace for good. */
    void boundTo(WorkspaceId workspace);

    /** Statements on a handle. */
    @FunctionalInterface
    interface Call<T extends @Nullable Object> {
        T on(Handle handle) throws SQLException;
    }

    /**
     * A statement that returns nothing.
     *
     * @param sql its text, for plain JDBC
     * @param values binds its values
     */
    record Write(String sql, Values values) {

        void run(Handle handle) throws SQLException {
            run(handle, sql);
        }

        /** Runs it and commits, in one round trip; an error keeps the server from committing. */
        void runAndCommit(Handle handle) throws SQLException {
            run(handle, sql + "; commit");
        }

        private void run(Handle handle, String text) throws SQLException {
            try (PreparedStatement statement = handle.getConnection().prepareStatement(text)) {
                values.bind(statement);
                statement.execute();
            }
        }
    }

    /** Binds values. */
    @FunctionalInterface
    interface Values {
        void bind(PreparedStatement statement) throws SQLException;
    }

    /**
     * By what the fate of a write can be told afterwards.
     *
     * @param transaction the id of its transaction, if the database gave one
     * @param workspace where it was written
     * @param proof whether it is there; {@code null} if nobody minds hearing of what was taken back
     */
    record Stored(
            @Nullable String transaction,
            WorkspaceId workspace,
            @Nullable Call<Boolean> proof) {}
}
