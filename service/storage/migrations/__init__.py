"""Every step by which the tables came to be what they are, the same for SQLite and PostgreSQL."""
