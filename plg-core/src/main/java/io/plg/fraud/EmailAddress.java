package io.plg.fraud;

import com.sanctionco.jmail.Email;
import com.sanctionco.jmail.EmailValidator;
import com.sanctionco.jmail.JMail;
import java.nio.charset.StandardCharsets;
import java.text.Normalizer;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * An e-mail address that knows its mailbox: two addresses are equal if mail to them arrives in one mailbox, as far as their text shows it.
 *
 * <p>Equal are: upper and lower case; full-width and other Unicode-compatibility forms; surrounding spaces; comments; a quoted name and the same
 * name without quotes; whatever follows a {@code +}; dots at Gmail; whatever follows a {@code -} at Yahoo; {@code any@name.fastmail.com} and
 * {@code name@fastmail.com}; the domains under which one provider serves one mailbox (googlemail.com is gmail.com, protonmail.com and pm.me are
 * proton.me, me.com and mac.com are icloud.com, Yandex). Dots elsewhere make another address, and so do domains that merely belong to one
 * provider, such as hotmail.com and outlook.com.
 *
 * <p>Immutable. Its text form does not show the name.
 */
public final class EmailAddress {
    private static final int MAX_TEXT = 1_000;
    private static final int MAX_ADDRESS = 254;
    private static final int MAX_NAME_BYTES = 64;

    private static final EmailValidator VALIDATOR = JMail.strictValidator()
            .disallowIpDomain()
            .requireTopLevelDomain()
            .disallowExplicitSourceRouting()
            .disallowObsoleteWhitespace();

    private static final Pattern DOT_ATOM =
            Pattern.compile("[^\\s\"(),:;<>@\\[\\]\\\\.]+(\\.[^\\s\"(),:;<>@\\[\\]\\\\.]+)*");

    private static final Pattern QUOTED = Pattern.compile("\"((?:[^\"\\\\]|\\\\.)*)\"");

    /** Domains of one provider under which everybody has the same mailbox; only where we are sure. */
    private static final Map<String, String> SAME_MAILBOX = Map.ofEntries(
            Map.entry("googlemail.com", "gmail.com"),
            Map.entry("protonmail.com", "proton.me"),
            Map.entry("protonmail.ch", "proton.me"),
            Map.entry("pm.me", "proton.me"),
            Map.entry("me.com", "icloud.com"),
            Map.entry("mac.com", "icloud.com"),
            Map.entry("ya.ru", "yandex.ru"),
            Map.entry("yandex.com", "yandex.ru"),
            Map.entry("yandex.by", "yandex.ru"),
            Map.entry("yandex.kz", "yandex.ru"),
            Map.entry("yandex.ua", "yandex.ru"));

    /** Yahoo names have no hyphen, so what follows one is the keyword of a disposable address. */
    private static final Set<String> HYPHEN_TAGS = Set.of(
            "myyahoo.com",
            "rocketmail.com",
            "yahoo.at",
            "yahoo.ca",
            "yahoo.co.id",
            "yahoo.co.in",
            "yahoo.co.nz",
            "yahoo.co.uk",
            "yahoo.com",
            "yahoo.com.ar",
            "yahoo.com.au",
            "yahoo.com.br",
            "yahoo.com.hk",
            "yahoo.com.mx",
            "yahoo.com.ph",
            "yahoo.com.sg",
            "yahoo.com.tw",
            "yahoo.com.vn",
            "yahoo.de",
            "yahoo.dk",
            "yahoo.es",
            "yahoo.fr",
            "yahoo.gr",
            "yahoo.ie",
            "yahoo.in",
            "yahoo.it",
            "yahoo.no",
            "yahoo.pl",
            "yahoo.ro",
            "yahoo.se",
            "ymail.com");

    private static final Set<String> SUBDOMAIN_TAGS = Set.of("fastmail.com", "fastmail.fm");

    private final String domain;
    private final String mailboxDomain;
    private final String canonical;

    private EmailAddress(String domain, String mailboxDomain, String canonical) {
        this.domain = domain;
        this.mailboxDomain = mailboxDomain;
        this.canonical = canonical;
    }

    /**
     * Reads an address as somebody typed it. Strict: a name, an {@code @} and a domain with a dot. An address literal such as {@code [192.0.2.1]},
     * a display name, angle brackets, a source route and invisible or control characters are refused; so is a name of more than 64 bytes, or an
     * address of more than 254 characters without its comments.
     *
     * @param text the address, with or without spaces around it
     * @return the address; empty if it is none
     */
    public static Optional<EmailAddress> parse(String text) {
        Objects.requireNonNull(text, "text");
        if (text.length() > MAX_TEXT) {
            return Optional.empty();
        }
        String plain =
                Domains.dotted(Normalizer.normalize(text, Normalizer.Form.NFKC)).strip();
        if (plain.length() > MAX_TEXT || plain.endsWith(">") || !isVisible(plain)) {
            return Optional.empty();
        }
        return VALIDATOR.tryParse(plain).filter(email -> !email.hasIdentifier()).flatMap(EmailAddress::of);
    }

    private static Optional<EmailAddress> of(Email email) {
        String domain = Domains.normalize(email.domainWithoutComments());
        String name = unquoted(email.localPartWithoutComments().strip());
        if (domain == null
                || name.isEmpty()
                || name.getBytes(StandardCharsets.UTF_8).length > MAX_NAME_BYTES
                || name.length() + 1 + domain.length() > MAX_ADDRESS) {
            return Optional.empty();
        }
        String mailboxDomain = SAME_MAILBOX.getOrDefault(domain, domain);
        String mailbox = lowerCase(name);
        String host = parentOf(domain);
        if (host != null && SUBDOMAIN_TAGS.contains(host)) {
            mailbox = domain.substring(0, domain.length() - host.length() - 1);
            mailboxDomain = host;
        }
        mailbox = before('+', mailbox);
        if (HYPHEN_TAGS.contains(mailboxDomain)) {
            mailbox = before('-', mailbox);
        }
        if (mailboxDomain.equals("gmail.com") && !mailbox.replace(".", "").isEmpty()) {
            mailbox = mailbox.replace(".", "");
        }
        return Optional.of(new EmailAddress(domain, mailboxDomain, quoted(mailbox) + "@" + mailboxDomain));
    }

    private static boolean isVisible(String text) {
        return text.codePoints().noneMatch(c -> switch (Character.getType(c)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.PRIVATE_USE,
                    Character.UNASSIGNED,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR -> true;
            default -> false;
        });
    }

    /** One character at a time, unlike text, where a sigma depends on what follows. */
    private static String lowerCase(String name) {
        var lower = new StringBuilder(name.length());
        name.codePoints().map(Character::toLowerCase).forEach(lower::appendCodePoint);
        return Normalizer.normalize(lower.toString().replace('ς', 'σ'), Normalizer.Form.NFKC);
    }

    /** What stands before the separator, unless that is nothing. */
    private static String before(char separator, String name) {
        int end = name.indexOf(separator);
        return end > 0 ? name.substring(0, end) : name;
    }

    private static @Nullable String parentOf(String domain) {
        String parent = domain.substring(domain.indexOf('.') + 1);
        return parent.indexOf('.') < 0 ? null : parent;
    }

    /** The name without its quotes; empty if it is neither plain nor quoted as a whole. */
    private static String unquoted(String name) {
        Matcher quoted = QUOTED.matcher(name);
        if (quoted.matches()) {
            return quoted.group(1).replaceAll("\\\\(.)", "$1");
        }
        return DOT_ATOM.matcher(name).matches() ? name : "";
    }

    private static String quoted(String name) {
        return DOT_ATOM.matcher(name).matches() ? name : "\"" + name.replaceAll("([\"\\\\])", "\\\\$1") + "\"";
    }

    /**
     * Returns the domain as it was written, in lower case and A-labels: {@code googlemail.com}, {@code xn--bcher-kva.example}.
     *
     * @return the domain
     */
    public String domain() {
        return domain;
    }

    /** The domain of the canonical form: what the provider calls itself. */
    String mailboxDomain() {
        return mailboxDomain;
    }

    /**
     * Returns the form by which two addresses of one mailbox are equal. It is itself an address of that mailbox, except for names that the provider writes
     * otherwise; compare and hash it, but write to the address that the person gave.
     *
     * @return the canonical address
     */
    public String canonical() {
        return canonical;
    }

    /** Tells whether the other one is an address of the same mailbox. */
    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof EmailAddress that && canonical.equals(that.canonical);
    }

    @Override
    public int hashCode() {
        return canonical.hashCode();
    }

    /** Returns a text without the name. */
    @Override
    public String toString() {
        return "an e-mail address at " + domain;
    }
}
