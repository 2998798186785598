package io.plg.testkit;

import io.plg.PlgStores;
import io.plg.memory.InMemoryStores;

class InMemoryIdempotencyTest extends IdempotencyContract {
    @Override
    protected PlgStores newStores() {
        return InMemoryStores.create();
    }
}
