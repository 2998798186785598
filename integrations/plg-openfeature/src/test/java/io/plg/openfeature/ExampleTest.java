package io.plg.openfeature;

import static org.assertj.core.api.Assertions.assertThat;

import dev.openfeature.sdk.Client;
import dev.openfeature.sdk.FlagEvaluationDetails;
import dev.openfeature.sdk.ImmutableContext;
import dev.openfeature.sdk.OpenFeatureAPI;
import dev.openfeature.sdk.Value;
import io.plg.Plg;
import io.plg.plan.Every;
import io.plg.plan.Feature;
import io.plg.plan.PlanCatalog;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The code of docs/how-to/read-gates-by-openfeature.md. */
class ExampleTest {
    static final Feature.Quota EXPORTS = Feature.quota("exports", Every.MONTH);
    static final Feature.Flag API_ACCESS = Feature.flag("api_access");

    static final PlanCatalog PLANS = PlanCatalog.builder()
            .plan("free", p -> p.limit(EXPORTS, 5))
            .plan("growth", p -> p.price(99, "USD").unlimited(EXPORTS).allow(API_ACCESS))
            .defaultPlan("free")
            .build();

    @Test
    void gatesAreReadByOpenFeature() {
        OpenFeatureAPI openFeature = OpenFeatureAPI.createIsolated();
        Plg plg = Plg.inMemory().plans(PLANS).build();
        plg.workspace("acme").gates().consume(EXPORTS, 4);

        // tag::provider[]
        openFeature.setProviderAndWait(PlgFeatureProvider.of(plg, PLANS)); // OpenFeatureAPI.getInstance()
        Client client = openFeature.getClient();
        // end::provider[]

        // tag::ask[]
        var context = new ImmutableContext("ada", Map.of("workspace", new Value("acme")));

        boolean api = client.getBooleanValue("api_access", false, context); // is it on?
        boolean oneMore = client.getBooleanValue("exports", false, context); // would one more be allowed?
        int left = client.getIntegerValue("exports", 0, context); // how many are left?
        int limit = client.getIntegerValue("exports.limit", 0, context);
        String severity = client.getStringValue("exports", "OK", context);
        String plan = client.getStringValue("plan", "free", context);
        // end::ask[]
        assertThat(api).isFalse();
        assertThat(oneMore).isTrue();
        assertThat(left).isEqualTo(1);
        assertThat(limit).isEqualTo(5);
        assertThat(severity).isEqualTo("APPROACHING");
        assertThat(plan).isEqualTo("free");

        // tag::details[]
        FlagEvaluationDetails<Boolean> details = client.getBooleanDetails("exports", false, context);

        assertThat(details.getVariant()).isEqualTo("free@1");
        assertThat(details.getFlagMetadata().getString("severity")).isEqualTo("APPROACHING");
        assertThat(details.getFlagMetadata().getLong("remaining")).isEqualTo(1);

        String message = client.getObjectValue("exports", new Value(), context)
                .asStructure()
                .getValue("message")
                .asString(); // "You have used 4 of 5 exports this month."
        // end::details[]
        assertThat(message).isEqualTo("You have used 4 of 5 exports this month.");

        // tag::settings[]
        PlgFeatureProvider provider = PlgFeatureProvider.of(plg, PLANS)
                .workspaceFrom("tenant") // the attribute of the context that says the workspace
                .withoutDetails(); // for code that asks very often: neither variant nor metadata
        // end::settings[]
        openFeature.setProviderAndWait(provider);
        assertThat(openFeature
                        .getClient()
                        .getBooleanValue("exports", false, new ImmutableContext(Map.of("tenant", new Value("acme")))))
                .isTrue();

        openFeature.shutdown();
        plg.close();
    }
}
