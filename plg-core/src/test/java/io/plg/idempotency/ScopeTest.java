package io.plg.idempotency;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ScopeTest {
    private static final IdempotencyKey KEY = IdempotencyKey.of("8e03978e-40d5-43e8-bc93-6894a57f9324");

    @Test
    void theHashByWhichStoresLookAScopeUpNeverChanges() throws Exception {
        assertThat(hex(new Scope(Principal.by("ada"), "redeem-reward", KEY)))
                .isEqualTo("2dad78c621ca53eb8ac079743a8e9da8cd3cecb356b9a994ac3208ff2f917fd2")
                .isEqualTo(sha256("plg.idempotency.scope.1\0USER\0ada\0redeem-reward\0" + KEY));
        assertThat(hex(new Scope(Principal.service("Grüße 🦄"), "x", IdempotencyKey.of("~"))))
                .isEqualTo("cad80517754fef0ab96a82095c514398ff489b3af25241c369b6bfb0a3cc3705")
                .isEqualTo(sha256("plg.idempotency.scope.1\0SERVICE\0Grüße 🦄\0x\0~"));
    }

    @Test
    void noTwoScopesHaveTheSameHash() {
        var names = List.of("a", "b", "ab", "a b", "USER", "SERVICE", "a\u0001", "1", "é", "e\u0301");
        var seen = new HashMap<String, Scope>();
        int scopes = 0;
        for (String name : names) {
            for (String operation : names) {
                for (String key : List.of("a", "b", "ab", "a b", "USER", "1", "b/a")) {
                    for (Principal by : List.of(Principal.by(name), Principal.service(name))) {
                        var scope = new Scope(by, operation, IdempotencyKey.of(key));
                        assertThat(seen.put(hex(scope), scope)).isNull();
                        scopes++;
                    }
                }
            }
        }
        assertThat(seen).hasSize(scopes).hasSize(1400);
    }

    @Test
    void aHashIsACopy() {
        var scope = new Scope(Principal.by("ada"), "redeem", KEY);
        scope.hash()[0]++;

        assertThat(scope.hash()).hasSize(32).isEqualTo(new Scope(Principal.by("ada"), "redeem", KEY).hash());
    }

    @Test
    void aScopeIsNamedByItsOperationAndKeyAndNeedsAllOfItsParts() {
        assertThat(new Scope(Principal.by("ada"), "redeem", IdempotencyKey.of("k")))
                .hasToString("key \"k\" of operation \"redeem\"");
        assertThatThrownBy(() -> new Scope(null, "redeem", KEY)).hasMessage("principal");
        assertThatThrownBy(() -> new Scope(Principal.by("ada"), null, KEY)).hasMessageContaining("operation");
        assertThatThrownBy(() -> new Scope(Principal.by("ada"), "\uD800", KEY)).hasMessageContaining("U+D800");
        assertThatThrownBy(() -> new Scope(Principal.by("ada"), "redeem", null)).hasMessage("key");
        assertThat(Map.of(new Scope(Principal.by("ada"), "redeem", KEY), 1))
                .containsKey(new Scope(Principal.by("ada"), "redeem", KEY));
    }

    private static String hex(Scope scope) {
        return HexFormat.of().formatHex(scope.hash());
    }

    private static String sha256(String text) throws Exception {
        return HexFormat.of()
                .formatHex(MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
    }
}
