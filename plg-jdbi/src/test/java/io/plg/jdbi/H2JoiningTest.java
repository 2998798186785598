package io.plg.jdbi;

import io.plg.WorkspaceId;
import javax.sql.DataSource;

final class H2JoiningTest extends JoiningContract {
    private static final DataSource DATABASE = H2.regular();

    @Override
    DataSource dataSource() {
        return DATABASE;
    }

    @Override
    int events(String workspace) {
        return new DatabaseInspection(DATABASE)
                .eventIds(WorkspaceId.of(workspace))
                .size();
    }
}
