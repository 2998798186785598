package io.plg.audit;

/** A watch that goes on until it is closed. Made by {@link IsolationAudit#watch}. */
public interface IsolationWatch extends AutoCloseable {

    /** Ends the watch. Calling it again does nothing. */
    @Override
    void close();
}
