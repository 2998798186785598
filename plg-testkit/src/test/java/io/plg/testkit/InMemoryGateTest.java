package io.plg.testkit;

import io.plg.PlgStores;
import io.plg.memory.InMemoryStores;

class InMemoryGateTest extends GateContract {
    @Override
    protected PlgStores newStores() {
        return InMemoryStores.create();
    }
}
