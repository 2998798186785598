package io.plg.jdbi;

import io.plg.UserId;
import io.plg.WorkspaceId;
import io.plg.activation.ActivationFunnel;
import io.plg.testkit.StoreInspection;
import java.util.List;
import java.util.OptionalInt;
import java.util.UUID;
import javax.sql.DataSource;
import org.jdbi.v3.core.Jdbi;

/** Looks into the tables, past row level security. */
record DatabaseInspection(DataSource dataSource) implements StoreInspection {

    @Override
    public List<UUID> eventIds(WorkspaceId workspace) {
        return Jdbi.create(dataSource)
                .withHandle(
                        handle -> handle.createQuery("select id from plg.growth_event where workspace_id = :workspace")
                                .bind("workspace", workspace.value())
                                .mapTo(UUID.class)
                                .list());
    }

    @Override
    public OptionalInt score(WorkspaceId workspace, ActivationFunnel funnel, UserId user) {
        return Jdbi.create(dataSource)
                .withHandle(handle -> handle.createQuery("select score from plg.activation_user"
                                + " where workspace_id = :workspace and funnel = :funnel and user_id = :user")
                        .bind("workspace", workspace.value())
                        .bind("funnel", funnel.name())
                        .bind("user", user.value())
                        .mapTo(Integer.class)
                        .findOne()
                        .map(OptionalInt::of)
                        .orElse(OptionalInt.empty()));
    }
}
