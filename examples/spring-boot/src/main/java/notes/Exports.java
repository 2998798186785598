package notes;

import static notes.NotesApplication.EXPORTED;
import static notes.NotesApplication.EXPORTS;

import io.plg.Plg;
import io.plg.Workspace;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;

/** What the product is for. */
@Service
class Exports {
    private final JdbcTemplate jdbc;
    private final Plg plg;

    Exports(JdbcTemplate jdbc, Plg plg) {
        this.jdbc = jdbc;
        this.plg = plg;
    }

    /** The unit of the quota, the row, the step, and what both sides of a referral earn by it are one commit. */
    @Transactional
    public void export(String workspace, String user, String note) {
        Workspace here = plg.workspace(workspace);
        here.gates().consumeOrThrow(EXPORTS); // LimitReached says what would help
        jdbc.update("insert into export (workspace, account, note) values (?, ?, ?)", workspace, user, note);
        here.activation("onboarding").complete(user, EXPORTED);
    }
}
