package io.plg.memory;

import io.plg.UserErased;
import io.plg.UserId;
import io.plg.WorkspaceDeleted;
import io.plg.WorkspaceId;
import io.plg.memory.InMemoryStores.TenantRows;
import io.plg.tenancy.Erasure;
import io.plg.tenancy.TenancyStore;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.BiPredicate;
import org.jspecify.annotations.Nullable;

/** Under the one lock of the store nothing else is under way, so that a deletion is complete when it returns. */
final class InMemoryTenancyStore implements TenancyStore {
    private final InMemoryStores stores;
    private final Set<WorkspaceId> deleted = new HashSet<>();
    private final Set<UserId> erased = new HashSet<>();

    InMemoryTenancyStore(InMemoryStores stores) {
        this.stores = stores;
    }

    /** To be asked within an operation, before anything is read or written. */
    void check(WorkspaceId workspace) {
        if (deleted.contains(workspace)) {
            throw new WorkspaceDeleted(workspace);
        }
    }

    void check(WorkspaceId workspace, UserId user) {
        check(workspace);
        check(user);
    }

    void check(UserId user) {
        if (isErased(user)) {
            throw new UserErased(user);
        }
    }

    boolean isDeleted(WorkspaceId workspace) {
        return deleted.contains(workspace);
    }

    boolean isErased(UserId user) {
        return erased.contains(user);
    }

    @Override
    public Erasure delete(WorkspaceId workspace) {
        return stores.operation(undo -> {
            deleted.add(workspace);
            return remove((where, who) -> where.equals(workspace));
        });
    }

    @Override
    public Erasure erase(UserId user) {
        return stores.operation(undo -> {
            erased.add(user);
            return remove((where, who) -> user.equals(who));
        });
    }

    @Override
    public List<WorkspaceId> unfinishedDeletions() {
        return List.of();
    }

    @Override
    public List<UserId> unfinishedErasures() {
        return List.of();
    }

    private Erasure remove(BiPredicate<WorkspaceId, @Nullable UserId> whose) {
        long rows = 0;
        for (TenantRows each : stores.tenantRows()) {
            rows += each.remove(whose);
        }
        return new Erasure(rows, true);
    }
}
