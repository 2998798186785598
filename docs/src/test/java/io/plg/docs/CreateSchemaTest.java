package io.plg.docs;

import static org.assertj.core.api.Assertions.assertThat;

import io.plg.jdbi.PlgSchema;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.sql.DataSource;
import org.jdbi.v3.core.Jdbi;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The code of docs/how-to/create-the-schema.md. */
class CreateSchemaTest {

    @Test
    void by_flyway() {
        DataSource dataSource = JoinTransactionTest.database("schema");

        // tag::migrate[]
        PlgSchema.on(dataSource).migrate();
        // end::migrate[]

        int steps = Jdbi.create(dataSource)
                .withHandle(handle -> handle.createQuery("select count(*) from plg.activation_step")
                        .mapTo(Integer.class)
                        .one());
        assertThat(steps).isZero();
    }

    @Test
    void by_your_own_tool(@TempDir Path migrations) throws Exception {
        // tag::script[]
        Files.writeString(migrations.resolve("V7__plg.sql"), PlgSchema.postgresqlScript());
        // end::script[]

        assertThat(migrations.resolve("V7__plg.sql")).content().contains("force row level security");
    }

    @Test
    void roles(@TempDir Path folder) throws Exception {
        // tag::roles[]
        Files.writeString(folder.resolve("roles.sql"), PlgSchema.postgresqlRoles());
        // end::roles[]

        assertThat(folder.resolve("roles.sql")).content().contains("plg_app").doesNotContain("truncate");
    }
}
