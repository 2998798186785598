package io.plg.examples.replay;

import io.plg.referral.ReferralGraph;
import io.plg.virality.KFactor;
import java.util.List;
import java.util.Locale;

/** The answer about referrals for reading on a terminal. */
final class ReferralsText {
    private static final int BAR = 30;
    private static final int SHORT_BAR = 20;

    private final ReferralsAnswer answer;
    private final StringBuilder text = new StringBuilder();

    private ReferralsText(ReferralsAnswer answer) {
        this.answer = answer;
    }

    static String of(ReferralsAnswer answer) {
        return new ReferralsText(answer).write();
    }

    private String write() {
        text.append("\n  Referrals\n  ").append(answer.input()).append("\n\n");
        generations();
        figures();
        largest();
        periods();
        rejected();
        return text.append('\n').toString();
    }

    private void generations() {
        if (answer.generations().isEmpty()) {
            return;
        }
        long highest = answer.generations().stream()
                .mapToLong(ReferralGraph.Generation::members)
                .max()
                .orElse(1);
        var table = new TextTable(List.of("generation", "members", "who referred", "referred by each", ""));
        answer.generations()
                .forEach(each -> table.row(List.of(
                        each.depth() == 0 ? "0 (roots)" : String.valueOf(each.depth()),
                        Words.number(each.members()),
                        Words.number(each.referrers()),
                        decimal(each.branchingFactor()),
                        Bars.across((double) each.members() / highest, BAR))));
        text.append(table).append('\n');
    }

    private void figures() {
        ReferralGraph.Figures figures = answer.figures();
        text.append("  members     ")
                .append(Words.number(figures.members()))
                .append(": ")
                .append(Words.count(figures.roots(), "root"))
                .append(" and ")
                .append(Words.number(figures.referrals()))
                .append(" who were referred, ")
                .append(Words.count(figures.maxDepth(), "generation"))
                .append(" deep\n");
        text.append("  K           ")
                .append(answer.k()
                        .map(k -> decimal(k.value()) + " (95 % interval " + interval(k) + ", n = " + Words.number(k.n())
                                + "; " + k.definition() + ")")
                        .orElse("– (there are no members)"))
                .append('\n');
        text.append("  cycle time  ")
                .append(answer.cycle()
                        .map(cycle -> "half within " + Words.duration(cycle.p50()) + ", 90 % within "
                                + Words.duration(cycle.p90())
                                + (cycle.negative() == 0
                                        ? ""
                                        : "; " + Words.number(cycle.negative()) + " were there before their referrer"))
                        .orElse(answer.timed() ? "– (nobody was referred)" : "– (the input has no times)"))
                .append('\n');
    }

    private void largest() {
        if (answer.figures().referrals() == 0) {
            return;
        }
        var table = new TextTable(List.of("largest subtrees", "members", ""));
        double highest = answer.largest().get(0).size();
        answer.largest()
                .forEach(each -> table.row(List.of(
                        each.user().value(),
                        Words.number(each.size()),
                        Bars.across(each.size() / highest, SHORT_BAR))));
        text.append('\n').append(table);
    }

    private void periods() {
        if (answer.periods().isEmpty()) {
            return;
        }
        double highest = answer.periods().stream()
                .mapToDouble(each -> each.k().value())
                .max()
                .orElse(0);
        var table = new TextTable(
                List.of(answer.period().label(), "members", "referred by them", "K", "95 % interval", ""));
        answer.periods()
                .forEach(each -> table.row(List.of(
                        each.start().toString(),
                        Words.number(each.k().n()),
                        Words.number(each.k().counts().converted()),
                        decimal(each.k().value()),
                        interval(each.k()),
                        highest > 0 ? Bars.across(each.k().value() / highest, SHORT_BAR) : "")));
        text.append('\n').append(table);
    }

    private void rejected() {
        if (answer.rejected().isEmpty()) {
            return;
        }
        var table = new TextTable(List.of("rejected", "rows", ""));
        answer.rejected().forEach((reason, count) -> table.row(List.of(reason, Words.number(count), "")));
        text.append('\n').append(table);
    }

    static String decimal(double value) {
        return String.format(Locale.ROOT, "%.2f", value);
    }

    static String interval(KFactor k) {
        return decimal(k.low()) + "–" + decimal(k.high());
    }
}
