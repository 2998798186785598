package io.plg.testkit;

import io.plg.PlgStores;
import io.plg.memory.InMemoryStores;

class InMemoryActivationStoreTest extends ActivationStoreContract {
    @Override
    protected PlgStores newStores() {
        return InMemoryStores.create();
    }
}
