package io.plg.audit;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.postgresql.ds.PGSimpleDataSource;

/** One PostgreSQL for all tests of a JVM, and databases of a host whose tables are guarded as they should be. */
final class HostDatabase {
    private static final EmbeddedPostgres SERVER = start();
    private static final AtomicInteger NUMBER = new AtomicInteger();

    /** Everything guarded: tenant columns of six types, names that need quotes, partitions, a foreign key, a view. */
    private static final String SCHEMA = """
            create schema app authorization app_owner;
            create schema "Other App" authorization app_owner;
            create schema elsewhere;
            set role app_owner;
            create domain app.tenant as uuid;
            create table app.country (code text primary key);
            create table app.project (tenant_id uuid not null, id bigint generated always as identity, name text,
                primary key (tenant_id, id), unique (tenant_id, name));
            create table app.task (tenant_id uuid not null, id bigint not null, project_id bigint, primary key (tenant_id, id),
                foreign key (tenant_id, project_id) references app.project (tenant_id, id) on delete cascade);
            create table app.note (tenant_id text not null, id bigint not null, primary key (tenant_id, id));
            create table app.document (tenant_id app.tenant not null, id bigint not null, primary key (tenant_id, id));
            create table app.event (tenant_id varchar(64) not null, at date not null, id bigint not null,
                primary key (tenant_id, at, id)) partition by range (at);
            create table app.event_2025 partition of app.event for values from ('2025-01-01') to ('2026-01-01');
            create table app.event_2026 partition of app.event for values from ('2026-01-01') to ('2027-01-01');
            create table "Other App"."Meter "" Reading" ("Tenant" bigint not null, "order" bigint not null,
                primary key ("Tenant", "order"));
            create table "Other App"."order" ("user" integer not null, value bigint not null, primary key ("user", value));
            create view app.task_id with (security_invoker = on) as select id from app.task;
            reset role;
            create table public.thing (tenant_id smallint not null, id bigint not null, primary key (tenant_id, id));
            alter table public.thing owner to app_owner;
            """;

    private static final String RIGHTS = """
            grant usage on schema app, "Other App", elsewhere to app_user;
            grant select, insert, update, delete on all tables in schema app, "Other App", public to app_user;
            """;

    private HostDatabase() {}

    private static EmbeddedPostgres start() {
        try {
            EmbeddedPostgres server = EmbeddedPostgres.builder().start();
            execute(server.getPostgresDatabase(), """
                    create role app_owner nologin;
                    create role plg_owner nologin;
                    create role app_user login;
                    create role app_group nologin;
                    """);
            execute(server.getPostgresDatabase(), "create database host");
            execute(as(server, "postgres", "host"), SCHEMA);
            execute(
                    as(server, "postgres", "host"),
                    audit(as(server, "postgres", "host")).guardScript(),
                    RIGHTS);
            return server;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The audit of all tables of the host. */
    static IsolationAudit audit(DataSource dataSource) {
        return IsolationAudit.of(dataSource)
                .schema("app", "tenant_id", "country")
                .table("Other App.Meter \" Reading", "Tenant")
                .table("Other App.order", "user")
                .schema("public", "tenant_id")
                .withoutProbe();
    }

    /** A new database. */
    static String create() {
        String name = "host" + NUMBER.incrementAndGet();
        execute(as(SERVER, "postgres", "postgres"), "create database " + name + " template host");
        return name;
    }

    static void drop(String name) {
        execute(as(SERVER, "postgres", "postgres"), "drop database " + name + " with (force)");
    }

    static PGSimpleDataSource as(String role, String database) {
        return as(SERVER, role, database);
    }

    static void execute(DataSource dataSource, String... scripts) {
        try (Connection connection = dataSource.getConnection();
                Statement statement = connection.createStatement()) {
            for (String each : scripts) {
                statement.execute(each);
            }
        } catch (SQLException e) {
            throw new IllegalStateException(String.join("\n", scripts), e);
        }
    }

    private static PGSimpleDataSource as(EmbeddedPostgres server, String role, String database) {
        var dataSource = new PGSimpleDataSource();
        dataSource.setServerNames(new String[] {"localhost"});
        dataSource.setPortNumbers(new int[] {server.getPort()});
        dataSource.setDatabaseName(database);
        dataSource.setUser(role);
        dataSource.setPassword("postgres");
        return dataSource;
    }
}
