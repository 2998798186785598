package io.plg.spring;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.plg.PlgListener;
import io.plg.event.GrowthEvent;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnSingleCandidate;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Counts what happens, where Micrometer is. */
@Configuration(proxyBeanMethods = false)
@ConditionalOnClass(MeterRegistry.class)
@ConditionalOnSingleCandidate(MeterRegistry.class)
class MetricsConfiguration {

    @Bean
    @ConditionalOnMissingBean(name = "plgEventMeter")
    PlgListener plgEventMeter(MeterRegistry registry) {
        return new EventMeter(registry);
    }

    /** Counts growth events by type, and by nothing that names a user or a workspace. */
    private static final class EventMeter implements PlgListener {
        private final Meter.MeterProvider<Counter> events;

        EventMeter(MeterRegistry registry) {
            this.events = Counter.builder("plg.events")
                    .description("Growth events that were committed")
                    .withRegistry(registry);
        }

        @Override
        public void onEvent(GrowthEvent event) {
            events.withTag("type", event.type()).increment();
        }
    }
}
