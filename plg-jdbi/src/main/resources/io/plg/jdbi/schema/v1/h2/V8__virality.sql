-- plg, schema version 8: virality. H2 2.3 and later. Here it is counted from the facts each time, so there are no sums as in postgresql/V8__virality.sql.

create index plg.activation_step_completed on plg.activation_step (workspace_id, funnel, step, completed_at);
