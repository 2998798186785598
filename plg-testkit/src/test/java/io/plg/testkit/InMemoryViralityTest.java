package io.plg.testkit;

import io.plg.PlgStores;
import io.plg.memory.InMemoryStores;

class InMemoryViralityTest extends ViralityContract {
    @Override
    protected PlgStores newStores() {
        return InMemoryStores.createWithOperator();
    }
}
