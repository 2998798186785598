-- What a role needs to work with plg, and no more. In psql: psql -v role=my_app -f grants.sql
-- The role must be neither the owner of the tables nor superuser nor BYPASSRLS, or row level security does not hold it.

grant usage on schema plg, plg_directory to :"role";
grant select, insert on plg.activation_step to :"role";
grant select, insert, update on plg.activation_user to :"role";
grant select, insert on plg.growth_event to :"role";
grant execute on all functions in schema plg, plg_directory to :"role";
