"""One file a noun. Routes are plain functions: FastAPI runs them in threads, so that one that waits blocks nobody."""
