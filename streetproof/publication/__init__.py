"""The public register of camera locations (公示): what the site file says of each, and nothing that is internal."""
