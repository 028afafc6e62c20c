"""The HTTP API: thin routes over the jobs, closed to everyone without the token."""
