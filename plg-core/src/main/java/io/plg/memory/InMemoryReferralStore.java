package io.plg.memory;

import io.plg.UserId;
import io.plg.WorkspaceId;
import io.plg.event.GrowthEvent;
import io.plg.fraud.FraudHistory;
import io.plg.internal.ViralFacts.Act;
import io.plg.memory.InMemoryStores.TenantRows;
import io.plg.referral.ReferralStore;
import io.plg.reward.Stage;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.BiPredicate;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Each workspace has a graph for each program, and all workspaces together have one of persons, which tells who was referred at all and by which workspace. Whoever is
 * erased stays in both without a name.
 */
final class InMemoryReferralStore implements ReferralStore, TenantRows {
    private static final int CHAIN = 16;
    private static final Comparator<Node> OLDEST = Comparator.comparing(
                    (Node node) -> node.bond().boundAt())
            .thenComparing(node -> node.bond().id().toString());
    private static final Comparator<Subtree> LARGEST = Comparator.comparingLong(Subtree::size)
            .reversed()
            .thenComparing(subtree -> subtree.user().value(), InMemoryReferralStore::compareBytes);

    private final InMemoryStores stores;
    private final InMemoryTenancyStore tenancy;
    private final Map<WorkspaceId, byte[]> secrets = new HashMap<>();
    private final Map<String, CodeRow> codes = new HashMap<>();
    private final Map<Owner, String> owned = new LinkedHashMap<>();
    private final Map<WorkspaceId, Map<UserId, TraceRow>> traces = new HashMap<>();
    private final Map<GraphKey, Graph> graphs = new HashMap<>();
    private final Map<PersonKey, Person> persons = new HashMap<>();
    private final Map<GraphKey, Map<UUID, Act>> invitations = new HashMap<>();

    InMemoryReferralStore(InMemoryStores stores, InMemoryTenancyStore tenancy) {
        this.stores = stores;
        this.tenancy = tenancy;
    }

    @Override
    public byte[] secret(WorkspaceId workspace, byte[] candidate) {
        return stores.operation(undo -> {
            tenancy.check(workspace);
            byte[] stored = secrets.get(workspace);
            if (stored == null) {
                stored = candidate.clone();
                InMemoryStores.put(secrets, workspace, stored, undo);
            }
            return stored.clone();
        });
    }

    // ---- codes

    @Override
    public Optional<Code> code(WorkspaceId workspace, Wish wish) {
        return stores.operation(undo -> {
            tenancy.check(workspace, wish.user());
            var owner = new Owner(workspace, wish.program(), wish.user(), wish.artefact());
            String code = owned.get(owner);
            if (code == null) {
                if (codes.containsKey(wish.code())) {
                    return Optional.empty();
                }
                code = wish.code();
                InMemoryStores.put(
                        codes, code, new CodeRow(workspace, owner, new Code(code, true, wish.at()), 0), undo);
                InMemoryStores.put(owned, owner, code, undo);
            }
            if (!wish.traces().isEmpty()) {
                trace(workspace, wish.user(), wish.traces(), null, undo);
            }
            return Optional.of(codeOf(code).code());
        });
    }

    @Override
    public Optional<Found> find(String code, boolean viewed) {
        return stores.operation(undo -> {
            CodeRow row = codes.get(code);
            Owner owner = row == null ? null : row.owner();
            if (row == null || owner == null) {
                return Optional.empty();
            }
            if (viewed && row.code().active() && !owner.artefact().isEmpty()) {
                InMemoryStores.put(codes, code, new CodeRow(row.workspace(), owner, row.code(), row.views() + 1), undo);
            }
            return Optional.of(new Found(row.workspace(), owner.program(), owner.user(), owner.artefact(), row.code()));
        });
    }

    @Override
    public boolean deactivate(WorkspaceId workspace, String code) {
        return stores.operation(undo -> {
            tenancy.check(workspace);
            CodeRow row = codes.get(code);
            if (row == null
                    || row.owner() == null
                    || !row.workspace().equals(workspace)
                    || !row.code().active()) {
                return false;
            }
            var ended = new Code(code, false, row.code().createdAt());
            InMemoryStores.put(codes, code, new CodeRow(workspace, row.owner(), ended, row.views()), undo);
            return true;
        });
    }

    @Override
    public List<ShareCounts> shares(WorkspaceId workspace, String program) {
        return stores.operation(undo -> {
            tenancy.check(workspace);
            var byCode = new HashMap<String, List<Bond>>();
            graph(workspace, program)
                    .referred()
                    .forEach(node -> byCode.computeIfAbsent(node.bond().code(), code -> new ArrayList<>())
                            .add(node.bond()));
            var counts = new ArrayList<ShareCounts>();
            owned.forEach((owner, code) -> {
                if (owner.workspace().equals(workspace)
                        && owner.program().equals(program)
                        && !owner.artefact().isEmpty()) {
                    List<Bond> signUps = byCode.getOrDefault(code, List.of());
                    counts.add(new ShareCounts(
                            owner.user(),
                            owner.artefact(),
                            code,
                            codeOf(code).views(),
                            signUps.size(),
                            reached(signUps, Stage.ACTIVATION),
                            reached(signUps, Stage.FIRST_PAYMENT)));
                }
            });
            return List.copyOf(counts);
        });
    }

    private static long reached(List<Bond> signUps, Stage stage) {
        return signUps.stream()
                .filter(bond -> bond.stages().containsKey(stage.name()))
                .count();
    }

    private CodeRow codeOf(String code) {
        return Objects.requireNonNull(codes.get(code), code);
    }

    // ---- what is known about people

    private void trace(
            WorkspaceId workspace, UserId user, Traces news, @Nullable Instant boundAt, List<Runnable> undo) {
        Map<UserId, TraceRow> known = traces.computeIfAbsent(workspace, key -> new HashMap<>());
        TraceRow before = known.getOrDefault(user, TraceRow.NONE);
        InMemoryStores.put(
                known,
                user,
                new TraceRow(
                        new Traces(
                                latest(news.email(), before.traces().email()),
                                latest(news.domain(), before.traces().domain()),
                                latest(news.device(), before.traces().device()),
                                latest(news.ip(), before.traces().ip())),
                        before.boundAt() == null ? boundAt : before.boundAt()),
                undo);
    }

    private static @Nullable String latest(@Nullable String news, @Nullable String before) {
        return news == null ? before : news;
    }

    @Override
    public FraudHistory history(WorkspaceId workspace, Question question) {
        return stores.operation(undo -> {
            tenancy.check(workspace, question.user());
            tenancy.check(workspace, question.referrer());
            Map<UserId, TraceRow> known = traces.getOrDefault(workspace, Map.of());
            Traces own = question.traces();
            Traces referrers =
                    known.getOrDefault(question.referrer(), TraceRow.NONE).traces();
            Graph graph = graph(workspace, question.program());
            Node place = graph.members.get(question.referrer());
            Set<Node> chain = chain(place);
            Instant hourAgo = question.at().minus(Duration.ofHours(1));
            Instant dayAgo = question.at().minus(Duration.ofHours(24));
            Predicate<Map.Entry<UserId, TraceRow>> onDevice =
                    other -> same(own.device(), other.getValue().traces().device())
                            && !other.getKey().equals(question.user());
            Predicate<Map.Entry<UserId, TraceRow>> onIp =
                    other -> same(own.ip(), other.getValue().traces().ip())
                            && !other.getKey().equals(question.user());
            Predicate<Map.Entry<UserId, TraceRow>> bound =
                    other -> other.getValue().boundAt() != null;
            Predicate<Map.Entry<UserId, TraceRow>> lastDay =
                    other -> isAfter(other.getValue().boundAt(), dayAgo);
            Predicate<Map.Entry<UserId, TraceRow>> inChain = other -> {
                Node node = graph.members.get(other.getKey());
                return place == null && other.getKey().equals(question.referrer())
                        || node != null && (chain.contains(node) || (place != null && node.parent == place));
            };
            List<Node> brought = place == null ? List.of() : place.children;
            return FraudHistory.builder()
                    .sameUser(question.user().equals(question.referrer()))
                    .sameEmail(same(own.email(), referrers.email()))
                    .sameDevice(same(own.device(), referrers.device()))
                    .sameIp(same(own.ip(), referrers.ip()))
                    .sameDomain(same(own.domain(), referrers.domain()))
                    .accountsOnDevice(own.device() == null ? 0 : count(known.entrySet(), onDevice.and(bound)))
                    .accountsOnIp(own.ip() == null ? 0 : count(known.entrySet(), onIp.and(bound)))
                    .byReferrerLastHour(
                            count(brought, node -> isAfter(node.bond().boundAt(), hourAgo)))
                    .byReferrerLastDay(
                            count(brought, node -> isAfter(node.bond().boundAt(), dayAgo)))
                    .byDeviceLastDay(own.device() == null ? 0 : count(known.entrySet(), onDevice.and(lastDay)))
                    .chainOnDevice(own.device() == null ? 0 : count(known.entrySet(), onDevice.and(inChain)))
                    .chainOnIp(own.ip() == null ? 0 : count(known.entrySet(), onIp.and(inChain)))
                    .build();
        });
    }

    private static Set<Node> chain(@Nullable Node referrer) {
        Set<Node> chain = Collections.newSetFromMap(new IdentityHashMap<>());
        for (Node up = referrer; up != null && chain.size() <= CHAIN; up = up.parent) {
            chain.add(up);
        }
        return chain;
    }

    private static <T> long count(Collection<T> all, Predicate<? super T> wanted) {
        return all.stream().filter(wanted).limit(MOST_COUNTED).count();
    }

    /** What is not known equals nothing. */
    private static boolean same(@Nullable String one, @Nullable String other) {
        return one != null && one.equals(other);
    }

    private static boolean isAfter(@Nullable Instant instant, Instant start) {
        return instant != null && instant.isAfter(start);
    }

    // ---- referrals

    @Override
    public Bound bind(WorkspaceId workspace, NewReferral referral, List<GrowthEvent> events) {
        return stores.operation(undo -> {
            tenancy.check(workspace, referral.referrer());
            tenancy.check(workspace, referral.user());
            if (referral.user().equals(referral.referrer())) {
                return Bound.LOOP;
            }
            Person user = person(referral.program(), referral.user(), undo);
            Person referrer = person(referral.program(), referral.referrer(), undo);
            if (user.referrer != null) {
                return Bound.ALREADY;
            }
            // Nobody is above the user, so the user is above the referrer only as the top of all.
            if (referrer.top() == user) {
                return Bound.LOOP;
            }
            user.referrer = referrer;
            user.workspace = workspace;
            undo.add(() -> {
                user.referrer = null;
                user.workspace = null;
            });
            Graph graph = graph(workspace, referral.program());
            Node above = graph.place(referral.referrer(), referral.rootId(), undo);
            Node below = graph.place(referral.user(), referral.id(), undo);
            below.bind(
                    above,
                    new Bond(
                            referral.id(),
                            referral.version(),
                            referral.code(),
                            referral.artefact(),
                            referral.signedUpAt(),
                            referral.at(),
                            Map.of(),
                            referral.standing(),
                            referral.verdict(),
                            null),
                    undo);
            InMemoryStores.put(graph.referrals, referral.id(), below, undo);
            trace(workspace, referral.user(), referral.traces(), referral.at(), undo);
            return Bound.BOUND;
        });
    }

    @Override
    public List<Reached> reach(List<String> programs, UserId user, @Nullable WorkspaceId in, Stage stage, Instant at) {
        return stores.operation(undo -> {
            tenancy.check(user);
            WorkspaceId there = in == null || tenancy.isDeleted(in) ? null : in;
            var news = new ArrayList<Reached>();
            for (String program : programs) {
                Located referral = locate(program, user);
                if (referral != null && referral.node().bond().referredIn() == null && there != null) {
                    referral.node().replace(referral.node().bond().with(there), undo);
                }
                if (referral != null && !referral.node().bond().stages().containsKey(stage.name())) {
                    referral.node().replace(referral.node().bond().with(stage, at, there), undo);
                    news.add(reached(referral.workspace(), program, referral.node()));
                }
            }
            return List.copyOf(news);
        });
    }

    @Override
    public Optional<Reached> referralOf(String program, UserId user) {
        return stores.operation(undo -> {
            tenancy.check(user);
            return Optional.ofNullable(locate(program, user))
                    .map(referral -> reached(referral.workspace(), program, referral.node()));
        });
    }

    @Override
    public Optional<Reached> find(WorkspaceId workspace, String program, UUID referral) {
        return stores.operation(undo -> {
            tenancy.check(workspace);
            return Optional.ofNullable(graph(workspace, program).referrals.get(referral))
                    .filter(Node::isReferred)
                    .map(node -> reached(workspace, program, node));
        });
    }

    /** Only a held referral is waiting for it: of two who judge, the second changes nothing. */
    @Override
    public boolean judge(WorkspaceId workspace, String program, UUID referral, Standing standing, String verdict) {
        return stores.operation(undo -> {
            tenancy.check(workspace);
            Node node = graph(workspace, program).referrals.get(referral);
            if (node == null
                    || !node.isReferred()
                    || standing == Standing.HELD
                    || node.bond().standing() != Standing.HELD) {
                return false;
            }
            node.replace(node.bond().judged(standing, verdict), undo);
            return true;
        });
    }

    @Override
    public List<Edge> held(WorkspaceId workspace, String program, int most) {
        return stores.operation(undo -> {
            tenancy.check(workspace);
            return graph(workspace, program)
                    .referred()
                    .filter(node -> node.bond().standing() == Standing.HELD)
                    .sorted(OLDEST)
                    .limit(most)
                    .map(node -> edge(program, node))
                    .toList();
        });
    }

    @Override
    public List<Edge> referrals(WorkspaceId workspace, String program, UserId referrer, int most) {
        return stores.operation(undo -> {
            tenancy.check(workspace, referrer);
            Node place = graph(workspace, program).members.get(referrer);
            return (place == null ? Stream.<Node>empty() : place.children.stream())
                    .sorted(OLDEST.reversed())
                    .limit(most)
                    .map(node -> edge(program, node))
                    .toList();
        });
    }

    @Override
    public boolean invited(WorkspaceId workspace, String program, UserId sender, UUID id, Instant at) {
        return stores.operation(undo -> {
            tenancy.check(workspace, sender);
            Map<UUID, Act> sent = invitations.computeIfAbsent(new GraphKey(workspace, program), key -> new HashMap<>());
            if (sent.containsKey(id)) {
                return false;
            }
            InMemoryStores.put(sent, id, new Act(sender, at), undo);
            return true;
        });
    }

    /** All that are stored. To be asked within an operation. */
    Collection<Act> invitations(WorkspaceId workspace, String program) {
        return invitations
                .getOrDefault(new GraphKey(workspace, program), Map.of())
                .values();
    }

    /** How many each member has referred. To be asked within an operation. */
    long[] children(WorkspaceId workspace, String program) {
        return graph(workspace, program).places.values().stream()
                .mapToLong(node -> node.children.size())
                .toArray();
    }

    private Person person(String program, UserId user, List<Runnable> undo) {
        var key = new PersonKey(program, user);
        Person person = persons.get(key);
        if (person == null) {
            person = new Person();
            InMemoryStores.put(persons, key, person, undo);
        }
        return person;
    }

    private Graph graph(WorkspaceId workspace, String program) {
        return graphs.computeIfAbsent(new GraphKey(workspace, program), key -> new Graph());
    }

    /** The referral of a user, unless its workspace is gone. */
    private @Nullable Located locate(String program, UserId user) {
        Person person = persons.get(new PersonKey(program, user));
        WorkspaceId workspace = person == null ? null : person.workspace;
        Node node = workspace == null ? null : graph(workspace, program).members.get(user);
        return workspace == null || node == null || !node.isReferred() ? null : new Located(workspace, node);
    }

    private static Reached reached(WorkspaceId workspace, String program, Node node) {
        return new Reached(workspace, edge(program, node), node.bond().referredIn());
    }

    private static Edge edge(String program, Node node) {
        Bond bond = node.bond();
        return new Edge(
                node.bond().id(),
                program,
                bond.version(),
                node.parent == null ? null : node.parent.user,
                node.user,
                bond.code(),
                bond.artefact(),
                bond.signedUpAt(),
                bond.boundAt(),
                bond.stages(),
                bond.standing(),
                bond.verdict());
    }

    // ---- the graph

    @Override
    public Optional<Position> position(WorkspaceId workspace, String program, UserId user) {
        return stores.operation(undo -> {
            tenancy.check(workspace, user);
            return Optional.ofNullable(graph(workspace, program).members.get(user))
                    .map(node -> new Position(node.depth(), node.size));
        });
    }

    @Override
    public List<Optional<UserId>> ancestors(WorkspaceId workspace, String program, UserId user, int most) {
        return stores.operation(undo -> {
            tenancy.check(workspace, user);
            var ancestors = new ArrayList<Optional<UserId>>();
            Node place = graph(workspace, program).members.get(user);
            Node up = place == null ? null : place.parent;
            while (up != null && ancestors.size() < most) {
                ancestors.add(Optional.ofNullable(up.user));
                up = up.parent;
            }
            return List.copyOf(ancestors);
        });
    }

    @Override
    public int depthOverall(String program, UserId user) {
        return stores.operation(undo -> {
            tenancy.check(user);
            Person person = persons.get(new PersonKey(program, user));
            return person == null ? 0 : person.depth();
        });
    }

    @Override
    public List<Generation> generations(WorkspaceId workspace, String program) {
        return stores.operation(undo -> {
            tenancy.check(workspace);
            var generations = new ArrayList<Generation>();
            List<Node> members = graph(workspace, program).places.values().stream()
                    .filter(node -> node.parent == null)
                    .toList();
            while (!members.isEmpty()) {
                var next = new ArrayList<Node>();
                long referrers = 0;
                for (Node node : members) {
                    next.addAll(node.children);
                    referrers += node.children.isEmpty() ? 0 : 1;
                }
                generations.add(new Generation(members.size(), referrers));
                members = next;
            }
            return List.copyOf(generations);
        });
    }

    @Override
    public List<Subtree> largest(WorkspaceId workspace, String program, int most) {
        return stores.operation(undo -> {
            tenancy.check(workspace);
            return graph(workspace, program).members.entrySet().stream()
                    .map(member -> new Subtree(member.getKey(), member.getValue().size))
                    .sorted(LARGEST)
                    .limit(most)
                    .toList();
        });
    }

    @Override
    public List<Edge> all(WorkspaceId workspace, String program) {
        return stores.operation(undo -> {
            tenancy.check(workspace);
            return graph(workspace, program)
                    .referred()
                    .map(node -> edge(program, node))
                    .toList();
        });
    }

    /** Sizes are never behind here. */
    @Override
    public int tidy(WorkspaceId workspace, String program) {
        return stores.operation(undo -> {
            tenancy.check(workspace);
            return 0;
        });
    }

    /** Ids are ordered as their bytes in UTF-8, which is the order of code points and not that of chars. */
    private static int compareBytes(String one, String other) {
        int length = Math.min(one.length(), other.length());
        for (int i = 0; i < length; i++) {
            char a = one.charAt(i);
            char b = other.charAt(i);
            if (a != b) {
                return Character.isSurrogate(a) == Character.isSurrogate(b)
                        ? Character.compare(a, b)
                        : Boolean.compare(Character.isSurrogate(a), Character.isSurrogate(b));
            }
        }
        return Integer.compare(one.length(), other.length());
    }

    // ---- ends

    @Override
    public long remove(BiPredicate<WorkspaceId, @Nullable UserId> whose) {
        long rows = removeCodes(whose);
        for (WorkspaceId workspace : List.copyOf(secrets.keySet())) {
            rows += whose.test(workspace, null) && secrets.remove(workspace) != null ? 1 : 0;
        }
        for (var each : traces.entrySet()) {
            rows += removeFrom(each.getValue().keySet(), user -> whose.test(each.getKey(), user));
        }
        traces.values().removeIf(Map::isEmpty);
        for (var each : invitations.entrySet()) {
            rows += removeFrom(
                    each.getValue().values(),
                    invitation -> whose.test(each.getKey().workspace(), invitation.by()));
        }
        invitations.values().removeIf(Map::isEmpty);
        for (var each : graphs.entrySet()) {
            WorkspaceId workspace = each.getKey().workspace();
            Graph graph = each.getValue();
            rows += whose.test(workspace, null) ? graph.clear() : graph.forget(user -> whose.test(workspace, user));
            graph.forgetReferredIn(where -> whose.test(where, null));
        }
        graphs.values().removeIf(graph -> graph.places.isEmpty());
        rows += removePersons(whose);
        return rows;
    }

    /** The code of somebody who was erased leads nowhere, but is not given to somebody else as long as there is the workspace. */
    private long removeCodes(BiPredicate<WorkspaceId, @Nullable UserId> whose) {
        long rows = removeFrom(owned.keySet(), owner -> whose.test(owner.workspace(), owner.user()));
        codes.values().removeIf(row -> whose.test(row.workspace(), null));
        codes.replaceAll((code, row) ->
                row.owner() == null || !whose.test(row.workspace(), row.owner().user())
                        ? row
                        : new CodeRow(row.workspace(), null, row.code(), 0));
        return rows;
    }

    private long removePersons(BiPredicate<WorkspaceId, @Nullable UserId> whose) {
        long rows = 0;
        for (Person person : persons.values()) {
            if (person.workspace != null && whose.test(person.workspace, null)) {
                person.workspace = null;
                rows++;
            }
        }
        persons.keySet().removeIf(key -> tenancy.isErased(key.user()));
        return rows;
    }

    private static <T> long removeFrom(Collection<T> all, Predicate<? super T> unwanted) {
        int before = all.size();
        all.removeIf(unwanted);
        return before - all.size();
    }

    private record Owner(WorkspaceId workspace, String program, UserId user, String artefact) {}

    /** A code that was given out; without an owner if that one was erased. */
    private record CodeRow(WorkspaceId workspace, @Nullable Owner owner, Code code, long views) {}

    private record TraceRow(Traces traces, @Nullable Instant boundAt) {
        static final TraceRow NONE = new TraceRow(Traces.NONE, null);
    }

    private record GraphKey(WorkspaceId workspace, String program) {}

    private record PersonKey(String program, UserId user) {}

    private record Located(WorkspaceId workspace, Node node) {}

    /** Somebody's place among all people of a program. */
    private static final class Person {
        @Nullable
        Person referrer;

        // Of the referrer; null also if it was deleted.
        @Nullable
        WorkspaceId workspace;

        Person top() {
            Person top = this;
            while (top.referrer != null) {
                top = top.referrer;
            }
            return top;
        }

        int depth() {
            int depth = 0;
            for (Person up = referrer; up != null; up = up.referrer) {
                depth++;
            }
            return depth;
        }
    }

    /** The members of one workspace in one program. */
    private static final class Graph {
        final Map<UUID, Node> places = new HashMap<>();
        final Map<UUID, Node> referrals = new HashMap<>();
        final Map<UserId, Node> members = new HashMap<>();

        /** A user's place. Whoever has one keeps it. */
        Node place(UserId user, UUID id, List<Runnable> undo) {
            Node place = members.get(user);
            if (place == null) {
                place = new Node(id, user);
                InMemoryStores.put(places, id, place, undo);
                InMemoryStores.put(members, user, place, undo);
            }
            return place;
        }

        Stream<Node> referred() {
            return places.values().stream().filter(Node::isReferred);
        }

        long clear() {
            long rows = places.size();
            places.clear();
            referrals.clear();
            members.clear();
            return rows;
        }

        long forget(Predicate<UserId> unwanted) {
            List<UserId> users = members.keySet().stream().filter(unwanted).toList();
            users.forEach(user -> Objects.requireNonNull(members.remove(user)).user = null);
            return users.size();
        }

        void forgetReferredIn(Predicate<WorkspaceId> unwanted) {
            referred()
                    .filter(node -> node.bond().referredIn() != null
                            && unwanted.test(node.bond().referredIn()))
                    .forEach(node -> node.bond = node.bond().with(null));
        }
    }

    /** Somebody's place in the graph of a workspace. */
    private static final class Node {
        final UUID id;
        final List<Node> children = new ArrayList<>();

        // Null if erased.
        @Nullable
        UserId user;

        // Both null for a root, which may still be referred.
        @Nullable
        Node parent;

        @Nullable
        Bond bond;

        // With those below.
        long size = 1;

        Node(UUID id, UserId user) {
            this.id = id;
            this.user = user;
        }

        boolean isReferred() {
            return bond != null;
        }

        Bond bond() {
            return Objects.requireNonNull(bond, "bond");
        }

        int depth() {
            int depth = 0;
            for (Node up = parent; up != null; up = up.parent) {
                depth++;
            }
            return depth;
        }

        void bind(Node above, Bond by, List<Runnable> undo) {
            parent = above;
            bond = by;
            above.children.add(this);
            above.grow(size);
            undo.add(() -> {
                above.grow(-size);
                above.children.remove(above.children.size() - 1);
                bond = null;
                parent = null;
            });
        }

        void replace(Bond by, List<Runnable> undo) {
            Bond before = bond;
            bond = by;
            undo.add(() -> bond = before);
        }

        private void grow(long by) {
            for (Node up = this; up != null; up = up.parent) {
                up.size += by;
            }
        }
    }

    /** What is stored of a referral beside who and whom. */
    private record Bond(
            UUID id,
            int version,
            String code,
            String artefact,
            Instant signedUpAt,
            Instant boundAt,
            Map<String, Instant> stages,
            Standing standing,
            String verdict,
            @Nullable WorkspaceId referredIn) {

        Bond with(Stage stage, Instant at, @Nullable WorkspaceId in) {
            var reached = new HashMap<>(stages);
            reached.put(stage.name(), at);
            return new Bond(
                    id,
                    version,
                    code,
                    artefact,
                    signedUpAt,
                    boundAt,
                    Map.copyOf(reached),
                    standing,
                    verdict,
                    referredIn == null ? in : referredIn);
        }

        Bond with(@Nullable WorkspaceId in) {
            return new Bond(id, version, code, artefact, signedUpAt, boundAt, stages, standing, verdict, in);
        }

        Bond judged(Standing standing, String verdict) {
            return new Bond(id, version, code, artefact, signedUpAt, boundAt, stages, standing, verdict, referredIn);
        }
    }
}
