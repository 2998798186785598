package io.plg.testkit;

import io.plg.PlgStores;
import io.plg.memory.InMemoryStores;

class InMemoryPromptTest extends PromptContract {
    @Override
    protected PlgStores newStores() {
        return InMemoryStores.create();
    }
}
