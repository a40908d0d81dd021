"""Where the databases of a data folder are: SQLite files in it, or a server of PostgreSQL that a small file names."""
