/** The primitives of product-led growth, with in-memory adapters. Start at {@link io.plg.Plg}. */
@SuppressWarnings("module") // io.plg.audit and io.plg.jdbi are compiled later
module io.plg {
    requires static transitive org.jspecify;
    requires com.sanctionco.jmail;
    requires java.net.http;
    requires org.slf4j;
    requires com.github.benmanes.caffeine;
    requires tools.jackson.databind;
    requires static tools.jackson.dataformat.yaml;

    exports io.plg;
    exports io.plg.activation;
    exports io.plg.event;
    exports io.plg.fraud;
    exports io.plg.funnel;
    exports io.plg.gate;
    exports io.plg.idempotency;
    exports io.plg.idempotency.http;
    exports io.plg.memory;
    exports io.plg.plan;
    exports io.plg.prompt;
    exports io.plg.referral;
    exports io.plg.reward;
    exports io.plg.stats;
    exports io.plg.tenancy;
    exports io.plg.virality;
    exports io.plg.internal to
            io.plg.audit,
            io.plg.jdbi;
}
