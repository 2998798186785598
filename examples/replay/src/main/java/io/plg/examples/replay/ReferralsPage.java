package io.plg.examples.replay;

import io.plg.referral.ReferralGraph;
import java.util.List;

/** The answer about referrals as a page. */
final class ReferralsPage {

    private ReferralsPage() {}

    static String of(ReferralsAnswer answer) {
        var page = new Page("Referrals").intervals("a mean, wide where few members bring nearly everybody");
        page.header("Referrals", List.of("Who brought whom"), ",", List.of(answer.input()), answer.simulated());
        page.figures(figures(answer));
        if (!answer.generations().isEmpty()) {
            page.card(
                    "Generations",
                    "Members by the number of referrals that lead to them, and those of them who have referred somebody.",
                    Drawing.columns(answer.generations().stream()
                            .map(ReferralsPage::column)
                            .toList()),
                    "<div class=\"legend\"><span><i class=\"a\"></i>members</span><span><i class=\"b\"></i>who referred somebody</span></div>",
                    generations(answer));
        }
        if (!answer.periods().isEmpty()) {
            boolean weeks = answer.period() == EntryPeriods.WEEK;
            page.card(
                    "K over time",
                    "How many users a member has brought, by the " + (weeks ? "week" : "month")
                            + " in which the member was first seen. Late members had less time than early ones.",
                    Drawing.means(
                            answer.periods().stream().map(ReferralsPage::mean).toList()),
                    periods(answer, weeks ? "Week of" : "Month of"));
        }
        if (answer.figures().referrals() > 0) {
            page.card("Largest subtrees", "Who is there because of a member, the member included.", largest(answer));
        }
        if (!answer.rejected().isEmpty()) {
            var rows = new Page.Rows(List.of("Reason", "Rows"));
            answer.rejected().forEach((reason, count) -> rows.row(List.of(reason, Words.number(count)), ""));
            page.card("Rejected", "Rows that made no referral.", rows.html());
        }
        return page.html();
    }

    private static List<Page.Figure> figures(ReferralsAnswer answer) {
        ReferralGraph.Figures figures = answer.figures();
        return List.of(
                new Page.Figure(
                        "Members",
                        Words.number(figures.members()),
                        Words.count(figures.roots(), "root") + ", " + Words.number(figures.referrals()) + " referred"),
                new Page.Figure(
                        "K",
                        answer.k().map(k -> ReferralsText.decimal(k.value())).orElse("–"),
                        answer.k()
                                .map(k -> ReferralsText.interval(k) + "; " + k.definition())
                                .orElse("there are no members")),
                new Page.Figure(
                        "Cycle time",
                        answer.cycle().map(cycle -> Words.duration(cycle.p50())).orElse("–"),
                        answer.cycle()
                                .map(cycle -> "90 % within " + Words.duration(cycle.p90()))
                                .orElse(answer.timed() ? "nobody was referred" : "the input has no times")),
                new Page.Figure("Depth", Words.number(figures.maxDepth()), "referrals from a root"));
    }

    private static Drawing.Column column(ReferralGraph.Generation each) {
        return new Drawing.Column(
                String.valueOf(each.depth()),
                each.members(),
                each.referrers(),
                "generation " + each.depth() + ": " + Words.count(each.members(), "member") + ", "
                        + Words.number(each.referrers()) + " referred somebody");
    }

    private static String generations(ReferralsAnswer answer) {
        var rows = new Page.Rows(List.of("Generation", "Members", "Who referred", "Referred by each"));
        answer.generations()
                .forEach(each -> rows.row(
                        List.of(
                                each.depth() == 0 ? "0 (roots)" : String.valueOf(each.depth()),
                                Words.number(each.members()),
                                Words.number(each.referrers()),
                                ReferralsText.decimal(each.branchingFactor())),
                        ""));
        return rows.html();
    }

    private static Drawing.Mean mean(ReferralsAnswer.Period each) {
        return new Drawing.Mean(
                each.start().toString(),
                each.k().value(),
                each.k().low(),
                each.k().high(),
                each.start() + ": K " + ReferralsText.decimal(each.k().value()) + " (95 % interval "
                        + ReferralsText.interval(each.k()) + ", "
                        + Words.count(each.k().n(), "member") + ")");
    }

    private static String periods(ReferralsAnswer answer, String first) {
        var rows = new Page.Rows(List.of(first, "Members", "Referred by them", "K", "95 % interval"));
        answer.periods()
                .forEach(each -> rows.row(
                        List.of(
                                each.start().toString(),
                                Words.number(each.k().n()),
                                Words.number(each.k().counts().converted()),
                                ReferralsText.decimal(each.k().value()),
                                ReferralsText.interval(each.k())),
                        ""));
        return rows.html();
    }

    private static String largest(ReferralsAnswer answer) {
        var rows = new Page.Rows(List.of("Member", "Subtree"));
        answer.largest().forEach(each -> rows.row(List.of(each.user().value(), Words.number(each.size())), ""));
        return rows.html();
    }
}
