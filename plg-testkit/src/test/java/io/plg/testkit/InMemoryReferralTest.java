package io.plg.testkit;

import io.plg.PlgStores;
import io.plg.memory.InMemoryStores;

class InMemoryReferralTest extends ReferralContract {
    @Override
    protected PlgStores newStores() {
        return InMemoryStores.create();
    }
}
