package io.plg.docs;

import static io.plg.docs.FirstFunnelTest.ONBOARDING;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plg.Plg;
import io.plg.WorkspaceDeleted;
import io.plg.activation.ActivationReport;
import io.plg.activation.Cohort;
import io.plg.tenancy.Erasure;
import org.junit.jupiter.api.Test;

/** The code of docs/how-to/delete-a-workspace.md. */
class EndingTest {

    @Test
    void a_workspace_is_deleted_and_a_person_is_erased() {
        Plg plg = Plg.inMemory().funnel(ONBOARDING).operator().build();
        plg.workspace("acme").activation(ONBOARDING).complete("ada", "account_created");

        // tag::report[]
        ActivationReport all = plg.operator().activationReport(ONBOARDING, Cohort.everyone());
        // end::report[]
        assertThat(all.signedUp()).isEqualTo(1);

        // tag::delete[]
        Erasure erasure = plg.workspaces().delete("acme");

        if (!erasure.complete()) {
            // older transactions are still open: call it again later
        }
        assertThatThrownBy(() -> plg.workspace("acme").activation(ONBOARDING).state("ada"))
                .isInstanceOf(WorkspaceDeleted.class);
        // end::delete[]

        // tag::erase[]
        plg.users().erase("ada");
        // end::erase[]

        // tag::resume[]
        plg.workspaces().unfinishedDeletions().forEach(plg.workspaces()::delete);
        plg.users().unfinishedErasures().forEach(plg.users()::erase);
        // end::resume[]
        assertThat(erasure.complete()).isTrue();
        plg.close();
    }
}
