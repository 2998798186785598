package notes;

import io.plg.Plg;
import io.plg.referral.NewUser;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;

/** Where people sign up. */
@Service
class Accounts {
    private final JdbcTemplate jdbc;
    private final Plg plg;

    Accounts(JdbcTemplate jdbc, Plg plg) {
        this.jdbc = jdbc;
        this.plg = plg;
    }

    /** The account, the first step and who referred it are one commit. A code that is wrong keeps nobody out. */
    @Transactional
    public boolean signUp(String workspace, String user, String email, String code) {
        jdbc.update("insert into account (id, workspace, email) values (?, ?, ?)", user, workspace, email);
        plg.workspace(workspace).activation("onboarding").complete(user, "account_created");
        return plg.signUps()
                .attribute(code, NewUser.of(user).email(email).in(workspace))
                .attributed();
    }
}
