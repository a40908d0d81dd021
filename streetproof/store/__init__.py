"""What a site remembers between runs, behind one seam: SQLite embedded, PostgreSQL beyond."""
