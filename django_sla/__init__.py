"""Service level agreements for any Django ticket model."""

__version__ = "0.1.0"
