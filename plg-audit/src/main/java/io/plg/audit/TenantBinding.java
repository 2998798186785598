package io.plg.audit;

import java.util.Objects;
import java.util.regex.Pattern;

/**
 * How a transaction says which tenant it works for: by a setting of its own, or by a claim of a JSON web token in a setting, as PostgREST
 * and Supabase do. A policy is canonical if it compares the tenant column with exactly this.
 */
public final class TenantBinding {
    private static final Pattern NAME = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*([.][A-Za-z_][A-Za-z0-9_]*)+");

    /** What binds plg's own tables. */
    static final TenantBinding PLG = setting("plg.workspace_id");

    private final String setting;
    private final String claim;

    private TenantBinding(String setting, String claim) {
        this.setting = setting;
        this.claim = claim;
    }

    /**
     * The tenant's id is the text of a setting, such as {@code plg.workspace_id}.
     *
     * @param name the name of the setting, with a dot in it
     * @return the binding
     * @throws IllegalArgumentException if it is not the name of a setting that an application can define
     */
    public static TenantBinding setting(String name) {
        return new TenantBinding(checked(name), "");
    }

    /**
     * The tenant's id is a claim of the JSON web token in the setting {@code request.jwt.claims}, which PostgREST sets for each request.
     *
     * @param path the name of the claim, such as {@code org_id}; with dots into nested objects, such as {@code app_metadata.org_id}
     * @return the binding
     * @throws IllegalArgumentException if the path is empty or has an empty part
     */
    public static TenantBinding jwtClaim(String path) {
        Objects.requireNonNull(path, "path");
        if (!path.matches("[A-Za-z0-9_:/-]+([.][A-Za-z0-9_:/-]+)*")) {
            throw new IllegalArgumentException("claim must be a name or names joined by dots, was \"" + path + "\"");
        }
        return new TenantBinding("request.jwt.claims", path);
    }

    String settingName() {
        return setting;
    }

    /** The path of the claim, empty if the setting is the id itself. */
    String claim() {
        return claim;
    }

    private static String checked(String name) {
        if (!NAME.matcher(Objects.requireNonNull(name, "name")).matches()) {
            throw new IllegalArgumentException(
                    "setting must be a name with a dot, such as plg.workspace_id, was \"" + name + "\"");
        }
        return name;
    }

    @Override
    public String toString() {
        return claim.isEmpty() ? "setting " + setting : "claim " + claim + " of setting " + setting;
    }
}
