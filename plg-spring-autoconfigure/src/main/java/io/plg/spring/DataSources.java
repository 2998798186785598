package io.plg.spring;

import java.util.List;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.BeanFactoryUtils;
import org.springframework.beans.factory.ListableBeanFactory;

/** The DataSource beans of an application. */
final class DataSources {
    private DataSources() {}

    static List<String> names(ListableBeanFactory beans) {
        // Without eager init: to count beans is no reason to make any.
        return List.of(BeanFactoryUtils.beanNamesForTypeIncludingAncestors(beans, DataSource.class, true, false));
    }

    /** Returns the one that was named, else the only or the primary one. */
    static DataSource choose(ListableBeanFactory beans, @Nullable String name) {
        List<String> names = names(beans);
        if (name != null) {
            if (!names.contains(name)) {
                throw new PlgSetupFailure(
                        "plg.data-source is \"" + name + "\", but the DataSource beans are " + names + ".",
                        "Set plg.data-source to the name of one of them.");
            }
            return beans.getBean(name, DataSource.class);
        }
        if (names.isEmpty()) {
            throw new PlgSetupFailure(
                    "plg.store is \"jdbc\", but there is no DataSource bean.",
                    "Configure one, for example with spring.datasource.url, or set plg.store to \"memory\".");
        }
        DataSource only = beans.getBeanProvider(DataSource.class).getIfUnique();
        if (only == null) {
            throw new PlgSetupFailure(
                    "plg needs to know which DataSource to use: there are " + names + ", and none of them is primary.",
                    "Set plg.data-source to the name of one of them, mark one as @Primary, or set plg.store to \"memory\".");
        }
        return only;
    }
}
