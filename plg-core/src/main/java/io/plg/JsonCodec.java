package io.plg;

import java.lang.reflect.Type;
import org.jspecify.annotations.Nullable;

/**
 * How values of the host become JSON and back: what is stored as the result of an operation. Default: Jackson 3 as it comes, for which records
 * need nothing. A host with a mapper of its own hands in two lines that call it.
 *
 * <p>Rules for implementers: what {@link #write} returned can be read by every later version of the host; both are safe to call from many
 * threads. What they throw is the cause of what plg then throws.
 */
public interface JsonCodec {

    /**
     * Writes a value.
     *
     * @param value the value
     * @return one JSON value
     */
    String write(@Nullable Object value);

    /**
     * Reads a value.
     *
     * @param json what {@link #write} returned
     * @param type the type that was asked for
     * @return the value; {@code null} for JSON's {@code null}
     */
    @Nullable
    Object read(String json, Type type);
}
