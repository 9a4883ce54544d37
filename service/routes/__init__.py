"""The routes: each turns a request into calls of the library or the storage, and its answer into JSON."""
