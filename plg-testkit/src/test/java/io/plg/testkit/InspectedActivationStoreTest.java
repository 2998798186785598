package io.plg.testkit;

import io.plg.PlgStores;
import java.util.Optional;

class InspectedActivationStoreTest extends ActivationStoreContract {
    private InspectedStores stores;

    @Override
    protected PlgStores newStores() {
        stores = InspectedStores.create();
        return stores;
    }

    @Override
    protected Optional<StoreInspection> inspection() {
        return Optional.of(stores);
    }
}
