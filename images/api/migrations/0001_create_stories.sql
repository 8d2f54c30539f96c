create table stories (
  id         bigint generated always as identity primary key,
  title      text not null check (title <> ''),
  body       text not null check (body <> ''),
  author     text not null check (author <> ''),
  created_at timestamptz not null default now()
);
