package shop;

import static shop.ShopApplication.ONBOARDING;

import io.plg.Plg;
import jakarta.persistence.EntityManager;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;

// tag::service[]
@Service
class Exports {
    private final EntityManager projects;
    private final Plg plg;

    Exports(EntityManager projects, Plg plg) {
        this.projects = projects;
        this.plg = plg;
    }

    @Transactional
    public void save(String workspace, String user, String name) {
        projects.persist(new Project(name, user));
        plg.workspace(workspace).activation(ONBOARDING).complete(user, "first_export_completed");
    }
}
// end::service[]
