package io.plg.internal;

import io.plg.fraud.EmailAddress;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Base64;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * The secret with which e-mail addresses, devices and network addresses are hashed (HMAC-SHA256), so that they can be compared and not be read or guessed. A hash is
 * 43 characters; with another secret, or of another kind of thing, the same text has another one.
 */
public final class Pepper {
    private static final int MIN_BYTES = 16;
    private static final String ALGORITHM = "HmacSHA256";

    private final SecretKeySpec key;

    private Pepper(byte[] secret) {
        this.key = new SecretKeySpec(secret, ALGORITHM);
    }

    /**
     * Returns the hashing with a secret.
     *
     * @param secret 16 bytes or more, the same for ever
     * @return the hashing
     * @throws IllegalArgumentException if it is shorter
     */
    public static Pepper of(byte[] secret) {
        if (secret.length < MIN_BYTES) {
            throw new IllegalArgumentException(
                    "secret must have at least " + MIN_BYTES + " bytes, had " + secret.length);
        }
        return new Pepper(secret);
    }

    /**
     * Hashes a mailbox.
     *
     * @param address one of its addresses
     * @return the hash of its canonical form
     */
    public String email(EmailAddress address) {
        return hash("email", address.canonical());
    }

    /**
     * Hashes a device.
     *
     * @param device the host's id of it
     * @return its hash
     */
    public String device(String device) {
        return hash("device", device);
    }

    /**
     * Hashes a network address.
     *
     * @param address an IPv4 or IPv6 address
     * @return the hash of its {@linkplain #network network}; empty if it is no address
     */
    public Optional<String> ip(String address) {
        return network(address).map(network -> hash("ip", network));
    }

    /**
     * Hashes anything else.
     *
     * @param kind what it is; has no NUL
     * @param value the thing
     * @return its hash
     */
    public String hash(String kind, String value) {
        Objects.requireNonNull(value, "value");
        if (kind.indexOf(0) >= 0) {
            throw new IllegalArgumentException("kind must not contain the character U+0000");
        }
        try {
            Mac mac = Mac.getInstance(ALGORITHM);
            mac.init(key);
            mac.update(kind.getBytes(StandardCharsets.UTF_8));
            mac.update((byte) 0);
            mac.update(value.getBytes(StandardCharsets.UTF_8));
            return Base64.getUrlEncoder().withoutPadding().encodeToString(mac.doFinal());
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java runtime has " + ALGORITHM, e);
        }
    }

    /**
     * Returns what of a network address belongs to one customer: an IPv4 address itself, also if it is written as IPv6, and of IPv6 the first 64 bits, because
     * every household has all addresses below them.
     *
     * @param address an IPv4 or IPv6 address; never looked up by name
     * @return such as {@code 192.0.2.1} or {@code 2001:db8:0:1::/64}; empty if it is no address
     */
    public static Optional<String> network(String address) {
        String text = address.strip();
        int zone = text.indexOf('%');
        if (zone >= 0) {
            text = text.substring(0, zone);
        }
        if (text.length() > 45) {
            return Optional.empty();
        }
        if (text.matches("\\d{1,3}(\\.\\d{1,3}){3}")) {
            return isDottedQuad(text) ? Optional.of(text) : Optional.empty();
        }
        if (!text.contains(":") || !text.matches("[0-9A-Fa-f:.]+")) {
            return Optional.empty();
        }
        byte[] bytes;
        try {
            bytes = InetAddress.getByName("[" + text + "]").getAddress(); // brackets: not a name
        } catch (UnknownHostException e) {
            return Optional.empty();
        }
        if (bytes.length == 4) {
            return Optional.of(
                    (bytes[0] & 255) + "." + (bytes[1] & 255) + "." + (bytes[2] & 255) + "." + (bytes[3] & 255));
        }
        var network = new StringBuilder();
        for (int i = 0; i < 8; i += 2) {
            network.append(String.format(Locale.ROOT, "%x:", (bytes[i] & 255) << 8 | bytes[i + 1] & 255));
        }
        return Optional.of(network + ":/64");
    }

    /** With a leading zero it would be octal for some and decimal for others. */
    private static boolean isDottedQuad(String text) {
        for (String part : text.split("\\.")) {
            if (Integer.parseInt(part) > 255 || part.length() > 1 && part.startsWith("0")) {
                return false;
            }
        }
        return true;
    }

    /** Returns nothing of the secret. */
    @Override
    public String toString() {
        return "a pepper";
    }
}
