package io.plg.spring;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** Has Spring Boot print a {@link PlgSetupFailure} as a description and an action instead of a stack trace. */
final class PlgSetupFailureAnalyzer extends AbstractFailureAnalyzer<PlgSetupFailure> {

    @Override
    protected FailureAnalysis analyze(Throwable rootFailure, PlgSetupFailure cause) {
        return new FailureAnalysis(cause.description(), cause.action(), cause);
    }
}
