package shop;

import static shop.ShopApplication.ONBOARDING;

import io.plg.Plg;
import io.plg.activation.Activation;
import io.plg.activation.ActivationState;
import io.plg.event.GrowthEvent;
import jakarta.persistence.EntityManager;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;
import org.springframework.transaction.event.TransactionalEventListener;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/** What an application does all day: its own rows and plg's steps in one transaction. */
@Service
class Projects {
    private final EntityManager projects;
    private final Plg plg;
    private final ApplicationEventPublisher events;

    Projects(EntityManager projects, Plg plg, ApplicationEventPublisher events) {
        this.projects = projects;
        this.plg = plg;
        this.events = events;
    }

    @Transactional
    public ActivationState create(String user, String name) {
        projects.persist(new Project(name, user));
        acme().complete(user, "first_project_created");
        events.publishEvent(new Created(user));
        TransactionSynchronizationManager.registerSynchronization(new TransactionSynchronization() {
            @Override
            public void afterCommit() {
                acme().complete(user, "thanked");
            }
        });
        return acme().state(user);
    }

    @Transactional
    public void createAndFail(String user, String name) {
        create(user, name);
        throw new IllegalStateException("meant to fail");
    }

    @Transactional(readOnly = true)
    public long count() {
        return projects.createQuery("select count(p) from Project p", Long.class)
                .getSingleResult();
    }

    /** After the completion of a transaction, on its thread: what a listener of the application does. */
    @TransactionalEventListener
    void welcome(Created created) {
        acme().complete(created.user(), "welcomed");
    }

    /** After the completion of a transaction, on its thread: what a listener of plg does. */
    @Transactional
    public void react(GrowthEvent event) {
        if (event instanceof GrowthEvent.UserActivated activated) {
            projects.persist(
                    new Project("gift for " + activated.user(), activated.user().value()));
        }
    }

    Activation acme() {
        return plg.workspace("acme").activation(ONBOARDING);
    }

    record Created(String user) {}
}
