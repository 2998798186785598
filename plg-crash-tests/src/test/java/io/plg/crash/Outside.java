package io.plg.crash;

import io.plg.reward.Benefit;
import io.plg.reward.Reward;
import io.plg.reward.RewardFulfilment;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.function.Consumer;
import javax.sql.DataSource;

/** Another system that gives discounts. It writes down when a call begins and when it has returned, whatever becomes of the caller. */
final class Outside implements RewardFulfilment {
    static final String BEGINS = "begins";
    static final String ENDS = "ends";

    private static final String TOLD = "insert into host.told (key, what) values (?, ?)";

    private final DataSource connections;
    private volatile Consumer<String> inside = key -> {};

    Outside(DataSource connections) {
        this.connections = connections;
    }

    /** What is done within a call from now on, such as to stop there; it is given the key. */
    void within(Consumer<String> inside) {
        this.inside = inside;
    }

    @Override
    public boolean handles(Benefit benefit) {
        return benefit instanceof Benefit.Discount;
    }

    @Override
    public void fulfil(Reward reward, String idempotencyKey) throws SQLException {
        called(idempotencyKey);
    }

    @Override
    public void takeBack(Reward reward, String idempotencyKey) throws SQLException {
        called(idempotencyKey);
    }

    private void called(String key) throws SQLException {
        note(key, BEGINS);
        inside.accept(key);
        note(key, ENDS);
    }

    private void note(String key, String what) throws SQLException {
        try (Connection connection = connections.getConnection();
                PreparedStatement insert = connection.prepareStatement(TOLD)) {
            insert.setString(1, key);
            insert.setString(2, what);
            insert.executeUpdate();
        }
    }
}
