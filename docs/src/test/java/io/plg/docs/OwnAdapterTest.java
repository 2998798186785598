package io.plg.docs;

import io.plg.PlgStores;
import io.plg.memory.InMemoryStores;
import io.plg.testkit.ActivationStoreContract;

/** The code of docs/how-to/write-a-store-adapter.md. */
// tag::adapter[]
class OwnAdapterTest extends ActivationStoreContract {
    @Override
    protected PlgStores newStores() {
        return InMemoryStores.create(); // yours
    }
}
// end::adapter[]
