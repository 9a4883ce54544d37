"""The HTTP service: a thin adapter over `matcher`, built by `service.app.create_app`."""
