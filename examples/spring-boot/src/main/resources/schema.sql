create table account (id varchar(128) primary key, workspace varchar(128) not null, email varchar(254) not null);
create table export (workspace varchar(128) not null, account varchar(128) not null, note varchar(200) not null);
