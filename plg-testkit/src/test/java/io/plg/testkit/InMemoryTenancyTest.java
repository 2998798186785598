package io.plg.testkit;

import io.plg.PlgStores;
import io.plg.memory.InMemoryStores;

class InMemoryTenancyTest extends TenancyContract {
    @Override
    protected PlgStores newStores() {
        return InMemoryStores.createWithOperator();
    }
}
