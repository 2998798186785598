package shop;

import io.plg.PlgListener;
import io.plg.activation.ActivationFunnel;
import io.plg.event.GrowthEvent;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;
import org.springframework.stereotype.Component;

/** A tiny product, the same on every Spring Boot. */
@SpringBootApplication
public class ShopApplication {
    static final ActivationFunnel ONBOARDING = ActivationFunnel.named("onboarding")
            .step("account_created")
            .step("first_project_created")
            .step("thanked")
            .step("welcomed")
            .aha("first_export_completed")
            .build();

    public static void main(String[] args) {
        SpringApplication.run(ShopApplication.class, args);
    }

    // tag::bean[]
    @Bean
    ActivationFunnel onboarding() {
        return ONBOARDING;
    }
    // end::bean[]

    /** Remembers what it hears, and what was already there when it heard it. */
    @Component
    static class News implements PlgListener {
        final List<String> heard = new CopyOnWriteArrayList<>();
        private final Projects projects;

        News(Projects projects) {
            this.projects = projects;
        }

        @Override
        public void onEvent(GrowthEvent event) {
            heard.add(event.user() + " " + event.data().get("step") + ", projects: " + projects.count());
            projects.react(event);
        }
    }
}
