package io.plg;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.conditions.ArchConditions.callConstructorWhere;
import static com.tngtech.archunit.lang.conditions.ArchConditions.callMethodWhere;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.JavaConstructorCall;
import com.tngtech.archunit.core.domain.JavaField;
import com.tngtech.archunit.core.domain.JavaMember;
import com.tngtech.archunit.core.domain.JavaMethodCall;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.domain.JavaType;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** One rule for each thing that we are afraid of. */
class ArchitectureTest {
    private static final JavaClasses MAIN = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("io.plg");

    /** A feature is a package of its own below {@code io.plg}; the façade, the adapters and the wiring are none. */
    private static final DescribedPredicate<JavaClass> A_FEATURE = describe(
            "a feature",
            type -> type.getPackageName().startsWith("io.plg.")
                    && !resideInAnyPackage("io.plg.memory..", "io.plg.internal..")
                            .test(type));

    @Test
    void featuresDoNotKnowTheirAdapters() {
        noClasses()
                .that(A_FEATURE)
                .should()
                .dependOnClassesThat(resideInAPackage("io.plg.memory.."))
                .because("a feature that knows one of its adapters cannot be kept on another")
                .check(MAIN);
    }

    @Test
    void featuresUseOfTheFacadeOnlyItsIdsErrorsAndListener() {
        noClasses()
                .that(A_FEATURE)
                .should()
                .dependOnClassesThat(describe(
                        "are of the façade and more than ids, errors and the listener",
                        type -> type.getPackageName().equals("io.plg")
                                && !type.isAssignableTo(PlgException.class)
                                && !Set.of("UserId", "WorkspaceId", "IdSource", "PlgListener")
                                        .contains(type.getSimpleName())))
                .because("the façade names every feature, so a feature that names the façade makes everything one lump")
                .check(MAIN);
    }

    @Test
    void featuresDependOnEachOtherInOneDirection() {
        slices().matching("io.plg.(*)..")
                .should()
                .beFreeOfCycles()
                .because(
                        "features that need each other in a circle can only be understood, tested and changed together")
                .check(MAIN.that(A_FEATURE));
    }

    @Test
    void timeAndRandomnessAreHandedIn() {
        noClasses()
                .should(callMethodWhere(
                        describe("reads a clock, draws a number or makes an id", ArchitectureTest::isAmbient)))
                .orShould(callConstructorWhere(describe(
                        "makes a predictable source of numbers",
                        (JavaConstructorCall call) -> call.getTargetOwner().isEquivalentTo(java.util.Random.class))))
                .because("a test must be able to say what time it is and which ids come next")
                .check(MAIN);
    }

    @Test
    void theSystemsClockIsADefaultAndNothingElse() {
        noClasses()
                .that(describe(
                        "are not where defaults are set",
                        type -> !Set.of("io.plg.PlgBuilder", "io.plg.internal.PlgRuntime")
                                .contains(type.getName())))
                .should()
                .callMethod(java.time.InstantSource.class, "system")
                .because("whoever takes the system's clock by himself does not follow the clock of the builder")
                .check(MAIN);
    }

    @Test
    void ourDependenciesDoNotShow() {
        classes()
                .that()
                .resideOutsideOfPackage("io.plg.internal..")
                .should(showOnlyTypesOf("io.plg.", "java."))
                .because("what shows in our signatures becomes our users' version conflict")
                .check(MAIN);
    }

    @Test
    void whatIsInternalDoesNotShow() {
        classes()
                .that()
                .resideOutsideOfPackage("io.plg.internal..")
                .should(show(type -> type.getPackageName().startsWith("io.plg.internal"), "a type of io.plg.internal"))
                .because("users would depend on what we say they must not touch")
                .check(MAIN);
    }

    private static boolean isAmbient(JavaMethodCall call) {
        JavaClass owner = call.getTargetOwner();
        String method = call.getName();
        return owner.getPackageName().startsWith("java.time")
                        && (method.equals("now")
                                || (owner.isEquivalentTo(java.time.Clock.class) && method.startsWith("system")))
                || owner.isEquivalentTo(System.class) && method.equals("currentTimeMillis")
                || owner.isEquivalentTo(Math.class) && method.equals("random")
                || owner.isEquivalentTo(java.util.UUID.class) && method.equals("randomUUID")
                || owner.isEquivalentTo(java.util.concurrent.ThreadLocalRandom.class);
    }

    private static ArchCondition<JavaClass> showOnlyTypesOf(String... packages) {
        return show(
                type -> !type.isPrimitive()
                        && Stream.of(packages)
                                .noneMatch(
                                        each -> type.getPackageName().startsWith(each.substring(0, each.length() - 1))),
                "a type from elsewhere");
    }

    /** Fails for every such type in what users of a class can see: its parents and its public and protected members. */
    private static ArchCondition<JavaClass> show(java.util.function.Predicate<JavaClass> unwanted, String description) {
        return new ArchCondition<>("not show " + description) {
            @Override
            public void check(JavaClass type, ConditionEvents events) {
                if (!isVisible(type)) {
                    return;
                }
                var shown = new HashSet<JavaType>();
                type.getSuperclass().ifPresent(shown::add);
                shown.addAll(type.getInterfaces());
                for (JavaType parent : shown) {
                    report(type.getName(), parent, events);
                }
                for (JavaField field : type.getFields()) {
                    if (isVisible(field)) {
                        report(field.getFullName(), field.getType(), events);
                    }
                }
                for (JavaCodeUnit member : type.getCodeUnits()) {
                    if (isVisible(member)) {
                        report(member.getFullName(), member.getReturnType(), events);
                        member.getParameterTypes().forEach(each -> report(member.getFullName(), each, events));
                        member.getExceptionTypes().forEach(each -> report(member.getFullName(), each, events));
                    }
                }
            }

            private void report(String where, JavaType shown, ConditionEvents events) {
                for (JavaClass each : shown.getAllInvolvedRawTypes()) {
                    if (unwanted.test(each.getBaseComponentType())) {
                        events.add(SimpleConditionEvent.violated(each, where + " shows " + each.getName()));
                    }
                }
            }
        };
    }

    private static boolean isVisible(JavaClass type) {
        return isVisible(type.getModifiers())
                && type.getEnclosingClass().map(ArchitectureTest::isVisible).orElse(true);
    }

    private static boolean isVisible(JavaMember member) {
        return isVisible(member.getModifiers());
    }

    private static boolean isVisible(Set<JavaModifier> modifiers) {
        return modifiers.contains(JavaModifier.PUBLIC) || modifiers.contains(JavaModifier.PROTECTED);
    }
}
