"""What the service keeps: tables on SQLite or PostgreSQL, and files beside them."""
