package io.plg.activation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plg.UserId;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class StepCompletionTest {
    private static final StepCompletion COMPLETION = Step.of("exported").by("ada");

    @Test
    void itSaysWhoCompletedWhatAndIfKnownWhen() {
        assertThat(COMPLETION)
                .isEqualTo(new StepCompletion(UserId.of("ada"), Step.of("exported"), Optional.empty(), Map.of()));
        assertThat(COMPLETION.at(Instant.EPOCH).with("a", "1"))
                .isEqualTo(new StepCompletion(
                        UserId.of("ada"), Step.of("exported"), Optional.of(Instant.EPOCH), Map.of("a", "1")));
        assertThat(COMPLETION.time()).as("the original is unchanged").isEmpty();
    }

    @Test
    void itsTimeIsKeptInMicrosecondsBetweenTheYears1And9999() {
        assertThat(COMPLETION
                        .at(Instant.parse("1969-12-31T23:59:59.999999999Z"))
                        .time())
                .contains(Instant.parse("1969-12-31T23:59:59.999999Z"));
        for (String edge : new String[] {"0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"}) {
            assertThat(COMPLETION.at(Instant.parse(edge)).time()).contains(Instant.parse(edge));
        }
        for (String beyond : new String[] {"0000-12-31T23:59:59.999999999Z", "+10000-01-01T00:00:00Z"}) {
            assertThatThrownBy(() -> COMPLETION.at(Instant.parse(beyond)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("time must be between 0001-01-01T00:00:00Z and")
                    .hasMessageContaining("was " + Instant.parse(beyond));
        }
        assertThat(COMPLETION
                        .at(Instant.parse("9999-12-31T23:59:59.999999999Z"))
                        .time())
                .as("it is in the year 9999")
                .contains(Instant.parse("9999-12-31T23:59:59.999999Z"));
    }

    @Test
    void itHasAtMost20EntriesOfMetadata() {
        StepCompletion full = COMPLETION;
        for (int i = 0; i < 20; i++) {
            full = full.with("key " + i, "");
        }
        StepCompletion twenty = full;

        assertThat(twenty.metadata()).hasSize(20);
        assertThat(twenty.with("key 3", "replaced").metadata()).hasSize(20).containsEntry("key 3", "replaced");
        assertThatThrownBy(() -> twenty.with("one more", ""))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("metadata may have at most 20 entries, had 21");
    }

    @Test
    void everyEntryOfMetadataIsChecked() {
        assertThat(COMPLETION.with("k".repeat(128), "v".repeat(1_000)).metadata())
                .hasSize(1);
        assertThatThrownBy(() -> COMPLETION.with(" ", "v"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("metadata key must not be blank, was \" \"");
        assertThatThrownBy(() -> COMPLETION.with("k".repeat(129), "v")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> COMPLETION.with("k", "v".repeat(1_001)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("metadata \"k\" may have at most 1000 characters, had 1001");
        assertThatThrownBy(() -> COMPLETION.with("k", "\u0000"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("metadata \"k\" must not contain the character U+0000, at index 0");
        assertThatThrownBy(() -> COMPLETION.with("k", "\ud83e")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> COMPLETION.with("k", null))
                .isInstanceOf(NullPointerException.class)
                .hasMessage("metadata \"k\" must not be null");
        assertThatThrownBy(() -> COMPLETION.with(null, "v")).isInstanceOf(NullPointerException.class);
    }

    @Test
    void metadataIsCopiedAndCannotBeModified() {
        var told = new HashMap<>(Map.of("a", "1"));
        var completion = new StepCompletion(UserId.of("ada"), Step.of("exported"), Optional.empty(), told);
        told.put("b", "2");

        assertThat(completion.metadata()).containsExactly(Map.entry("a", "1"));
        assertThatThrownBy(() -> completion.metadata().put("b", "2")).isInstanceOf(UnsupportedOperationException.class);
        var done = new CompletedStep(completion.step(), Instant.EPOCH, told);
        told.put("c", "3");
        assertThat(done.metadata()).hasSize(2);
        assertThatThrownBy(() -> done.metadata().put("d", "4")).isInstanceOf(UnsupportedOperationException.class);
    }
}
