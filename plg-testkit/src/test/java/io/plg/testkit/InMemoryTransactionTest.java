package io.plg.testkit;

import io.plg.PlgStores;
import io.plg.memory.InMemoryStores;

class InMemoryTransactionTest extends TransactionContract {
    @Override
    protected PlgStores newStores() {
        return InMemoryStores.create();
    }
}
