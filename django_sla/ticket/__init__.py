"""Floor 4: what a host subclasses."""
