package io.plg.testkit;

import io.plg.PlgStores;
import io.plg.memory.InMemoryStores;

class InMemoryRewardTest extends RewardContract {
    @Override
    protected PlgStores newStores() {
        return InMemoryStores.create();
    }
}
