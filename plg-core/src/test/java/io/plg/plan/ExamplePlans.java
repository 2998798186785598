package io.plg.plan;

import java.math.BigDecimal;

/** The worked example: what a small product sells. */
public final class ExamplePlans {
    public static final Feature.Cap PROJECTS = Feature.cap("projects");
    public static final Feature.Cap TEAM_MEMBERS = Feature.cap("team_members");
    public static final Feature.Quota EXPORTS = Feature.quota("exports", Every.MONTH);
    public static final Feature.Cap STORAGE_GB = Feature.cap("storage_gb").withDecimals(3);
    public static final Feature.Flag API_ACCESS = Feature.flag("api_access");
    public static final Feature.Flag CUSTOM_DOMAIN = Feature.flag("custom_domain");
    public static final Feature.Flag PRIORITY_SUPPORT = Feature.flag("priority_support");

    /** free, starter for 19 dollars and growth for 99; {@code extra_exports} adds 100 exports for 5 dollars. */
    public static final PlanCatalog PLANS = builder().build();

    private ExamplePlans() {}

    /** The same, to be continued. */
    public static PlanCatalog.Builder builder() {
        return PlanCatalog.builder()
                .plan(
                        "free",
                        p -> p.limit(PROJECTS, 3)
                                .limit(TEAM_MEMBERS, 2)
                                .limit(EXPORTS, 5)
                                .limit(STORAGE_GB, new BigDecimal("1.5")))
                .plan(
                        "starter",
                        p -> p.price(19, "USD")
                                .limit(PROJECTS, 10)
                                .limit(TEAM_MEMBERS, 10)
                                .limit(EXPORTS, 50)
                                .limit(STORAGE_GB, 20)
                                .allow(CUSTOM_DOMAIN))
                .plan(
                        "growth",
                        p -> p.price(99, "USD")
                                .unlimited(PROJECTS)
                                .unlimited(TEAM_MEMBERS)
                                .unlimited(EXPORTS)
                                .limit(STORAGE_GB, 500)
                                .allow(API_ACCESS, CUSTOM_DOMAIN, PRIORITY_SUPPORT))
                .addOn("extra_exports", a -> a.price(5, "USD").limit(EXPORTS, 100))
                .defaultPlan("free");
    }
}
