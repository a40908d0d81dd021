"""Parts of `case.json`, each with what it is derived from. Pure functions of the request and of what was made."""
