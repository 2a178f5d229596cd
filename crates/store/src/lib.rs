//! The database: entities, migrations and repositories.
