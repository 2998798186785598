package io.plg.benchmarks;

import io.plg.benchmarks.FunnelPeers.Answer;
import io.plg.benchmarks.FunnelPeers.Chunk;
import io.plg.benchmarks.FunnelPeers.Counter;
import io.plg.benchmarks.Samples.Spread;
import io.plg.funnel.EventSource.PropertyLookup;
import io.plg.funnel.FunnelAnalysis;
import io.plg.funnel.FunnelQuery;
import io.plg.funnel.FunnelQuery.Order;
import io.plg.funnel.FunnelReport;
import io.plg.funnel.FunnelStep;
import java.io.PrintStream;
import java.lang.ref.Reference;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

/**
 * Funnel analysis over a log of events in order of time, beside the same by hand in Java and in SQL. All peers must give the same
 * counts, and the same median time to convert where they tell it; the program fails if one does not.
 */
final class FunnelLoad {

    static final Set<String> OPTIONS =
            Set.of("events", "users", "sql-events", "option-events", "rounds", "growth", "growth-rounds", "seed");

    private static final Duration WINDOW = Duration.ofDays(7);
    private static final long WINDOW_MICROS = WINDOW.toNanos() / 1_000;
    private static final int CHUNK = 500_000;
    private static final int EVENTS_PER_USER = 10;

    private final PrintStream out;
    private final Options options;
    private final PostgresServer.Source servers;
    private final long seed;

    private FunnelLoad(PrintStream out, Options options, PostgresServer.Source servers) {
        this.out = out;
        this.servers = servers;
        this.options = options;
        this.seed = options.number("seed", 42);
    }

    static void run(String[] args, PrintStream out, PostgresServer.Source servers) throws Exception {
        FunnelLoad load = new FunnelLoad(out, Options.parse(args, OPTIONS), servers);
        out.println("## Funnel analysis\n");
        out.println(Machine.line() + "\n");
        load.peers();
        load.sql();
        load.options();
        load.growth();
    }

    /** In which form a peer wants to be handed the user and the event's name. */
    private enum Form {
        NONE,
        NUMBERS,
        SCATTERED_NUMBERS,
        SHARED_TEXT,
        FRESH_TEXT,
        ALL_FRESH
    }

    /** What hands the log to a counter, chunk by chunk, and takes the time of the counting only. */
    private static final class Feeder {
        private static final char[][] NAMES = namesAsCharacters();
        private final EventLog log;
        private String[] sharedTexts = {};
        private final long[] numbers;
        private final String[] texts;
        private final String[] names;

        Feeder(EventLog log) {
            this.log = log;
            int chunk = Math.min(CHUNK, log.size());
            this.numbers = new long[chunk];
            this.texts = new String[chunk];
            this.names = new String[chunk];
        }

        /** Adds all events; returns the nanoseconds that the counter took for that. */
        long feed(Counter counter, Form form) {
            long nanos = 0;
            for (int from = 0; from < log.size(); from += CHUNK) {
                int to = Math.min(log.size(), from + CHUNK);
                prepare(form, from, to);
                Chunk chunk = new Chunk(log, from, to, numbers, texts, names);
                long start = System.nanoTime();
                counter.add(chunk);
                nanos += System.nanoTime() - start;
            }
            return nanos;
        }

        private void prepare(Form form, int from, int to) {
            int[] user = log.user();
            byte[] kind = log.kind();
            if (form == Form.SHARED_TEXT && sharedTexts.length == 0) {
                sharedTexts = new String[log.users()];
                for (int who = 0; who < log.users(); who++) {
                    sharedTexts[who] = EventLog.textId(who);
                }
            }
            for (int i = from; i < to; i++) {
                int at = i - from;
                switch (form) {
                    case NONE -> {}
                    case NUMBERS -> numbers[at] = user[i] + 1L;
                    case SCATTERED_NUMBERS -> numbers[at] = EventLog.scatteredId(user[i]);
                    case SHARED_TEXT -> texts[at] = sharedTexts[user[i]];
                    case FRESH_TEXT, ALL_FRESH -> texts[at] = EventLog.textId(user[i]);
                }
                // new String(char[]) has neither the identity nor the cached hash of the name it is made of
                names[at] = form == Form.ALL_FRESH ? new String(NAMES[kind[i]]) : EventLog.NAMES[kind[i]];
            }
        }

        private static char[][] namesAsCharacters() {
            char[][] names = new char[EventLog.NAMES.length][];
            for (int i = 0; i < names.length; i++) {
                names[i] = EventLog.NAMES[i].toCharArray();
            }
            return names;
        }
    }

    /** The library as a peer. */
    private static final class Plg implements Counter {
        private final FunnelAnalysis analysis;
        private final boolean text;

        Plg(FunnelQuery query, boolean text) {
            this.analysis = FunnelAnalysis.of(query);
            this.text = text;
        }

        @Override
        public void add(Chunk chunk) {
            long[] micros = chunk.log().micros();
            String[] names = chunk.names();
            if (text) {
                String[] texts = chunk.texts();
                for (int i = chunk.from(); i < chunk.to(); i++) {
                    analysis.add(texts[i - chunk.from()], names[i - chunk.from()], micros[i]);
                }
            } else {
                long[] numbers = chunk.numbers();
                for (int i = chunk.from(); i < chunk.to(); i++) {
                    analysis.add(numbers[i - chunk.from()], names[i - chunk.from()], micros[i]);
                }
            }
        }

        @Override
        public Answer answer() {
            FunnelReport report = analysis.report();
            return new Answer(
                    report.counts(),
                    report.medianTimeToConvert().map(Duration::toNanos).orElse(0L));
        }
    }

    /** The library with properties, which are handed over the way a source does it: one object for all events. */
    private static final class PlgWithProperties implements Counter {
        private static final String[] PLANS = {"free", "starter", "growth"};
        private final FunnelAnalysis analysis;
        private String plan = "";
        private final PropertyLookup properties = key -> key.equals("plan") ? plan : null;

        PlgWithProperties(FunnelQuery query) {
            this.analysis = FunnelAnalysis.of(query);
        }

        @Override
        public void add(Chunk chunk) {
            long[] micros = chunk.log().micros();
            long[] numbers = chunk.numbers();
            for (int i = chunk.from(); i < chunk.to(); i++) {
                long number = numbers[i - chunk.from()];
                plan = PLANS[(int) (number % PLANS.length)];
                analysis.add(number, chunk.names()[i - chunk.from()], micros[i], properties);
            }
        }

        @Override
        public Answer answer() {
            return new Answer(analysis.report().counts(), -1);
        }
    }

    /** A peer in memory. */
    private record Peer(String name, String answers, Form form, Supplier<Counter> counter) {}

    private void peers() throws Exception {
        int events = options.count("events", 10_000_000);
        int users = options.count("users", events / EVENTS_PER_USER);
        int rounds = options.count("rounds", 5);
        EventLog log = EventLog.generate(events, users, seed);
        Feeder feeder = new Feeder(log);

        String counts = "counts";
        String times = "counts, median";
        String all = "whole report";
        String base = "plg, long ids";
        List<Peer> peers = List.of(
                new Peer(base, all, Form.NUMBERS, () -> new Plg(query(), false)),
                new Peer(
                        "plg, long ids spread over 64 bits",
                        all,
                        Form.SCATTERED_NUMBERS,
                        () -> new Plg(query(), false)),
                new Peer("plg, text ids, one String per user", all, Form.SHARED_TEXT, () -> new Plg(query(), true)),
                new Peer("plg, text ids, a new String per event", all, Form.FRESH_TEXT, () -> new Plg(query(), true)),
                new Peer("plg, ids and names new Strings per event", all, Form.ALL_FRESH, () -> new Plg(query(), true)),
                new Peer(
                        "arrays, no ids, no names",
                        counts,
                        Form.NONE,
                        () -> new FunnelPeers.BareCounts(users, WINDOW_MICROS)),
                new Peer(
                        "arrays, no ids, no names, step times kept",
                        times,
                        Form.NONE,
                        () -> new FunnelPeers.BareTimes(users, WINDOW_MICROS)),
                new Peer(
                        "HashMap, one String per user",
                        counts,
                        Form.SHARED_TEXT,
                        () -> new FunnelPeers.MapCounts(WINDOW_MICROS)),
                new Peer(
                        "HashMap, one String per user, step times kept",
                        times,
                        Form.SHARED_TEXT,
                        () -> new FunnelPeers.MapTimes(WINDOW_MICROS)),
                new Peer(
                        "HashMap, a new String per event, step times kept",
                        times,
                        Form.FRESH_TEXT,
                        () -> new FunnelPeers.MapTimes(WINDOW_MICROS)));

        out.println("### " + millions(events) + " million events, " + millions(users)
                + " million users, 6 steps, window 7 days, " + "one thread\n");
        out.println("Users with events: " + log.distinctUsers() + ". Seed " + seed + ", " + rounds
                + " rounds after one to warm up, every peer once a round, a full GC before each.\n");
        Samples millis = new Samples();
        Map<String, String> answers = new LinkedHashMap<>();
        Agreement agreement = new Agreement();
        try (DuckDbFunnel duckDb = new DuckDbFunnel()) {
            long loading = System.nanoTime();
            duckDb.load(log);
            long loadMillis = (System.nanoTime() - loading) / 1_000_000;
            for (int round = 0; round <= rounds; round++) {
                for (Peer peer : peers) {
                    answers.put(peer.name(), peer.answers());
                    double took = time(feeder, peer, agreement);
                    if (round > 0) {
                        millis.add(peer.name(), took);
                    }
                }
                timeSql("DuckDB, ASOF joins", times, duckDb::exact, round > 0, millis, answers, agreement);
                timeSql("DuckDB, window functions", times, duckDb::byWindows, round > 0, millis, answers, agreement);
                // Another question with other counts: who never starts again after the first touch of each step.
                String easier = "DuckDB, first touch of each step (an easier question)";
                timeSql(easier, counts, duckDb::firstTouch, round > 0, millis, answers, new Agreement());
            }
            print(millis, answers, base, events);
            out.println("Answer of all but the first-touch one: " + agreement.text() + ". DuckDB " + duckDb.version()
                    + ", threads = 1, table in memory (integer user, integer step instead of a name, timestamp), loaded in "
                    + loadMillis + " ms, which is not part of its time.\n");
        }
    }

    private void sql() throws Exception {
        int events = options.count("sql-events", 1_000_000);
        int users = Math.max(1, events / EVENTS_PER_USER);
        int rounds = options.count("rounds", 5);
        if (events == 0) {
            return;
        }
        EventLog log = EventLog.generate(events, users, seed);
        Feeder feeder = new Feeder(log);
        String base = "plg, long ids";
        String times = "counts, median";
        List<Peer> peers = List.of(
                new Peer(base, "whole report", Form.NUMBERS, () -> new Plg(query(), false)),
                new Peer(
                        "plg, text ids, a new String per event",
                        "whole report",
                        Form.FRESH_TEXT,
                        () -> new Plg(query(), true)));
        out.println("### The same question in PostgreSQL: " + millions(events) + " million events, " + millions(users)
                + " million users\n");
        Samples millis = new Samples();
        Map<String, String> answers = new LinkedHashMap<>();
        Agreement agreement = new Agreement();
        try (PostgresServer server = servers.open();
                PostgresFunnel postgres = new PostgresFunnel(server);
                DuckDbFunnel duckDb = new DuckDbFunnel()) {
            postgres.load(log);
            duckDb.load(log);
            for (int round = 0; round <= rounds; round++) {
                for (Peer peer : peers) {
                    answers.put(peer.name(), peer.answers());
                    double took = time(feeder, peer, agreement);
                    if (round > 0) {
                        millis.add(peer.name(), took);
                    }
                }
                timeSql("DuckDB, ASOF joins", times, duckDb::exact, round > 0, millis, answers, agreement);
                timeSql("PostgreSQL, window functions", times, postgres::exact, round > 0, millis, answers, agreement);
            }
            print(millis, answers, base, events);
            out.println("Answer of all: " + agreement.text() + ". " + server.version()
                    + ", no parallel workers, work_mem " + PostgresFunnel.WORK_MEM
                    + ", table analysed and in its cache, index on (user, time).\n");
        }
    }

    /** What the options cost; ours only, because nobody beside us has them. */
    private void options() {
        int events = options.count("option-events", 5_000_000);
        int rounds = options.count("rounds", 5);
        if (events == 0) {
            return;
        }
        EventLog log = EventLog.generate(events, Math.max(1, events / EVENTS_PER_USER), seed);
        Feeder feeder = new Feeder(log);
        Feeder wholeSeconds = new Feeder(log.inWholeSeconds());

        String base = "ordered";
        Map<String, FunnelQuery> queries = new LinkedHashMap<>();
        queries.put(base, query());
        queries.put("ordered, no window", steps().noWindow().build());
        queries.put("strict", steps().order(Order.STRICT).build());
        queries.put("any order", steps().order(Order.ANY).build());
        queries.put("an excluded event", steps().exclude("settings_opened").build());
        queries.put("per-step windows", perStepWindows());
        queries.put("an optional step", optionalStep());
        queries.put(
                "entries by week", steps().every(FunnelQuery.EntryPeriod.WEEK).build());
        Map<String, FunnelQuery> withProperties = new LinkedHashMap<>();
        withProperties.put("a property equal on a step", whereOnAStep());
        withProperties.put(
                "a property held constant", steps().holdConstant("plan").build());
        withProperties.put(
                "breakdown by a property", steps().breakdownBy("plan").build());

        out.println("### What the options cost: " + millions(events) + " million events, long ids, ours only\n");
        Samples millis = new Samples();
        for (int round = 0; round <= rounds; round++) {
            boolean counts = round > 0;
            queries.forEach((name, query) -> {
                double took =
                        time(feeder, new Peer(name, "", Form.NUMBERS, () -> new Plg(query, false)), new Agreement());
                if (counts) {
                    millis.add(name, took);
                }
            });
            withProperties.forEach((name, query) -> {
                double took = time(
                        feeder, new Peer(name, "", Form.NUMBERS, () -> new PlgWithProperties(query)), new Agreement());
                if (counts) {
                    millis.add(name, took);
                }
            });
            String cut = "ordered, times in whole seconds";
            double took =
                    time(wholeSeconds, new Peer(cut, "", Form.NUMBERS, () -> new Plg(query(), false)), new Agreement());
            if (counts) {
                millis.add(cut, took);
            }
        }
        Table table = new Table("query", "ms (min–max)", "million events/s", "time ÷ ordered (min–max)");
        for (String name : millis.peers()) {
            table.row(
                    name,
                    millis.of(name).text(0),
                    Samples.number(events / 1_000.0 / millis.of(name).median(), 1),
                    millis.ratio(name, base).text(2));
        }
        table.print(out);
    }

    /** Time and memory by size; ours only. */
    private void growth() {
        int largest = options.count("growth", 50_000_000);
        int rounds = options.count("growth-rounds", 3);
        if (largest == 0) {
            return;
        }
        List<Feeder> feeders = new ArrayList<>();
        for (int events : List.of(largest / 50, largest / 5, largest)) {
            feeders.add(new Feeder(EventLog.generate(events, Math.max(1, events / EVENTS_PER_USER), seed)));
        }
        out.println("### Growth, ours only, " + rounds + " rounds after one to warm up\n");
        Map<Form, String> forms = new LinkedHashMap<>();
        forms.put(Form.NUMBERS, "long ids");
        forms.put(Form.SHARED_TEXT, "text ids, one String per user");
        Samples millis = new Samples();
        Map<String, Long> heap = new LinkedHashMap<>();
        for (int round = 0; round <= rounds; round++) {
            for (Feeder feeder : feeders) {
                for (Form form : forms.keySet()) {
                    String row = millions(feeder.log.size()) + " million events, " + forms.get(form);
                    feeder.prepare(form, 0, 1); // the ids themselves are the host's and not counted
                    long before = round == 0 ? Machine.usedHeap() : 0;
                    System.gc();
                    long start = System.nanoTime();
                    Plg plg = new Plg(query(), form == Form.SHARED_TEXT);
                    long nanos = System.nanoTime() - start + feeder.feed(plg, form);
                    if (round == 0) {
                        heap.put(row, Machine.usedHeap() - before);
                    }
                    start = System.nanoTime();
                    Answer answer = plg.answer();
                    nanos += System.nanoTime() - start;
                    Reference.reachabilityFence(plg);
                    Reference.reachabilityFence(answer);
                    if (round > 0) {
                        millis.add(row, nanos / 1e6);
                    }
                }
            }
        }
        Table table = new Table("", "ms (min–max)", "million events/s", "heap MiB", "users", "bytes per user");
        for (Feeder feeder : feeders) {
            long users = feeder.log.distinctUsers();
            for (String form : forms.values()) {
                String row = millions(feeder.log.size()) + " million events, " + form;
                long bytes = heap.getOrDefault(row, 0L);
                table.row(
                        row,
                        millis.of(row).text(0),
                        Samples.number(
                                feeder.log.size() / 1_000.0 / millis.of(row).median(), 1),
                        Samples.number(bytes / 1048576.0, 1),
                        String.valueOf(users),
                        Samples.number((double) bytes / users, 0));
            }
        }
        table.print(out);
        out.println(
                "Heap in use after a full GC with the analysis held, less that before it began; the events, and the text of the "
                        + "ids, belong to the program and are not in it.\n");
    }

    private static double time(Feeder feeder, Peer peer, Agreement agreement) {
        System.gc();
        long start = System.nanoTime();
        Counter counter = peer.counter().get();
        long nanos = System.nanoTime() - start + feeder.feed(counter, peer.form());
        start = System.nanoTime();
        Answer answer = counter.answer();
        nanos += System.nanoTime() - start;
        agreement.check(peer.name(), answer);
        return nanos / 1e6;
    }

    private static void timeSql(
            String name,
            String answers,
            SqlAnswer sql,
            boolean counts,
            Samples millis,
            Map<String, String> answersByPeer,
            Agreement agreement)
            throws Exception {
        answersByPeer.put(name, answers);
        long start = System.nanoTime();
        Answer answer = sql.get();
        double took = (System.nanoTime() - start) / 1e6;
        agreement.check(name, answer);
        if (counts) {
            millis.add(name, took);
        }
    }

    /** A query. */
    private interface SqlAnswer {
        Answer get() throws Exception;
    }

    private void print(Samples millis, Map<String, String> answers, String base, int events) {
        Table table = new Table("peer", "answers", "ms (min–max)", "million events/s", "time ÷ " + base + " (min–max)");
        answers.forEach((name, what) -> {
            Spread spread = millis.of(name);
            table.row(
                    name,
                    what,
                    spread.text(0),
                    Samples.number(events / 1_000.0 / spread.median(), 1),
                    millis.ratio(name, base).text(2));
        });
        table.print(out);
    }

    private static FunnelQuery query() {
        return steps().build();
    }

    private static FunnelQuery.Builder steps() {
        FunnelQuery.Builder builder = FunnelQuery.builder().window(WINDOW);
        for (int i = 0; i < EventLog.STEPS; i++) {
            builder.step(EventLog.NAMES[i]);
        }
        return builder;
    }

    private static FunnelQuery perStepWindows() {
        FunnelQuery.Builder builder = FunnelQuery.builder().window(WINDOW).step(EventLog.NAMES[0]);
        for (int i = 1; i < EventLog.STEPS; i++) {
            builder.step(FunnelStep.of(EventLog.NAMES[i]).within(Duration.ofDays(2)));
        }
        return builder.build();
    }

    private static FunnelQuery optionalStep() {
        FunnelQuery.Builder builder = FunnelQuery.builder().window(WINDOW);
        for (int i = 0; i < EventLog.STEPS; i++) {
            FunnelStep step = FunnelStep.of(EventLog.NAMES[i]);
            builder.step(i == 2 ? step.optional() : step);
        }
        return builder.build();
    }

    private static FunnelQuery whereOnAStep() {
        FunnelQuery.Builder builder = FunnelQuery.builder().window(WINDOW);
        for (int i = 0; i < EventLog.STEPS; i++) {
            FunnelStep step = FunnelStep.of(EventLog.NAMES[i]);
            builder.step(i == 1 ? step.where("plan", "starter") : step);
        }
        return builder.build();
    }

    private static String millions(int n) {
        return Samples.number(n / 1e6, 2).replaceAll("\\.?0+$", "");
    }

    /** Holds the peers to one answer. */
    private static final class Agreement {
        private String first = "";
        private List<Long> counts = List.of();
        private long medianNanos = -1;

        void check(String name, Answer answer) {
            if (counts.isEmpty()) {
                first = name;
                counts = answer.counts();
            }
            if (!counts.equals(answer.counts())) {
                throw new IllegalStateException("counts must be the same for all, were " + counts + " by " + first
                        + " and " + answer.counts() + " by " + name);
            }
            if (answer.medianNanos() >= 0) {
                if (medianNanos < 0) {
                    medianNanos = answer.medianNanos();
                }
                if (medianNanos != answer.medianNanos()) {
                    throw new IllegalStateException("median times to convert must be the same for all, were "
                            + medianNanos + " ns and " + answer.medianNanos() + " ns by " + name);
                }
            }
        }

        String text() {
            return counts + ", median time to convert " + Duration.ofNanos(medianNanos);
        }
    }
}
