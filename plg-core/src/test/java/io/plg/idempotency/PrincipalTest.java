package io.plg.idempotency;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plg.UserId;
import org.junit.jupiter.api.Test;

class PrincipalTest {

    @Test
    void aUserAndAServiceOfTheSameNameAreTwo() {
        assertThat(Principal.by("ada"))
                .isEqualTo(Principal.by(UserId.of("ada")))
                .isNotEqualTo(Principal.service("ada"));
        assertThat(Principal.by("ada").user()).contains(UserId.of("ada"));
        assertThat(Principal.service("ada").user()).isEmpty();
        assertThat(Principal.service("nightly-import").name()).isEqualTo("nightly-import");
        assertThat(Principal.service("nightly-import").kind()).isEqualTo(Principal.Kind.SERVICE);
    }

    @Test
    void aNameIsAnIdThatCanBeStored() {
        assertThat(Principal.service("x".repeat(128)).name()).hasSize(128);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Principal.service(""))
                .withMessage("principal must have 1 to 128 characters, was empty");
        assertThatIllegalArgumentException().isThrownBy(() -> Principal.service("x".repeat(129)));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Principal.service("a\u0000b"))
                .withMessage("principal must not contain the character U+0000, at index 1");
        assertThatIllegalArgumentException().isThrownBy(() -> Principal.by("a\u0000b"));
        assertThatThrownBy(() -> Principal.service(null)).isInstanceOf(NullPointerException.class);
        assertThatThrownBy(() -> new Principal(null, "ada")).isInstanceOf(NullPointerException.class);
    }
}
